"""The cold start with two profiles and twenty parameters, of every contender."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from . import layers, pictures, starts
from .contenders import BOTO3_NO_GARBAGE, CONTENDERS, NAMES, Cell, whole_store
from .figures import Figure, quartiles
from .page import Findings, table
from .pictures import Bar
from .starts import Start

if TYPE_CHECKING:
    from .server import Counts
    from .starts import Bench

CELL = Cell()


class Found(NamedTuple):
    """What was measured."""

    times: dict[str, list[float]]  # of each round; of `direct` too, the command itself
    counts: dict[str, Counts]  # the requests of one cold start of each contender
    variables: int  # which all of them set, to the same values


def measure(bench: Bench, rounds: int) -> Found:
    """Start all of them in turns.

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
        "direct": Start((), bench.environ),
        "idle": Start(CONTENDERS["ours"], bench.environ),
        **{name: Start(wrapper, environ) for name, wrapper in CONTENDERS.items()},
        "boto3_no_garbage": Start(BOTO3_NO_GARBAGE, environ),
        "ours_trusting": Start(CONTENDERS["ours"], trusting),
        "baseline_trusting": Start(CONTENDERS["baseline"], trusting),
        "boto3_trusting": Start(CONTENDERS["boto3"], trusting),
        "layer": Start(layer, environ),
        "layer_trusting": Start(layer, function),
    }
    return Found(bench.times(wanted, rounds), counts, variables)


def part(found: Found) -> Findings:
    """Return its figures and its part of the page."""
    direct = found.times["direct"]
    added = {name: starts.added(times, direct) for name, times in found.times.items()}
    what, trust = "2 profiles, 20 parameters", "with a full trust store"
    function = "the layer without AWS_CA_BUNDLE"

    def ratio(one: str, other: str) -> float:
        return added[one] / added[other]

    figures = [
        Figure("the command itself", median(direct), "ms"),
        Figure("nothing to read: the wrapper adds", added["idle"], "ms", 15),
        Figure(f"{what}: the wrapper adds", added["ours"], "ms", 45),
        Figure("this wrapper to the stdlib baseline", ratio("ours", "baseline"), "x", 1.3),
        Figure("boto3 to this wrapper", ratio("boto3", "ours"), "x", 5, at_least=True),
        Figure("Powertools to this wrapper", ratio("powertools", "ours"), "x", 6, at_least=True),
        Figure(
            f"{function} to the stdlib baseline {trust}",
            ratio("layer_trusting", "baseline_trusting"),
            "x",
        ),
        Figure(f"boto3 {trust} to {function}", ratio("boto3_trusting", "layer_trusting"), "x"),
        Figure("configurations received", found.counts["ours"].configurations),
    ]
    rows, bars = [], []
    for key, name in ((key, NAMES[key]) for key in found.times if key != "direct"):
        low, high = quartiles([one - median(direct) for one in found.times[key]])
        counts = found.counts.get(key)
        asked = (str(counts.total), str(counts.connections)) if counts else ("", "")
        rows.append((name, f"{added[key]:.1f}", f"{low:.1f} to {high:.1f}", *asked))
        bars.append(Bar(name, added[key], name.startswith(NAMES["ours"]), low, high))
    marked = {
        "start-variables": str(found.variables),
        "start": table(("", "adds, ms", "quartiles", "calls", "connections"), rows),
    }
    draw = partial(pictures.bars, {"milliseconds added to the start": bars})
    return Findings(marked, {"start": draw}, figures)
