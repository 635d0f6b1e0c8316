"""What runs in the fresh processes of `handler`: reads in turns, or a tool's moments.

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
    import timeit
    from functools import partial

    names = _names()
    found = []
    for number in map(int, threads.split(",")):
        best = dict.fromkeys(WAYS, float("inf"))
        for _ in range(int(repeats)):
            for kind, (_, statement) in WAYS.items():  # in turns
                # For many threads about as much work as for one.
                loops = max(LOOPS.get(kind, MOST_LOOPS) * 2 // (number + 1), 10)
                timer = timeit.Timer(statement, globals=names)
                seconds = _wall_seconds(partial(timer.timeit, loops), number)
                best[kind] = min(best[kind], 1e6 * seconds / (loops * number))
        found.append({"threads": number, **best})
    return found


def _wall_seconds(work: Callable[[], object], number: int) -> float:
    """Return the time from the first beginning of `work` to its last end, in so many threads."""
    import threading

    times: list[float] = []
    barrier = threading.Barrier(number)

    def timed() -> None:
        barrier.wait()
        began = time.perf_counter()
        work()
        times.extend((began, time.perf_counter()))

    workers = [threading.Thread(target=timed) for _ in range(number - 1)]
    for worker in workers:
        worker.start()
    timed()
    for worker in workers:
        worker.join()
    return max(times) - min(times)


def _names() -> dict[str, Any]:
    """Return what the statements read with, all of it filled."""
    import http.client
    import threading
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
    return names


def times(tool: str) -> dict[str, float]:
    """Return the milliseconds that a tool takes to each moment, from the one before."""
    found, before = {}, time.perf_counter()
    for moment in TOOLS[tool]():
        found[moment] = 1000 * (time.perf_counter() - before)
        before = time.perf_counter()
    return found


def calls(tool: str) -> dict[str, int]:
    """Return the calls of Python functions to each moment, the same ones on every machine.

    No other thread can be started, so that all work is done in this one, in one order.
    """
    import _thread

    found, count = {}, 0

    def no_thread(*_: object) -> None:
        raise RuntimeError

    def profile(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    _thread.start_new_thread = no_thread  # type: ignore[assignment]
    sys.setprofile(profile)
    for moment in TOOLS[tool]():
        found[moment] = count - 1  # the generator
        count = 0
    sys.setprofile(None)
    return found


def memory(tool: str) -> dict[str, list[float]]:
    """Return the private and the resident MiB at each moment of a tool, and its peak."""
    usage()  # what reading takes is there from now on
    found = {"base": usage()}
    # The peak begins to count here; where that is not allowed it is that since the start.
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    for moment in TOOLS[tool]():
        found[moment] = usage()
    found["peak"] = [_sizes("/proc/self/status")["VmHWM"]]
    return found


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


def usage() -> list[float]:
    """Return the private and the resident MiB now, without garbage."""
    gc.collect()
    sizes = _sizes("/proc/self/smaps_rollup")
    return [sizes["Private_Clean"] + sizes["Private_Dirty"], sizes["Rss"]]


def _sizes(path: str) -> dict[str, float]:
    words = [line.split() for line in Path(path).read_text().splitlines() if line.endswith(" kB")]
    return {line[0].rstrip(":"): int(line[1]) / 1024 for line in words}


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # as /opt/python with the layer
    import awslambdaric.bootstrap  # noqa: F401 - as the runtime has it loaded when a handler is imported

    commands: dict[str, Callable[..., object]] = {
        "times": times, "calls": calls, "reads": reads, "memory": memory,
    }  # fmt: skip
    print(json.dumps(commands[sys.argv[1]](*sys.argv[2:])))
