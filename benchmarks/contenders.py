"""Who is compared: how each wrapper is started, and that all of them do the same in a cell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from .answers import APPLICATION, PATH, documents, parameter_name

ROOT = Path(__file__).resolve().parent.parent
WRAPPER = str(ROOT / "wrapper" / "appconfig-env")
PROGRAM = str(ROOT / "appconfig_env" / "__main__.py")
# The runtime's own command names its interpreter, by which the wrapper finds one.
NOTHING = (sys.executable, "-I", "-S", "-c", "pass")
SHOW = (sys.executable, "-I", "-S", "-c", "import json, os; print(json.dumps(dict(os.environ)))")
# What was there before, or is the wrappers' own business.
OWN = (
    "AWS_",
    "APPCONFIG_ENV_",
    "_APPCONFIG_ENV",
    "PREFETCH_",
    "LC_",
    "PATH",
    "HOME",
    "PWD",
    "SHLVL",
)
# Imported and not run as files, so that none of them is compiled at each start.
_LAUNCH = "import sys; sys.path.insert(0, {!r}); from {} import main; main()"
_LAUNCH_FLOOR = "import gc; gc.disable(); " + _LAUNCH

CONTENDERS: dict[str, tuple[str, ...]] = {
    "ours": (WRAPPER,),
    "floor": (
        sys.executable, "-I", "-S", "-c",
        _LAUNCH_FLOOR.format(str(ROOT / "benchmarks"), "floor"),
    ),
    "boto3": (sys.executable, "-I", "-c", _LAUNCH.format(str(ROOT), "benchmarks.boto3_wrapper")),
    "powertools": (
        sys.executable, "-I", "-c",
        _LAUNCH.format(str(ROOT), "benchmarks.powertools_wrapper"),
    ),
}  # fmt: skip
# As nobody writes it, to tell what the collector has to do with it.
BOTO3_NO_GARBAGE = (
    sys.executable, "-I", "-c",
    "import gc; gc.disable(); " + _LAUNCH.format(str(ROOT), "benchmarks.boto3_wrapper"),
)  # fmt: skip
NAMES = {
    "ours": "this wrapper",
    "floor": "the floor",
    "boto3": "boto3",
    "powertools": "Powertools",
}


class Cell(NamedTuple):
    """What there is to read, how far away.

    Attributes:
        profiles, parameters: how many.
        rtt_ms: of the link.
        by_name: whether each parameter is named, in place of one path above all.
    """

    profiles: int = 2
    parameters: int = 20
    rtt_ms: float = 0.0
    by_name: bool = False

    def environ(self) -> dict[str, str]:
        """The variables that tell every contender what to read."""
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
    def title(self) -> str:
        """In words."""
        profiles = "1 profile" if self.profiles == 1 else f"{self.profiles} profiles"
        by_name = " by name" if self.by_name else ""
        return f"{profiles}, {self.parameters} parameters{by_name}, {self.rtt_ms:g} ms"


def base_environ(folder: Path, url: str, ca_file: str) -> dict[str, str]:
    """An environment like Lambda's, with nothing to read."""
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


def variables_set(contender: str, environ: dict[str, str]) -> dict[str, str]:
    """The variables that a contender has set for the function, not for itself.

    Raises:
        RuntimeError: it failed.
    """
    command = (*CONTENDERS[contender], *SHOW)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{NAMES[contender]} failed: {done.stderr}")
    return set_by_wrapper(json.loads(done.stdout))


def set_by_wrapper(environ: dict[str, str]) -> dict[str, str]:
    """What of an environment is there for the function."""
    return {name: value for name, value in environ.items() if not name.startswith(OWN)}


def require_same(ours: dict[str, str], theirs: dict[str, str]) -> None:
    """Refuse to compare what does not do the same.

    Raises:
        RuntimeError: the two wrappers did not set the same variables for the function.
    """
    ours, theirs = set_by_wrapper(ours), set_by_wrapper(theirs)
    if ours != theirs:
        names = {name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)}
        raise RuntimeError(f"the wrappers do not agree on {', '.join(sorted(names))}")
