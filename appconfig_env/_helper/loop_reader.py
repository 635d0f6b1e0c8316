"""Reads in a thread while an event loop goes on; one read per loop at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class LoopReader:
    """Starts reads for the tasks of event loops."""

    def __init__(self) -> None:
        # The last read. With several loops each may replace that of another, which then only
        # shares less.
        self._last: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None

    async def read(self, read: Callable[[], None], *, joins: bool) -> None:
        """Call `read` in a thread, and wait for it.

        Args:
            read: what to call; must not raise.
            joins: if another task of this loop is already waiting for a read, whether to wait for
                that one too, or to return at once.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # the caller runs in another framework, such as trio
            read()
            return
        if self._last is not None and self._last[0] is loop and not self._last[1].done():
            reading = self._last[1]
            if not joins:
                return
        else:
            reading = loop.run_in_executor(None, read)
            self._last = loop, reading
        # A task that is cancelled does not cancel the read for the others.
        await asyncio.shield(reading)
