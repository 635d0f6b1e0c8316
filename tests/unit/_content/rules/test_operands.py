"""Comparing values: which are equal or in order, and which a context may have."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.rules.moments import moment
from appconfig_env._content.rules.operands import ContextError, is_equal, operand, order, text_of

NEW_YEAR: Any = moment("2024-01-01")


class Plan(str, enum.Enum):  # noqa: UP042 - the form whose str() is not its value
    BETA = "beta"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x", "x"), (Plan.BETA, "beta"), (True, True), (3, 3), (2.5, 2.5), (Decimal("2.5"), 2.5),
        (Decimal(3), 3), (Fraction(1, 2), 0.5), (None, None), (["a", 1, None], ("a", 1)),
        (("a",), ("a",)), ({"a"}, ("a",)), (dt.date(2024, 1, 1), NEW_YEAR),
        (dt.datetime(2024, 1, 1, tzinfo=dt.UTC), NEW_YEAR), ([], ()),
    ],
)  # fmt: skip
def test_a_value_of_a_context_is_an_operand(value: object, expected: object) -> None:
    found = operand("key", value)

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"c4n4ry": 1}, "the context's 'key' has the type dict; pass "),
        (b"c4n4ry", "has the type bytes"),
        (object(), "has the type object"),
        (dt.datetime(2024, 1, 1), "has a datetime without a time zone; pass "),  # noqa: DTZ001
        (dt.time(12), "has the type time"),
        ([["c4n4ry"]], "has the type list in a list; pass "),
        ([{}], "has the type dict in a list"),
        (Decimal("NaN"), "has the type Decimal"),
        (1 << 2000, "has the type int"),
        (dt.date, "has the type type"),
    ],
)
def test_another_type_is_an_error_without_the_value(value: object, reason: str) -> None:
    with pytest.raises(ContextError) as raised:
        operand("key", value)

    assert reason in str(raised.value)
    assert "c4n4ry" not in str(raised.value)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a", "a", True), ("a", "A", False), (1, 1.0, True), (2**53 + 1, float(2**53), False),
        (1, True, False), (0, False, False), ("1", True, False), ("true", True, True),
        ("True", True, False), ("65", 65, True), ("65.0", 65, True), ("4.2E+01", 42, True),
        (" 65", 65, False), ("", 0, False), ("x", 65, False), ("1e999", 1, False),
        ("9" * 401, 1, False), ("٣", 3, False), ("2024-01", NEW_YEAR, True), ("x", NEW_YEAR, False),
        (1, NEW_YEAR, False), (("a",), ("a",), True), (("a",), "a", False), (("1",), (1,), True),
        (("a",), ("a", "b"), False), (float("nan"), float("nan"), False),
    ],
)  # fmt: skip
def test_values_are_equal_if_they_are_as_one_type(one: Any, other: Any, expected: bool) -> None:
    assert is_equal(one, other) is expected
    assert is_equal(other, one) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 2, -1), (2.5, 2, 1), ("70.5", 65, 1), (65, "70.5", -1), ("b", "a", 1), ("10", "9", -1),
        ("2023-12-31", NEW_YEAR, -1), (NEW_YEAR, NEW_YEAR, 0), (2**60 + 1, float(2**60), 1),
        ("x", 1, None), (True, 1, None), (True, False, None), ((1,), 1, None), (1, (1,), None),
        (float("nan"), 1, None), (NEW_YEAR, 1, None),
    ],
)  # fmt: skip
def test_values_of_one_type_have_an_order(one: Any, other: Any, expected: int | None) -> None:
    found = order(one, other)

    assert found == expected
    assert order(other, one) == (None if found is None else -found)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"), (True, "true"), (False, "false"), (3, "3"), (3.0, "3"), (2.5, "2.5"),
        (1e16, "1e+16"), (NEW_YEAR, "2024-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_the_text_of_a_value_is_as_in_a_rule(value: Any, text: str) -> None:
    assert text_of(value) == text


@given(
    st.integers(-(2**63), 2**63) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
)
def test_a_value_equals_its_own_text(value: Any) -> None:
    assert is_equal(value, text_of(value))
