"""Shows on a terminal, after a second, how many resources a run is still waiting for."""

from __future__ import annotations

import posix  # os itself costs a cold start 1.5 ms
import sys
import time
from _thread import allocate_lock, start_new_thread

from .._config.environ import is_in_lambda
from .._config.wording import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._backends.base import Backend, Outcome, Request
    from .._config.settings import Settings

SHOWN_EVERY_SECONDS = 1.0  # and for the first time after as long
USUAL_COLUMNS = 80


def is_shown(settings: Settings, environ: Mapping[str, str]) -> bool:
    """Whether a person is watching, and wants to see more than errors."""
    if is_in_lambda(environ) or settings.log_json or not settings.accepts("warn"):
        return False
    return sys.stderr is not None and posix.isatty(2)


def to_terminal(text: str) -> None:
    """Write to the terminal itself, as the log does."""
    try:  # noqa: SIM105 - contextlib would cost 4 ms
        posix.write(2, text.encode())
    except OSError:
        pass


def columns_of_terminal() -> int:
    """Return the width of the terminal, in characters."""
    try:
        return posix.get_terminal_size(2).columns or USUAL_COLUMNS
    except OSError:
        return USUAL_COLUMNS


class Progress:
    """A `base.Backend` that shows one line for as long as another backend reads, then erases it.

    Args:
        backend: reads; its `count_read`, if it has one, returns how many resources it has read.
        write: takes text for the terminal.
        columns: returns the width of the terminal.
        every_seconds: how often the line is written.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        write: Callable[[str], None] = to_terminal,
        columns: Callable[[], int] = columns_of_terminal,
        every_seconds: float = SHOWN_EVERY_SECONDS,
    ) -> None:
        self._backend = backend
        self._count_read: Callable[[], int] = getattr(backend, "count_read", int)
        self._write = write
        self._columns = columns
        self._every_seconds = every_seconds

    def __call__(self, requests: list[Request], timeout: float) -> Mapping[str, Outcome]:
        """See `base.Backend`."""
        is_read, is_erased = allocate_lock(), allocate_lock()
        is_read.acquire()
        is_erased.acquire()

        def show() -> None:
            try:
                self._show_until(is_read.acquire, len(requests))
            finally:
                is_erased.release()

        try:
            start_new_thread(show, ())
        except RuntimeError:  # the process cannot start another thread
            return self._backend(requests, timeout)
        try:
            return self._backend(requests, timeout)
        finally:
            is_read.release()
            is_erased.acquire()  # else the log, or the command, would write into the line

    def _show_until(self, is_read: Callable[..., bool], total: int) -> None:
        """Show the line until `is_read`, which waits for some seconds, returns True."""
        began, shown = time.monotonic(), 0
        while not is_read(timeout=self._every_seconds):
            waiting = max(1, total - self._count_read())
            seconds = round(time.monotonic() - began)
            resources = counted(total, "resource")
            line = f"appconfig-env: waiting for {waiting} of {resources} ({seconds} s)"
            line = line[: self._columns() - 1]  # a longer one would be wrapped, and not be erased
            self._write(f"\r{line.ljust(shown)}")
            shown = len(line)
        if shown:
            self._write(f"\r{' ' * shown}\r")
