"""The cold start with two profiles and twenty parameters, of every contender."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from tools import pictures
from tools.page import Figure, Findings, table
from tools.pictures import Bar

from . import layers, starts
from .contenders import BOTO3_NO_GARBAGE, CONTENDERS, NAMES, Cell, whole_store
from .starts import Start

if TYPE_CHECKING:
    from .server import Counts
    from .starts import Bench

# A bare interpreter's start (`python -I -S -c pass`) on the machine that the targets in
# milliseconds and microseconds were set on. Where it takes longer, so may what they bound; each of
# them has a second form, a ratio that is as strict on that machine.
REFERENCE_MS = 8
CELL = Cell()


class Found(NamedTuple):
    """What was measured."""

    times: dict[str, list[float]]  # of each round; of `direct` too, the command itself
    counts: dict[str, Counts]  # the requests of one cold start of each contender
    variables: int  # which all of them set, to the same values


def measure(bench: Bench, rounds: int) -> Found:
    """Start all of them alternately.

    Raises:
        RuntimeError: one failed, or they did not all set the same variables.
    """
    environ = bench.serve(CELL)
    variables, counts = bench.agreed(CONTENDERS, environ)
    store = whole_store(bench.folder / "trust.pem", bench.server.ca_file)
    trusting = {**environ, "AWS_CA_BUNDLE": store}
    function = {name: value for name, value in environ.items() if name != "AWS_CA_BUNDLE"}
    layer = (layers.unpacked(bench.folder / "opt", bench.server.ca_file),)
    wanted = {
        **bench.starts(CELL, CONTENDERS),
        "idle": Start(CONTENDERS["ours"], bench.environ),
        "boto3_no_garbage": Start(BOTO3_NO_GARBAGE, environ),
        "ours_trusting": Start(CONTENDERS["ours"], trusting),
        "baseline_trusting": Start(CONTENDERS["baseline"], trusting),
        "boto3_trusting": Start(CONTENDERS["boto3"], trusting),
        "layer": Start(layer, environ),
        "layer_trusting": Start(layer, function),
    }
    return Found(bench.times({CELL: wanted}, rounds)[CELL], counts, variables)


def part(found: Found) -> Findings:
    """Return its figures and its part of the page."""
    from numpy import percentile  # which matplotlib brings

    direct = found.times["direct"]
    command = median(direct)
    added = {name: starts.added(times, direct) for name, times in found.times.items()}
    ours, idle = added["ours"], added["idle"]
    nothing, all_ = (
        "nothing to read: the wrapper adds",
        "2 profiles, 20 parameters: the wrapper adds",
    )
    figures = [
        Figure(nothing, idle, "ms", 15),
        Figure(f"{nothing}, to the command itself", idle / command, "x", 1.85),
        Figure(all_, ours, "ms", 45),
        Figure(f"{all_}, to the command itself", ours / command, "x", 5.5),
        Figure("this wrapper to the stdlib baseline", ours / added["baseline"], "x", 1.3),
        Figure("boto3 to this wrapper", added["boto3"] / ours, "x", 5, at_least=True),
        Figure("Powertools to this wrapper", added["powertools"] / ours, "x", 6, at_least=True),
    ]
    rows, bars = [], []
    for key, name in NAMES.items():
        # As statistics.quantiles has them; the extremes where there are too few values for any.
        low, high = percentile(found.times[key], (25, 75), method="weibull") - command
        counts = found.counts.get(key)
        asked = (str(counts.calls.total()), str(counts.connections)) if counts else ("", "")
        rows.append((name, f"{added[key]:.1f}", f"{low:.1f} to {high:.1f}", *asked))
        is_ours = name.startswith(NAMES["ours"])
        bars.append(Bar(name, added[key], is_ours, added[key] - low, high - added[key]))
    marked = {
        "reference": f"{REFERENCE_MS} ms",
        "command": f"{command:.1f} ms",
        "start-variables": str(found.variables),
        "start": table(("", "adds, ms", "quartiles", "calls", "connections"), rows),
    }
    draw = partial(pictures.bars, {"milliseconds added to the start": bars})
    return Findings(marked, {"start": draw}, figures, max(1, command / REFERENCE_MS))
