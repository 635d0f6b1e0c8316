"""The times of polls: within the interval, not before AWS allows them, and spread."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cache.load import load
from appconfig_env._cache.schedule import FIRST_SHARE, LONGEST_WAIT_SECONDS, Schedule
from appconfig_env._config.settings import from_environ

from ...support.fakes import Clock

NOW = 1_000_000.0
seconds = st.floats(0, 86_400)
chances = st.floats(0, 1)


NEVER = (0.0, 0.0)


def at(checked_at: float) -> tuple[float, float]:
    """The times of the last attempt and of the one scheduled after it."""
    return checked_at, checked_at + 45


befores = st.just(NEVER) | st.floats(NOW - 1e6 + 1, NOW + 1e6).map(at)


@given(seconds, chances, befores, st.none() | seconds, st.sampled_from([0.0, 15.0]))
def test_a_poll_is_never_later_than_the_interval_or_the_services_minimum(
    interval: float, jitter: float, before: tuple[float, float], least: float | None, floor: float
) -> None:
    wait = Schedule(interval, NOW, jitter, floor=floor).next_poll(*before, least) - NOW
    wanted = max(least or 0.0, floor)
    assert wanted - 1e-6 <= wait <= max(interval, wanted) + 1e-6


@given(st.floats(45, 86_400), st.sampled_from([NEVER, at(NOW - 45)]))
def test_without_jitter_the_interval_is_exact(interval: float, before: tuple[float, float]) -> None:
    assert Schedule(interval, NOW).next_poll(*before, None) == NOW + interval


@pytest.mark.parametrize("before", [NEVER, at(NOW - 91), at(NOW + 1)])
def test_polls_that_many_make_at_the_same_time_are_spread(before: tuple[float, float]) -> None:
    # A cold start, a long freeze or a restore, a clock that moved backwards.
    assert Schedule(45, NOW, 1.0).next_poll(*before, None) == NOW + 45 * (1 - FIRST_SHARE)


@pytest.mark.parametrize("before", [at(NOW), at(NOW - 45), at(NOW - 90)])
def test_steady_polls_keep_the_interval(before: tuple[float, float]) -> None:
    assert Schedule(45, NOW, 1.0).next_poll(*before, None) == NOW + 45


def test_a_refresh_in_between_does_not_shift_the_polls() -> None:
    before = (NOW, NOW + 20)
    assert Schedule(45, NOW + 5, 0.9).next_poll(*before, None) == NOW + 20
    assert Schedule(45, NOW + 20, 0.9).next_poll(*before, None) == NOW + 65
    failing = (NOW, NOW + 900)
    assert Schedule(45, NOW + 5, 0.9).next_poll(*failing, None) == NOW + 50


@given(seconds, st.lists(chances, min_size=2, max_size=30), st.sampled_from([0.0, 15.0]))
def test_waits_after_failures_never_get_shorter_until_the_longest(
    interval: float, drawn: list[float], floor: float
) -> None:
    waits = [
        Schedule(interval, NOW, jitter, floor=floor).next_attempt(failures) - NOW
        for failures, jitter in enumerate(drawn, 1)
    ]
    longest = max(interval, LONGEST_WAIT_SECONDS, 15.0)
    for earlier, later in pairwise(waits):
        assert later >= min(earlier, longest / 2) - 1e-6
    assert max(waits) <= longest + 1e-6
    assert min(waits) >= floor - 1e-6


@given(st.floats(15, 86_400), chances, st.integers(1, 5))
def test_without_a_value_the_next_attempt_is_within_seconds(
    interval: float, jitter: float, failures: int
) -> None:
    wait = (
        Schedule(interval, NOW, jitter, floor=15.0).next_attempt(failures, is_without_value=True)
        - NOW
    )
    assert 2.0 ** (failures - 1) / 2 - 1e-6 <= wait <= 2.0 ** (failures - 1) + 1e-6


def test_the_sources_of_one_environment_become_stale_together() -> None:
    clock = Clock()
    settings = from_environ({"APPCONFIG_ENV_SOURCES": "ssm:/a ssm:/b appconfig:x/y/z"})
    fetch = FakeBackend({"ssm:/a": b"1", "ssm:/b": b"2", "appconfig:x/y/z": b"3"})
    found = load(settings, fetch, clock(), timeout=1.0, jitter=0.5)
    waits = {text: found.entries[text].refresh_at - clock() for text in settings.resources()}
    assert waits == {"ssm:/a": 200.0, "ssm:/b": 200.0, "appconfig:x/y/z": 30.0}


def test_jitter_never_shortens_appconfigs_fifteen_seconds() -> None:
    clock = Clock()
    settings = from_environ(
        {
            "APPCONFIG_ENV_SOURCES": "appconfig:x/y/z",
            "AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS": "16",
        }
    )
    fetch = FakeBackend({"appconfig:x/y/z": b"3"})
    found = load(settings, fetch, clock(), timeout=1.0, jitter=1.0)
    assert found.entries["appconfig:x/y/z"].refresh_at == clock() + 15
