"""Hand-written fakes for the seams: the clock, the system, exec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._backends.system import THIS_SYSTEM
from appconfig_env._wrapper.main import main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from appconfig_env._backends.base import Outcome, Request

    from .fake_aws import FakeAws


class Clock:
    """Returns a time that the test sets."""

    def __init__(self, at: float = 1_000_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def tick(self, seconds: float) -> None:
        self.at += seconds


class VirtualSystem:
    """A system without threads, whose time passes only during sleep, and in calls that add to `at`.

    Args:
        jitter: returns a number from 0 to 1; by default, every wait is the longest.
    """

    lock = staticmethod(THIS_SYSTEM.lock)

    def __init__(self, jitter: Callable[[], float] = lambda: 1.0) -> None:
        self.at = 0.0
        self.slept: list[float] = []
        self.jitter = jitter

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def start(self, work: Callable[..., object], arguments: tuple[Any, ...]) -> object:
        return work(*arguments)


def steadily() -> float:
    """Return the jitter that leaves every interval unchanged."""
    return 0.0


class AwsClock(Clock):
    """A clock that only the test moves, together with the fake AWS's."""

    def __init__(self, aws: FakeAws) -> None:
        super().__init__()
        self.aws = aws

    def tick(self, seconds: float) -> None:
        super().tick(seconds)
        self.aws.forward(seconds)


def wrapped(environ: Mapping[str, str], clock: Clock) -> dict[str, str]:
    """Run the wrapper, and return the environment that it passes to exec."""
    passed: dict[str, str] = {}

    def keep(path: str, words: list[str], result: dict[str, str]) -> None:
        del path, words
        passed.update(result)

    lines: list[str] = []
    code = main(
        ["/bin/x"], environ, now=clock, execve=keep, jitter=steadily, write_line=lines.append
    )
    assert code == 0, lines
    return passed


class TimedBackend(FakeBackend):
    """A backend that records how much time it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.timeouts: list[float] = []

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        self.timeouts.append(timeout)
        return super().__call__(requests, timeout)
