"""An event loop for tests whose time only the test moves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


class Still(asyncio.SelectorEventLoop):
    """An event loop in which no timeout expires unless the test sets the time forward.

    Attributes:
        now: its time, in seconds.
    """

    now = 0.0

    def time(self) -> float:
        """Return the seconds of the clock of timeouts."""
        return self.now


def run_still(program: Callable[[Still], Coroutine[object, object, T]]) -> T:
    """Return the result of `program`, which is called with its event loop."""
    loop = Still()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(program(loop))
