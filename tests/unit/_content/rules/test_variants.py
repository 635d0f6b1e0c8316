"""Choosing a variant, with the reason; and checking all flags of a document."""

from __future__ import annotations

from typing import Any

import pytest

from appconfig_env._content.document import DocumentError
from appconfig_env._content.rules.operands import ContextError
from appconfig_env._content.rules.variants import Flags, broken, check_rules

from .test_definitions import DEFAULT, ION, STORED, with_variants

BETA = {"name": "beta", "enabled": True, "rule": '(eq $plan "beta")', "attributeValues": {"n": 1}}
HALF = {"name": "half", "enabled": True, "rule": "(split pct::100 by::$id)"}
OFF = {"name": "off", "enabled": False, "rule": '(eq $plan "off")', "attributeValues": {"n": 1}}


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"plan": "beta", "id": "x"}, ("beta", {"n": 1}, "TARGETING_MATCH")),
        ({"plan": "off", "id": "x"}, ("off", {}, "TARGETING_MATCH")),
        ({"plan": "other", "id": "x"}, ("half", {}, "SPLIT")),
        ({"plan": "other"}, ("rest", {}, "DEFAULT")),
        ({}, ("rest", {}, "DEFAULT")),
    ],
)
def test_the_first_variant_whose_rule_is_true_is_chosen(
    context: dict[str, Any], expected: tuple[object, ...]
) -> None:
    flags = Flags(with_variants(BETA, OFF, HALF, DEFAULT))

    chosen = flags.chosen("ui_refresh", context)

    assert (chosen.variant.name, chosen.variant.attributes, chosen.reason) == expected


def test_without_a_choice_the_reason_is_static() -> None:
    assert Flags(with_variants(DEFAULT)).chosen("ui_refresh", {}).reason == "STATIC"
    assert Flags(ION).chosen("button_color", {}).reason == "STATIC"


def test_a_split_in_a_rule_that_was_false_is_not_the_reason() -> None:
    never = {**HALF, "rule": "(split pct::0 by::$id)"}
    flags = Flags(with_variants(never, BETA, DEFAULT))

    chosen = flags.chosen("ui_refresh", {"plan": "beta", "id": "x"})

    assert (chosen.variant.name, chosen.reason) == ("beta", "TARGETING_MATCH")


def test_an_error_is_found_once_and_raised_each_time() -> None:
    flags = Flags({**with_variants({**BETA, "rule": "(x)"}), "other": {"enabled": True}})

    for _ in range(2):
        with pytest.raises(DocumentError, match="unknown operator 'x'"):
            flags.chosen("ui_refresh", {})
    assert flags.chosen("other", {}).variant.enabled


def test_a_context_that_a_rule_cannot_use_is_an_error_of_its_own() -> None:
    flags = Flags(with_variants(BETA, DEFAULT))

    with pytest.raises(ContextError, match="'plan' has the type dict"):
        flags.chosen("ui_refresh", {"plan": {}})


@pytest.mark.parametrize(
    "data",
    [
        STORED,
        ION,
        with_variants(BETA, HALF, DEFAULT),
        {"a": {"enabled": True}},
        {"a": 1},
        "text",
        [],
        None,
        b"x",
    ],
)
def test_a_good_document_has_no_problems(data: object) -> None:
    assert check_rules(data) == []


def test_every_flag_of_a_document_is_checked() -> None:
    data = {
        "version": "1",
        "flags": {
            "a": {},
            "b": {},
            "c": {"attributes": {"n": {"constraints": {"type": "number"}}}},
        },
        "values": {
            "a": {"_variants": [{**BETA, "rule": "(equals $plan 1)"}, DEFAULT]},
            "c": {"enabled": True, "n": "c4n4ry"},
            "d": {"_variants": [DEFAULT]},
        },
    }

    problems = check_rules(data)

    assert sorted(problems) == [
        (
            "flag 'a', variant 'beta': the rule, at line 1 column 2: unknown operator 'equals'; "
            "write eq, ne, gt, gte, lt, lte, and, or, not, begins_with, ends_with, contains, in, "
            "exists, matches or split"
        ),
        "flag 'b' has no value; add it to values, or remove it from flags",
        "flag 'c': the attribute 'n' is not a number; correct it",
    ]


def test_text_that_cannot_be_read_is_one_problem() -> None:
    assert check_rules("'a'::[(") == [
        "the Ion text, at line 1 column 7: ( is not closed; close it with )"
    ]


WRONG = {**BETA, "rule": "(equals $plan 1)"}


@pytest.mark.parametrize(
    ("before", "data", "problem"),
    [
        (with_variants(BETA, DEFAULT), with_variants(WRONG, DEFAULT), "flag 'ui_refresh', variant"),
        (
            with_variants(BETA, DEFAULT),
            with_variants(BETA),
            "flag 'ui_refresh': no default variant",
        ),
        (
            ION,
            ION.replace("ends_with", "end_with"),
            "flag 'ui_refresh', variant 1 ('QA'): the rule",
        ),
        (ION, ION.rstrip() + "[", "the Ion text, at line "),
        (STORED, {**STORED, "values": {}}, "flag 'ui_refresh' has no value"),
    ],
)
def test_a_flag_that_was_right_and_is_wrong_is_found(
    before: object, data: object, problem: str
) -> None:
    error = broken(before, data)

    assert str(error).startswith(problem)


@pytest.mark.parametrize(
    ("before", "data"),
    [
        (with_variants(BETA, DEFAULT), with_variants(DEFAULT)),
        (with_variants(WRONG, DEFAULT), with_variants(WRONG)),
        (with_variants(BETA, DEFAULT), {**with_variants(BETA, DEFAULT), "new": {"_variants": []}}),
        ("'a'::[", "'a'::[("),
        ({"ui_refresh": {"enabled": True}}, with_variants(WRONG)),
        ("text", "'a'::["),
    ],
)
def test_what_was_never_right_or_is_new_is_not_broken(before: object, data: object) -> None:
    assert broken(before, data) is None
