"""What runs in the fresh processes of `handler`: one import, reads in turns, or memory by moments.

`python handler_process.py import MODULE`, `... reads REPEATS THREADS` or `... memory TOOL`. Imports
are late, so that a tool does not find loaded what it would have to load itself.
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
    from collections.abc import Callable
    from typing import Any

PATH = "/shop/prod/"
# How many reads one timing has; an HTTP GET takes about a thousand times as long as the others.
LOOPS = {"http_keep_alive": 200, "http_urllib": 100, "powertools": 4_000}
MOST_LOOPS = 20_000
STATEMENTS = {
    "get": "get('P1')",
    "get_attribute": "appconfig_env.get('P1')",
    "environ": "environ['DB_USER']",
    "clock_and_dict": "clock(); values['P1']",
    "clock_and_dict_function": "read('P1')",
    "powertools": f"get_parameter('{PATH}p1', max_age=3600)",
    "http_keep_alive": "over_kept_connection()",
    "http_urllib": "by_urllib()",
}


def imported(module: str) -> float:
    """Return the milliseconds of an import."""
    from importlib import import_module

    began = time.perf_counter_ns()
    import_module(module)
    return (time.perf_counter_ns() - began) / 1e6


def reads(repeats: str, threads: str) -> list[dict[str, float]]:
    """Return the best microseconds for one read, each way, for each number of threads."""
    import timeit
    from functools import partial

    names = _names()
    found = []
    for number in map(int, threads.split(",")):
        best = dict.fromkeys(STATEMENTS, float("inf"))
        for _ in range(int(repeats)):
            for kind, statement in STATEMENTS.items():  # in turns
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
    from benchmarks.answers import AGENT_PATH, AGENT_TOKEN_HEADER

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
        with urllib.request.urlopen(request) as answer:
            return value(answer.read())

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
    for statement in STATEMENTS.values():
        last = statement.rpartition("; ")[2]
        assert "environ[" in last or eval(last, names) == "value 1"
    return names


Moments = dict[str, list[float]]


def memory(tool: str) -> Moments:
    """Return the private and the resident MiB at each moment of a tool, and its peak."""
    usage()  # what reading takes is there from now on
    moments = {"base": usage()}
    # The peak begins to count here; where that is not allowed it is that since the start.
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    TOOLS[tool](moments)
    moments["peak"] = [_sizes("/proc/self/status")["VmHWM"]]
    return moments


def _ours(moments: Moments) -> None:
    """This tool: the wrapper has left its snapshot."""
    import appconfig_env

    moments["imported"] = usage()
    assert appconfig_env.get("P19") == "value 19"
    moments["first"] = usage()
    appconfig_env.refresh()
    assert all(one["last_error"] is None for one in appconfig_env.status().values())
    moments["refreshed"] = usage()


def _boto3(moments: Moments) -> None:
    """A poll as one writes it with boto3: a session for each profile, all pages of the path."""
    import boto3  # noqa: F401

    moments["imported"] = usage()
    from benchmarks.boto3_wrapper import Reader

    reader = Reader(dict(os.environ))
    for moment in ("first", "refreshed"):
        assert reader.read()["P19"] == "value 19"
        moments[moment] = usage()


def _powertools(moments: Moments) -> None:
    """Powertools' parameters, and the same once more past its cache."""
    from aws_lambda_powertools.utilities import parameters

    moments["imported"] = usage()
    for moment in ("first", "refreshed"):  # by the functions that handlers use, not by one session
        again = moment == "refreshed"
        for name in ("app", "flags"):
            parameters.get_app_config(
                name, environment="prod", application="shop", transform="json", force_fetch=again
            )
        found = parameters.get_parameters(PATH, recursive=True, decrypt=True, force_fetch=again)
        assert found["p19"] == "value 19"
        moments[moment] = usage()


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
        "import": imported, "reads": reads, "memory": memory,
    }  # fmt: skip
    print(json.dumps(commands[sys.argv[1]](*sys.argv[2:])))
