"""The memory that reading configuration adds to a running handler, each way in fresh processes.

The processes have the runtime client loaded, as Lambda's have, and are read at four moments: before
anything, after the import, with the first values at hand, after the first refresh over TLS. Ours is
started by the wrapper itself and so finds its snapshot; what the others read first they fetch. What
is compared is private memory: pages that other processes share (here those of the same libraries
in other processes of the benchmarks) are not in it; RSS counts them whole and PSS in part.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from .server import Server

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = str(ROOT / "benchmarks" / "memory_process.py")
WRAPPER = str(ROOT / "wrapper" / "appconfig-env")
SOURCES = "appconfig:shop/prod/app appconfig:shop/prod/flags ssm:/shop/prod/"
TOOLS = ("appconfig_env", "boto3", "powertools")


class Usage(NamedTuple):
    """MiB, as /proc/self/smaps_rollup has them.

    Attributes:
        private: pages of this process alone.
        pss: these and its part of those that it shares.
        rss: these and all that it shares.
    """

    private: float
    pss: float
    rss: float


class Memory(NamedTuple):
    """What one tool adds, medians of the rounds.

    Attributes:
        tool: "appconfig_env", "boto3" (its clients, a poll by hand) or "powertools".
        full_trust: whether it trusts a store of the usual size, such as a function without
            AWS_CA_BUNDLE does, and not one certificate alone.
        base: the whole process with the runtime client in it.
        imported: what it has grown by from there, after the import.
        first: likewise, with the first values.
        refreshed: likewise, after the first refresh.
        peak: the most that RSS was ever above that of `base`, in MiB.
    """

    tool: str
    full_trust: bool
    base: Usage
    imported: Usage
    first: Usage
    refreshed: Usage
    peak: float

    @property
    def refresh_adds(self) -> float:
        """MiB of private memory that the first refresh adds to a handler that has values."""
        return self.refreshed.private - self.first.private

    @property
    def refresh_adds_rss(self) -> float:
        """The same of RSS, so with libraries that here others use too: the upper bound."""
        return self.refreshed.rss - self.first.rss


def measure(rounds: int = 3) -> list[Memory]:
    """Two rows for each tool, with one trusted certificate and with a whole store. Linux only.

    Needs Powertools.
    """
    import botocore  # for its trust store

    found = []
    with Server() as server, tempfile.TemporaryDirectory(prefix="appconfig-env-") as folder:
        store = Path(folder) / "trust.pem"
        usual = Path(botocore.__file__).parent / "cacert.pem"
        store.write_bytes(usual.read_bytes() + Path(server.ca_file).read_bytes())
        for full_trust, ca_file in ((False, server.ca_file), (True, str(store))):
            environ = _environ(folder, server.url, ca_file)
            for tool in TOOLS:
                taken = [_run(tool, environ) for _ in range(rounds)]
                found.append(_median(tool, full_trust=full_trust, taken=taken))
    return found


def _environ(folder: str, url: str, ca_file: str) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": folder,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2Vj" + 60 * "EXAMPLETOKEN1234",
        "AWS_ENDPOINT_URL": url,
        "AWS_CA_BUNDLE": ca_file,
        "APPCONFIG_ENV_SNAPSHOT": str(Path(folder) / "snapshot.json"),
        "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "error",
    }


def _run(tool: str, environ: dict[str, str]) -> dict[str, list[float]]:
    """One process: its `base`, `imported`, `first` and `refreshed`, whole, and its `peak`."""
    command = [sys.executable, PROGRAM, tool]
    if tool == "appconfig_env":
        command.insert(0, WRAPPER)
        environ = {**environ, "APPCONFIG_ENV_SOURCES": SOURCES}
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    Path(environ["APPCONFIG_ENV_SNAPSHOT"]).unlink(missing_ok=True)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def _median(tool: str, *, full_trust: bool, taken: list[dict[str, list[float]]]) -> Memory:
    def grown(moment: str) -> Usage:
        rows = [
            [after - before for after, before in zip(one[moment], one["base"], strict=True)]
            for one in taken
        ]
        return Usage(*map(median, zip(*rows, strict=True)))

    base = Usage(*map(median, zip(*(one["base"] for one in taken), strict=True)))
    peak = median(one["peak"][0] - one["base"][2] for one in taken)
    return Memory(
        tool, full_trust, base, grown("imported"), grown("first"), grown("refreshed"), peak
    )
