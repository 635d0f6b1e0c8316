"""What the matrix does not measure: memory, and a resolver that never responds."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.base import Request
from appconfig_env._backends.router import Router
from appconfig_env._config.settings import from_environ
from appconfig_env._http.connection import LARGEST_BODY_BYTES
from appconfig_env.errors import Failure

from ..support.paths import ROOT, WRAPPER
from .catalogue import FAULTS
from .fault import SHORT_SECONDS
from .harness import REFERENCES, Lab
from .matrix import pace_now

if TYPE_CHECKING:
    from appconfig_env._backends.base import Backend, Outcome

MEGABYTE = 1024 * 1024

# In its own namespaces: the only resolver receives queries and never responds.
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
        pytest.skip(f"cannot create namespaces here: {done.stderr.strip()}")


def peak_bytes(process: int) -> int:
    """The peak memory of a process so far."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    peaks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return 1024 * peaks[0] if peaks else 0


@pytest.mark.parametrize("name", ["oversized body, announced", "oversized body, sent"])
def test_an_oversized_body_does_not_exhaust_memory(name: str) -> None:
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
    # A body up to the limit, an eighth more while the buffer grows, and an ordinary cold start.
    assert most <= 64 * MEGABYTE + at_once * LARGEST_BODY_BYTES * 9 // 8


@pytest.mark.usefixtures("_network_namespace")
def test_a_silent_resolver_does_not_delay_a_cold_start_past_its_deadline(
    tmp_path: Path,
) -> None:
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

    done = subprocess.run(
        [*unshare(), "sh", "-c", enter, "sh", *resolver, str(WRAPPER), "/bin/true"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    code, seconds, stderr, query = json.loads(done.stdout)
    assert b"amazonaws".hex() in query  # the wait was for the resolver
    assert code == 1
    assert seconds <= pace.limit(deadline) + pace.own_seconds
    assert "FROM_NAME=ssm:/fault/name: GetParameters failed: " in stderr
    # Less by what the imports took, where they took long.
    (within,) = re.findall(
        r"no response within ([\d.]+) s \(Region [\w-]+\); check the Region",
        stderr,
    )
    assert float(within) <= deadline
    assert "DNS" in stderr


class SlowToImport(Router):
    """A backend whose imports take half a second, like boto3's."""

    def _loaded(self) -> Backend:
        time.sleep(0.5)

        def read(requests: list[Request], timeout: float) -> dict[str, Outcome]:
            text = requests[0].resource.reference
            return {text: Failure("unavailable", f"{timeout:g} s were left")}

        return read


def test_imports_needed_for_reading_count_against_the_deadline(tmp_path: Path) -> None:
    environ = {"FROM_NAME": REFERENCES["name"], "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "s.json")}
    settings = from_environ(environ)
    outcomes = SlowToImport(settings, environ)([Request(settings.sources[0].resource)], 2.0)
    (failure,) = outcomes.values()
    assert isinstance(failure, Failure)
    assert float(failure.summary.split(" ")[0]) <= 1.5
