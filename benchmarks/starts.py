"""Cold starts as Lambda makes them, timed: commands take turns, each in a process of its own."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from .contenders import CONTENDERS, NOTHING, base_environ, require_same, variables_set
from .server import Counts, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .contenders import Cell

T = TypeVar("T")


class Start(NamedTuple):
    """A wrapper's command line without the runtime's, its environment, and the runtime's."""

    wrapper: tuple[str, ...]
    environ: dict[str, str]
    command: tuple[str, ...] = NOTHING


class Bench:
    """A server, a folder for a run's files, and starts with them; `environ` has nothing to read."""

    def __init__(self, server: Server, folder: Path, note: Callable[[str], object]) -> None:
        self.server = server
        self.folder = folder
        self.environ = base_environ(folder, server.url, server.ca_file)
        self._note = note
        self._numbers = itertools.count(1)

    @classmethod
    @contextmanager
    def open(cls, note: Callable[[str], object] = lambda _: None) -> Iterator[Self]:
        """With a server and a folder of its own; `note` gets what is measured now."""
        with tempfile.TemporaryDirectory(prefix="appconfig-env-") as name:
            folder = Path(name)
            with Server(folder / "ca.pem") as server:
                yield cls(server, folder, note)

    def each(self, what: str, items: Iterable[T]) -> Iterator[T]:
        """Return the items, each of which is noted by its number."""
        listed = list(items)
        for number, item in enumerate(listed, 1):
            self._note(f"{what} {number} of {len(listed)}")
            yield item

    def serve(self, cell: Cell) -> dict[str, str]:
        """Serve what is in the cell; return the environment that has every contender read it."""
        self.server.serve(cell.profiles, cell.parameters, cell.rtt_ms)
        return {**self.environ, **cell.environ()}

    def cold(self, environ: dict[str, str]) -> dict[str, str]:
        """Return the environment with a snapshot file of its own, so that nothing is found there.

        A file of an earlier start would save the next one its calls, and a background fetch may
        write it after the command has ended.
        """
        path = self.folder / f"snapshot-{next(self._numbers):06}.json"
        return {**environ, "APPCONFIG_ENV_SNAPSHOT": str(path)}

    def starts(self, cell: Cell, contenders: Iterable[str]) -> dict[str, Start]:
        """Return the starts of `direct`, the command itself, and of the contenders in a cell."""
        environ = self.serve(cell)
        starts = {name: Start(CONTENDERS[name], environ) for name in contenders}
        return {"direct": Start((), self.environ), **starts}

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
            values.append(variables_set(contender, self.cold(environ)))
            counts[contender] = self.server.counts()
            require_same(values[0], values[-1])
        return len(values[0]), counts

    def require_calls(self, start: Start, counts: Counts) -> None:
        """Refuse to compare a program that sets no variables if its calls are not the others'.

        Raises:
            RuntimeError: it failed, or made other calls, or as many on other connections.
        """
        self.server.counts()
        wall_ms((*start.wrapper, *start.command), start.environ)
        if (found := self.server.counts()) != counts:
            raise RuntimeError(f"{start.wrapper[0]} made {found}, expected {counts}")

    def times(
        self, cells: Mapping[Cell, Mapping[str, Start]], rounds: int
    ) -> dict[Cell, dict[str, list[float]]]:
        """Return the milliseconds of each by cell; all have been started before.

        Each round is one of all cells: what disturbs for a while disturbs one cold start in
        each, and not all starts in one.
        """
        found = {cell: {name: list[float]() for name in starts} for cell, starts in cells.items()}
        for number in range(rounds):
            for cell, starts in self.each(f"round {number + 1} of {rounds}, cell", cells.items()):
                self.serve(cell)
                for name, start in starts.items():
                    command = (*start.wrapper, *start.command)
                    found[cell][name].append(wall_ms(command, self.cold(start.environ)))
        return found


def added(times: Sequence[float], direct: Sequence[float]) -> float:
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
