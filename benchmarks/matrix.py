"""The matrix: what every contender adds in every cell of profiles, parameters and round trips."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from .contenders import CONTENDERS, Cell
from .starts import added

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .server import Counts
    from .starts import Bench

PROFILES = (1, 5, 20)
PARAMETERS = (10, 100, 500)
RTTS_MS = (0.0, 2.0, 10.0)


class Found(NamedTuple):
    """What one cell gave.

    Attributes:
        cell: which one.
        added: milliseconds that each contender adds, by its key.
        counts: what one start of each asks the server for.
        variables: how many all of them set alike.
    """

    cell: Cell
    added: dict[str, float]
    counts: dict[str, Counts]
    variables: int

    @property
    def over_floor(self) -> float:
        """The milliseconds that ours takes beyond the floor."""
        return self.added["ours"] - self.added["floor"]


def cells(rtts_ms: Sequence[float] = RTTS_MS) -> list[Cell]:
    """All of them, at these round trips."""
    return [
        *(Cell(*one) for one in product(PROFILES, PARAMETERS, rtts_ms)),
        *(Cell(1, 500, rtt_ms, by_name=True) for rtt_ms in rtts_ms),
    ]


def measure(bench: Bench, cells: Sequence[Cell], rounds: int) -> list[Found]:
    """Every contender in every cell, in turns.

    Raises:
        RuntimeError: one of them failed, or they did not all set the same variables.
    """
    agreed = [bench.agreed(CONTENDERS, bench.serve(cell)) for cell in cells]
    all_times = bench.times_of_cells(cells, tuple(CONTENDERS), rounds)
    return [
        Found(
            cell,
            {name: added(times[name], times["direct"]) for name in CONTENDERS},
            counts,
            variables,
        )
        for cell, (variables, counts), times in zip(cells, agreed, all_times, strict=True)
    ]
