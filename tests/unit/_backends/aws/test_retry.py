"""The retry policy, on a clock that moves only during sleep."""

from __future__ import annotations

from typing import Any

import pytest

from appconfig_env._backends.aws import retry
from appconfig_env._backends.aws.errors import UNREACHABLE, AwsError
from appconfig_env._backends.aws.retry import POLICY
from appconfig_env._backends.system import jitter

from ....support.fakes import VirtualSystem

THROTTLED = AwsError("GetParameters", "ThrottlingException", status=400)
BROKEN = AwsError("GetParameters", "InternalServerError", status=500)
DENIED = AwsError("GetParameters", "AccessDeniedException", status=400)


def waiting() -> VirtualSystem:
    """A system on which time passes only during sleep, with the real jitter."""
    return VirtualSystem(jitter)


class Flaky:
    """Fails with the given errors, then returns 'done'; each call takes `seconds`."""

    def __init__(
        self, *errors: Exception, system: VirtualSystem | None = None, seconds: float = 0.0
    ) -> None:
        self.errors = list(errors)
        self.calls = 0
        self.system, self.seconds = system, seconds

    def __call__(self) -> str:
        self.calls += 1
        if self.system:
            self.system.at += self.seconds
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def again(
    call: Flaky,
    system: VirtualSystem,
    deadline: float = 100.0,
    *,
    first: AwsError = BROKEN,
    **how: Any,
) -> str:
    return retry.again(call, first, deadline, system=system, **how)


def test_a_call_that_works_again_returns_its_result() -> None:
    system, call = waiting(), Flaky(THROTTLED, AwsError("GetParameters", UNREACHABLE))
    assert again(call, system) == "done"
    assert call.calls == 3
    assert len(system.slept) == 3  # the first attempt was before


@pytest.mark.parametrize(
    ("is_required", "attempts"), [(True, POLICY.attempts), (False, POLICY.attempts_if_known)]
)
def test_attempts_are_few_and_the_last_error_is_raised(is_required: bool, attempts: int) -> None:
    last = AwsError("GetParameters", UNREACHABLE, "the last")
    call = Flaky(*[BROKEN] * (attempts - 2), last, BROKEN)
    with pytest.raises(AwsError, match="the last"):
        again(call, waiting(), is_required=is_required)
    assert call.calls == attempts - 1


def test_a_throttled_cold_start_retries_until_its_deadline() -> None:
    system, call = waiting(), Flaky(*[THROTTLED] * 200)
    with pytest.raises(AwsError, match="Throttling"):
        again(call, system, deadline=60.0, first=THROTTLED)
    assert system.at > 60.0 - POLICY.longest_wait
    assert call.calls > POLICY.attempts


def test_with_values_to_use_a_throttled_call_is_not_retried() -> None:
    system, call = waiting(), Flaky(*[THROTTLED] * 200)
    with pytest.raises(AwsError, match="Throttling"):
        again(call, system, first=THROTTLED, is_required=False)
    assert call.calls == 0
    assert system.at == 0


def test_waits_are_longer_after_throttling_than_after_a_lost_connection() -> None:
    waits: dict[str, list[float]] = {}
    for error in (BROKEN, THROTTLED):
        for _ in range(200):
            system = waiting()
            again(Flaky(), system, first=error)
            waits.setdefault(error.code, []).extend(system.slept)
    assert 0.05 < max(waits[BROKEN.code]) <= POLICY.first_wait
    assert 0.5 < max(waits[THROTTLED.code]) <= POLICY.throttled_wait


def test_throttled_attempts_do_not_count_against_other_failures() -> None:
    call = Flaky(*[THROTTLED] * 20, *[BROKEN] * (POLICY.attempts - 1))
    assert again(call, waiting(), first=THROTTLED) == "done"


def test_too_many_other_failures_end_the_retries_of_a_throttled_call() -> None:
    call = Flaky(*[THROTTLED] * 20, *[BROKEN] * 9)
    with pytest.raises(AwsError, match="InternalServerError"):
        again(call, waiting(), first=THROTTLED)
    assert call.calls == 20 + POLICY.attempts


@pytest.mark.parametrize(
    "error", [DENIED, AwsError("GetParameters", UNREACHABLE, is_final=True), KeyError("x")]
)
def test_a_permanent_failure_ends_the_attempts(error: Exception) -> None:
    call = Flaky(error, THROTTLED)
    with pytest.raises(type(error)) as caught:
        again(call, waiting())
    assert caught.value is error
    assert call.calls == 1


def test_waits_grow_are_bounded_and_differ() -> None:
    seen: list[list[float]] = []
    for _ in range(200):
        system = waiting()
        with pytest.raises(AwsError):
            again(Flaky(*[BROKEN] * 9), system)
        seen.append(system.slept)
    longest = [max(column) for column in zip(*seen, strict=True)]
    for index, wait in enumerate(longest):
        ceiling = min(POLICY.longest_wait, POLICY.first_wait * 2**index)
        assert ceiling / 2 < wait <= ceiling
    assert len({slept[0] for slept in seen}) > 150


def test_no_attempt_starts_after_the_deadline() -> None:
    for _ in range(50):
        system = waiting()
        call = Flaky(
            *[THROTTLED] * 9, system=system, seconds=0.4
        )  # without a deadline it would go on
        with pytest.raises(AwsError, match="Throttling"):
            again(call, system, deadline=1.0, first=THROTTLED)
        assert system.at < 1.0 + 0.4
        assert call.calls <= 3


def test_a_deadline_that_has_passed_allows_no_attempt_at_all() -> None:
    call = Flaky()
    with pytest.raises(AwsError) as caught:
        again(call, waiting(), deadline=0.0)
    assert caught.value is BROKEN
    assert call.calls == 0


def test_jitter_never_uses_the_default_random_generator() -> None:
    # Clones of one SnapStart snapshot share the default generator's state, and would all retry at
    # the same moment.
    import random

    random.seed(1)
    first = waiting()
    again(Flaky(THROTTLED), first)
    random.seed(1)
    second = waiting()
    again(Flaky(THROTTLED), second)
    assert first.slept != second.slept
