"""The one retry policy: what is tried again, how often, how long apart; imports tenacity."""

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
    """How a call is tried again; docs/fleet.md shows what came of others.

    Attributes:
        attempts: how many there are at most, the first one included.
        attempts_if_known: likewise where there are values to go on with: somebody waits in `get()`,
            and the next poll comes anyway.
        waits_for_quota: whether a start goes on until its deadline where AWS throttles: a quota is a
            queue, and who leaves it has waited in vain. Who has values leaves it to those at once.
        first_wait: seconds, the most before the second attempt; it doubles with each one.
        throttled_wait: likewise, after an answer that says to slow down.
        longest_wait: seconds, the most between any two.
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
    """Make `call` again after its first attempt ended in `failure`, as long as there is time.

    Args:
        call: one attempt.
        failure: how the first attempt ended.
        deadline: on the machine's clock; no attempt starts after it.
        is_required: whether there are no values to go on with.
        system: time and jitter.
        policy: None for the one that holds.

    Raises:
        AwsError: the last attempt's failure, or one that is not worth another attempt.
    """
    policy = policy or POLICY
    attempts = policy.attempts if is_required else policy.attempts_if_known
    first = [failure]
    others = 0  # attempts that failed for another reason than a throttle that is waited for

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
