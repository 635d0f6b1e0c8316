"""Hand-written fakes for the seams: the clock, the backend, exec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appconfig_env._wrapper.main import main

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .fake_aws import FakeAws


class Clock:
    """Returns a time that the test sets."""

    def __init__(self, at: float = 1_000_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def tick(self, seconds: float) -> None:
        self.at += seconds


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
