"""What runs in the fresh processes of `inside`: one import, or reads in turns.

`python inside_process.py import MODULE`, or `python inside_process.py get REPEATS THREADS`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import timeit
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# How many reads one timing has; an HTTP GET takes about a thousand times as long as the others.
LOOPS = {"http_keep_alive": 200, "http_urllib": 100, "powertools": 4_000}
MOST_LOOPS = 20_000
STATEMENTS = {
    "get": "get('DB_HOST')",
    "get_attribute": "appconfig_env.get('DB_HOST')",
    "environ": "environ['DB_USER']",
    "clock_and_dict": "clock(); values['DB_HOST']",
    "clock_and_dict_function": "read('DB_HOST')",
    "powertools": "get_parameter(NAME, max_age=3600)",
    "http_keep_alive": "get_kept()",
    "http_urllib": "get_anew()",
}


def _import(module: str) -> dict[str, Any]:
    import awslambdaric.bootstrap  # noqa: F401 - as the runtime has it loaded when a handler is imported

    began = time.perf_counter_ns()
    import_module(module)
    took = time.perf_counter_ns() - began
    return {"milliseconds": took / 1e6}


def _get(repeats: int, threads: list[int]) -> dict[str, Any]:
    names = _names()
    best = [dict.fromkeys(STATEMENTS, float("inf")) for _ in threads]
    for _ in range(repeats):
        for number, found in zip(threads, best, strict=True):
            for kind, statement in STATEMENTS.items():  # in turns
                # For many threads about as much work as for one.
                loops = max(LOOPS.get(kind, MOST_LOOPS) * 2 // (number + 1), 10)
                timer = timeit.Timer(statement, globals=names)
                seconds = _wall_seconds(partial(timer.timeit, loops), number)
                found[kind] = min(found[kind], 1e6 * seconds / (loops * number))
    return {
        "readings": [
            {"threads": number, **found} for number, found in zip(threads, best, strict=True)
        ]
    }


def _wall_seconds(work: Callable[[], object], number: int) -> float:
    """From the first beginning of `work` to its last end, in so many threads."""
    if number == 1:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began
    times: list[float] = []
    barrier = threading.Barrier(number)

    def timed() -> None:
        barrier.wait()
        began = time.perf_counter()
        work()
        times.extend((began, time.perf_counter()))

    workers = [threading.Thread(target=timed) for _ in range(number)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return max(times) - min(times)


def _names() -> dict[str, Any]:
    """What the statements read with, all of it fed."""
    import appconfig_env

    assert appconfig_env.get("DB_HOST") == "localhost"
    clock, values = time.time, {"DB_HOST": "localhost"}

    def read(name: str) -> str:
        clock()
        return values[name]

    return {
        "appconfig_env": appconfig_env,
        "get": appconfig_env.get,
        "environ": os.environ,
        "clock": clock,
        "values": values,
        "read": read,
        **_peers(),
    }


def _peers() -> dict[str, Any]:
    import http.client
    import urllib.request

    from aws_lambda_powertools.utilities.parameters import get_parameter

    from benchmarks.http_agent import NAME, TARGET, TOKEN_HEADER

    port = int(os.environ["PORT"])
    kept = threading.local()

    def get_kept() -> str:
        if not hasattr(kept, "connection"):
            kept.connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {TOKEN_HEADER: os.environ["AWS_SESSION_TOKEN"]}
        kept.connection.request("GET", TARGET, headers=headers)
        found: str = json.loads(kept.connection.getresponse().read())["Parameter"]["Value"]
        return found

    def get_anew() -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{TARGET}")
        request.add_header(TOKEN_HEADER, os.environ["AWS_SESSION_TOKEN"])
        with urllib.request.urlopen(request) as answer:
            found: str = json.loads(answer.read())["Parameter"]["Value"]
        return found

    assert get_parameter(NAME, max_age=3600) == get_kept() == get_anew() == "localhost"
    return {
        "NAME": NAME,
        "get_parameter": get_parameter,
        "get_kept": get_kept,
        "get_anew": get_anew,
    }


def _main(what: str, *words: str) -> dict[str, Any]:
    if what == "import":
        return _import(*words)
    repeats, threads = words
    return _get(int(repeats), [int(one) for one in threads.split(",")])


if __name__ == "__main__":
    # As /opt/python stands on the path of a function with the layer.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    print(json.dumps(_main(*sys.argv[1:])))
