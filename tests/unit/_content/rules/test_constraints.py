"""Attributes and their constraints, as the type reference of AppConfig defines them."""

from __future__ import annotations

from typing import Any

import pytest

from appconfig_env._content.rules.constraints import problems

SECRET = "c4n4ry"


def found(value: object, constraints: object, *, enabled: bool = True) -> list[str]:
    definitions = {"limit": {"description": "x", "constraints": constraints}}
    attributes = {} if value is None else {"limit": value}
    return [str(one) for one in problems(attributes, definitions, enabled=enabled)]


@pytest.mark.parametrize(
    ("value", "constraints"),
    [
        (5, {"type": "number", "minimum": 5, "maximum": 5, "required": True}),
        (2.5, {"type": "number"}),
        ("eu", {"type": "string", "enum": ["eu", "us"]}),
        ("eu-west-1", {"type": "string", "pattern": "^eu-"}),
        ("eu", {"type": "string", "pattern": "(?=a)b"}),  # of a syntax that is not read here
        (True, {"type": "boolean", "required": True}),
        (["a", "b"], {"type": "array", "elements": {"type": "string", "enum": ["a", "b"]}}),
        ([1, 2.5], {"type": "array", "elements": {"type": "number", "minimum": 1}}),
        ([], {"type": "array", "elements": {"type": "number"}}),
        ([1], {"type": "array"}),
        (None, {"type": "number"}),
        (1, {"type": "unheard of"}),
        (1, {}),
        (1, None),
    ],
)
def test_an_attribute_within_its_constraints_is_not_a_problem(
    value: object, constraints: object
) -> None:
    assert found(value, constraints) == []


@pytest.mark.parametrize(
    ("value", "constraints", "problem"),
    [
        (4, {"type": "number", "minimum": 5}, "the attribute 'limit' is below its minimum, 5"),
        (6.5, {"type": "number", "maximum": 5}, "the attribute 'limit' is above its maximum, 5"),
        (SECRET, {"type": "number"}, "the attribute 'limit' is not a number"),
        (True, {"type": "number"}, "the attribute 'limit' is not a number"),
        (1, {"type": "boolean"}, "the attribute 'limit' is not a boolean"),
        (1, {"type": "string"}, "the attribute 'limit' is not a text"),
        ("a", {"type": "array"}, "the attribute 'limit' is not a list"),
        (SECRET, {"type": "string", "enum": ["a"]}, "the attribute 'limit' is not one of its enum"),
        (SECRET, {"type": "string", "pattern": "^a"}, "the attribute 'limit' does not match its"),
        ([SECRET], {"type": "array", "elements": {"type": "number"}}, "an item of the attribute"),
        ([0], {"type": "array", "elements": {"type": "number", "minimum": 1}}, "an item of the"),
        (None, {"type": "string", "required": True}, "no attribute 'limit', which is required"),
        ({"a": SECRET}, {}, "the attribute 'limit' is not a text, a number, a boolean, or a list"),
        ([["a"]], {}, "the attribute 'limit' is not a text"),
        (["a", 1], {}, "the attribute 'limit' is not a text"),
        ([True], {}, "the attribute 'limit' is not a text"),
    ],
)
def test_an_attribute_beyond_its_constraints_is_a_problem_without_its_value(
    value: object, constraints: dict[str, Any], problem: str
) -> None:
    (first, *_) = found(value, constraints)

    assert first.startswith(problem)
    assert SECRET not in first


def test_a_flag_that_is_off_may_be_without_its_attributes() -> None:
    assert found(None, {"type": "string", "required": True}, enabled=False) == []
    assert found(1, {"type": "string"}, enabled=False)


def test_definitions_of_any_form_are_read() -> None:
    assert not list(problems({"limit": 1}, {"limit": "x", "other": {}}, enabled=True))
