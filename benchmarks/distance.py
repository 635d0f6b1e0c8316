"""Sources and distance: every contender in every cell; and what `env=no` takes off a cold start."""

from __future__ import annotations

from functools import partial
from itertools import groupby, product
from typing import TYPE_CHECKING, NamedTuple

from . import pictures
from .contenders import CONTENDERS, NAMES, Cell
from .figures import Figure
from .page import Findings, table
from .pictures import Curve, Panel
from .responses import PATH
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


class Found(NamedTuple):
    """One cell: the milliseconds that each contender adds, and how many calls ours makes."""

    cell: Cell
    added: dict[str, float]
    calls: int

    @property
    def over_baseline(self) -> float:
        """The milliseconds that ours takes beyond the stdlib baseline."""
        return self.added["ours"] - self.added["baseline"]

    @property
    def boto3(self) -> float:
        """How many times as long boto3 takes."""
        return self.added["boto3"] / self.added["ours"]


def measure(bench: Bench, rounds: int, cells: Sequence[Cell] = CELLS) -> list[Found]:
    """Start every contender in every cell, in turns.

    Raises:
        RuntimeError: one of them failed, or they did not all set the same variables.
    """
    counts = [bench.agreed(CONTENDERS, bench.serve(cell))[1] for cell in bench.each("cell", cells)]
    all_times = bench.times_of_cells(cells, tuple(CONTENDERS), rounds)
    return [
        Found(
            cell,
            {name: added(times[name], times["direct"]) for name in CONTENDERS},
            asked["ours"].total,
        )
        for cell, asked, times in zip(cells, counts, all_times, strict=True)
    ]


def part(found: Sequence[Found]) -> Findings:
    """Return its figures and its part of the page."""
    late = max(one.over_baseline for one in found if one.cell.rtt_ms)
    near = [one for one in found if not one.cell.rtt_ms]
    worst = max(one.added["ours"] / one.added["baseline"] for one in near)
    beyond = "beyond the stdlib baseline, the worst cell"
    figures = [
        Figure(f"{beyond} with latency", late, "ms", OVER_BASELINE_MS),
        Figure(f"{beyond} without", max(one.over_baseline for one in near), "ms"),
        Figure("worst ratio to the stdlib baseline in a cell without latency", worst, "x"),
    ]
    over = [
        f"{one.cell.title} ({one.over_baseline:+.0f} ms)"
        for one in found
        if one.over_baseline > OVER_BASELINE_MS
    ]
    low, high = (pick(found, key=lambda one: one.boto3) for pick in (min, max))
    names = [NAMES[key] for key in CONTENDERS]
    head = ("profiles", "parameters", "round trip, ms", "calls", *names, "over the baseline")
    rows = [
        (
            str(one.cell.profiles),
            f"{one.cell.parameters}{' by name' if one.cell.by_name else ''}",
            f"{one.cell.rtt_ms:g}",
            str(one.calls),
            *(f"{one.added[key]:.0f}" for key in CONTENDERS),
            f"{one.over_baseline:+.0f}",
        )
        for one in found
    ]
    marked = {
        "distance-limit": f"{OVER_BASELINE_MS:g} ms",
        "distance-over": "; ".join(over) or "no cell",
        "distance-least": f"{low.boto3:.1f} times as long ({low.cell.title})",
        "distance-most": f"{high.boto3:.1f} times as long ({high.cell.title})",
        "distance": table(head, rows),
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
    """Return the milliseconds added by way, all in turns.

    The path of parameters awaited, deferred (`env=no`), or not read; all deferred; nothing to read.
    """
    found = {}
    for cell in bench.each("cell", cells):
        environ = bench.serve(cell)
        sources = environ["APPCONFIG_ENV_SOURCES"]
        path = f"ssm:{PATH}"
        texts = {
            "awaited": sources,
            "deferred": sources.replace(path, f"{path}?env=no"),
            "without": sources.replace(path, ""),
            "all deferred": " ".join(f"{one}?env=no" for one in sources.split()),
        }
        starts = {
            "direct": Start((), bench.environ),
            "idle": Start(CONTENDERS["ours"], bench.environ),
        }
        for way, text in texts.items():
            starts[way] = Start(CONTENDERS["ours"], {**environ, "APPCONFIG_ENV_SOURCES": text})
        times = bench.times(starts, rounds)
        found[cell] = {way: added(times[way], times["direct"]) for way in (*texts, "idle")}
    return found


def part_deferred(found: dict[Cell, dict[str, float]]) -> Findings:
    """Return its part of the page; no target holds for it."""
    head = ("", "awaited", "env=no", "not read", "all env=no", "nothing to read")
    rows = [
        (cell.title, *(f"{added_ms:.1f}" for added_ms in ways.values()))
        for cell, ways in found.items()
    ]
    return Findings({"deferred": table(head, rows)})
