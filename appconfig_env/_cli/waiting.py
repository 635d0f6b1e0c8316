"""Shows on a terminal, after a second, that a verb is still at work; for other work than reading.

Reading has a line of its own, see _wrapper/progress.py.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .._wrapper.progress import SHOWN_EVERY_SECONDS, columns_of_terminal, to_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def is_watched() -> bool:
    """Whether standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def waiting(
    text: str,
    *,
    is_shown: bool | None = None,
    write: Callable[[str], None] = to_terminal,
    columns: Callable[[], int] = columns_of_terminal,
    every_seconds: float = SHOWN_EVERY_SECONDS,
) -> Iterator[None]:
    """Show one line for as long as the body runs, then erase it.

    Args:
        text: what is being done.
        is_shown: whether to show it; None for whether a person is watching.
        write: takes text for the terminal.
        columns: returns the width of the terminal.
        every_seconds: how often the line is written.
    """
    if not (is_watched() if is_shown is None else is_shown):
        yield
        return
    is_done = threading.Event()

    def show() -> None:
        began, shown = time.monotonic(), 0
        while not is_done.wait(every_seconds):
            line = f"appconfig-env: {text} ({time.monotonic() - began:.0f} s)"
            line = line[: columns() - 1]  # a longer one would be wrapped, and not be erased
            write(f"\r{line.ljust(shown)}")
            shown = len(line)
        if shown:
            write(f"\r{' ' * shown}\r")

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()  # else the result would be written into the line
