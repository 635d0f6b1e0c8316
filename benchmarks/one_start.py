"""The cold start with two profiles and twenty parameters, of every contender."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from tools import pictures
from tools.page import Figure, Findings, table
from tools.pictures import Bar

from . import layers, native, starts
from .contenders import BOTO3_NO_GARBAGE, CONTENDERS, NAMES, Cell, whole_store
from .starts import Start

if TYPE_CHECKING:
    from .server import Counts
    from .starts import Bench

# A bare interpreter's start (`python -I -S -c pass`) on the machine that the targets in
# milliseconds and microseconds were set on. Where it takes longer, they can be missed although
# nothing got slower; each of them has a second form, a ratio that is as strict on that machine.
REFERENCE_MS = 8
CELL = Cell()


class Found(NamedTuple):
    """What was measured."""

    # Of each round; of `direct` too, the command itself. Of `native` only where it could be built.
    times: dict[str, list[float]]
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
    if program := native.built(bench.folder):
        wanted["native"] = Start(program, environ)
        bench.require_calls(wanted["native"], counts["baseline"])
        counts["native"] = counts["baseline"]
    return Found(bench.times({CELL: wanted}, rounds)[CELL], counts, variables)


def part(found: Found) -> Findings:
    """Return its figures and its part of the page."""
    from numpy import percentile  # which matplotlib brings

    direct = found.times["direct"]
    command = median(direct)
    added = {name: starts.added(times, direct) for name, times in found.times.items()}
    added["bare"] = command
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
    if "native" in added:
        limit = command + added["native"]
        name = "this wrapper, from a layer, to a bare interpreter and the native program"
        figures.append(Figure(name, added["layer"] / limit, "x", 1.4))
    rows, bars = [], []
    for key, name in NAMES.items():
        if key not in added:
            rows.append((name, "", "", "", ""))  # no compiler here
            continue
        # As statistics.quantiles has them; the extremes where there are too few values for any.
        times, less = (direct, 0.0) if key == "bare" else (found.times[key], command)
        low, high = percentile(times, (25, 75), method="weibull") - less
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
    return Findings(marked, {"start": draw}, figures, command > REFERENCE_MS)
