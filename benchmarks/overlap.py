"""What `env=no` takes off a start: the same sources, awaited or read beside the runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .answers import PATH
from .contenders import CONTENDERS, Cell
from .starts import Start, added

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .starts import Bench

CELLS = (Cell(2, 20), Cell(2, 100, 2), Cell(2, 100, 10), Cell(2, 500, 10))


class Overlap(NamedTuple):
    """What one cell gave, in milliseconds added to the start.

    Attributes:
        cell: which one.
        awaited: with all sources in the environment.
        beside: with the path of parameters `env=no`.
        without: without that path.
        all_beside: with all sources `env=no`.
        idle: with nothing to read.
    """

    cell: Cell
    awaited: float
    beside: float
    without: float
    all_beside: float
    idle: float


def measure(bench: Bench, cells: Sequence[Cell], rounds: int) -> list[Overlap]:
    """Every cell, each way in turns."""
    found = []
    for cell in cells:
        environ = bench.serve(cell)
        sources = environ["APPCONFIG_ENV_SOURCES"]

        def ours(sources: str, environ: dict[str, str] = environ) -> Start:
            return Start(CONTENDERS["ours"], {**environ, "APPCONFIG_ENV_SOURCES": sources})

        starts = {
            "direct": Start((), bench.environ),
            "idle": Start(CONTENDERS["ours"], bench.environ),
            "awaited": ours(sources),
            "beside": ours(sources.replace(f"ssm:{PATH}", f"ssm:{PATH}?env=no")),
            "without": ours(sources.replace(f"ssm:{PATH}", "")),
            "all_beside": ours(" ".join(f"{one}?env=no" for one in sources.split())),
        }
        times = bench.times(starts, rounds)
        ways = (added(times[way], times["direct"]) for way in Overlap._fields[1:])
        found.append(Overlap(cell, *ways))
    return found
