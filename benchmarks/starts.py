"""Cold starts as Lambda makes them: this wrapper, the classic one and none, in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import botocore

from .server import Counts, Server

ROOT = Path(__file__).resolve().parent.parent
WRAPPER = str(ROOT / "wrapper" / "appconfig-env")
CLASSIC = str(ROOT / "benchmarks" / "boto3_wrapper.py")
SOURCES = "appconfig:shop/prod/app appconfig:shop/prod/flags ssm:/shop/prod/"
# The runtime's own command names its interpreter, by which the wrapper finds one.
NOTHING = (sys.executable, "-I", "-S", "-c", "pass")
SHOW = (sys.executable, "-I", "-S", "-c", "import json, os; print(json.dumps(dict(os.environ)))")


class Starts(NamedTuple):
    """Wall times of one run, in milliseconds, one for each round.

    Attributes:
        direct: the command itself.
        idle: this wrapper with nothing to read, then the command.
        ours: this wrapper with two profiles and twenty parameters, then the command.
        classic: the wrapper on boto3 with the same, then the command.
        ours_trusting, classic_trusting: the same two with a trust store of the usual size, such as
            a function without AWS_CA_BUNDLE has.
        counts: what one start of ours asked the server for.
        classic_counts: what one start of the classic asked for.
        variables: how many variables both set, to the same values.
        modules: how many modules ours imports beyond those of a bare interpreter, with something to
            read and without.
    """

    direct: list[float]
    idle: list[float]
    ours: list[float]
    classic: list[float]
    ours_trusting: list[float]
    classic_trusting: list[float]
    counts: Counts
    classic_counts: Counts
    variables: int
    modules: int
    idle_modules: int

    def added(self, times: list[float]) -> float:
        """The milliseconds that a wrapper adds: its median less that of the command itself."""
        return median(times) - median(self.direct)


def measure(rounds: int) -> Starts:
    """Start each of the six `rounds` times, in turns, after one start of each that does not count.

    Raises:
        RuntimeError: one of them failed, or the two wrappers did not set the same variables.
    """
    with Server() as server, tempfile.TemporaryDirectory(prefix="appconfig-env-") as folder:
        snapshot = Path(folder) / "snapshot.json"
        bare = {"PATH": os.defpath, "HOME": folder}
        environ = {
            **bare,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2Vj" + 60 * "EXAMPLETOKEN1234",
            "AWS_ENDPOINT_URL": server.url,
            "AWS_CA_BUNDLE": server.ca_file,
            "APPCONFIG_ENV_SNAPSHOT": str(snapshot),
        }
        trust_store = Path(folder) / "trust.pem"
        usual = Path(botocore.__file__).parent / "cacert.pem"
        trust_store.write_bytes(usual.read_bytes() + Path(server.ca_file).read_bytes())
        trusting = {"AWS_CA_BUNDLE": str(trust_store)}
        with_sources = {**environ, "APPCONFIG_ENV_SOURCES": SOURCES}
        classic = (sys.executable, CLASSIC)

        variables = _shown((WRAPPER,), with_sources)
        snapshot.unlink()
        counts = server.counts()
        require_same(variables, _shown(classic, environ))
        classic_counts = server.counts()
        idle_modules = _modules(environ)
        modules = _modules(with_sources)
        snapshot.unlink()

        starts = {
            "direct": (NOTHING, environ),
            "idle": ((WRAPPER, *NOTHING), environ),
            "ours": ((WRAPPER, *NOTHING), with_sources),
            "classic": ((*classic, *NOTHING), environ),
            "ours_trusting": ((WRAPPER, *NOTHING), {**with_sources, **trusting}),
            "classic_trusting": ((*classic, *NOTHING), {**environ, **trusting}),
        }
        times: dict[str, list[float]] = {name: [] for name in starts}
        for number in range(rounds + 1):
            for name, (command, variables_of_it) in starts.items():
                taken = _wall_ms(command, variables_of_it)
                snapshot.unlink(missing_ok=True)  # it would save the next start its calls
                if number:
                    times[name].append(taken)
    return Starts(
        **times,
        counts=counts,
        classic_counts=classic_counts,
        variables=len(_set(variables)),
        modules=modules,
        idle_modules=idle_modules,
    )


def require_same(ours: dict[str, str], theirs: dict[str, str]) -> None:
    """Refuse to compare what does not do the same.

    Raises:
        RuntimeError: the two wrappers did not set the same variables for the function.
    """
    ours, theirs = _set(ours), _set(theirs)
    if ours != theirs:
        names = {name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)}
        raise RuntimeError(f"the wrappers do not agree on {', '.join(sorted(names))}")


def _wall_ms(command: tuple[str, ...], environ: dict[str, str]) -> float:
    began = time.perf_counter_ns()
    # Bare posix_spawn: subprocess would add its own reading of pipes.
    quiet = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(command[0], command, environ, file_actions=quiet)
    _, status = os.waitpid(process, 0)
    took = time.perf_counter_ns() - began
    if status:
        raise RuntimeError(f"{command[0]} failed with {os.waitstatus_to_exitcode(status)}")
    return took / 1e6


def _shown(wrapper: tuple[str, ...], environ: dict[str, str]) -> dict[str, str]:
    """The environment that a command gets from a wrapper."""
    done = subprocess.run(
        (*wrapper, *SHOW), env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{wrapper[-1]} failed: {done.stderr}")
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _set(environ: dict[str, str]) -> dict[str, str]:
    """The variables that a wrapper has set for the function, not for itself."""
    own = ("AWS_", "APPCONFIG_ENV_", "_APPCONFIG_ENV", "LC_", "PATH", "HOME", "PWD", "SHLVL")
    return {name: value for name, value in environ.items() if not name.startswith(own)}


def _modules(environ: dict[str, str]) -> int:
    """How many modules one start imports beyond those of a bare interpreter."""
    program = str(ROOT / "appconfig_env" / "__main__.py")
    return _imported((program, "/bin/true"), environ) - _imported(("-c", "pass"), environ)


def _imported(words: tuple[str, ...], environ: dict[str, str]) -> int:
    done = subprocess.run(
        (sys.executable, "-I", "-S", "-X", "importtime", *words),
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return sum(line.startswith("import time:") for line in done.stderr.splitlines()) - 1
