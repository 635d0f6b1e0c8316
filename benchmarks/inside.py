"""What the helper costs inside a function's process, measured in fresh ones.

`import_ms` gives an import, `imports_ms` several in turns, `beside_peers` one read beside what else
a handler could do, from one thread and from several.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = str(ROOT / "benchmarks" / "inside_process.py")
MODULES = ("appconfig_env", "boto3", "aws_lambda_powertools.utilities.parameters")


class Reading(NamedTuple):
    """Microseconds for one read, the best of the repeats, all measured in turns in one process.

    With several threads it is the wall time of all divided by the reads of all, so a throughput:
    one interpreter lock serves them all, and a single read then takes `threads` times as long.

    Attributes:
        threads: how many read at a time.
        get: `appconfig_env.get` of a value that is fresh, through a local name.
        get_attribute: `appconfig_env.get(name)`, as handlers write it.
        environ: `os.environ[name]`.
        clock_and_dict: `time.time()` and a read of a dict, not in a function.
        clock_and_dict_function: the same in a function of one argument, as `get` is one.
        powertools: `get_parameter(name, max_age=3600)` of Powertools, from its cache.
        http_keep_alive: GET from a server like AWS's extension by http.client, one connection for
            each thread, and the value out of the JSON.
        http_urllib: the same by urllib.request, as AWS's examples do, with a connection each.
    """

    threads: int
    get: float
    get_attribute: float
    environ: float
    clock_and_dict: float
    clock_and_dict_function: float
    powertools: float
    http_keep_alive: float
    http_urllib: float


def import_ms(rounds: int, module: str = MODULES[0]) -> list[float]:
    """Milliseconds of `import MODULE` where the runtime client is loaded; a process each."""
    return imports_ms(rounds, (module,))[module]


def imports_ms(rounds: int, modules: Sequence[str] = MODULES) -> dict[str, list[float]]:
    """The same of several modules, in turns."""
    found: dict[str, list[float]] = {module: [] for module in modules}
    for _ in range(rounds + 1):
        for module, taken in found.items():
            taken.append(_run("import", {}, module)["milliseconds"])
    return {module: taken[1:] for module, taken in found.items()}  # the first may have compiled


def beside_peers(repeats: int = 5, threads: Sequence[int] = (1, 8)) -> list[Reading]:
    """What one read takes beside what else a handler could do; one Reading for each of `threads`.

    Needs Powertools.
    """
    from .http_agent import HttpAgent

    with tempfile.TemporaryDirectory(prefix="appconfig-env-") as folder, HttpAgent() as agent:
        environ = {
            **_environ(folder),
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2Vj" + 60 * "EXAMPLETOKEN1234",
            "AWS_ENDPOINT_URL_SSM": f"http://127.0.0.1:{agent.port}",
            "PORT": str(agent.port),
        }
        numbers = ",".join(map(str, threads))
        found = _run("get", environ, str(repeats), numbers)["readings"]
    return [Reading(**one) for one in found]


def _environ(folder: str) -> dict[str, str]:
    """Of a function whose one value is in `folder` and stays fresh for an hour."""
    (Path(folder) / "ssm.json").write_text('{"/shop/prod/db/host": "localhost"}')
    return {
        "APPCONFIG_ENV_LOCAL_DIR": folder,
        "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/",
        "APPCONFIG_ENV_SNAPSHOT": str(Path(folder) / "snapshot.json"),
        "AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS": "1h",
        "SSM_PARAMETER_STORE_TTL": "3600",
        "DB_USER": "somebody",
    }


def _run(what: str, environ: dict[str, str], *words: str) -> dict[str, Any]:
    done = subprocess.run(
        (sys.executable, PROGRAM, what, *words),
        env={"PATH": os.defpath, **environ},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found
