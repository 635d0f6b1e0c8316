"""Cold starts as Lambda makes them, timed: any number of commands in turns, each a process."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from .contenders import CONTENDERS, NOTHING, Cell, base_environ, require_same, variables_set
from .server import Counts, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

T = TypeVar("T")


class Start(NamedTuple):
    """A wrapper's command line without the runtime's, and its environment."""

    wrapper: tuple[str, ...]
    environ: dict[str, str]


class Bench:
    """A server, a folder for a run's files, and starts with them; `environ` has nothing to read."""

    def __init__(self, server: Server, folder: Path, note: Callable[[str], object]) -> None:
        self.server = server
        self.folder = folder
        self.environ = base_environ(folder, server.url, server.ca_file)
        self._snapshot = folder / "snapshot.json"
        self._note = note

    @classmethod
    @contextmanager
    def open(cls, note: Callable[[str], object] = lambda _: None) -> Iterator[Self]:
        """With a server and a folder of its own; `note` gets what is measured now."""
        with Server() as server, tempfile.TemporaryDirectory(prefix="appconfig-env-") as folder:
            yield cls(server, Path(folder), note)

    def each(self, what: str, items: Sequence[T]) -> Iterator[T]:
        """Return the items, each of which is noted by its number."""
        for number, item in enumerate(items, 1):
            self._note(f"{what} {number} of {len(items)}")
            yield item

    def serve(self, cell: Cell) -> dict[str, str]:
        """Serve what is in the cell; return the environment that has every contender read it."""
        self.server.serve(cell.profiles, cell.parameters, cell.rtt_ms)
        return {**self.environ, **cell.environ()}

    def agreed(
        self, contenders: Iterable[str], environ: dict[str, str]
    ) -> tuple[int, dict[str, Counts]]:
        """Return how many variables they set, all the same ones, and the calls of one of each.

        Raises:
            RuntimeError: they do not, or one failed.
        """
        values, counts = [], {}
        for contender in contenders:
            self.server.counts()
            values.append(variables_set(contender, environ))
            counts[contender] = self.server.counts()
            self.forget()
        for other in values[1:]:
            require_same(values[0], other)
        return len(values[0]), counts

    def times(self, starts: dict[str, Start], rounds: int) -> dict[str, list[float]]:
        """Return the milliseconds of each, in turns; all have been started before, by `agreed`."""
        found: dict[str, list[float]] = {name: [] for name in starts}
        for _ in self.each("round", range(rounds)):
            self._time(starts, found)
        return found

    def times_of_cells(
        self, cells: Sequence[Cell], contenders: Iterable[str], rounds: int
    ) -> list[dict[str, list[float]]]:
        """Return the milliseconds of contenders and of `direct`, the command itself, by cell.

        Each round is one of all cells: what disturbs for a while disturbs one cold start in
        each, and not all starts in one.
        """
        found = [{name: list[float]() for name in ("direct", *contenders)} for _ in cells]
        for number in range(rounds):
            what = f"round {number + 1} of {rounds}, cell"
            for cell, times in self.each(what, list(zip(cells, found, strict=True))):
                environ = self.serve(cell)
                starts = {name: Start(CONTENDERS[name], environ) for name in contenders}
                self._time({"direct": Start((), self.environ), **starts}, times)
        return found

    def _time(self, starts: dict[str, Start], times: dict[str, list[float]]) -> None:
        for name, (wrapper, environ) in starts.items():
            times[name].append(wall_ms((*wrapper, *NOTHING), environ))
            self.forget()

    def forget(self) -> None:
        """Remove the snapshot file: it would save the next start its calls."""
        self._snapshot.unlink(missing_ok=True)


def added(times: list[float], direct: list[float]) -> float:
    """Return the milliseconds that a wrapper adds: its median less that of the command itself."""
    return median(times) - median(direct)


def wall_ms(command: tuple[str, ...], environ: dict[str, str]) -> float:
    """Return the milliseconds from spawning it until it has ended.

    Raises:
        RuntimeError: it failed.
    """
    began = time.perf_counter_ns()
    # Bare posix_spawn: subprocess would add its own reading of pipes.
    quiet = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(command[0], command, environ, file_actions=quiet)
    _, status = os.waitpid(process, 0)
    took = time.perf_counter_ns() - began
    if status:
        raise RuntimeError(f"{command[0]} failed with {os.waitstatus_to_exitcode(status)}")
    return took / 1e6
