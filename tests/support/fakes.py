"""Hand-written stand-ins for the seams: the clock, the fetch, exec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appconfig_env._wrapper.main import main

if TYPE_CHECKING:
    from collections.abc import Mapping


class Clock:
    """Tells the time it was told."""

    def __init__(self, at: float = 1_000_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def tick(self, seconds: float) -> None:
        self.at += seconds


def steadily() -> float:
    """Give the jitter that makes every interval last exactly as long as it is."""
    return 0.0


def wrapped(environ: Mapping[str, str], clock: Clock) -> dict[str, str]:
    """Give the environment that the wrapper hands over to the runtime."""
    found: dict[str, str] = {}

    def keep(path: str, words: list[str], result: dict[str, str]) -> None:
        del path, words
        found.update(result)

    said: list[str] = []
    assert (
        main(["/bin/x"], environ, now=clock, execve=keep, jitter=steadily, write_line=said.append)
        == 0
    ), said
    return found
