"""`split`: the published formula, uniform, stable, and independent for different seeds."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.rules.split import position, selects

USERS = [f"user-{number}" for number in range(20_000)]


def share(percent: float, among: list[str], **scope: str) -> float:
    return len(chosen(percent, among, **scope)) / len(among)


def chosen(percent: float, among: list[str], flag: str = "checkout", **scope: str) -> set[str]:
    return {one for one in among if selects(percent, [one], flag=flag, **scope)}


def test_the_position_is_that_of_the_published_formula() -> None:
    text = b"21:appconfig-env split 14:seed3:abc6:user-1"

    digest = hashlib.sha256(text).digest()

    assert position(["user-1"], flag="any", seed="abc") == int.from_bytes(digest[:8], "big")


@pytest.mark.parametrize(
    ("values", "scope", "expected"),
    [
        (["user-1"], {"seed": "abc"}, 0xDB7BC2F539268103),
        (["user-1"], {}, 0x98FD6D5A7F0DC2AA),
        ([""], {"seed": ""}, 0x59D5B2BF9DFBD77),
        (["a", "b"], {"seed": "abc"}, 0xBBA1671900A8DCD6),
        (["ü"], {"seed": "abc"}, 0x627BA6FB7942524F),
    ],
)
def test_a_position_never_changes(values: list[str], scope: dict[str, str], expected: int) -> None:
    assert position(values, flag="checkout", **scope) == expected


@pytest.mark.parametrize("percent", [0, 1, 10, 12.5, 50, 99, 100])
def test_it_selects_its_percentage(percent: float) -> None:
    # Four standard deviations of a fair choice among 20,000 are 1.4 %.
    for scope in ({}, {"seed": "abc"}, {"seed": "2025.01.01"}):
        assert share(percent, USERS, **scope) == pytest.approx(percent / 100, abs=0.014)
    assert percent not in (0, 100) or share(percent, USERS) == percent / 100


def test_positions_are_spread_evenly() -> None:
    counts = [0] * 100
    for user in USERS:
        counts[position([user], flag="checkout") * 100 >> 64] += 1

    expected = len(USERS) / 100
    assert (
        sum((count - expected) ** 2 / expected for count in counts) < 150
    )  # of chi-squared: 0.1 %


def test_a_larger_percentage_selects_the_same_values_and_more() -> None:
    for scope in ({}, {"seed": "abc"}):
        assert chosen(20, USERS, **scope) < chosen(25, USERS, **scope)


def test_one_seed_selects_the_same_values_for_every_flag() -> None:
    one = chosen(20, USERS, flag="checkout", seed="abc")

    assert chosen(20, USERS, flag="search", seed="abc") == one


@pytest.mark.parametrize(
    ("flag", "scope"),
    [("checkout", {"seed": "seed_two"}), ("search", {}), ("checkout", {"seed": "checkout"})],
)
def test_different_seeds_and_flags_are_independent(flag: str, scope: dict[str, str]) -> None:
    first = chosen(20, USERS)

    among = [user for user in USERS if user not in first]

    assert share(25, among, flag=flag, **scope) == pytest.approx(0.25, abs=0.015)


@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_different_lists_have_different_positions(one: list[str], other: list[str]) -> None:
    same = position(one, flag="f") == position(other, flag="f")

    assert same is (one == other)
