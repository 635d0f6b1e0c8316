"""What a handler pays: the import, one read, and memory, measured in fresh processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from . import page, pictures
from .answers import PATH
from .contenders import ROOT, WRAPPER, Cell, base_environ, whole_store
from .figures import Figure, Part
from .pictures import Bar
from .server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROGRAM = str(ROOT / "benchmarks" / "handler_process.py")
MODULES = ("appconfig_env", "boto3", "aws_lambda_powertools.utilities.parameters")
TOOLS = {"ours": "this helper", "boto3": "boto3", "powertools": "Powertools"}
WAYS = {
    "get": "`get`, as a local name",
    "get_attribute": "`appconfig_env.get(name)`",
    "environ": "`os.environ[name]`",
    "clock_and_dict": "a clock and a dict",
    "clock_and_dict_function": "the same in a function",
    "powertools": "Powertools, from its cache",
    "http_keep_alive": "HTTP to an agent, connection kept",
    "http_urllib": "HTTP to an agent, by urllib",
}


def measure_imports(rounds: int, modules: Sequence[str] = MODULES) -> dict[str, list[float]]:
    """Return the milliseconds of each import next to the runtime client, in turns."""
    found: dict[str, list[float]] = {module: [] for module in modules}
    for _ in range(rounds + 1):
        for module, taken in found.items():
            taken.append(_run({"PATH": os.defpath}, "import", module))
    return {module: taken[1:] for module, taken in found.items()}  # the first may have compiled


def part_imports(found: Mapping[str, Sequence[float]]) -> Part:
    """Return its figures and its part of the page."""
    figures = [
        Figure(
            f"import {module} next to the runtime client",
            median(taken),
            "ms",
            1 if module == MODULES[0] else None,
        )
        for module, taken in found.items()
    ]
    rows = [
        (f"`import {module}`", f"{median(taken):.2f}", f"{min(taken):.2f}")
        for module, taken in found.items()
    ]
    marked = {
        "import-rounds": str(min(map(len, found.values()))),
        "import": page.table(("", "median, ms", "best, ms"), rows),
    }
    return Part(figures, page.Findings(marked))


def measure_reads(repeats: int, threads: Sequence[int] = (1, 8)) -> list[dict[str, float]]:
    """Return the microseconds of one read by way, the best of the repeats, for each of `threads`.

    With several threads it is the wall time of all divided by the reads of all, so a throughput:
    one interpreter lock serves them all, and a single read then takes `threads` times as long.
    """
    with Server() as server, tempfile.TemporaryDirectory(prefix="appconfig-env-") as folder:
        server.serve(*Cell()[:2])
        (Path(folder) / "ssm.json").write_text(json.dumps({f"{PATH}p1": "value 1"}))
        environ = {
            **base_environ(Path(folder), f"http://127.0.0.1:{server.agent_port}", server.ca_file),
            "AGENT_PORT": str(server.agent_port),
            "DB_USER": "db_user",
            "APPCONFIG_ENV_LOCAL_DIR": folder,
            "APPCONFIG_ENV_SOURCES": f"ssm:{PATH}",
            "AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS": "1h",
            "SSM_PARAMETER_STORE_TTL": "3600",
        }
        found: list[dict[str, float]] = _run(
            environ, "reads", str(repeats), ",".join(map(str, threads))
        )
    return found


def part_reads(found: Sequence[Mapping[str, float]]) -> Part:
    """Return its figures and its part of the page."""
    alone = found[0]
    get, least, literal = alone["get"], alone["clock_and_dict_function"], alone["clock_and_dict"]
    figures = [
        Figure("get() of a fresh value", get, "µs", 0.3),
        Figure("get() to a clock and a dict in a function", get / least, "x", 1.5),
        Figure("get() to a clock and a dict not in a function", get / literal, "x"),
        Figure("get() to os.environ[name]", get / alone["environ"], "x", 1),
    ]
    numbers = [int(one["threads"]) for one in found]
    head = ["1 thread" if number == 1 else f"{number} threads, each read" for number in numbers]
    rows = [(name, *(f"{one[way]:,.2f}" for one in found)) for way, name in WAYS.items()]
    bars = [
        Bar(name, alone[way], way.startswith("get"))
        for way, name in WAYS.items()
        if not way.startswith("http")
    ]
    marked = {"read-call": f"{least - literal:.2f} µs", "read": page.table(("", *head), rows)}
    draw = partial(pictures.bars, {"microseconds for one read, 1 thread, HTTP left out": bars})
    return Part(figures, page.Findings(marked, {"read": draw}))


class Memory(NamedTuple):
    """The MiB that one tool adds, medians of the rounds: private and resident by moment.

    `has_store`: it trusts a store of the usual size, as a function without AWS_CA_BUNDLE does, and
    not one certificate alone. `peak`: the most that was resident.
    """

    tool: str
    has_store: bool
    imported: tuple[float, float]
    first: tuple[float, float]
    refreshed: tuple[float, float]
    peak: float

    @property
    def refresh_adds(self) -> tuple[float, float]:
        """What the first refresh adds to a handler that has values."""
        private, resident = (
            after - before for after, before in zip(self.refreshed, self.first, strict=True)
        )
        return private, resident


def measure_memory(rounds: int) -> list[Memory]:
    """Return two rows for each tool, with one trusted certificate and with a whole store.

    Ours is started by the wrapper and so finds its snapshot; the others fetch their first values.
    Linux only.
    """
    found = []
    with Server() as server, tempfile.TemporaryDirectory(prefix="appconfig-env-") as folder:
        server.serve(*Cell()[:2])
        store = whole_store(Path(folder) / "trust.pem", server.ca_file)
        for has_store, ca_file in ((False, server.ca_file), (True, store)):
            environ = {
                **base_environ(Path(folder), server.url, ca_file),
                **Cell().environ(),
                "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "error",
            }
            for tool in TOOLS:
                taken = []
                wrapper = (WRAPPER,) if tool == "ours" else ()
                for _ in range(rounds):
                    taken.append(_run(environ, "memory", tool, wrapper=wrapper))
                    Path(environ["APPCONFIG_ENV_SNAPSHOT"]).unlink(missing_ok=True)
                found.append(_median(tool, has_store=has_store, taken=taken))
    return found


def _median(tool: str, *, has_store: bool, taken: list[dict[str, list[float]]]) -> Memory:
    def grown(moment: str) -> tuple[float, float]:
        private, resident = (
            median(one[moment][kind] - one["base"][kind] for one in taken) for kind in (0, 1)
        )
        return private, resident

    peak = median(one["peak"][0] - one["base"][1] for one in taken)
    return Memory(tool, has_store, grown("imported"), grown("first"), grown("refreshed"), peak)


def part_memory(found: Sequence[Memory]) -> Part:
    """Return its figures and its part of the page."""
    adds = max(one.refresh_adds[1] for one in found if one.tool == "ours")
    name = "memory that the first refresh adds, all that is resident"
    head = (
        "", "trusts", "import", "first values", "first refresh", "the refresh alone",
        "the refresh alone, resident", "peak, resident",
    )  # fmt: skip
    rows, bars = [], []
    for one in found:
        trusts = "a whole store" if one.has_store else "one certificate"
        moments = (one.imported, one.first, one.refreshed, one.refresh_adds)
        values = (*(private for private, _ in moments), one.refresh_adds[1], one.peak)
        rows.append((TOOLS[one.tool], trusts, *(f"{value:.1f}" for value in values)))
        bars.append(Bar(f"{TOOLS[one.tool]}, {trusts}", one.refreshed[0], one.tool == "ours"))
    draw = partial(pictures.bars, {"MiB of private memory added, after the first refresh": bars})
    found_ = page.Findings({"memory": page.table(head, rows)}, {"memory": draw})
    return Part([Figure(name, adds, "MiB", 8)], found_)


def _run(environ: dict[str, str], *words: str, wrapper: tuple[str, ...] = ()) -> Any:
    done = subprocess.run(
        (*wrapper, sys.executable, PROGRAM, *words),
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)
