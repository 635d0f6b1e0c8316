"""What a handler pays: the import, first values, reads and memory, each in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from tools import pictures
from tools.page import Figure, Findings, table
from tools.pictures import Bar

from .contenders import ROOT, WRAPPER, Cell, whole_store
from .handler_process import WAYS
from .responses import PATH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .starts import Bench

PROGRAM = str(ROOT / "benchmarks" / "handler_process.py")
TOOLS = {"ours": "this helper", "boto3": "boto3", "powertools": "Powertools"}
MODULES = {
    "ours": "appconfig_env",
    "boto3": "boto3",
    "powertools": "aws_lambda_powertools.utilities.parameters",
}
MOMENTS = {"imported": "import", "first": "first values", "refreshed": "first refresh"}


class First(NamedTuple):
    """What one tool takes to each moment, from the one before."""

    times: Mapping[str, Sequence[float]]  # milliseconds, of each round
    calls: Mapping[str, int]  # of Python functions

    @property
    def row(self) -> tuple[str, ...]:
        """Its part of the table's row."""
        times = (f"{median(self.times[moment]):.1f}" for moment in MOMENTS)
        return (*times, *(f"{self.calls[moment]:,}" for moment in MOMENTS))


def measure_first(bench: Bench, rounds: int) -> dict[str, First]:
    """Return it for each tool, measured alternately."""
    environ = bench.serve(Cell())
    times = {tool: {moment: list[float]() for moment in MOMENTS} for tool in TOOLS}
    for _ in bench.each("round", range(rounds)):
        for tool in TOOLS:
            for moment, seconds in steps(run_tool(bench, environ, "times", tool)).items():
                times[tool][moment].append(1000 * seconds)
    # In the end: the first round may have compiled.
    calls = {tool: steps(run_tool(bench, environ, "calls", tool)) for tool in TOOLS}
    return {tool: First(times[tool], calls[tool]) for tool in TOOLS}


def steps(samples: Mapping[str, Any]) -> dict[str, Any]:
    """Return by how much each sample is more than the one before; the first has none before."""
    return {after: samples[after] - samples[before] for before, after in pairwise(samples)}


def part_first(found: dict[str, First]) -> Findings:
    """Return its figures and its part of the page."""
    imports = {tool: one.times["imported"] for tool, one in found.items()}
    ours, boto3 = median(imports["ours"]), median(imports["boto3"])
    figures = [
        Figure("import appconfig_env next to the runtime client", ours, "ms", 1),
        Figure("import boto3 to import appconfig_env", boto3 / ours, "x", 110, at_least=True),
    ]
    rows = [
        (f"`import {MODULES[tool]}`", f"{median(times):.2f}", f"{min(times):.2f}")
        for tool, times in imports.items()
    ]
    head = ("", *(f"{name}, {kind}" for kind in ("ms", "calls") for name in MOMENTS.values()))
    marked = {
        "import": table(("", "median, ms", "best, ms"), rows),
        "first": table(head, [(TOOLS[tool], *one.row) for tool, one in found.items()]),
    }
    return Findings(marked, figures=figures)


def measure_reads(
    bench: Bench, repeats: int, threads: Sequence[int] = (1, 8)
) -> list[dict[str, float]]:
    """Return the microseconds of one read by way, the best of the repeats, for each of `threads`.

    With several threads it is the wall time of all divided by the reads of all, so a throughput:
    one interpreter lock serves them all, and a single read then takes `threads` times as long.
    """
    bench.serve(Cell())
    (bench.folder / "ssm.json").write_text(json.dumps({f"{PATH}p1": "value 1"}))
    environ = {
        **bench.environ,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{bench.server.agent_port}",
        "AGENT_PORT": str(bench.server.agent_port),
        "DB_USER": "db_user",
        "APPCONFIG_ENV_LOCAL_DIR": str(bench.folder),
        "APPCONFIG_ENV_SOURCES": f"ssm:{PATH}",
        "AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS": "1h",
        "SSM_PARAMETER_STORE_TTL": "3600",
    }
    words = ("reads", str(repeats), ",".join(map(str, threads)))
    found: list[dict[str, float]] = _run(environ, *words)
    return found


def part_reads(found: Sequence[Mapping[str, float]]) -> Findings:
    """Return its figures and its part of the page."""
    alone = found[0]
    get, least, literal = alone["get"], alone["clock_and_dict_function"], alone["clock_and_dict"]
    figures = [
        Figure("get() of a fresh value", get, "µs", 0.3),
        Figure("get() to a clock and a dict in a function", get / least, "x", 1.5),
        Figure("get() to os.environ[name]", get / alone["environ"], "x", 1),
    ]
    numbers = [int(one["threads"]) for one in found]
    head = ["1 thread" if number == 1 else f"{number} threads, each read" for number in numbers]
    rows = [(name, *(f"{one[way]:,.2f}" for one in found)) for way, (name, _) in WAYS.items()]
    bars = [
        Bar(name, alone[way], way.startswith("get"))
        for way, (name, _) in WAYS.items()
        if not way.startswith("http")
    ]
    marked = {"read-call": f"{least - literal:.2f} µs", "read": table(("", *head), rows)}
    draw = partial(pictures.bars, {"microseconds for one read, 1 thread, HTTP left out": bars})
    return Findings(marked, {"read": draw}, figures)


class Memory(NamedTuple):
    """What one tool adds until each moment: medians of the MiB private, resident and at the peak.

    `trusts`: a function without AWS_CA_BUNDLE trusts a whole store, one of the usual size.
    """

    tool: str
    trusts: str
    added: Mapping[str, Sequence[float]]

    @property
    def refresh_adds(self) -> Sequence[float]:
        """What the first refresh adds to a handler that has values."""
        pairs = zip(self.added["refreshed"], self.added["first"], strict=True)
        return [after - before for after, before in pairs]

    @property
    def row(self) -> tuple[str, ...]:
        """Its row of the table."""
        private = [self.added[moment][0] for moment in MOMENTS]
        values = (*private, *self.refresh_adds[:2], self.added["refreshed"][2])
        return (TOOLS[self.tool], self.trusts, *(f"{value:.1f}" for value in values))


def measure_memory(bench: Bench, rounds: int) -> list[Memory]:
    """Return two rows for each tool, with one trusted certificate and with a whole store.

    Linux only.
    """
    found = []
    environ = bench.serve(Cell())
    store = whole_store(bench.folder / "trust.pem", bench.server.ca_file)
    for trusts, path in (("one certificate", bench.server.ca_file), ("a whole store", store)):
        environ["AWS_CA_BUNDLE"] = path
        for tool in bench.each("tool", TOOLS):
            taken = [run_tool(bench, environ, "memory", tool) for _ in range(rounds)]
            added = {
                moment: [median(one[moment][n] - one["base"][n] for one in taken) for n in range(3)]
                for moment in MOMENTS
            }
            found.append(Memory(tool, trusts, added))
    return found


def part_memory(found: Sequence[Memory]) -> Findings:
    """Return its figures and its part of the page."""
    name, refresh = "memory that the first refresh adds, all that is resident", "the refresh alone"
    adds = max(one.refresh_adds[1] for one in found if one.tool == "ours")
    head = ("", "trusts", *MOMENTS.values(), refresh, f"{refresh}, resident", "peak, resident")
    bars = [
        Bar(f"{TOOLS[one.tool]}, {one.trusts}", one.added["refreshed"][0], one.tool == "ours")
        for one in found
    ]
    draw = partial(pictures.bars, {"MiB of private memory added, after the first refresh": bars})
    marked = {"memory": table(head, [one.row for one in found])}
    return Findings(marked, {"memory": draw}, [Figure(name, adds, "MiB", 8)])


def run_tool(bench: Bench, environ: dict[str, str], kind: str, tool: str) -> Any:
    """Run one tool; the wrapper starts ours, which so finds a snapshot. The others have none."""
    quiet = {**environ, "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "error"}
    return _run(bench.cold(quiet), kind, tool, wrapper=(WRAPPER,) if tool == "ours" else ())


def _run(environ: dict[str, str], *words: str, wrapper: tuple[str, ...] = ()) -> Any:
    done = subprocess.run(
        (*wrapper, sys.executable, PROGRAM, *words),
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)
