"""Counts what a cold start does: modules, files and calls, the same on every machine.

`python -m tests.support.cold_start` writes cold_start.json, which test_cold_start.py compares
with. Calls are calls of Python and C functions in one thread: if no other thread can be started,
all work is done in the first one, in an order that does not depend on the network.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .fake_aws import FakeAws
from .life import IN_LAMBDA
from .paths import ROOT
from .pythons import PYTHONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    Counts = dict[str, int]

COUNTED = Path(__file__).with_name("cold_start.json")

SOURCES = "appconfig:shop/prod/app appconfig:shop/prod/flags ssm:/shop/prod/"

COUNT = """
import _thread, gc, os, sys

gc.disable()  # as __main__.py does

def no_thread(*_):
    raise RuntimeError

_thread.start_new_thread = no_thread
counts = dict.fromkeys(("modules", "files", "calls"), 0)

def audit(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        counts["files"] += 1

def profile(frame, event, argument):
    if event in ("call", "c_call"):
        counts["calls"] += 1

before = set(sys.modules)
sys.addaudithook(audit)
sys.setprofile(profile)
{run}
sys.setprofile(None)
counts["modules"] = len(set(sys.modules) - before)
print(counts)
"""
WRAPPER = """
# The package without its __init__, as __main__.py has it.
sys.modules["appconfig_env"] = package = type(sys)("appconfig_env")
package.__path__ = [sys.argv[1] + "/appconfig_env"]
import appconfig_env._cli.main, appconfig_env._late_site
from appconfig_env._wrapper.main import main
main(["/bin/true"], dict(os.environ), execve=lambda path, words, environ: None)
"""
IMPORT = """
sys.path.insert(0, sys.argv[1])
import appconfig_env
"""
GET = (
    IMPORT
    + """
assert appconfig_env.get("P0") == "value 0"
"""
)
HUNDRED = (
    GET
    + """
counts["calls"] = -1  # without the one that ends the counting
for _ in range(100):
    appconfig_env.get("P0")
"""
)


def count(run: str, environ: Mapping[str, str], python: str) -> Counts:
    """Count what `run` does in a new interpreter, in its second run: the first one may compile."""
    command = [python, "-I", "-S", "-c", COUNT.format(run=run), str(ROOT)]
    for _ in range(2):
        Path(environ.get("APPCONFIG_ENV_SNAPSHOT", "/nowhere")).unlink(missing_ok=True)
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
    counts: Counts = json.loads(done.stdout.replace("'", '"'))
    return counts


def fill(aws: FakeAws) -> None:
    """Store two profiles and twenty parameters, as in the benchmarks."""
    aws.put_profile("shop", "prod", "app", {"greeting": "hello", "limits": {"rate": 10}})
    aws.put_profile("shop", "prod", "flags", {"checkout": {"enabled": True}})
    for number in range(20):
        aws.put_parameter(f"/shop/prod/p{number}", f"value {number}")


def measure(aws: FakeAws, folder: Path, python: str) -> dict[str, Counts]:
    """All counts of one interpreter."""
    environ = {
        **aws.environ(),
        "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json"),
        "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "warn",
        # As long as Lambda has: a busy machine does the same, only later.
        **IN_LAMBDA,
    }
    with_sources = {
        **environ,
        "APPCONFIG_ENV_SOURCES": SOURCES,
    }
    counts = {
        "a cold start with nothing to read": count(WRAPPER, environ, python),
        "a cold start with 2 profiles and 20 parameters": count(WRAPPER, with_sources, python),
        "importing the helper": count(IMPORT, environ, python),
        "importing the helper and a first get() without the wrapper": count(
            GET, with_sources, python
        ),
    }
    hundred = count(HUNDRED, with_sources, python)["calls"]
    counts["100 calls of get() with a fresh value"] = {"calls": hundred}
    return counts


def main() -> None:
    """Count with every available interpreter, and write the results."""
    with FakeAws(tls=True) as aws, tempfile.TemporaryDirectory() as folder:
        fill(aws)
        recorded = json.loads(COUNTED.read_text()) if COUNTED.exists() else {}
        for version, python in PYTHONS.items():
            recorded[version] = measure(aws, Path(folder), python)
    COUNTED.write_text(json.dumps(dict(sorted(recorded.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()
