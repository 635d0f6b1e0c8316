"""Reads in a thread while an event loop goes on; one read per loop at a time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Outcome = BaseException | bool  # what the read has raised, or whether it could be started
    Reading = asyncio.Future[Outcome]  # done when the read has ended


def start_thread(work: Callable[[], None]) -> None:
    """Call `work` in a new thread, which ends with it and which the end of the process ends.

    Not in the loop's executor: the program may have filled it, with calls that wait for this very
    read, or shut it down.

    Raises:
        RuntimeError: no thread can be started.
    """
    try:
        _start(work, is_daemon=True)
    except RuntimeError:
        # An isolated sub-interpreter has no daemon threads.
        _start(work, is_daemon=False)


def _start(work: Callable[[], None], *, is_daemon: bool) -> None:
    Thread(target=work, name="appconfig-env-refresh", daemon=is_daemon).start()


class LoopReader:
    """Starts reads for the tasks of event loops.

    Args:
        start: calls its argument in a new thread, see `start_thread`.
    """

    def __init__(self, start: Callable[[Callable[[], None]], None] = start_thread) -> None:
        self._start = start
        # The reads under way, and what the tasks of their loops wait for.
        self._readings: dict[asyncio.AbstractEventLoop, Reading] = {}

    async def read(self, read: Callable[[], None], *, seconds: float | None) -> bool:
        """Call `read` in a thread, and wait for it.

        Return at once, and False, if no thread can be started.

        Args:
            read: what to call; what it raises is raised here.
            seconds: how long to wait at most, and not at all if another task of this loop has
                started a read that has not ended. None if the caller cannot go on without one: it
                waits until the read ends, whichever task has started it.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # the caller runs in another framework, such as trio
            read()
            return True
        reading = self._readings.get(loop)
        if reading is None:
            reading = self._begun(loop, read)
        elif seconds is not None:
            return True
        # A task that is cancelled, or has waited long enough, does not end the wait of the others.
        await asyncio.wait((reading,), timeout=seconds)
        if not reading.done():
            self._forget(loop, reading)  # it hangs: the next task may start another one
            return True
        outcome = reading.result()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def refreshed(self) -> None:
        """Do nothing: only forks matter here; the helper calls it."""

    def after_fork_in_child(self) -> None:
        """End the waits for threads that the child does not have; the helper calls it."""
        for loop, reading in list(self._readings.items()):
            with suppress(RuntimeError):  # it is closed, or in debug mode another thread's
                self._end(loop, reading, outcome=True)
        self._readings.clear()

    def _begun(self, loop: asyncio.AbstractEventLoop, read: Callable[[], None]) -> Reading:
        """Start the read; return what is done when it has ended, or could not be started."""
        for other in list(self._readings):
            if other.is_closed():  # before it called `_end`, if its read has ended
                self._readings.pop(other, None)
        reading: Reading = loop.create_future()
        self._readings[loop] = reading

        def work() -> None:
            outcome: Outcome = True
            try:
                read()
            except BaseException as error:  # noqa: BLE001 - for the tasks that wait
                outcome = error
            with suppress(RuntimeError):  # the loop has been closed, so no task waits
                loop.call_soon_threadsafe(self._end, loop, reading, outcome)

        try:
            self._start(work)
        except RuntimeError:
            self._end(loop, reading, outcome=False)
        return reading

    def _end(self, loop: asyncio.AbstractEventLoop, reading: Reading, outcome: Outcome) -> None:
        """Let the tasks go on that wait for a read; in their loop's thread."""
        self._forget(loop, reading)
        if not reading.done():
            reading.set_result(outcome)

    def _forget(self, loop: asyncio.AbstractEventLoop, reading: Reading) -> None:
        """Let the loop's next task start another read; in the loop's thread."""
        if self._readings.get(loop) is reading:
            self._readings.pop(loop, None)
