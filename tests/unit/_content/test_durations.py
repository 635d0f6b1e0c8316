"""Durations in each of the forms that programs write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.durations import UNITS, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        (" 90 ", 90),
        ("1.5", 1.5),
        ("-3", -3),
        ("300ms", 0.3),
        ("45s", 45),
        ("5m", 300),
        ("1.5h", 5400),
        ("2d", 172_800),
        ("1w", 604_800),
        ("1h30m", 5400),
        ("1d12h", 129_600),
        ("PT90S", 90),
        ("PT1H30M", 5400),
        ("P1DT0.5S", 86_400.5),
        ("P2W", 1_209_600),
        ("1:30", 5400),
        ("1:30:00", 5400),
        ("100:00:00.5", 360_000.5),
    ],
)
def test_a_duration_is_converted_to_seconds(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "", "s", "soon", "5 m", "5x", "1h-30m", "1h30", "P", "PT", "P1DT", "1:60", "1:2:3:4", "--1",
        "1e3", "٣", "٣s", "nan", "inf", "-", ".5",
    ],
)  # fmt: skip
def test_what_is_not_a_duration_has_no_seconds(text: str) -> None:
    assert seconds_of(text) is None


@given(st.integers(0, 10**6), st.sampled_from(sorted(UNITS)))
def test_a_number_with_a_unit_is_that_many_of_it(number: int, unit: str) -> None:
    assert seconds_of(f"{number}{unit}") == pytest.approx(number * UNITS[unit])


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    assert seconds_of(text) is None or any(char.isdigit() for char in text)
