"""The figures and their targets: what starts, an import and a read cost, as a list of Figure."""

from __future__ import annotations

from statistics import median
from statistics import quantiles as cuts
from typing import NamedTuple

from . import inside, starts


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


def of_starts(rounds: int) -> list[Figure]:
    """What the wrapper adds to a start, and what it asks AWS for."""
    found = starts.measure(rounds)
    base = median(found.direct)

    def added(name: str, times: list[float], target: float | None = None) -> Figure:
        best, spread = min(times) - min(found.direct), quartiles([one - base for one in times])
        return Figure(name, found.added(times), "ms", target, best=best, spread=spread)

    calls, classic_calls = found.counts.calls, found.classic_counts.calls
    return [
        Figure(
            "the command itself", base, "ms", best=min(found.direct), spread=quartiles(found.direct)
        ),
        added("nothing to read: the wrapper adds", found.idle, 15),
        added("2 profiles, 20 parameters: the wrapper adds", found.ours, 45),
        added("2 profiles, 20 parameters: boto3 adds", found.classic),
        Figure(
            "boto3 to this wrapper",
            found.added(found.classic) / found.added(found.ours),
            "x",
            4.5,
            at_least=True,
        ),
        added("the same with a full trust store", found.ours_trusting),
        added("boto3 with a full trust store", found.classic_trusting),
        Figure("variables that both set alike", found.variables),
        Figure("calls", sum(calls.values())),
        Figure("calls of boto3", sum(classic_calls.values())),
        Figure("configurations received", found.counts.configurations),
        Figure("connections", found.counts.connections),
        Figure("connections of boto3", found.classic_counts.connections),
        Figure("modules imported", found.modules),
        Figure("modules imported, nothing to read", found.idle_modules),
    ]


def of_import(rounds: int) -> list[Figure]:
    """What the import adds to a function's init."""
    taken = inside.import_ms(rounds)
    name = "import appconfig_env beside the runtime client"
    return [Figure(name, median(taken), "ms", 2, best=min(taken), spread=quartiles(taken))]


def of_reads(repeats: int) -> list[Figure]:
    """What one read takes, beside the least that it could."""
    found = inside.reads(repeats)
    return [
        Figure("get() of a fresh value", found.get, "µs", 0.3),
        Figure("os.environ[name]", found.environ, "µs"),
        Figure("a clock and a dict", found.clock_and_dict, "µs"),
        Figure("get() to os.environ[name]", found.get / found.environ, "x"),
    ]


def quartiles(values: list[float]) -> tuple[float, float] | None:
    """The first and the third, where there are enough values for any."""
    if len(values) < 4:
        return None
    low, _, high = cuts(values, n=4)
    return low, high
