"""docs/variants.md against the code: its blocks run, and its examples and limits are right."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from appconfig_env._content.rules import pattern_syntax, patterns, rule, split
from appconfig_env._content.rules.ion import DEEPEST
from appconfig_env._content.rules.operators import OPERATORS
from appconfig_env._content.rules.variants import Flags, check_rules
from appconfig_env._helper.helper import PROCESS_HELPER

from ..support.paths import ROOT

PAGE = (ROOT / "docs" / "variants.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def test_the_handler_and_its_tests_run() -> None:
    handler, _, tests = blocks("python")
    scope: dict[str, Any] = {}
    for block in (handler, tests):
        exec(block, scope)
    assert PROCESS_HELPER.replaced_store is None


@pytest.mark.parametrize("data", [json.loads(blocks("json")[0]), blocks("ion")[0]])
@pytest.mark.parametrize(
    ("context", "variant", "attributes"),
    [
        ({"plan": "beta"}, "beta", {"limit": 100}),
        ({"email": "a@example.com"}, "beta", {"limit": 100}),
        ({}, "others", {}),
    ],
)
def test_both_forms_have_the_same_flag(
    data: object, context: dict[str, str], variant: str, attributes: dict[str, int]
) -> None:
    assert check_rules(data) == []
    chosen = Flags(data).chosen("checkout", context)
    assert (chosen.variant.name, chosen.variant.attributes) == (variant, attributes)


def test_the_formula_of_split_selects_what_split_does() -> None:
    scope: dict[str, Any] = {}
    exec(blocks("python")[1], scope)
    for percent in (0, 10, 12.5, 100):
        for user in map(str, range(500)):
            for seed in (None, "abc"):
                assert scope["is_selected"](percent, user, "checkout", seed) is split.selects(
                    percent, [user], flag="checkout", seed=seed
                )


def test_each_operator_is_in_the_table_and_its_example_is_a_rule() -> None:
    table = PAGE.split("## The rules")[1].split("Constants are")[0]
    examples = [one for one in re.findall(r"`(\(.*?\))`", table) if "..." not in one and one != "A"]

    for example in examples:
        if example != "(not A)":
            rule.compiled(example)
    assert {
        name for name in OPERATORS if f"({name} " not in table and f"`{name}`" not in table
    } == (set())


def test_the_limits_are_those_of_the_code() -> None:
    for text in (
        f"{rule.LONGEST:,} characters, AppConfig's own limit, and {DEEPEST} levels",
        f"{pattern_syntax.LONGEST:,} characters, and {patterns.MOST_STEPS} steps",
        f"of more than {patterns.LONGEST_TEXT:,} characters",
    ):
        assert text in PAGE


def test_the_error_on_the_page_is_the_one_that_is_raised() -> None:
    (shown,) = re.findall(r"the place: `(.*?), \.\.\.`", PAGE)
    wrong = {"name": "beta", "enabled": True, "rule": "(or (equals $plan 1))"}

    (problem,) = check_rules(
        {"checkout": {"_variants": [wrong, {"name": "others", "enabled": False}]}}
    )

    assert problem.startswith(shown)
