"""Parsing references into sources, and writing them back."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._config.options import LONGEST_SECONDS, is_variable_name, seconds
from appconfig_env._config.references import ReferenceProblems, is_reference, parse, parse_prefetch
from appconfig_env._config.sources import Resource, Source

CANARY = "c4n4ry"


def problems(text: str, variable: str = "") -> list[str]:
    with pytest.raises(ReferenceProblems) as caught:
        parse(text, variable)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "scheme", "parts"),
    [
        ("appconfig:shop/prod/app", "appconfig", ("shop", "prod", "app")),
        ("appconfig:a%2Fb/prod/my%20app", "appconfig", ("a/b", "prod", "my app")),
        ("appconfig:my shop/prod/app", "appconfig", ("my shop", "prod", "app")),
        ("ssm:/shop/prod/host", "ssm", ("/shop/prod/host",)),
        ("ssm:host", "ssm", ("host",)),
        ("ssm:host:3", "ssm", ("host:3",)),
        ("ssm:/shop/host:label", "ssm", ("/shop/host:label",)),
        (
            "ssm:arn:aws:ssm:eu-west-1:1:parameter/shop/host",
            "ssm",
            ("arn:aws:ssm:eu-west-1:1:parameter/shop/host",),
        ),
        ("ssm:/shop/prod/", "ssm", ("/shop/prod/",)),
        ("secretsmanager:prod/db", "secretsmanager", ("prod/db",)),
        ("file:conf/app.env", "file", ("conf/app.env",)),
        ("file:/etc/a%3Fb%23c.json", "file", ("/etc/a?b#c.json",)),
    ],
)
def test_each_scheme_has_its_own_form_of_resource(
    text: str, scheme: str, parts: tuple[str, ...]
) -> None:
    resource = parse(text).resource
    assert (scheme, parts) == (resource.scheme, resource.parts)


def test_only_an_ssm_name_that_ends_in_a_slash_is_a_path() -> None:
    assert parse("ssm:/shop/").resource.is_path
    assert not parse("ssm:/shop").resource.is_path
    assert not parse("secretsmanager:shop/").resource.is_path


def test_the_region_is_read_from_an_arn() -> None:
    assert parse("ssm:arn:aws:ssm:eu-west-1:1:parameter/x").resource.arn_region == "eu-west-1"
    assert not parse("ssm:name:3").resource.arn_region


def test_every_option_is_parsed() -> None:
    source = parse("ssm:/p/?prefix=DB_&names=keep&env=no&only=A,B&optional&recursive=no&ttl=5m")
    assert (source.prefix, source.names, source.env) == ("DB_", "keep", False)
    assert (source.only, source.optional, source.ttl) == (("A", "B"), True, 300.0)
    assert not source.resource.recursive
    single = parse("secretsmanager:x?as=NAME&default=a%26b%20c&stage=AWSPREVIOUS&format=json#k.l")
    assert (single.as_name, single.default, single.key) == ("NAME", "a&b c", ("k", "l"))
    assert (single.resource.stage, single.resource.format) == ("AWSPREVIOUS", "json")


def test_a_dot_within_a_key_is_percent_encoded() -> None:
    assert parse("ssm:x#a%2Eb.c").key == ("a.b", "c")


def test_a_yes_no_option_can_be_turned_off() -> None:
    assert not parse("ssm:x?optional=no").optional
    assert parse("ssm:x?optional=yes").optional
    assert parse("ssm:x?env=yes").env


def test_an_empty_default_is_a_default() -> None:
    assert parse("ssm:x?default=").default == ""
    assert parse("ssm:x").default is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("smm:/x", "appconfig:, ssm:, secretsmanager:, file:"),
        ("SSM:/x", "starts with one of"),
        ("/x", "starts with one of"),
        ("", "starts with one of"),
        ("ssm:", "expected a name after ssm:"),
        ("ssm:?optional", "expected a name after ssm:"),
        ("file:", "expected a name after file:"),
        ("appconfig:a/b", "APPLICATION/ENVIRONMENT/PROFILE"),
        ("appconfig:a/b/c/d", "APPLICATION/ENVIRONMENT/PROFILE"),
        ("appconfig:a//c", "APPLICATION/ENVIRONMENT/PROFILE"),
        ("ssm:shop/", "path that starts with /"),
        ("ssm:/shop//", "single slashes"),
        ("ssm://shop/x", "single slashes"),
        ("ssm:/x%", "invalid percent-encoding"),
        ("ssm:/x%zz", "invalid percent-encoding"),
        ("ssm:/x%ff", "invalid percent-encoding"),
        ("ssm:/x%0A", "printable"),
        ("ssm:/x ", "white space"),
        ("ssm:/x\udcff", "UTF-8"),
        ("ssm:/x#", "key after #"),
        ("ssm:/x#a..b", "single dots"),
        ("ssm:/x#a#b", "%23"),
        ("ssm:/x#a?optional", "options before #KEY"),
        ("ssm:/x&optional", "? before the first option"),
        ("ssm:/x/,appconfig:a/b/c", "separate references with white space"),
        ("ssm:/x?", "unknown option ''"),
        ("ssm:/x?shout=yes", "'shout'"),
        ("ssm:/x?Optional", "'Optional'"),
        ("ssm:/x?optional&optional", "duplicate option optional"),
        ("ssm:/x?optional=perhaps", "expected yes or no, got 'perhaps'"),
        ("ssm:/x?env", "expected env=VALUE"),
        ("ssm:/x?default", "expected default=VALUE"),
        ("ssm:/x?default=%00", "NUL"),
        ("ssm:/x?names=lower", "upper or keep"),
        ("ssm:/x?as=1A", "variable name"),
        ("ssm:/x?prefix=a-b", "variable name"),
        ("ssm:/x?only=", "variable name"),
        ("ssm:/x?only=A,,B", "variable name"),
        ("ssm:/x?format=xml", "json or dotenv or text or yaml"),
        ("ssm:/x?ttl=soon", "expected a number of seconds"),
        ("ssm:/x?ttl=-1", "expected a number of seconds"),
        ("ssm:/x?ttl=1e3", "expected a number of seconds"),
        ("ssm:/x?ttl=" + "9" * 400, "expected a number of seconds"),
        ("secretsmanager:x?stage=", "staging label"),
    ],
)
def test_a_malformed_reference_is_an_error(text: str, part: str) -> None:
    (problem,) = problems(text)
    assert part in problem


@pytest.mark.parametrize(
    "text",
    [
        "ssm:/x?recursive=no",
        "ssm:/x?stage=A",
        "ssm:/x/#key",
        "ssm:/x/?default=1",
        "ssm:/x/?format=json",
        "ssm:/x?as=A&prefix=B_",
        "ssm:/x?as=A&names=keep",
        "ssm:/x?as=A&only=A",
        "ssm:/x?format=text#key",
    ],
)
def test_contradictory_options_are_an_error(text: str) -> None:
    assert len(problems(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "ssm:/path/",
        "file:x.env",
        *(f"ssm:/x?{option}" for option in ("prefix=A", "names=keep", "as=B", "env=no", "only=A")),
    ],
)
def test_references_for_lists_are_an_error_as_a_variables_value(text: str) -> None:
    parse(text)
    assert len(problems(text, "NAME")) == 1


def test_all_errors_of_one_reference_are_reported_at_once() -> None:
    assert len(problems("appconfig:a?shout=1&ttl=soon&recursive=no#a..b")) == 5


@pytest.mark.parametrize(
    "query",
    [
        f"default=a&{CANARY}",
        f"default=a&{CANARY}=1",
        f"default={CANARY}%zz",
        f"default={CANARY}%ff",
        f"default={CANARY}%00",
        f"default={CANARY}&default={CANARY}",
    ],
)
def test_no_part_of_a_default_is_in_an_error(query: str) -> None:
    assert CANARY not in str(problems(f"ssm:/x?{query}"))


def test_a_source_is_shown_without_its_default() -> None:
    source = parse(f"ssm:/x?default={CANARY}#key", "NAME")
    assert CANARY not in repr(source) + source.public_reference + source.identity + repr(
        source.resource
    )
    assert CANARY in source.reference
    assert source.public_reference == "NAME=ssm:/x#key"


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


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ssm:/x", True),
        ("ssm:", True),
        ("secretsmanager:x", True),
        ("appconfig:x", True),
        ("file:x", False),
        ("ssm", False),
        ("SSM:/x", False),
        (" ssm:/x", False),
        ("https://ssm:/x", False),
        ("", False),
    ],
)
def test_a_reference_starts_with_a_scheme(value: str, expected: bool) -> None:
    assert is_reference(value) is expected


@pytest.mark.parametrize(
    "text", ["a:b:c", "/applications/a/environments/b/configurations/c", "a:b:c%20d"]
)
def test_both_forms_of_the_prefetch_list_are_parsed(text: str) -> None:
    source = parse_prefetch(text)
    assert source.resource.parts == ("a", "b", "c d" if "%" in text else "c")


@pytest.mark.parametrize(
    "text",
    [
        "a:b", "a:b:c:d", "a::c", "/applications/a/environments/b", "/a/b/c/d/e/f",
        "/applications/a/environments/b/configurations/", "a:b:c%zz", "a:b:c\n", "a:b:c\udcff",
    ],
)  # fmt: skip
def test_any_other_form_in_the_prefetch_list_is_an_error(text: str) -> None:
    with pytest.raises(ReferenceProblems):
        parse_prefetch(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("45", 45), ("45s", 45), ("5m", 300), ("1h", 3600), ("1H", 3600), ("0", 0), ("1.5m", 90)],
)
def test_durations_have_units(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "s", "m", ".", "-1", "+1", "1d", "1 s", "1e3", "nan", "inf", "٣", "1_0", "0x1"]
)
def test_anything_else_is_not_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number of seconds"):
        seconds(text)


@given(st.text(max_size=20))
def test_durations_are_finite(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert 0 <= seconds(text) <= LONGEST_SECONDS


@given(st.text(max_size=4))
def test_variable_names_are_those_that_shells_accept(name: str) -> None:
    letters = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
    digits = set("0123456789")
    expected = bool(name) and name[0] in letters and set(name) <= letters | digits
    assert is_variable_name(name) is expected


# Characters that names may contain, those of the grammar included.
part = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8)
variable = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@st.composite
def sources(draw: st.DrawFn) -> Source:
    scheme = draw(st.sampled_from(["appconfig", "ssm", "path", "secretsmanager", "file"]))
    is_path = scheme == "path"
    parts: tuple[str, ...]
    if scheme == "appconfig":
        parts = (draw(part), draw(part), draw(part))
    elif is_path:
        parts = (f"/{draw(part)}/",)
    else:
        parts = (draw(part.filter(lambda name: not name.endswith("/"))),)
    has_key = not is_path and draw(st.booleans())
    formats = ["", "json", "yaml", "dotenv"] + ([] if has_key else ["text"])
    resource = Resource(
        "ssm" if is_path else scheme,
        parts,
        recursive=not is_path or draw(st.booleans()),
        stage=draw(st.sampled_from(["", "A+B"])) if scheme == "secretsmanager" else "",
        format="" if is_path else draw(st.sampled_from(formats)),
    )
    in_place = scheme not in ("file", "path") and draw(st.booleans())
    as_name = "" if in_place else draw(st.one_of(st.just(""), variable))
    is_list = not in_place and not as_name
    return Source(
        resource,
        tuple(draw(st.lists(anything.filter(bool), min_size=1, max_size=3))) if has_key else (),
        variable=draw(variable) if in_place else "",
        prefix=draw(st.one_of(st.just(""), variable)) if is_list else "",
        names=draw(st.sampled_from(["upper", "keep"])) if is_list else "upper",
        as_name=as_name,
        env=in_place or draw(st.booleans()),
        only=draw(st.none() | st.lists(variable, min_size=1).map(tuple)) if is_list else None,
        optional=draw(st.booleans()),
        default=None if is_path else draw(st.none() | anything),
        ttl=draw(st.none() | st.integers(0, 10**8).map(lambda number: number / 100)),
    )


@given(sources())
def test_a_source_parsed_from_its_own_reference_is_equal(source: Source) -> None:
    parsed = parse(source.reference, source.variable)
    assert source == parsed
    assert source.reference == parsed.reference
    for name in Source.__slots__:
        assert getattr(source, name) == getattr(parsed, name)


@given(st.text(max_size=40), st.sampled_from(["", "ssm:", "appconfig:a/b/c?", "ssm:/x?as=A&"]))
def test_any_text_is_a_source_or_a_list_of_errors(text: str, start: str) -> None:
    try:
        source = parse(start + text)
    except ReferenceProblems as error:
        errors = error.problems
    else:
        errors = []
        assert parse(source.reference) == source
    assert all(errors)
    "\n".join(errors).encode()
