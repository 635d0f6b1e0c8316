"""Child or thread: when a deferred secret is there, and when the function's init is done.

The child is what the wrapper leaves running for sources with `env=no`. The thread is the
alternative: the function's import of the helper starts it, in the init phase. No other thing
differs; with AWS_LAMBDA_MAX_CONCURRENCY the wrapper leaves no child.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import product
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from . import layers
from .contenders import Cell
from .figures import Figure
from .page import Findings, table

if TYPE_CHECKING:
    from .starts import Bench

INIT_MS = (0, 100)  # CPU of the function's own init
SECRET_MS = (5, 20, 100)  # until AWS has answered for the secret
WAYS = ("child", "thread")
# Its init ends, then it needs the secret. thread_time: the helper's thread does not do its work.
FUNCTION = """
import sys, time
way, python, init_ms = sys.argv[1:]
sys.path.insert(0, python)
import json, logging, threading  # as the runtime has them loaded
import appconfig_env
if way == "thread":
    import _thread
    _thread.start_new_thread(appconfig_env.get, ("SECRET",))
end = time.thread_time() + int(init_ms) / 1000
while time.thread_time() < end:
    pass
ready = time.monotonic()
assert appconfig_env.get("SECRET") == "secret value"
print(json.dumps([ready, time.monotonic()]))
"""


class Row(NamedTuple):
    """Medians for one init and one response, by way: milliseconds since the wrapper was started."""

    init_ms: int
    secret_ms: int
    ready: dict[str, float]
    there: dict[str, float]

    @property
    def earlier(self) -> float:
        """How much earlier the secret is there with the child."""
        return self.there["thread"] - self.there["child"]


def measure(bench: Bench, rounds: int) -> list[Row]:
    """Start the function both ways in turns, out of a layer; a path of parameters is awaited."""
    wrapper = layers.unpacked(bench.folder / "child", bench.server.ca_file)
    python = str(bench.folder / "child" / "python")
    environ = {
        **bench.environ,
        **Cell(0, 1).environ(),
        "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "error",
    }
    environ["APPCONFIG_ENV_SOURCES"] += " secretsmanager:late?env=no&as=SECRET"
    environs = {"child": environ, "thread": {**environ, "AWS_LAMBDA_MAX_CONCURRENCY": "1"}}
    found = []
    for init_ms, secret_ms in product(INIT_MS, SECRET_MS):
        bench.server.serve(0, 1, secret_ms=secret_ms)
        times: dict[str, list[list[float]]] = {way: [] for way in WAYS}
        for number in bench.each(f"{init_ms} and {secret_ms} ms, round", range(rounds)):
            for way in WAYS if number % 2 else reversed(WAYS):
                words = (way, python, str(init_ms))
                command = (wrapper, sys.executable, "-S", "-c", FUNCTION, *words)
                began = time.monotonic()
                done = subprocess.run(
                    command, env=environs[way], stdout=subprocess.PIPE, text=True, check=True
                )
                times[way].append([1000 * (one - began) for one in json.loads(done.stdout)])
                bench.forget()
        ready, there = (
            {way: median(one[moment] for one in times[way]) for way in WAYS} for moment in (0, 1)
        )
        found.append(Row(init_ms, secret_ms, ready, there))
    return found


def part(found: list[Row]) -> Findings:
    """Return its figures and its part of the page; no target holds for it."""
    head = ("", *(f"{what}, {way}" for what in ("init ends", "secret there") for way in WAYS))
    rows = [
        (
            f"init of {row.init_ms} ms, AWS responds after {row.secret_ms} ms",
            *(f"{ms:.1f}" for ms in (*row.ready.values(), *row.there.values())),
        )
        for row in found
    ]
    earlier = [row.earlier for row in found]
    marked = {
        "child-least": f"{min(earlier):.0f} ms",
        "child-most": f"{max(earlier):.0f} ms",
        "child": table(head, rows),
    }
    name = "secret there earlier with the child than with a thread, at least"
    return Findings(marked, figures=[Figure(name, min(earlier), "ms")])
