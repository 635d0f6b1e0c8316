"""The figures and their targets: what was measured as one list, each with what it should be."""

from __future__ import annotations

from statistics import median
from statistics import quantiles as cuts
from typing import TYPE_CHECKING, NamedTuple

from . import growth, starts
from .contenders import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .growth import Point
    from .headline import Headline
    from .inside import Reading
    from .matrix import Found
    from .memory import Memory
    from .overlap import Overlap

OVER_FLOOR_MS = 20.0
OWN_MODULE = "appconfig_env"


class Figure(NamedTuple):
    """One figure.

    Attributes:
        name: what was measured.
        value: how much.
        unit: in what; `x` for a ratio, empty for a count.
        target: what it should be; None where it is there to compare with.
        at_least: whether the target is a floor and not a ceiling.
        best: the least, for times: what disturbs a start only ever adds.
        spread: the quartiles, where there are enough values for any.
    """

    name: str
    value: float
    unit: str = ""
    target: float | None = None
    at_least: bool = False
    best: float | None = None
    spread: tuple[float, float] | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def of_headline(found: Headline) -> list[Figure]:
    """What the wrapper adds to a start, and what it asks AWS for, beside the others."""
    direct = found.times["direct"]
    base = median(direct)

    def added(name: str, key: str, target: float | None = None) -> Figure:
        times = found.times[key]
        best, spread = min(times) - min(direct), quartiles([one - base for one in times])
        return Figure(name, starts.added(times, direct), "ms", target, best=best, spread=spread)

    def ratio(one: str, other: str) -> float:
        return starts.added(found.times[one], direct) / starts.added(found.times[other], direct)

    what = "2 profiles, 20 parameters"
    return [
        Figure("the command itself", base, "ms", best=min(direct), spread=quartiles(direct)),
        added("nothing to read: the wrapper adds", "idle", 15),
        added(f"{what}: the wrapper adds", "ours", 45),
        added(f"{what}: the floor adds", "floor"),
        added(f"{what}: boto3 adds", "boto3"),
        added(f"{what}: Powertools adds", "powertools"),
        Figure("this wrapper to the floor", ratio("ours", "floor"), "x", 1.3),
        Figure("boto3 to this wrapper", ratio("boto3", "ours"), "x", 5, at_least=True),
        Figure("Powertools to this wrapper", ratio("powertools", "ours"), "x", 6, at_least=True),
        added("the same with a full trust store", "ours_trusting"),
        added("boto3 with a full trust store", "boto3_trusting"),
        added("the floor with a full trust store", "floor_trusting"),
        added("the same out of a layer", "layer"),
        added("the same out of a layer, as a function has it: no AWS_CA_BUNDLE", "layer_trusting"),
        Figure(
            "the layer without AWS_CA_BUNDLE to the floor with a full trust store",
            ratio("layer_trusting", "floor_trusting"),
            "x",
        ),
        Figure(
            "boto3 with a full trust store to the layer without AWS_CA_BUNDLE",
            ratio("boto3_trusting", "layer_trusting"),
            "x",
        ),
        added("boto3, garbage not collected", "boto3_no_garbage"),
        Figure("variables that all set alike", found.variables),
        *(
            figure
            for name, counts in found.counts.items()
            for figure in (
                Figure(f"calls of {NAMES[name]}", counts.total),
                Figure(f"connections of {NAMES[name]}", counts.connections),
            )
        ),
        Figure("configurations received", found.counts["ours"].configurations),
        Figure("modules imported", found.modules),
        Figure("modules imported, nothing to read", found.idle_modules),
    ]


def of_matrix(found: Sequence[Found]) -> list[Figure]:
    """How far from the floor the cells are."""
    late = [one.over_floor for one in found if one.cell.rtt_ms]
    near = [one.over_floor for one in found if not one.cell.rtt_ms]
    figures = []
    if late:
        name = "beyond the floor, the worst cell with latency"
        figures.append(Figure(name, max(late), "ms", OVER_FLOOR_MS))
    if near:
        figures.append(Figure("beyond the floor, the worst cell without", max(near), "ms"))
        worst = max(one.added["ours"] / one.added["floor"] for one in found if not one.cell.rtt_ms)
        figures.append(Figure("worst ratio to the floor in a cell without latency", worst, "x"))
    return figures


def of_overlap(found: Sequence[Overlap]) -> list[Figure]:
    """What `env=no` leaves of a start."""
    return [
        Figure(f"{one.cell.title}: with the path env=no the wrapper adds", one.beside, "ms")
        for one in found
    ]


def of_growth(found: Mapping[str, Sequence[Point]]) -> list[Figure]:
    """Whether anything grows faster than the calls."""
    figures = []
    for name, points in found.items():
        calls = [point.calls for point in points]
        times = [point.added_ms["ours"] for point in points]
        peaks = [point.peak_mib["ours"] for point in points]
        for what, values in (("time", times), ("memory", peaks)):
            exponent = growth.exponent(calls, values)
            figures.append(
                Figure(f"exponent of {what} by calls, more {name}", exponent, "x", growth.TARGET)
            )
    return figures


def of_import(found: Mapping[str, list[float]]) -> list[Figure]:
    """What the import adds to a function's init, by module; ours has a target."""
    return [
        Figure(
            f"import {module} beside the runtime client",
            median(taken),
            "ms",
            1 if module == OWN_MODULE else None,
            best=min(taken),
            spread=quartiles(taken),
        )
        for module, taken in found.items()
    ]


def of_reads(found: Reading) -> list[Figure]:
    """What one read takes, beside the least that it could."""
    least = found.clock_and_dict_function
    return [
        Figure("get() of a fresh value", found.get, "µs", 0.3),
        Figure("os.environ[name]", found.environ, "µs"),
        Figure("a clock and a dict, in a function as get() is", least, "µs"),
        Figure("a clock and a dict, not in a function", found.clock_and_dict, "µs"),
        Figure("get() to a clock and a dict in a function", found.get / least, "x", 1.5),
        Figure(
            "get() to a clock and a dict not in a function", found.get / found.clock_and_dict, "x"
        ),
        Figure("get() to os.environ[name]", found.get / found.environ, "x", 1),
    ]


def of_memory(found: Sequence[Memory]) -> list[Figure]:
    """What the first refresh adds to a handler's process, libraries that others share included."""
    adds = [one.refresh_adds_rss for one in found if one.tool == "appconfig_env"]
    name = "memory that the first refresh adds, all that is resident"
    return [Figure(name, max(adds), "MiB", 8)]


def quartiles(values: list[float]) -> tuple[float, float] | None:
    """The first and the third, where there are enough values for any."""
    if len(values) < 4:
        return None
    low, _, high = cuts(values, n=4)
    return low, high
