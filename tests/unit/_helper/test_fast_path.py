"""The fast path of `get`: values of a fresh period, and everything else on the slow path."""

from __future__ import annotations

from typing import Any

import pytest

from appconfig_env._helper.fast_path import STALE, View

from ...support.fakes import Clock


class SlowPath:
    """Returns one value, and records what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any, Any]] = []

    def __call__(self, name: str, default: Any, kind: Any) -> str:
        self.asked.append((name, default, kind))
        return "slow"


@pytest.fixture
def slow_path() -> SlowPath:
    return SlowPath()


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
def view(clock: Clock, slow_path: SlowPath) -> View:
    """A view whose values are fresh from 90 to 110."""
    view = View(clock, slow_path)
    view.show((90.0, 110.0, {"A": "1"}))
    return view


def test_at_first_nothing_is_fresh(clock: Clock, slow_path: SlowPath) -> None:
    assert View(clock, slow_path).get("A", "default") == "slow"
    assert slow_path.asked == [("A", "default", None)]


@pytest.mark.parametrize(
    ("at", "value"), [(89.9, "slow"), (90.0, "1"), (109.9, "1"), (110.0, "slow")]
)
def test_a_value_is_returned_while_it_is_fresh(
    view: View, clock: Clock, at: float, value: str
) -> None:
    clock.at = at
    assert view.get("A") == value


def test_an_unknown_name_and_a_conversion_take_the_slow_path(
    view: View, slow_path: SlowPath
) -> None:
    assert view.get("B", "default") == "slow"
    view.get("A", 5, type=int)
    assert slow_path.asked == [("B", "default", None), ("A", 5, int)]


def test_values_and_period_are_replaced_together(view: View, clock: Clock) -> None:
    view.show((110.0, 120.0, {"A": "2"}))
    assert view.get("A") == "slow"
    clock.tick(10)
    assert view.get("A") == "2"
    view.show((*STALE, {"A": "2"}))
    assert view.get("A") == "slow"
    assert view.now == (*STALE, {"A": "2"})


def test_get_stays_the_same_function(view: View) -> None:
    get = view.get
    view.show((90.0, 110.0, {"A": "3"}))
    assert get("A") == "3"
    assert view.get is get


def test_an_error_for_a_wrong_argument_names_the_function(view: View) -> None:
    get: Any = view.get
    with pytest.raises(TypeError, match=r"^get\(\) got an unexpected keyword argument 'typ'"):
        get("A", typ=int)


def test_no_reader_sees_old_values_in_the_new_period(view: View, clock: Clock) -> None:
    read: list[str | None] = []

    class Interrupted(tuple[float, float, dict[str, str]]):
        """Another thread reads before each part is taken."""

        __slots__ = ()

        def __getitem__(self, index: Any) -> Any:
            read.append(view.get("A"))
            return super().__getitem__(index)

    clock.at = 115.0
    view.show(Interrupted((110.0, 120.0, {"A": "2"})))

    assert read
    assert set(read) <= {"slow", "2"}
    assert view.get("A") == "2"


def test_a_replaced_clock_decides_what_is_fresh(view: View) -> None:
    assert view.get("A") == "1"
    view.use_clock(lambda: 200.0)
    assert view.get("A") == "slow"
    view.use_clock(lambda: 100.0)
    assert view.get("A") == "1"
