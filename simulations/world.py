"""A machine in virtual time, on which thousands of environments run at once, each a greenlet."""

from __future__ import annotations

import itertools
import random
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    # When, which of those of one moment, and what to call with what: compared without Python.
    Event = tuple[float, int, Callable[..., object], tuple[Any, ...]]
    Waiters = dict[int, greenlet]


class World:
    """A `System` whose time passes only while every environment waits.

    Args:
        seed: of the random numbers; the same seed gives the same run.
    """

    def __init__(self, seed: int = 1) -> None:
        self._at = 0.0
        self._order = itertools.count()
        self._events: list[Event] = []
        self._hub = getcurrent()
        self.jitter = random.Random(seed).random

    def now(self) -> float:
        """Return the seconds since the beginning of the world."""
        return self._at

    def start(self, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        """Run `work(*arguments)` from now on."""
        self.at(self._at, work, arguments)

    def at(self, moment: float, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        """Run `work(*arguments)` from `moment` on."""
        resume = greenlet(work, self._hub).switch
        heappush(self._events, (moment, next(self._order), resume, arguments))

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass for the caller."""
        resume = getcurrent().switch
        heappush(self._events, (self._at + seconds, next(self._order), resume, ()))
        self._hub.switch()

    def lock(self) -> Lock:
        """Return a lock that is free."""
        return Lock(self)

    def run(self) -> None:
        """Let time pass until no event is left."""
        while self._events:
            self._at, _, call, arguments = heappop(self._events)
            call(*arguments)

    def wait(self, waiters: Waiters, seconds: float) -> bool:
        """Wait for `wake`, for so many seconds at most (negative: forever); return if it came."""
        ticket = next(self._order)
        waiters[ticket] = getcurrent()
        if seconds >= 0:
            heappush(self._events, (self._at + seconds, ticket, _time_out, (ticket, waiters)))
        return bool(self._hub.switch())

    def wake(self, waiters: Waiters) -> None:
        """Resume the one that has waited longest."""
        resume = waiters.pop(next(iter(waiters))).switch
        heappush(self._events, (self._at, next(self._order), resume, (True,)))


def _time_out(ticket: int, waiters: Waiters) -> None:
    if ticket in waiters:
        waiters.pop(ticket).switch(False)  # noqa: FBT003 - what `wait` returns


class Lock:
    """As `_thread.allocate_lock` makes them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._is_held = False
        self._waiters: Waiters = {}

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 - as threading has it
        """Take it; return whether that was possible."""
        if self._is_held and (not blocking or not self._world.wait(self._waiters, timeout)):
            return False
        self._is_held = True
        return True

    def release(self) -> None:
        """Pass it to the first one that waits, so that no other takes it in between."""
        self._is_held = bool(self._waiters)
        if self._waiters:
            self._world.wake(self._waiters)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
