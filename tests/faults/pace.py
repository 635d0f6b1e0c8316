"""How fast this machine is now, so that no result depends on its load.

A deadline must leave room for Python, TLS and the fake AWS, which share two cores with other
processes. A process that was ready to run but had no core has not missed its deadline.
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

ROOM = 8.0  # the minimum deadline, as a multiple of an undisturbed cold start
LONGEST_SECONDS = 20.0  # the longest deadline: every fault lasts longer
RECENT_SECONDS = 5.0
TOLERANCE_SECONDS = 0.2


def seconds_without_core(task: str) -> float:
    """Return how long a thread that was ready to run has waited for a core since it was started.

    Args:
        task: its folder in /proc; that of a process is its main thread.
    """
    try:
        return int(Path("/proc", task, "schedstat").read_text().split()[1]) / 1e9
    except FileNotFoundError:  # a kernel without this statistic
        return 0.0


def own_seconds(seconds: float, without_core: float) -> float:
    """Return `seconds` without the time that a process waited for a core.

    The main thread's wait counts twice: the other threads, whose statistics end with them, wait as
    long while they hold the interpreter's lock.
    """
    return seconds - 2 * without_core


class Timed(subprocess.Popen[str]):
    """A process that records how long it waited for a core."""

    without_core = 0.0

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the process to end; read its statistics before it is reaped."""
        if self.returncode is None:
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            self.without_core = seconds_without_core(str(self.pid))
        return super().wait(timeout)


class Pace(NamedTuple):
    """How long an undisturbed cold start took.

    Attributes:
        seconds: the elapsed time.
        own_seconds: the same without waiting for a core.
    """

    seconds: float
    own_seconds: float

    def deadline(self, shortest: float) -> float:
        """Return a deadline that leaves room for a cold start at this pace."""
        return round(min(max(shortest, ROOM * self.seconds), LONGEST_SECONDS), 3)

    def limit(self, deadline: float) -> float:
        """Return how long a process with this deadline may take, without waiting for a core.

        Its work after the deadline, such as writing errors, takes less time than a cold start.
        """
        return deadline + max(TOLERANCE_SECONDS, self.own_seconds)


UNKNOWN_PACE = Pace(0.0, 0.0)


class Pacemaker:
    """Measures the pace repeatedly.

    Args:
        measure: returns the current pace.
    """

    def __init__(self, measure: Callable[[], Pace]) -> None:
        self._measure = measure
        self._lock = threading.Lock()
        self._latest = measure()
        self._at = time.monotonic()

    def now(self) -> Pace:
        """Return the latest measurement; if it is not recent, measure again."""
        if time.monotonic() - self._at > RECENT_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._latest = self._measure()
                self._at = time.monotonic()
            finally:
                self._lock.release()
        return self._latest
