"""Growth: whether time and memory grow as the calls that AWS's page sizes force, and no faster."""

from __future__ import annotations

from functools import partial
from math import log
from statistics import linear_regression
from typing import TYPE_CHECKING, NamedTuple

from . import pictures
from .contenders import CONTENDERS, NAMES, NOTHING, Cell
from .counts import peak_mib
from .figures import Figure
from .page import Findings, table
from .pictures import Curve, Panel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .starts import Bench

COMPARED = ("ours", "baseline")
TARGET = 1.1  # of the exponent; noise alone moves it by half of what is beyond 1
SERIES = {
    "profiles": tuple(Cell(number, 10) for number in (1, 2, 5, 10, 20, 50, 100)),
    "parameters": tuple(Cell(1, number) for number in (10, 30, 100, 300, 1000, 3000, 10_000)),
    # One variable holds 131,071 bytes, and so 6,000 of such sources.
    "names": tuple(
        Cell(1, number, by_name=True) for number in (10, 30, 100, 300, 1000, 3000, 6000)
    ),
}


class Point(NamedTuple):
    """One size of one series: what there was to read, and what it took ours and the baseline."""

    cell: Cell
    calls: int
    added_ms: Sequence[float]
    peak_mib: Sequence[float]


class Line(NamedTuple):
    """A straight line through the points, fitted so that relative deviations are least."""

    base: float  # what it takes without any call
    each: float  # what every call takes
    worst: float  # the largest deviation of a point, as a part of the line's value there


def measure(
    bench: Bench, rounds: int, series: dict[str, tuple[Cell, ...]] = SERIES
) -> dict[str, list[Point]]:
    """Start ours and the stdlib baseline at each size, without latency.

    The command gets the environment too, and takes longer with a large one: it is not taken off.
    """
    cells = [cell for one in series.values() for cell in one]
    points = {cell: _counted(bench, cell) for cell in bench.each("cell", cells)}
    for cell, times in zip(cells, bench.times_of_cells(cells, COMPARED, rounds), strict=True):
        # The best of the rounds: what disturbs only ever adds, and would bend the line.
        best = [min(times[name]) - min(times["direct"]) for name in COMPARED]
        points[cell] = points[cell]._replace(added_ms=best)
    return {name: [points[cell] for cell in one] for name, one in series.items()}


def _counted(bench: Bench, cell: Cell) -> Point:
    environ = bench.serve(cell)
    _, counts = bench.agreed(COMPARED, environ)
    peaks = []
    for name in COMPARED:
        peaks.append(peak_mib((*CONTENDERS[name], *NOTHING), environ))
        bench.forget()
    return Point(cell, counts["ours"].total, (), peaks)


def part(found: dict[str, list[Point]]) -> Findings:
    """Return its figures and its part of the page."""
    figures: list[Figure] = []
    fits: list[tuple[str, ...]] = []
    rows: list[tuple[str, ...]] = []
    panels: dict[str, list[Panel]] = {"ms": [], "MiB": []}
    names = [NAMES[key] for key in COMPARED]
    for series, points in found.items():
        calls = [point.calls for point in points]
        for what, unit, label in (
            ("time", "ms", "added, ms"),
            ("memory", "MiB", "peak memory, MiB"),
        ):
            pairs = [one.added_ms if unit == "ms" else one.peak_mib for one in points]
            values = list(zip(*pairs, strict=True))
            lines = [fit(calls, one) for one in values]
            grows = exponent(calls, values[0])
            name = f"exponent of {what} by calls, more {series}"
            figures.append(Figure(name, grows, "x", TARGET))
            without, each = (
                [f"{line.base:.1f}" for line in lines],
                [f"{line.each:.3f}" for line in lines],
            )
            off = f"{100 * lines[0].worst:.0f} %"
            fits.append((f"more {series}, {unit}", *without, *each, off, f"{grows:.2f}"))
            curves = [
                Curve(name, calls, one, (line.base, line.each))
                for name, one, line in zip(names, values, lines, strict=True)
            ]
            panels[unit].append(Panel(f"more {series}", curves, "calls", label))
        for point in points:
            taken = (
                *(f"{ms:.0f}" for ms in point.added_ms),
                *(f"{mib:.1f}" for mib in point.peak_mib),
            )
            rows.append((point.cell.size, str(point.calls), *taken))
    head = ("", "without calls", names[1], "each call", names[1], "off that line", "exponent")
    columns = [f"{name}, {unit}" for unit in panels for name in names]
    marked = {"growth-fits": table(head, fits), "growth": table(("", "calls", *columns), rows)}
    draw = partial(pictures.curves, [*panels["ms"], *panels["MiB"]], 3)
    return Findings(marked, {"growth": draw}, figures)


def fit(calls: Sequence[int], values: Sequence[float]) -> Line:
    """Return the line, by weighted least squares: sizes lie orders of magnitude apart."""
    from numpy import polyfit  # which matplotlib brings

    each, base = map(float, polyfit(calls, values, 1, w=[1 / value for value in values]))
    worst = max(abs(y / (base + each * x) - 1) for x, y in zip(calls, values, strict=True))
    return Line(base, each, worst)


def exponent(calls: Sequence[int], values: Sequence[float]) -> float:
    """Return how what comes on top of the least value grows: 1 as the calls, 2 as their square.

    Fitted in logarithms to the largest three sizes, where it is most of the value. The least is of
    the smaller ones, since noise may have added to the smallest.
    """
    least = min(values[:-3])
    first = calls[list(values).index(least)]
    above = [log(max(value - least, 1e-9)) for value in values[-3:]]
    return linear_regression([log(one - first) for one in calls[-3:]], above).slope
