"""The system as a fetch sees it: clock, sleep, threads, locks and jitter."""

from __future__ import annotations

import posix  # os itself costs a cold start 1.5 ms
import time
from _thread import allocate_lock, start_new_thread  # threading itself costs a cold start 4 ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Protocol

    class Lock(Protocol):
        """As returned by `_thread.allocate_lock`."""

        @property
        def acquire(self) -> Callable[..., bool]:
            """`acquire(blocking=True, timeout=-1)`."""
            ...

        def release(self) -> None: ...
        def __enter__(self) -> bool: ...
        def __exit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            trace: TracebackType | None,
            /,
        ) -> None: ...

    class System(Protocol):
        """This system, or a simulated one in virtual time."""

        def now(self) -> float:
            """Return monotonic seconds."""
            ...

        def sleep(self, seconds: float, /) -> None:
            """Wait that long."""

        def start(self, work: Callable[..., object], arguments: tuple[Any, ...], /) -> object:
            """Run `work(*arguments)` in a new thread.

            Raises:
                RuntimeError: no thread can be started.
            """

        def lock(self) -> Lock:
            """Return a new, unlocked lock."""
            ...

        def jitter(self) -> float:
            """Return a random number from 0 to 1."""
            ...


def jitter() -> float:
    """Return a random number from 0 to 1, of the operating system.

    Clones of a SnapStart snapshot share the state of Python's own generator: they would draw the
    same numbers, and retry at the same moments.
    """
    return int.from_bytes(posix.urandom(4)) / 2**32


class _ThisSystem:
    now = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)
    start = staticmethod(start_new_thread)
    lock = staticmethod(allocate_lock)
    jitter = staticmethod(jitter)


THIS_SYSTEM: System = _ThisSystem()
