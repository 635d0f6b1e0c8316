"""The only retry policy: what is retried, how often, after which wait; imports tenacity."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import tenacity

from ..system import THIS_SYSTEM
from .errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..system import System

Result = TypeVar("Result")


class Policy(NamedTuple):
    """How a call is retried; docs/fleet.md has the results of alternatives.

    Attributes:
        attempts: the maximum, including the first one.
        attempts_if_known: the maximum if there are values to use: a caller waits in `get()`, and
            the next poll follows anyway.
        waits_for_quota: whether a cold start retries until its deadline while AWS throttles: a
            quota is a queue, and leaving it early wastes the time spent in it. With values to use,
            a throttled call is not retried.
        first_wait: the maximum in seconds before the second attempt; it doubles with each attempt.
        throttled_wait: the same, after a response that asks to slow down.
        longest_wait: the maximum in seconds between any two attempts.
    """

    attempts: int = 6
    attempts_if_known: int = 3
    waits_for_quota: bool = True
    first_wait: float = 0.1
    throttled_wait: float = 1.0
    longest_wait: float = 2.0


POLICY = Policy()


def again(
    call: Callable[[], Result],
    failure: AwsError,
    deadline: float,
    *,
    is_required: bool = True,
    system: System = THIS_SYSTEM,
    policy: Policy | None = None,
) -> Result:
    """Retry `call`, whose first attempt ended in `failure`, until the deadline.

    Args:
        call: one attempt.
        failure: how the first attempt ended.
        deadline: on the system's clock; no attempt starts after it.
        is_required: whether there are no values to use.
        system: time and jitter.
        policy: None for the default.

    Raises:
        AwsError: the last attempt's failure, or the first that is not transient.
    """
    policy = policy or POLICY
    attempts = policy.attempts if is_required else policy.attempts_if_known
    first = [failure]
    others = 0  # attempts that did not fail because of a quota that the call waits for

    def attempt() -> Result:
        if first:
            raise first.pop()
        return call()

    def wait(state: tenacity.RetryCallState) -> float:
        # "Full jitter": AWS Architecture Blog, "Exponential Backoff And Jitter".
        shortest = policy.throttled_wait if _is_throttled(state) else policy.first_wait
        doubled = shortest * 2.0 ** min(state.attempt_number - 1, 30)
        return system.jitter() * min(policy.longest_wait, doubled)

    def is_over(state: tenacity.RetryCallState) -> bool:
        if system.now() + state.upcoming_sleep >= deadline:
            return True
        if policy.waits_for_quota and _is_throttled(state):
            return not is_required
        nonlocal others
        others += 1
        return others >= attempts

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_transient),
        stop=is_over,
        wait=wait,
        sleep=system.sleep,
        reraise=True,
    )(attempt)


def _is_throttled(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome is not None else None
    return isinstance(error, AwsError) and error.is_throttled


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, AwsError) and error.is_transient
