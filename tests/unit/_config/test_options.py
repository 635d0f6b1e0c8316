"""The options of a reference, and the values that each accepts."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._config.options import LONGEST_SECONDS, is_variable_name, seconds
from appconfig_env._config.references import ReferenceProblems, parse

CANARY = "c4n4ry"


def problems(text: str, variable: str = "") -> list[str]:
    with pytest.raises(ReferenceProblems) as caught:
        parse(text, variable)
    return caught.value.problems


def test_every_option_is_parsed() -> None:
    listed = "ssm:/p/?prefix=DB_&names=keep&join=__&env=no&only=A,B&optional&recursive=no&ttl=5m"
    source = parse(listed)
    assert (source.prefix, source.names, source.join, source.env) == ("DB_", "keep", "__", False)
    assert (source.only, source.optional, source.ttl) == (("A", "B"), True, 300.0)
    assert not source.resource.recursive
    about = "as=NAME&default=a%26b%20c&stage=AWSPREVIOUS&version=1-2&format=json"
    single = parse(f"secretsmanager:x?{about}#k.l")
    assert (single.as_name, single.default, single.key) == ("NAME", "a&b c", ("k", "l"))
    assert (single.resource.stage, single.resource.version) == ("AWSPREVIOUS", "1-2")
    assert single.resource.format == "json"


def test_a_yes_no_option_can_be_turned_off() -> None:
    assert not parse("ssm:x?optional=no").optional
    assert parse("ssm:x?optional=yes").optional
    assert parse("ssm:x?env=yes").env


def test_an_empty_default_is_a_default() -> None:
    assert parse("ssm:x?default=").default == ""
    assert parse("ssm:x").default is None


@pytest.mark.parametrize(
    "query",
    [
        f"default=a&{CANARY}",
        f"default=a&{CANARY}=1",
        f"default={CANARY}%zz",
        f"default={CANARY}%ff",
        f"default={CANARY}%00",
        f"default={CANARY}&default={CANARY}",
        f"default=a#{CANARY}",
        f"default=a#{CANARY}&{CANARY}=1",
        f"default=a#{CANARY}?{CANARY}=1",
        f"optional&default={CANARY}#{CANARY}",
    ],
)
def test_no_part_of_a_default_is_in_an_error(query: str) -> None:
    assert CANARY not in str(problems(f"ssm:/x?{query}"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("45", 45), ("45s", 45), ("5m", 300), ("1h", 3600), ("1H", 3600), ("0", 0), ("1.5m", 90)],
)
def test_durations_have_units(text: str, expected: float) -> None:
    assert seconds(text) == expected


def test_a_duration_is_exact_to_the_microsecond() -> None:
    assert seconds("4.1m") == 246.0  # 4.1 * 60 is a little less


def test_the_longest_duration_is_ten_years() -> None:
    assert seconds("87600h") == LONGEST_SECONDS
    with pytest.raises(ValueError, match="expected a number of seconds"):
        seconds("87600.01h")


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


variable = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
