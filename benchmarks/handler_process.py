"""What runs in the fresh processes of `handler`: alternating reads, or a tool's moments.

`python handler_process.py reads REPEATS THREADS` or `... KIND TOOL`, where KIND is times, calls or
memory. Imports are late, so that a tool does not find loaded what it would have to load itself.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    import timeit
    from collections.abc import Callable, Iterator
    from typing import Any

PATH = "/shop/prod/"
# How many reads one timing has; an HTTP GET takes about a thousand times as long as the others.
LOOPS = {"http_keep_alive": 200, "http_urllib": 100, "powertools": 4_000}
MOST_LOOPS = 20_000
WAYS = {  # by key the name, and what is timed
    "get": ("`get`, as a local name", "get('P1')"),
    "get_attribute": ("`appconfig_env.get(name)`", "appconfig_env.get('P1')"),
    "environ": ("`os.environ[name]`", "environ['DB_USER']"),
    "clock_and_dict": ("a clock and a dict", "clock(); values['P1']"),
    "clock_and_dict_function": ("the same in a function", "read('P1')"),
    "powertools": ("Powertools, from its cache", f"get_parameter('{PATH}p1', max_age=3600)"),
    "http_keep_alive": ("HTTP to an agent, connection kept", "over_kept_connection()"),
    "http_urllib": ("HTTP to an agent, by urllib", "by_urllib()"),
}


def reads(repeats: str, threads: str) -> list[dict[str, float]]:
    """Return the best microseconds for one read, each way, for each number of threads."""
    from concurrent.futures import ThreadPoolExecutor
    from functools import partial
    from threading import Barrier

    def timed(timer: timeit.Timer, loops: int, barrier: Barrier) -> tuple[float, float]:
        barrier.wait()
        began = time.perf_counter()
        timer.timeit(loops)
        return began, time.perf_counter()

    timers = _timers()
    found = []
    for number in map(int, threads.split(",")):
        best = dict.fromkeys(WAYS, float("inf"))
        with ThreadPoolExecutor(number) as pool:
            for kind in [*WAYS] * int(repeats):  # alternately
                # For many threads about as much work as for one.
                loops = max(LOOPS.get(kind, MOST_LOOPS) * 2 // (number + 1), 10)
                work = partial(timed, timers[kind], loops, Barrier(number))
                jobs = [pool.submit(work) for _ in range(number)]
                began, ended = zip(*(job.result() for job in jobs), strict=True)
                taken = 1e6 * (max(ended) - min(began)) / (loops * number)
                best[kind] = min(best[kind], taken)
        found.append({"threads": number, **best})
    return found


def _timers() -> dict[str, Any]:
    """Return what times each way; all that they read is filled."""
    import http.client
    import threading
    import timeit
    import urllib.request

    from aws_lambda_powertools.utilities.parameters import get_parameter

    import appconfig_env
    from benchmarks.responses import AGENT_PATH, AGENT_TOKEN_HEADER

    clock, values, kept = time.time, {"P1": "value 1"}, threading.local()
    port, target = int(os.environ["AGENT_PORT"]), f"{AGENT_PATH}?name=%2Fshop%2Fprod%2Fp1"
    headers = {AGENT_TOKEN_HEADER: os.environ["AWS_SESSION_TOKEN"]}

    def read(name: str) -> str:
        clock()
        return values[name]

    def value(body: bytes) -> str:
        found: str = json.loads(body)["Parameter"]["Value"]
        return found

    def over_kept_connection() -> str:
        if not hasattr(kept, "connection"):
            kept.connection = http.client.HTTPConnection("127.0.0.1", port)
        kept.connection.request("GET", target, headers=headers)
        return value(kept.connection.getresponse().read())

    def by_urllib() -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{target}", headers=headers)
        with urllib.request.urlopen(request) as response:
            return value(response.read())

    names = {
        "appconfig_env": appconfig_env,
        "get": appconfig_env.get,
        "environ": os.environ,
        "clock": clock,
        "values": values,
        "read": read,
        "get_parameter": get_parameter,
        "over_kept_connection": over_kept_connection,
        "by_urllib": by_urllib,
    }
    for _, statement in WAYS.values():
        last = statement.rpartition("; ")[2]
        assert "environ[" in last or eval(last, names) == "value 1"
    return {kind: timeit.Timer(one, globals=names) for kind, (_, one) in WAYS.items()}


def moments(sample: Callable[[], object], tool: str) -> dict[str, object]:
    """Return a sample before a tool begins and one at each of its moments."""
    found = {"base": sample()}
    for moment in TOOLS[tool]():
        found[moment] = sample()
    return found


def count_calls() -> Callable[[], int]:
    """Return what samples the calls of Python functions, the same ones on every machine.

    No other thread can be started, so that all work is done in this one, in one order.
    """
    import _thread

    count = 0

    def no_thread(*_: object) -> None:
        raise RuntimeError

    def profile(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    def sample() -> int:
        nonlocal count
        count -= 2  # this call, and the generator's
        return count

    _thread.start_new_thread = no_thread  # type: ignore[assignment]
    sys.setprofile(profile)
    return sample


def measure_memory() -> Callable[[], list[float]]:
    """Return what samples the private and the resident MiB, without garbage, and the peak."""

    def sizes(path: str) -> dict[str, float]:
        lines = Path(path).read_text().splitlines()
        words = [line.split() for line in lines if line.endswith(" kB")]
        return {line[0].rstrip(":"): int(line[1]) / 1024 for line in words}

    def sample() -> list[float]:
        gc.collect()
        now, peak = sizes("/proc/self/smaps_rollup"), sizes("/proc/self/status")["VmHWM"]
        return [now["Private_Clean"] + now["Private_Dirty"], now["Rss"], peak]

    sample()  # what reading takes is there from now on
    # The peak begins to count here; where that is not allowed it is that since the start.
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return sample


def _ours() -> Iterator[str]:
    """This tool: the wrapper has left its snapshot."""
    import appconfig_env

    yield "imported"
    assert appconfig_env.get("P19") == "value 19"
    yield "first"
    appconfig_env.refresh()
    yield "refreshed"
    assert all(one["last_error"] is None for one in appconfig_env.status().values())


def _boto3() -> Iterator[str]:
    """A poll as one writes it with boto3: a session for each profile, all pages of the path."""
    import boto3  # noqa: F401

    yield "imported"
    from benchmarks.boto3_wrapper import Reader

    reader = Reader(dict(os.environ))
    for moment in ("first", "refreshed"):
        assert reader.read()["P19"] == "value 19"
        yield moment


def _powertools() -> Iterator[str]:
    """Powertools' parameters, and the same once more past its cache."""
    from aws_lambda_powertools.utilities import parameters

    yield "imported"
    for moment in ("first", "refreshed"):  # by the functions that handlers use, not by one session
        again = moment == "refreshed"
        for name in ("app", "flags"):
            parameters.get_app_config(
                name, environment="prod", application="shop", transform="json", force_fetch=again
            )
        found = parameters.get_parameters(PATH, recursive=True, decrypt=True, force_fetch=again)
        assert found["p19"] == "value 19"
        yield moment


TOOLS = {"ours": _ours, "boto3": _boto3, "powertools": _powertools}
KINDS: dict[str, Callable[[], Callable[[], object]]] = {
    "times": lambda: time.perf_counter, "calls": count_calls, "memory": measure_memory,
}  # fmt: skip


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # as /opt/python with the layer
    import awslambdaric.bootstrap  # noqa: F401 - as the runtime has it loaded when a handler is imported

    kind, *words = sys.argv[1:]
    found = reads(*words) if kind == "reads" else moments(KINDS[kind](), *words)
    sys.setprofile(None)
    print(json.dumps(found))
