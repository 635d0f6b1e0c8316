"""All cells of the matrix, some at a time, so that their waits overlap."""

from __future__ import annotations

import subprocess
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Self

from .harness import WRAPPER, Lab, Refresh, Start, refresh, start

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from .fault import Fault

STARTS = ("required", "optional", "FALLBACK")
CELLS_AT_A_TIME = 6


class Matrix:
    """Runs the faults' cells and keeps their results.

    Args:
        faults: the faults to run.
        folder: where to write the fallback.
    """

    def __init__(self, faults: Iterable[Fault], folder: Path) -> None:
        self._faults = list(faults)
        self._fallback = folder / "fallback.json"
        self._pool = ThreadPoolExecutor(CELLS_AT_A_TIME)
        self._starts: dict[tuple[str, str], Future[Start]] = {}
        self._refreshes: dict[str, Future[Refresh]] = {}

    def __enter__(self) -> Self:
        self._write_fallback()
        for fault in self._faults:
            for column in STARTS:
                self._starts[fault.name, column] = self._pool.submit(
                    start, fault, column, self._fallback
                )
            self._refreshes[fault.name] = self._pool.submit(refresh, fault)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def start(self, fault: Fault, column: str) -> Start:
        """The result of the cold start."""
        return self._starts[fault.name, column].result()

    def refresh(self, fault: Fault) -> Refresh:
        """The result of the refresh."""
        return self._refreshes[fault.name].result()

    def start_alone(self, fault: Fault | None, column: str) -> Start:
        """The result of a cold start after everything else in the matrix has finished."""
        self._drain()
        return start(fault, column, self._fallback)

    def refresh_alone(self, fault: Fault) -> Refresh:
        """The result of a refresh after everything else in the matrix has finished."""
        self._drain()
        return refresh(fault)

    def _drain(self) -> None:
        wait(self._starts.values())
        wait(self._refreshes.values())

    def _write_fallback(self) -> None:
        """Run a cold start that succeeds, and ship its snapshot."""
        with Lab(None) as lab:
            subprocess.run([WRAPPER, "/bin/true"], env=lab.environ({}), check=True)
            self._fallback.write_bytes((lab.folder / "snapshot.json").read_bytes())
