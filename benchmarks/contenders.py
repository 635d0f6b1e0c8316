"""What is compared: how each wrapper is started, and that all of them do the same in a cell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from .responses import APPLICATION, PATH, documents, parameter_name

ROOT = Path(__file__).resolve().parent.parent
WRAPPER = str(ROOT / "wrapper" / "appconfig-env")
PROGRAM = str(ROOT / "appconfig_env" / "__main__.py")
# The runtime's own command names its interpreter, by which the wrapper finds one.
NOTHING = (sys.executable, "-I", "-S", "-c", "pass")
SHOW = (sys.executable, "-I", "-S", "-c", "import json, os; print(json.dumps(dict(os.environ)))")
# What was set before, or is the wrappers' own business.
OWN = (
    "AWS_", "APPCONFIG_ENV_", "_APPCONFIG_ENV", "PREFETCH_", "LC_", "PATH", "HOME", "PWD", "SHLVL"
)  # fmt: skip


def _launch(folder: Path, module: str, *, site: bool, collects: bool = True) -> tuple[str, ...]:
    """Return a command for `main` in a module: imported, so that it is not compiled each time."""
    first = "" if collects else "import gc; gc.disable(); "
    text = f"{first}import sys; sys.path.insert(0, {str(folder)!r}); from {module} import main"
    return (sys.executable, "-I", *(() if site else ("-S",)), "-c", f"{text}; main()")


CONTENDERS: dict[str, tuple[str, ...]] = {
    "ours": (WRAPPER,),
    "baseline": _launch(ROOT / "benchmarks", "stdlib_baseline", site=False, collects=False),
    "boto3": _launch(ROOT, "benchmarks.boto3_wrapper", site=True),
    "powertools": _launch(ROOT, "benchmarks.powertools_wrapper", site=True),
}
# As hardly anybody writes it, to show what the collector costs.
BOTO3_NO_GARBAGE = _launch(ROOT, "benchmarks.boto3_wrapper", site=True, collects=False)
# `bare` is the command itself, an idle interpreter; `native` is native_start.c: a wrapper in Python
# takes the time of both at least. `idle` reads nothing; `_trusting` trusts a store of the usual
# size, as a function without AWS_CA_BUNDLE does; `layer_trusting` is exactly that function, where
# the layer's own directory has the server's authority.
NAMES = {
    "bare": "a bare interpreter's start",
    "native": "native program, nothing signed or parsed",
    "idle": "this wrapper, nothing to read",
    "ours": "this wrapper",
    "baseline": "stdlib baseline",
    "boto3": "boto3",
    "powertools": "Powertools",
    "boto3_no_garbage": "boto3, garbage not collected",
    "ours_trusting": "this wrapper, full trust store",
    "baseline_trusting": "stdlib baseline, full trust store",
    "boto3_trusting": "boto3, full trust store",
    "layer": "this wrapper, from a layer",
    "layer_trusting": "this wrapper, from a layer, no `AWS_CA_BUNDLE`",
}


class Cell(NamedTuple):
    """How many profiles and parameters there are to read, how far away.

    `by_name`: each parameter is named, in place of one path above all.
    """

    profiles: int = 2
    parameters: int = 20
    rtt_ms: float = 0.0
    by_name: bool = False

    def environ(self) -> dict[str, str]:
        """Return the variables that configure every contender."""
        profiles = [f"{APPLICATION}/{name}" for name in documents(self.profiles)]
        names = [parameter_name(number) for number in range(self.parameters)]
        parameters = names if self.by_name else [PATH]
        sources = [f"appconfig:{one}" for one in profiles] + [f"ssm:{one}" for one in parameters]
        return {
            "APPCONFIG_ENV_SOURCES": " ".join(sources),
            "PREFETCH_PROFILES": " ".join(profiles),
            "PREFETCH_NAMES" if self.by_name else "PREFETCH_PATH": " ".join(parameters),
        }

    @property
    def size(self) -> str:
        """What there is to read, in words."""
        profiles = "1 profile" if self.profiles == 1 else f"{self.profiles} profiles"
        return f"{profiles}, {self.parameters} parameters{' by name' if self.by_name else ''}"

    @property
    def title(self) -> str:
        """The same, and how far away."""
        return f"{self.size}, {self.rtt_ms:g} ms"


def base_environ(folder: Path, url: str, ca_file: str) -> dict[str, str]:
    """Return an environment like Lambda's, with nothing to read."""
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2Vj" + 60 * "EXAMPLETOKEN1234",
        "AWS_ENDPOINT_URL": url,
        "AWS_CA_BUNDLE": ca_file,
        "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json"),
    }


def whole_store(path: Path, ca_file: str) -> str:
    """Write a trust store of the usual size to `path`, `ca_file` in it; return where it is."""
    import botocore  # for its trust store

    usual = Path(botocore.__file__).parent / "cacert.pem"
    path.write_bytes(usual.read_bytes() + Path(ca_file).read_bytes())
    return str(path)


def variables_set(contender: str, environ: dict[str, str]) -> dict[str, str]:
    """Return the variables that a contender has set for the function, not for itself.

    Raises:
        RuntimeError: it failed.
    """
    command = (*CONTENDERS[contender], *SHOW)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{NAMES[contender]} failed: {done.stderr}")
    found: dict[str, str] = json.loads(done.stdout)
    return {name: value for name, value in found.items() if not name.startswith(OWN)}


def require_same(ours: dict[str, str], theirs: dict[str, str]) -> None:
    """Refuse to compare what does not do the same.

    Raises:
        RuntimeError: the two wrappers did not set the same variables for the function.
    """
    if names := {name for name, _ in ours.items() ^ theirs.items()}:
        raise RuntimeError(f"the wrappers do not agree on {', '.join(sorted(names))}")
