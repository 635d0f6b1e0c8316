"""A machine in virtual time, on which thousands of environments run at once, each a greenlet."""

from __future__ import annotations

import heapq
import itertools
import random
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class World:
    """See `appconfig_env._backends.system.System`: time passes only while everybody waits.

    Args:
        seed: of jitter; the same seed gives the same run.
    """

    def __init__(self, seed: int = 1) -> None:
        self._at = 0.0
        self._random = random.Random(seed)
        self._order = itertools.count()  # of what happens at the same moment
        self._events: list[_Event] = []
        self._hub = getcurrent()

    def now(self) -> float:
        """Seconds since the beginning of the world."""
        return self._at

    def jitter(self) -> float:
        """A number from 0 to 1."""
        return self._random.random()

    def start(self, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        """Have `work(*arguments)` done from now on."""
        self.at(self._at, work, arguments)

    def at(self, moment: float, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        """Have `work(*arguments)` done from `moment` on."""
        self._wake(greenlet(work, self._hub), moment, arguments)

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass for whoever calls."""
        self._wake(getcurrent(), self._at + seconds)
        self._hub.switch()

    def lock(self) -> Lock:
        """A lock that nobody has."""
        return Lock(self)

    def run(self) -> None:
        """Let time pass until nothing is left to be done."""
        while self._events:
            event = heapq.heappop(self._events)
            if not event.is_off:
                self._at = event.moment
                event.sleeper.switch(*event.arguments)

    def wait(self, waiters: list[greenlet], seconds: float) -> bool:
        """Wait for `wake`, for so many seconds at most (negative: for ever); whether it came."""
        current = getcurrent()
        waiters.append(current)
        timer = self._wake(current, self._at + seconds, (False,)) if seconds >= 0 else None
        is_woken = bool(self._hub.switch())
        if not is_woken:
            waiters.remove(current)
        elif timer is not None:
            timer.is_off = True
        return is_woken

    def wake(self, waiter: greenlet) -> None:
        """Have the one go on that waits."""
        self._wake(waiter, self._at, (True,))

    def _wake(self, sleeper: greenlet, moment: float, arguments: tuple[Any, ...] = ()) -> _Event:
        event = _Event(moment, next(self._order), sleeper, arguments)
        heapq.heappush(self._events, event)
        return event


class _Event:
    """Somebody goes on at a moment, unless that was called off."""

    __slots__ = ("arguments", "is_off", "moment", "order", "sleeper")

    def __init__(
        self, moment: float, order: int, sleeper: greenlet, arguments: tuple[Any, ...]
    ) -> None:
        self.moment = moment
        self.order = order
        self.sleeper = sleeper
        self.arguments = arguments
        self.is_off = False

    def __lt__(self, other: _Event) -> bool:
        return (self.moment, self.order) < (other.moment, other.order)


class Lock:
    """As `_thread.allocate_lock` gives them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._is_held = False
        self._waiters: list[greenlet] = []

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 - as threading has it
        """Take it; whether that was possible."""
        if self._is_held and (not blocking or not self._world.wait(self._waiters, timeout)):
            return False
        self._is_held = True
        return True

    def release(self) -> None:
        """Let the next one have it."""
        self._is_held = False
        if self._waiters:
            self._is_held = True  # it is handed over, so that nobody comes between
            self._world.wake(self._waiters.pop(0))

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
