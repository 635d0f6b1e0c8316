"""Threads that do the same at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


def together(
    work: Callable[[], Result], times: int = 8, during: Callable[[], None] = lambda: None
) -> list[Result]:
    """Return the results of `work` in this many threads at once; call `during` meanwhile."""
    found: list[Result] = []
    began = threading.Barrier(times + 1, timeout=30)

    def run() -> None:
        began.wait()
        found.append(work())

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    began.wait()
    during()
    for thread in threads:
        thread.join()
    return found
