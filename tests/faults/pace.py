"""How fast this machine is at the moment, so that no verdict depends on it.

A deadline has to leave room for what it is not about: Python, TLS, and a fake AWS that share two
cores with others. And a process that was ready to run, but got no core, has not overrun it.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

ROOM = 8.0  # a deadline is at least so many times as long as an undisturbed start
LONGEST_SECONDS = 20.0  # the longest deadline: a fault lasts longer
RECENT_SECONDS = 5.0
TOLERANCE_SECONDS = 0.2


def seconds_without_core(task: str) -> float:
    """How long a thread has waited for a core since it began, though it was ready to run.

    Args:
        task: its folder in /proc; for a process, its first thread counts.
    """
    try:
        return int(Path("/proc", task, "schedstat").read_text().split()[1]) / 1e9
    except FileNotFoundError:  # a kernel without this statistic
        return 0.0


def own_seconds(seconds: float, without_core: float) -> float:
    """What of `seconds` a process is to blame for.

    Twice what its first thread waited for a core: its other threads, whose statistics end with
    them, wait as long while they hold the interpreter's lock.
    """
    return seconds - 2 * without_core


class Timed(subprocess.Popen[str]):
    """A process that is asked at its end how long it waited for a core."""

    without_core = 0.0

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; what is asked for is gone once the process is reaped."""
        if self.returncode is None:
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            self.without_core = seconds_without_core(str(self.pid))
        return super().wait(timeout)


class Pace(NamedTuple):
    """How long an undisturbed start took.

    Attributes:
        seconds: by the clock.
        own_seconds: without those that it waited for a core.
    """

    seconds: float
    own_seconds: float

    def deadline(self, shortest: float) -> float:
        """A deadline that leaves room for a start at this pace."""
        return round(min(max(shortest, ROOM * self.seconds), LONGEST_SECONDS), 3)

    def limit(self, deadline: float) -> float:
        """How many seconds of its own a process may take that has a deadline.

        The work after the deadline, such as writing errors, takes less than Python's startup.
        """
        return deadline + max(TOLERANCE_SECONDS, self.own_seconds)


UNKNOWN_PACE = Pace(0.0, 0.0)


class Pacemaker:
    """Measures the pace now and then.

    Args:
        measure: the pace at the moment.
    """

    def __init__(self, measure: Callable[[], Pace]) -> None:
        self._measure = measure
        self._lock = threading.Lock()
        self._latest = measure()
        self._at = time.monotonic()

    def now(self) -> Pace:
        """What was measured last; if that is a while ago, measure again."""
        if time.monotonic() - self._at > RECENT_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._latest = self._measure()
                self._at = time.monotonic()
            finally:
                self._lock.release()
        return self._latest
