"""Resources and sources: their references, and what makes them equal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._config.references import parse
from appconfig_env._config.sources import (
    SCHEMES,
    SECRETS_MANAGER,
    Resource,
    Source,
    scheme_of,
)

CANARY = "c4n4ry"


def test_the_scheme_of_a_reference_ends_at_its_first_colon() -> None:
    assert scheme_of("secretsmanager:arn:aws:x") == "secretsmanager"
    assert [scheme_of(text) for text in ("ssm", "", ":ssm")] == ["", "", ""]


def test_only_an_ssm_name_that_ends_in_a_slash_is_a_path() -> None:
    assert parse("ssm:/shop/").resource.is_path
    assert not parse("ssm:/shop").resource.is_path
    assert not parse("secretsmanager:shop/").resource.is_path


def test_the_region_is_read_from_an_arn() -> None:
    assert parse("ssm:arn:aws:ssm:eu-west-1:1:parameter/x").resource.arn_region == "eu-west-1"
    assert not parse("ssm:name:3").resource.arn_region


def test_a_source_is_shown_without_its_default() -> None:
    source = parse(f"ssm:/x#key?default={CANARY}", "NAME")
    assert CANARY not in repr(source) + source.public_reference + source.identity + repr(
        source.resource
    )
    assert CANARY in source.reference
    assert source.public_reference == "NAME=ssm:/x#key"


@pytest.mark.parametrize(
    ("text", "key", "default"),
    [
        ("ssm:/x#key?default=a", ("key",), "a"),
        ("ssm:/x?default=a&optional#key", ("key",), "a"),
        ("ssm:/x#key?optional", ("key",), None),
        ("ssm:/x?optional#key", ("key",), None),
        ("ssm:/x?default=%23fff", (), "#fff"),
        ("appconfig:a/b/c#key?default=p%23w", ("key",), "p#w"),
        ("secretsmanager:x#a.b?stage=A%23B&default=", ("a", "b"), ""),
    ],
)
def test_a_key_is_before_or_after_the_options(
    text: str, key: tuple[str, ...], default: str | None
) -> None:
    source = parse(text)
    assert (source.key, source.default) == (key, default)
    assert parse(source.reference) == source


def test_sources_that_differ_in_their_default_are_different() -> None:
    assert parse("ssm:/x?default=1") != parse("ssm:/x?default=2")
    assert parse("ssm:/x") != parse("ssm:/x", "NAME")
    assert parse("ssm:/x") == parse("ssm:/x")
    assert parse("ssm:/x") != "ssm:/x"


def test_options_that_change_what_is_read_make_a_different_resource() -> None:
    resources = {
        parse(text).resource
        for text in ("ssm:/x/", "ssm:/x/?recursive=no", "ssm:/x/?prefix=A", "ssm:/x/?ttl=3")
    }
    assert len(resources) == 2


# Characters that names may contain, those of the grammar included.
part = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8)
# Those that AWS allows in the names of parameters, a version or label included, and of secrets.
parameter = st.from_regex(r"[A-Za-z0-9._/-]{1,8}(:[A-Za-z0-9._-]{1,4})?", fullmatch=True)
secret = st.from_regex(r"[A-Za-z0-9/_+=.@!-]{1,8}", fullmatch=True)
variable = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


def is_valid(name: str) -> bool:
    """Whether a parameter could have the name, with a version or label."""
    bare, colon, selector = name.partition(":")
    if not colon:
        return "//" not in name
    return (
        "//" not in name
        and bool(selector)
        and not bare.endswith("/")
        and not {":", "/"} & set(selector)
    )


@st.composite
def sources(draw: st.DrawFn) -> Source:
    scheme = draw(st.sampled_from(["path", *SCHEMES]))
    is_path = scheme == "path"
    parts: tuple[str, ...]
    if scheme == "appconfig":
        parts = (draw(part), draw(part), draw(part))
    elif is_path:
        parts = (draw(parameter.map("/{}/".format).filter(is_valid)),)
    elif scheme == "ssm":
        parts = (
            draw(parameter.map("/{}".format).filter(is_valid).filter(lambda name: name[-1] != "/")),
        )
    elif scheme == SECRETS_MANAGER:
        parts = (draw(secret),)
    else:
        parts = (draw(part.filter(lambda name: not name.endswith("/"))),)
    has_key = not is_path and draw(st.booleans())
    formats = ["", "json", "yaml", "dotenv"] + ([] if has_key else ["text", "binary"])
    resource = Resource(
        "ssm" if is_path else scheme,
        parts,
        recursive=not is_path or draw(st.booleans()),
        stage=draw(st.sampled_from(["", "A+B"])) if scheme == SECRETS_MANAGER else "",
        version=draw(st.sampled_from(["", "1-2"])) if scheme == SECRETS_MANAGER else "",
        format="" if is_path else draw(st.sampled_from(formats)),
    )
    in_place = not is_path and SCHEMES[scheme].in_place and draw(st.booleans())
    as_name = "" if in_place else draw(st.one_of(st.just(""), variable))
    is_list = not in_place and not as_name
    return Source(
        resource,
        tuple(draw(st.lists(anything.filter(bool), min_size=1, max_size=3))) if has_key else (),
        variable=draw(variable) if in_place else "",
        prefix=draw(st.one_of(st.just(""), variable)) if is_list else "",
        names=draw(st.sampled_from(["", "upper", "keep"])) if is_list else "",
        join=draw(st.sampled_from(["", "_", "__", "0", "_AND_"])) if is_list else "",
        as_name=as_name,
        env=in_place or draw(st.booleans()),
        only=draw(st.none() | st.lists(variable, min_size=1).map(tuple)) if is_list else None,
        optional=draw(st.booleans()),
        default=None if is_path or resource.format == "binary" else draw(st.none() | anything),
        ttl=draw(st.none() | st.integers(0, 10**8).map(lambda number: number / 100)),
    )


@given(sources())
def test_a_source_parsed_from_its_own_reference_is_equal(source: Source) -> None:
    parsed = parse(source.reference, source.variable)
    assert source == parsed
    assert source.reference == parsed.reference
    for name in Source.__slots__:
        assert getattr(source, name) == getattr(parsed, name)
