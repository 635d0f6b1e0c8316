"""All cells of the matrix, some at a time, so that their waits overlap."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from ..support.paths import WRAPPER
from .harness import Lab, Refresh, Start, refresh, start
from .pace import Pace, Pacemaker

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .fault import Fault

STARTS = ("required", "optional", "FALLBACK")
# For each core: most of a cell's time is a wait, and a pace that is measured among more cells makes
# all waits longer.
CELLS_AT_A_TIME = 4


def pace_now() -> Pace:
    """Measure how long an undisturbed cold start takes now."""
    done = start(None)
    return Pace(done.seconds, done.seconds - done.without_core)


class Matrix:
    """Runs the faults' cells and keeps their results.

    Args:
        faults: the faults to run.
        folder: where to write the fallback.
    """

    def __init__(self, faults: Iterable[Fault], folder: Path) -> None:
        self._faults = list(faults)
        self._fallback = folder / "fallback.json"
        self._pool = ThreadPoolExecutor(CELLS_AT_A_TIME * len(os.sched_getaffinity(0)))
        self._starts: dict[tuple[str, str], Future[Start]] = {}
        self._refreshes: dict[str, Future[Refresh]] = {}

    def __enter__(self) -> Self:
        self._write_fallback()
        self._pacemaker = Pacemaker(pace_now)
        for fault in self._faults:
            for column in STARTS:
                self._starts[fault.name, column] = self._pool.submit(self._start, fault, column)
            self._refreshes[fault.name] = self._pool.submit(self._refresh, fault)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def start(self, fault: Fault, column: str) -> Start:
        """The result of the cold start."""
        return self._starts[fault.name, column].result()

    def refresh(self, fault: Fault) -> Refresh:
        """The result of the refresh."""
        return self._refreshes[fault.name].result()

    def _start(self, fault: Fault, column: str) -> Start:
        return start(fault, column, self._fallback, self._pacemaker.now())

    def _refresh(self, fault: Fault) -> Refresh:
        return refresh(fault, self._pacemaker.now())

    def _write_fallback(self) -> None:
        """Run a cold start that succeeds, and ship its snapshot."""
        with Lab(None) as lab:
            subprocess.run([WRAPPER, "/bin/true"], env=lab.environ({}), check=True)
            self._fallback.write_bytes((lab.folder / "snapshot.json").read_bytes())
