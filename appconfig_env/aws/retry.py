"""The one retry policy: what is tried again, how often, how long apart; imports tenacity."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, TypeVar

import tenacity

from .port import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

ATTEMPTS = 6
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 2.0

Result = TypeVar("Result")

# Its own source of chance: the default generator's state is cloned with a SnapStart snapshot, and
# then every clone would come back at the same moments.
_chance = random.SystemRandom()


def again(
    call: Callable[[], Result],
    failure: AwsError,
    deadline: float,
    *,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Result:
    """Make `call` again after its first attempt ended in `failure`, as long as there is time.

    Args:
        call: one attempt.
        failure: how the first attempt ended.
        deadline: on `now`'s clock; no attempt starts after it.
        sleep: waits so many seconds.
        now: seconds.

    Raises:
        AwsError: the last attempt's failure, or one that is not worth another attempt.
    """
    first = [failure]

    def attempt() -> Result:
        if first:
            raise first.pop()
        return call()

    def wait(state: tenacity.RetryCallState) -> float:
        # "Full jitter": AWS Architecture Blog, "Exponential Backoff And Jitter".
        ceiling = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** (state.attempt_number - 1))
        return _chance.uniform(0, ceiling)

    def is_over(state: tenacity.RetryCallState) -> bool:
        return state.attempt_number >= ATTEMPTS or now() + state.upcoming_sleep >= deadline

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_transient),
        stop=is_over,
        wait=wait,
        sleep=sleep,
        reraise=True,
    )(attempt)


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, AwsError) and error.is_transient
