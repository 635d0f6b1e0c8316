"""The variables of all sources of one resource, from its document or without one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appconfig_env._config.references import parse
from appconfig_env._config.wording import MOST_LISTED
from appconfig_env._content.document import Document
from appconfig_env._content.render import (
    LARGE_BYTES,
    Rendering,
    forget_large,
    render_defaults,
    render_document,
)
from appconfig_env._content.variables import Variables
from appconfig_env.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appconfig_env._config.sources import Source

NO_RESPONSE = Failure("unavailable", "no response", "check the route")
JSON = "application/json"


def sources(*references: str) -> list[Source]:
    return [parse(reference) for reference in references]


def values(rendering: Rendering) -> dict[str, str]:
    found: dict[str, str] = {}
    for variables in rendering.variables.values():
        found.update(variables.values)
    return found


def missing(rendering: Rendering) -> list[str]:
    return [error.source for error in rendering.missing]


def test_each_source_renders_the_same_document() -> None:
    both = sources("appconfig:a/b/c", "appconfig:a/b/c?prefix=X_")
    rendering = render_document(both, Document(b'{"a": 1}', content_type=JSON))
    assert values(rendering) == {"A": "1", "X_A": "1"}
    assert rendering.variables.keys() == {source.identity for source in both}
    assert (rendering.reasons, rendering.missing) == ([], [])


@pytest.mark.parametrize(
    ("options", "rendered", "is_missing"),
    [("", {}, True), ("?optional", {}, False), ("?default=d", {"KEY": "d"}, False)],
)
def test_a_missing_key_concerns_its_own_source_alone(
    options: str, rendered: dict[str, str], is_missing: bool
) -> None:
    both = sources("appconfig:a/b/c#a", f"appconfig:a/b/c#key{options}")
    rendering = render_document(both, Document(b'{"a": 1}', content_type=JSON))
    assert values(rendering) == {"A": "1"} | rendered
    assert missing(rendering) == (["appconfig:a/b/c#key"] if is_missing else [])
    assert bool(rendering.reasons) is is_missing, "else the document is usable"


def test_a_document_that_cannot_be_parsed_is_a_reason_with_its_version() -> None:
    both = sources("appconfig:a/b/c", "appconfig:a/b/c?prefix=X_", "appconfig:a/b/c?optional#a")
    rendering = render_document(both, Document(b"{", content_type=JSON, version="7\n"))
    assert values(rendering) == {}
    assert missing(rendering) == ["appconfig:a/b/c", "appconfig:a/b/c"]
    assert rendering.failure.kind == "invalid"
    assert rendering.failure.summary == "invalid JSON at line 1 column 2 (version 7?)"
    assert rendering.failure.hint == "correct it"


def test_the_same_reason_of_several_sources_is_reported_once() -> None:
    rendering = Rendering()
    rendering.reasons += [Failure("invalid", text, "fix it") for text in ("one", "other", "one")]
    assert rendering.failure == Failure("invalid", "one; other", "fix it")


def test_each_problem_of_a_document_has_its_remedy_and_the_last_one_is_the_hint() -> None:
    rendering = render_document(
        sources("appconfig:a/b/c?only=A,B,C"), Document(b'{"a": "\\u0000"}', content_type=JSON)
    )
    failure = rendering.failure
    assert failure.summary == (
        "the value of 'A' has a NUL character, which no variable can hold"
        "; remove it, or set env=no and read it with get(); only=: no B, C among 'A'"
    )
    assert failure.hint == "correct only="
    (error,) = rendering.missing
    assert error.failure == failure


def test_without_a_document_defaults_are_used_and_required_sources_are_missing() -> None:
    rendering = render_defaults(
        sources("ssm:a?default=1&as=X", "ssm:a?optional&as=B", "ssm:a"), NO_RESPONSE
    )
    assert values(rendering) == {"X": "1"}
    missing = [(error.source, error.failure) for error in rendering.missing]
    assert missing == [("ssm:a", NO_RESPONSE)]


def test_a_default_that_cannot_be_used_is_added_to_the_hint() -> None:
    rendering = render_defaults(sources("ssm:1st?default=x"), NO_RESPONSE)
    (error,) = rendering.missing
    assert error.failure.kind == "unavailable"
    assert error.failure.hint.startswith("check the route; its default cannot be used: ")


def test_a_default_of_a_secret_is_secret() -> None:
    rendering = Rendering()
    (source,) = sources("ssm:a?default=x")
    rendering.use_defaults([source], NO_RESPONSE, is_secret=True)
    assert rendering.variables[source.identity].secret == {"A"}


def test_a_source_that_is_given_no_value_has_not_used_the_document() -> None:
    given = {"a": Variables({"A": "1"}), "b": Variables()}
    assert Rendering().overlaid(given).used == {"a"}


@pytest.mark.parametrize(
    ("reference", "name"), [("ssm:a#key?default=d", "KEY"), ("ssm:a?format=json&default=d", "A")]
)
@pytest.mark.parametrize("secret", [False, True])
def test_a_default_in_place_of_a_secret_value_is_secret(
    reference: str, name: str, *, secret: bool
) -> None:
    (source,) = sources(reference)
    body = b'{"a": 1}' if source.key else b"{"
    rendering = render_document([source], Document(body, secret=secret))
    variables = rendering.variables[source.identity]
    assert variables.values == {name: "d"}
    assert variables.secret == ({name} if secret else set())


def large(members: Mapping[str, object]) -> Document:
    """A document whose parsed data is not kept."""
    body = json.dumps({**members, "filler": "x" * LARGE_BYTES}).encode()
    return Document(body, content_type=JSON)


NESTED = {"a": {"b": [1, {"c": 2.5}], "d": {}}, "e": None, "f": {"g": {"h": "i"}}, "j": True}


def test_a_large_document_becomes_the_same_variables_and_its_data_is_not_kept() -> None:
    (source,) = both = sources("appconfig:shop/prod/app?env=no")
    small = Document(json.dumps(NESTED).encode(), content_type=JSON)
    document = large(NESTED)
    found = render_document(both, document).variables[source.identity].values
    expected = render_document(both, small).variables[source.identity].values
    assert [*found.items()][:-1] == [*expected.items()]
    parsed: list[Document] = []
    document.parsed(parsed.append)
    assert parsed == [document], "it is parsed again"


def test_all_sources_of_a_large_document_have_its_values() -> None:
    ends = ("#f", "&prefix=X_", "#a", "&prefix=Y_")
    four = sources(*(f"appconfig:shop/prod/app?env=no{end}" for end in ends))
    rendering = render_document(four, large(NESTED))
    found = [{*rendering.variables[source.identity].values} for source in four]
    names = {"A_B", "A_D", "F_G_H", "J", "FILLER"}
    assert found == [
        {"G_H"}, {f"X_{name}" for name in names}, {"B", "D"}, {f"Y_{name}" for name in names},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("members", "reference", "error"),
    [
        (
            {"a": 1, "b": {"c": 2}, "b-c": 3},
            "appconfig:shop/prod/app?env=no",
            "'b.c' and 'b-c' both become variable 'B_C'",
        ),
        ({"a": 1}, "appconfig:shop/prod/app?env=no&only=A,AA", "only=: no AA among 'A', 'FILLER'"),
    ],
)
def test_errors_of_a_large_document_name_the_same_as_those_of_others(
    members: Mapping[str, object], reference: str, error: str
) -> None:
    (reason,) = render_document(sources(reference), large(members)).reasons
    assert error in reason.summary


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize(
    "members",
    [
        {"a": {"_variants": []}},
        {"version": "1", "flags": {"a": {}}, "values": {"a": {"enabled": True}}},
    ],
)
def test_flags_that_were_not_evaluated_are_warned_of_in_documents_of_any_size(
    members: Mapping[str, object], size: str
) -> None:
    (source,) = both = sources("appconfig:shop/prod/app?env=no")
    body = json.dumps(members).encode()
    document = large(members) if size == "large" else Document(body, content_type=JSON)
    (line,) = render_document(both, document).variables[source.identity].left_out
    assert line.startswith("it has feature flags ")


@pytest.mark.parametrize("env", ["", "?env=no"])
def test_many_problems_of_a_document_are_found_in_one_pass_and_not_all_shown(env: str) -> None:
    number = 3000
    members = {f"k{mark}{n}": n for mark in "-_" for n in range(number)}
    document = Document(json.dumps(members).encode(), content_type=JSON)
    (reason,) = render_document(sources(f"appconfig:shop/prod/app{env}"), document).reasons
    assert "'k-9' and 'k_9' both become variable 'K_9'" in reason.summary
    assert f"the document has {number - MOST_LISTED} more problems like these" in reason.summary
    assert len(reason.summary) < 1000


def test_of_many_names_that_no_variable_can_have_the_first_are_logged() -> None:
    (source,) = both = sources("appconfig:shop/prod/app")
    members = {f"{n} x": n for n in range(1000)} | {"a": 1}
    document = Document(json.dumps(members).encode(), content_type=JSON)
    variables = render_document(both, document).variables[source.identity]
    assert variables.values == {"A": "1"}
    assert len(variables.left_out) == MOST_LISTED + 1
    assert variables.left_out[-1].startswith("the document has 990 more problems like these")


def test_the_data_of_a_large_document_is_forgotten_before_the_next_one_is_rendered() -> None:
    document = large(NESTED)
    parsed: list[Document] = []

    def parse_once(one: Document) -> object:
        parsed.append(one)
        return {}

    document.parsed(parse_once)
    document.converted({}, lambda data: data)
    forget_large(document)
    document.parsed(parse_once)
    assert parsed == [document, document]


def test_the_data_of_a_small_document_is_kept() -> None:
    document, parsed = Document(b"{}"), list[Document]()
    for _ in range(2):
        document.parsed(parsed.append)
        forget_large(document)
    assert parsed == [document]
