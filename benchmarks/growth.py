"""Growth: whether time and memory grow as the calls that AWS's page sizes force, and no faster."""

from __future__ import annotations

from functools import partial
from math import log
from statistics import linear_regression
from typing import TYPE_CHECKING, NamedTuple

from tools import pictures
from tools.page import Figure, Findings, table
from tools.pictures import Curve, Panel

from .contenders import CONTENDERS, NAMES, NOTHING, Cell
from .counts import peak_mib

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .starts import Bench

COMPARED = ("ours", "baseline")
TARGET = 1.1  # of the exponent; noise alone moves it by half of what is beyond 1
UNITS = {"ms": ("time", "added, ms"), "MiB": ("memory", "peak memory, MiB")}
SERIES = {
    "profiles": tuple(Cell(number, 10) for number in (1, 2, 5, 10, 20, 50, 100)),
    "parameters": tuple(Cell(1, number) for number in (10, 30, 100, 300, 1000, 3000, 10_000)),
    # One variable holds 131,071 bytes, and so 6,000 of such sources.
    "names": tuple(
        Cell(1, number, by_name=True) for number in (10, 30, 100, 300, 1000, 3000, 6000)
    ),
}


class Point(NamedTuple):
    """One size of one series: how many calls, and what they took ours and the baseline, by unit."""

    cell: Cell
    calls: int
    taken: dict[str, Sequence[float]]

    @property
    def row(self) -> tuple[str, ...]:
        """Its row of the table."""
        milliseconds = (f"{value:.0f}" for value in self.taken["ms"])
        mebibytes = (f"{value:.1f}" for value in self.taken["MiB"])
        return (self.cell.size, str(self.calls), *milliseconds, *mebibytes)


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
    cells = {cell: bench.starts(cell, COMPARED) for one in series.values() for cell in one}
    points = {}
    for cell in bench.each("cell", cells):
        environ = bench.serve(cell)
        _, counts = bench.agreed(COMPARED, environ)
        peaks = [peak_mib((*CONTENDERS[name], *NOTHING), bench.cold(environ)) for name in COMPARED]
        points[cell] = Point(cell, counts["ours"].calls.total(), {"MiB": peaks})
    for cell, times in bench.times(cells, rounds).items():
        # The best of the rounds: what disturbs only ever adds, and would bend the line.
        best = [min(times[name]) - min(times["direct"]) for name in COMPARED]
        points[cell].taken["ms"] = best
    return {name: [points[cell] for cell in one] for name, one in series.items()}


def part(found: dict[str, list[Point]]) -> Findings:
    """Return its figures and its part of the page."""
    figures, fits, panels = [], [], []
    names = [NAMES[key] for key in COMPARED]
    for unit, (what, label) in UNITS.items():
        for series, points in found.items():
            calls = [point.calls for point in points]
            values = list(zip(*(point.taken[unit] for point in points), strict=True))
            lines = [fit(calls, one) for one in values]
            grows = exponent(calls, values[0])
            name = f"exponent of {what} by calls, more {series}"
            figures.append(Figure(name, grows, "x", TARGET))
            without = (f"{line.base:.1f}" for line in lines)
            each = (f"{line.each:.3f}" for line in lines)
            off = f"{100 * lines[0].worst:.0f} %"
            fits.append((f"more {series}, {unit}", *without, *each, off, f"{grows:.2f}"))
            curves = [
                Curve(name, calls, one, (line.base, line.each))
                for name, one, line in zip(names, values, lines, strict=True)
            ]
            panels.append(Panel(f"more {series}", curves, "calls", label))
    head = ("", "without calls", names[1], "each call", names[1], "off the line by", "exponent")
    columns = [f"{name}, {unit}" for unit in UNITS for name in names]
    rows = [point.row for points in found.values() for point in points]
    marked = {"growth-fits": table(head, fits), "growth": table(("", "calls", *columns), rows)}
    return Findings(marked, {"growth": partial(pictures.curves, panels, 3)}, figures)


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
