"""What the helper costs inside a function's process, measured in fresh ones.

This file is also what runs in them: `python inside.py import` or `python inside.py get`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import timeit
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOOPS = 20_000


class Reads(NamedTuple):
    """Microseconds for one read, the best of the repeats: what disturbs only ever adds.

    Attributes:
        get: `appconfig_env.get(name)` of a value that is fresh.
        environ: `os.environ[name]`.
        clock_and_dict: `time.time()` and a read of a dict, below which no such function can come.
    """

    get: float
    environ: float
    clock_and_dict: float


def import_ms(rounds: int) -> list[float]:
    """Milliseconds of `import appconfig_env` where the runtime client is loaded; a process each."""
    taken = [_run("import", {})["milliseconds"] for _ in range(rounds + 1)]
    return taken[1:]  # the first may have compiled


def reads(repeats: int) -> Reads:
    """What one read takes."""
    with tempfile.TemporaryDirectory(prefix="appconfig-env-") as folder:
        (Path(folder) / "ssm.json").write_text('{"/shop/prod/db/host": "localhost"}')
        environ = {
            "APPCONFIG_ENV_LOCAL_DIR": folder,
            "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/",
            "APPCONFIG_ENV_SNAPSHOT": str(Path(folder) / "snapshot.json"),
            "AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS": "1h",
            "SSM_PARAMETER_STORE_TTL": "3600",
            "DB_USER": "somebody",
        }
        return Reads(**_run("get", environ, str(repeats)))


def _run(what: str, environ: dict[str, str], *words: str) -> dict[str, float]:
    done = subprocess.run(
        (sys.executable, str(Path(__file__).resolve()), what, *words),
        env={"PATH": os.defpath, **environ},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _import() -> dict[str, float]:
    import awslambdaric.bootstrap  # noqa: F401 - as the runtime has it loaded when a handler is imported

    began = time.perf_counter_ns()
    import appconfig_env  # noqa: F401

    took = time.perf_counter_ns() - began
    return {"milliseconds": took / 1e6}


def _get(repeats: int) -> dict[str, float]:
    import appconfig_env

    assert appconfig_env.get("DB_HOST") == "localhost"
    names = {
        "get": appconfig_env.get,
        "environ": os.environ,
        "clock": time.time,
        "values": {"DB_HOST": "localhost"},
    }
    statements = {
        "get": "get('DB_HOST')",
        "environ": "environ['DB_USER']",
        "clock_and_dict": "clock(); values['DB_HOST']",
    }
    best = dict.fromkeys(statements, float("inf"))
    for _ in range(repeats):
        for name, statement in statements.items():  # in turns
            taken = timeit.timeit(statement, globals=names, number=LOOPS)
            best[name] = min(best[name], 1e6 * taken / LOOPS)
    return best


if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # as /opt/python stands on the path of a function with the layer
    print(json.dumps(_import() if sys.argv[1] == "import" else _get(int(sys.argv[2]))))
