"""The cold start on each supported Python, from the layer for all and from one for it alone."""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from appconfig_env._cli.layer import pythons
from tools.page import Figure, Findings, table

from . import layers, starts
from .contenders import Cell
from .starts import Start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .starts import Bench


class Found(NamedTuple):
    """What was measured with one Python, in milliseconds."""

    bare: float  # the command itself
    every: float  # what the layer for all Pythons adds
    alone: float  # what a layer for this one adds
    differs: float  # the one from the other, as the median of each round's difference

    @property
    def ratio(self) -> float:
        """The layer for all to that for this one; of pairs, which a busy machine disturbs less."""
        return 1 + self.differs / self.alone


def measure(bench: Bench, rounds: int) -> dict[str, Found | None]:
    """Start each Python alternately; None for those that this machine does not have."""
    return {
        program.removeprefix("python"): _of(bench, program, path, rounds)
        for program in bench.each("Python", pythons.PYTHONS)
        for path in [_path(program)]
    }


def _path(program: str) -> str | None:
    """Return the path of the interpreter itself, without the script of a version manager."""
    if pythons.version(program) == sys.version_info[:2]:
        return sys.executable
    for path in pythons.found(program):
        show = (path, "-I", "-S", "-c", "import sys; print(sys.executable)")
        done = subprocess.run(show, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.strip()
    return None


def _of(bench: Bench, program: str, path: str | None, rounds: int) -> Found | None:
    if path is None:
        return None
    cell = Cell()
    environ, command = bench.serve(cell), (path, "-I", "-S", "-c", "pass")
    name = pythons.tag(program)
    every = layers.unpacked(bench.folder / f"{name}-every", bench.server.ca_file)
    alone = layers.unpacked(bench.folder / name, bench.server.ca_file, [program])
    wanted = {
        "bare": Start((), bench.environ, command),
        "every": Start((every,), environ, command),
        "alone": Start((alone,), environ, command),
    }
    for start in wanted.values():
        starts.wall_ms((*start.wrapper, *command), bench.cold(start.environ))
    times = bench.times({cell: wanted}, rounds)[cell]
    every_adds, alone_adds = (
        starts.added(times[name], times["bare"]) for name in ("every", "alone")
    )
    pairs = zip(times["every"], times["alone"], strict=True)
    differs = median(every - alone for every, alone in pairs)
    return Found(median(times["bare"]), every_adds, alone_adds, differs)


def part(found: dict[str, Found | None]) -> Findings:
    """Return its figure and its part of the page."""
    rows: list[Sequence[str]] = []
    for version, one in found.items():
        cells = (*(f"{ms:.1f}" for ms in one), f"{one.ratio:.2f}") if one else 5 * ("",)
        rows.append((f"CPython {version}", *cells))
    worst = max(one.ratio for one in found.values() if one)
    head = ("", "bare interpreter, ms", "all adds, ms", "it alone, ms", "difference, ms", "ratio")
    name = "the layer for all Pythons to one for the function's alone, the worst"
    return Findings({"pythons": table(head, rows)}, {}, [Figure(name, worst, "x", 1.1)])
