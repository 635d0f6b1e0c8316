"""The machine as a fetch sees it: clock, sleep, threads, locks and jitter."""

from __future__ import annotations

import os
import time
from _thread import allocate_lock, start_new_thread  # threading itself costs a cold start 4 ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Protocol

    class Lock(Protocol):
        """As `_thread.allocate_lock` gives them."""

        @property
        def acquire(self) -> Callable[..., bool]:
            """Takes it: `acquire(blocking=True, timeout=-1)`."""

        def release(self) -> None: ...
        def __enter__(self) -> bool: ...
        def __exit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            trace: TracebackType | None,
        ) -> None: ...

    class System(Protocol):
        """This one, or a simulated one in virtual time."""

        def now(self) -> float:
            """Seconds that never go back."""

        def sleep(self, seconds: float, /) -> None:
            """Wait so long."""

        def start(self, work: Callable[..., object], arguments: tuple[Any, ...], /) -> object:
            """Have `work(*arguments)` done in a thread of its own.

            Raises:
                RuntimeError: there is no room for one.
            """

        def lock(self) -> Lock:
            """A lock that nobody has."""

        def jitter(self) -> float:
            """A number from 0 to 1."""


def jitter() -> float:
    """A number from 0 to 1, of the system.

    Clones of a SnapStart snapshot share the entry of Python's own generator: they would draw the
    same numbers, and come back at the same moments.
    """
    return int.from_bytes(os.urandom(4)) / 2**32


class _ThisSystem:
    now = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)
    start = staticmethod(start_new_thread)
    lock = staticmethod(allocate_lock)
    jitter = staticmethod(jitter)


THIS_SYSTEM: System = _ThisSystem()
