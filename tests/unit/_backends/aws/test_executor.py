"""One fetch: which of several failures is reported, in virtual time."""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._backends.aws.errors import UNREACHABLE, AwsError
from appconfig_env._backends.aws.executor import ATTEMPT_SECONDS, Run
from appconfig_env._config.references import parse
from appconfig_env.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NAME = parse("ssm:/shop/prod/host").resource
OPERATION = "GetParameters"
RESET = (0.1, "connection to AWS broke (reset)")
SILENCE = (100.0, "no response from AWS in time")


class Virtual:
    """A system without threads, whose time passes only in calls and sleeps."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds

    def start(self, work: Callable[..., object], arguments: tuple[Any, ...]) -> object:
        return work(*arguments)

    lock = staticmethod(allocate_lock)

    def jitter(self) -> float:
        return 1.0


class Failing:
    """A client whose calls fail one after another, each after so many seconds at most."""

    def __init__(self, system: Virtual, *failures: tuple[float, str]) -> None:
        self._system = system
        self._failures: Iterator[tuple[float, str]] = iter(failures)
        self.timeouts: list[float] = []

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
    ) -> dict[str, Any]:
        del parameters, region
        self.timeouts.append(timeout)
        seconds, message = next(self._failures)
        self._system.at += min(seconds, timeout)
        raise AwsError(operation, UNREACHABLE, message)

    def close(self) -> None:
        """Nothing is open."""


def failure(seconds: float, *failures: tuple[float, str]) -> tuple[str, list[float]]:
    """What is reported after calls that fail so, and the time that each attempt had."""
    system = Virtual()
    client = Failing(system, *failures)
    run = Run(client, seconds, 1, needed=[NAME.reference], system=system)
    run.add("ssm", [NAME], lambda run: run.call(OPERATION, {}, [NAME]))
    run.wait()
    outcome = run.outcomes[NAME.reference]
    assert isinstance(outcome, Failure)
    return outcome.summary, client.timeouts


@pytest.mark.parametrize(
    ("failures", "reported"),
    [
        ((RESET, SILENCE), RESET),
        ((RESET, RESET, SILENCE), RESET),
        ((SILENCE,), SILENCE),
    ],
)
def test_an_attempt_that_the_deadline_ended_does_not_hide_what_an_earlier_one_met(
    failures: tuple[tuple[float, str], ...], reported: tuple[float, str]
) -> None:
    summary, timeouts = failure(1.0, *failures)

    assert summary == f"Unreachable: {reported[1]}"
    assert len(timeouts) == len(failures)


def test_the_last_of_the_attempts_that_had_their_time_is_reported() -> None:
    summary, timeouts = failure(8.0, RESET, SILENCE, SILENCE)

    assert timeouts[:2] == [ATTEMPT_SECONDS] * 2
    assert timeouts[2] < ATTEMPT_SECONDS
    assert summary == f"Unreachable: {SILENCE[1]}"
