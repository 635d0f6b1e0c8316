"""Sources and distance: every contender in every cell; and what `env=no` takes off a cold start."""

from __future__ import annotations

from functools import partial
from itertools import groupby, product
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from tools import pictures
from tools.page import Figure, Findings, table
from tools.pictures import Curve, Panel

from .contenders import CONTENDERS, NAMES, Cell
from .starts import Start, added

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .starts import Bench

RTTS_MS = (0.0, 2.0, 10.0)
CELLS = (
    *(Cell(*one) for one in product((1, 5, 20), (10, 100, 500), RTTS_MS)),
    *(Cell(1, 500, rtt_ms, by_name=True) for rtt_ms in RTTS_MS),
)
OVER_BASELINE_MS = 20.0
DEFERRED_CELLS = (Cell(2, 20), Cell(2, 100, 2), Cell(2, 100, 10), Cell(2, 500, 10))
HEAD = ("profiles", "parameters", "round trip, ms", "calls")


class Found(NamedTuple):
    """One cell: what each contender adds, how many calls ours makes, and the command itself."""

    cell: Cell
    added: dict[str, float]  # milliseconds
    calls: int
    command_ms: float

    @property
    def over_baseline(self) -> float:
        """The milliseconds that ours takes beyond the stdlib baseline."""
        return self.added["ours"] - self.added["baseline"]

    @property
    def boto3(self) -> float:
        """How many times as long boto3 takes."""
        return self.added["boto3"] / self.added["ours"]

    @property
    def row(self) -> tuple[str, ...]:
        """Its row of the table."""
        cell, over = self.cell, f"{self.over_baseline:+.0f}"
        parameters = f"{cell.parameters}{' by name' if cell.by_name else ''}"
        head = (str(cell.profiles), parameters, f"{cell.rtt_ms:g}", str(self.calls))
        return (*head, *(f"{self.added[key]:.0f}" for key in CONTENDERS), over)


def measure(bench: Bench, rounds: int, cells: Sequence[Cell] = CELLS) -> list[Found]:
    """Start every contender in every cell, alternately.

    Raises:
        RuntimeError: one of them failed, or they did not all set the same variables.
    """
    calls = {
        cell: bench.agreed(CONTENDERS, bench.serve(cell))[1]["ours"].calls.total()
        for cell in bench.each("cell", cells)
    }
    all_times = bench.times({cell: bench.starts(cell, CONTENDERS) for cell in cells}, rounds)
    return [
        Found(
            cell,
            {name: added(times[name], times["direct"]) for name in CONTENDERS},
            calls[cell],
            median(times["direct"]),
        )
        for cell, times in all_times.items()
    ]


def part(found: Sequence[Found]) -> Findings:
    """Return its figures and its part of the page."""
    late = [one for one in found if one.cell.rtt_ms]
    name = "beyond the stdlib baseline, the worst cell with latency"
    worst = max(one.over_baseline for one in late)
    ratio = worst / median(one.command_ms for one in found)
    figures = [
        Figure(name, worst, "ms", OVER_BASELINE_MS),
        Figure(f"{name}, to the command itself", ratio, "x", 2.5),
    ]
    over = [
        f"{one.cell.title} ({one.over_baseline:+.0f} ms)"
        for one in found
        if one.over_baseline > OVER_BASELINE_MS
    ]
    low, high = (pick(found, key=lambda one: one.boto3) for pick in (min, max))
    names = [NAMES[key] for key in CONTENDERS]
    marked = {
        "distance-limit": f"{OVER_BASELINE_MS:g} ms",
        "distance-over": "; ".join(over) or "no cell",
        "distance-least": f"{low.boto3:.1f} times as long ({low.cell.title})",
        "distance-most": f"{high.boto3:.1f} times as long ({high.cell.title})",
        "distance": table((*HEAD, *names, "over the baseline"), [one.row for one in found]),
    }
    panels = []
    for size, group in groupby(found, lambda one: one.cell.size):
        one_size = list(group)
        rtts = [one.cell.rtt_ms for one in one_size]
        curves = [
            Curve(NAMES[key], rtts, [one.added[key] for one in one_size]) for key in CONTENDERS
        ]
        panels.append(Panel(size, curves, "round trip, ms", "added, ms", rtts))
    return Findings(marked, {"matrix": partial(pictures.curves, panels, 3)}, figures)


def measure_deferred(
    bench: Bench, rounds: int, cells: Sequence[Cell] = DEFERRED_CELLS
) -> dict[Cell, dict[str, float]]:
    """Return the milliseconds added by column of the page and by cell, measured alternately."""
    cold_starts = {}
    for cell in cells:
        starts = bench.starts(cell, ("ours",))
        wrapper, environ, _ = starts.pop("ours")
        *profiles, path = environ["APPCONFIG_ENV_SOURCES"].split()
        columns = {
            "awaited": (*profiles, path),
            "env=no": (*profiles, f"{path}?env=no"),
            "not read": profiles,
            "all env=no": [f"{one}?env=no" for one in (*profiles, path)],
            "nothing to read": (),
        }
        for column, sources in columns.items():
            wanted = {**environ, "APPCONFIG_ENV_SOURCES": " ".join(sources)}
            starts[column] = Start(wrapper, wanted)
        cold_starts[cell] = starts
    return {
        cell: {key: added(one, times["direct"]) for key, one in times.items() if key != "direct"}
        for cell, times in bench.times(cold_starts, rounds).items()
    }


def part_deferred(found: dict[Cell, dict[str, float]]) -> Findings:
    """Return its part of the page; no target holds for it."""
    rows = [
        (cell.title, *(f"{added_ms:.1f}" for added_ms in ways.values()))
        for cell, ways in found.items()
    ]
    columns = next(iter(found.values()))
    return Findings({"deferred": table(("", *columns), rows)})
