"""What the matrix does not measure: memory, and a resolver that never answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.base import Request
from appconfig_env._backends.router import Fetcher
from appconfig_env._config.settings import from_environ
from appconfig_env._http.connection import LARGEST_BODY_BYTES
from appconfig_env.errors import SourceError

from ..support.paths import ROOT
from .catalogue import FAULTS
from .fault import SHORT_SECONDS
from .harness import REFERENCES, WRAPPER, Lab
from .matrix import pace_now

if TYPE_CHECKING:
    from appconfig_env._backends.base import Fetch, Outcome

MEGABYTE = 1024 * 1024

# In namespaces of its own: the one resolver takes questions and says nothing.
SILENT_RESOLVER = """
import fcntl, json, socket, struct, subprocess, sys, time
sys.path.insert(0, sys.argv.pop(1))
from tests.faults.pace import Timed, own_seconds

interface = socket.socket()
fcntl.ioctl(interface, 0x8914, struct.pack("16sh", b"lo", 0x41))  # SIOCSIFFLAGS: up and running
resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
resolver.bind(("127.0.0.1", 53))
began = time.monotonic()
with Timed(sys.argv[1:], stderr=subprocess.PIPE, text=True) as done:
    _, stderr = done.communicate()
seconds = own_seconds(time.monotonic() - began, done.without_core)
resolver.setblocking(False)
print(json.dumps([done.returncode, seconds, stderr, resolver.recv(512).hex()]))
"""


def unshare() -> list[str]:
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *user, "--net", "--mount"]


@pytest.fixture
def _network_namespace() -> None:
    done = subprocess.run([*unshare(), "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no namespaces here: {done.stderr.strip()}")


def peak_bytes(process: int) -> int:
    """The most memory that the program of a process had so far."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    found = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return 1024 * found[0] if found else 0


@pytest.mark.parametrize("name", ["oversized body, announced", "oversized body, sent"])
def test_a_body_that_is_too_large_does_not_eat_memory(name: str) -> None:
    fault = next(fault for fault in FAULTS if fault.name == name)
    with Lab(fault) as lab:
        process = subprocess.Popen(
            [WRAPPER, "/bin/true"], env=lab.environ({}), stderr=subprocess.DEVNULL
        )
        most = 0
        while process.poll() is None:
            most = max(most, peak_bytes(process.pid))
            time.sleep(0.005)
    at_once = len(fault.sources) if name.endswith("sent") else 0
    # The body up to the limit, and while it grows up to an eighth more; and a start as such.
    assert most <= 64 * MEGABYTE + at_once * LARGEST_BODY_BYTES * 9 // 8


@pytest.mark.usefixtures("_network_namespace")
def test_a_resolver_that_never_answers_does_not_hold_a_start_up(tmp_path: Path) -> None:
    pace = pace_now()
    deadline = pace.deadline(SHORT_SECONDS)
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:30\n")
    enter = f'mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && exec "$@"'
    resolver = [sys.executable, "-c", SILENT_RESOLVER, str(ROOT)]
    environ = {
        "PATH": "/usr/bin:/bin",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "APPCONFIG_ENV_DEADLINE_SECONDS": f"{deadline:g}",
        "FROM_NAME": REFERENCES["name"],
    }

    found = subprocess.run(
        [*unshare(), "sh", "-c", enter, "sh", *resolver, str(WRAPPER), "/bin/true"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    code, seconds, stderr, asked = json.loads(found.stdout)
    assert b"amazonaws".hex() in asked  # it was the resolver that was waited for
    assert code == 1
    assert seconds <= pace.limit(deadline) + pace.own_seconds
    assert "FROM_NAME=ssm:/fault/name: GetParameters failed: " in stderr
    assert f"no answer within {deadline:g} s; is there a route to AWS" in stderr
    assert "DNS" in stderr


class SlowToImport(Fetcher):
    """Reads with what takes half a second to import, as boto3 does."""

    def _remotely(self) -> Fetch:
        time.sleep(0.5)

        def read(requests: list[Request], timeout: float) -> dict[str, Outcome]:
            text = requests[0].resource.reference
            return {text: SourceError(text, f"{timeout:g} s were left")}

        return read


def test_what_is_imported_to_read_with_is_of_the_deadline(tmp_path: Path) -> None:
    environ = {"FROM_NAME": REFERENCES["name"], "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "s.json")}
    settings = from_environ(environ)
    found = SlowToImport(settings, environ)([Request(settings.sources[0].resource)], 2.0)
    (error,) = found.values()
    assert isinstance(error, SourceError)
    assert float(error.reason.split(" ")[0]) <= 1.5
