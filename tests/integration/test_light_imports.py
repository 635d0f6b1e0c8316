"""The modules that a cold start loads, name by name, and so the ones that it does not."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ..support.paths import ROOT, WRAPPER
from ..support.pythons import PYTHONS

if TYPE_CHECKING:
    from pathlib import Path

    from ..support.fake_aws import FakeAws


# Everything that may be loaded in addition to what `import os` loads (with -I -S), which differs
# from one CPython to the next; each name costs time of a cold start. Not among them, at
# milliseconds each: json, re, enum, socket, ssl, typing, functools, logging, threading, urllib,
# datetime, inspect, dataclasses; let alone boto3.
IMPORTED = {"__future__"}
STARTED = IMPORTED | {"errno"}  # tells whether an exec can be retried
# For digests, documents and the snapshot's lock.
READ = IMPORTED | {"_blake2", "_json", "_stat", "fcntl"}
READ_FROM_AWS = READ | {"_hashlib", "_socket", "_ssl", "binascii"}
DATED = {"_datetime", "_operator", "datetime", "math", "operator"}  # for credentials that expire
# Catches heavy modules in the lists above.
HEAVY = {
    "base64", "boto3", "botocore", "collections", "dataclasses", "datetime", "dotenv", "enum",
    "functools", "hmac", "inspect", "json", "logging", "re", "selectors", "socket",
    "ssl", "tenacity", "threading", "typing", "urllib", "warnings", "yaml",
}  # fmt: skip

IMPORT = """
import os, sys
before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
import appconfig_env
print(*sorted(set(sys.modules) - before))
"""
WRAP = """
import os, sys
before = set(sys.modules)
# The package without its __init__, as __main__.py has it.
sys.modules["appconfig_env"] = package = type(sys)("appconfig_env")
package.__path__ = [sys.argv[1] + "/appconfig_env"]
from appconfig_env._wrapper.main import main

def execve(path, words, environ):
    print(*sorted(set(sys.modules) - before))
    print(*(environ.get(name) for name in ("LIMIT", "HOST", "PASSWORD")))

raise SystemExit(main(["/bin/true"], dict(os.environ), execve=execve))
"""
GET = """
import os, sys
before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
import appconfig_env
values = appconfig_env.get("LIMIT"), appconfig_env.get("HOST")
print(*sorted(set(sys.modules) - before))
print(*values)
"""
WRAP_AND_GET = """
import sys
sys.path.insert(0, sys.argv[1])
import os
from appconfig_env._wrapper.main import main
command = [sys.executable, "-I", "-S", "-c", sys.argv[2], sys.argv[1]]
raise SystemExit(main(command, dict(os.environ)))
"""
QUIET = {"AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "none"}


def fresh(
    version: str, script: str, *arguments: str, environ: dict[str, str] | None = None
) -> list[str]:
    """The lines that `script` prints in a new interpreter without site-packages."""
    command = [PYTHONS[version], "-I", "-S", "-c", script, str(ROOT), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environ or {}, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def foreign(modules: list[str]) -> set[str]:
    """The modules that are not from this package."""
    return {name for name in modules if name.partition(".")[0] != "appconfig_env"}


@pytest.fixture
def local(tmp_path: Path) -> dict[str, str]:
    """An environment whose sources are JSON files in a local folder."""
    (tmp_path / "shop:prod:app.json").write_text('{"limit": 10}')
    (tmp_path / "ssm.json").write_text('{"/shop/prod/host": "h"}')
    (tmp_path / "secrets.json").write_text('{"db": {"password": "p"}}')
    return {
        "PATH": os.defpath,
        "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/shop/prod/",
        "PASSWORD": "secretsmanager:db#password",
        "APPCONFIG_ENV_LOCAL_DIR": str(tmp_path),
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    }


def remote(aws: FakeAws, tmp_path: Path) -> dict[str, str]:
    """The same environment with the sources in an AWS account."""
    aws.put_profile("shop", "prod", "app", {"limit": 10})
    aws.put_parameter("/shop/prod/host", "h")
    aws.put_secret("db", '{"password": "p"}')
    return {
        "PATH": os.defpath,
        "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/shop/prod/",
        "PASSWORD": "secretsmanager:db#password",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "APPCONFIG_ENV_DEADLINE_SECONDS": "60",  # which a busy machine keeps too
    }


def test_nothing_heavy_is_allowed() -> None:
    assert not HEAVY & READ_FROM_AWS


@pytest.mark.parametrize("version", PYTHONS)
def test_importing_the_helper_loads_almost_nothing(version: str) -> None:
    (line,) = fresh(version, IMPORT)
    loaded = line.split()
    assert foreign(loaded) <= IMPORTED
    ours = [name for name in loaded if name.startswith("appconfig_env")]
    assert ours == [
        "appconfig_env",
        "appconfig_env._helper",
        "appconfig_env._helper.fast_path",
        "appconfig_env._helper.helper",
        "appconfig_env._helper.process_hooks",
    ]


AT_EXEC = """
import runpy, sys

def audit(event, arguments):
    if event == "os.exec":
        print(*sys.modules)
        sys.stdout.flush()

sys.addaudithook(audit)
sys.argv[1:] = ["/bin/true"]
runpy.run_path(sys.path.pop() + "/appconfig_env/__main__.py", run_name="__main__")
"""


@pytest.mark.parametrize("version", PYTHONS)
def test_the_process_of_the_wrapper_loads_nothing_of_the_helper(
    version: str, local: dict[str, str]
) -> None:
    script = AT_EXEC.replace("sys.path.pop()", repr(str(ROOT)))
    (line,) = fresh(version, script, environ=local | QUIET)
    loaded = line.split()
    assert "appconfig_env._wrapper.prefetch" in loaded
    assert not [name for name in loaded if name.startswith("appconfig_env._helper")]


@pytest.mark.parametrize("version", PYTHONS)
def test_a_wrapper_with_nothing_to_read_loads_almost_nothing(version: str) -> None:
    loaded, values = fresh(version, WRAP, environ={"LIMIT": "1"} | QUIET)
    assert values == "1 None None"
    assert foreign(loaded.split()) <= STARTED
    assert "appconfig_env._cache.load" not in loaded.split()


@pytest.mark.parametrize("version", PYTHONS)
def test_a_wrapper_that_reads_loads_nothing_heavy(version: str, local: dict[str, str]) -> None:
    for _ in range(2):  # the second run finds the first one's snapshot
        loaded, values = fresh(version, WRAP, environ=local | QUIET)
        assert values == "10 h p"
        assert foreign(loaded.split()) <= STARTED | READ
        assert not any(
            name.startswith(("appconfig_env._http.t", "appconfig_env._backends.aws"))
            for name in loaded.split()
        )


def test_a_wrapper_whose_log_is_json_loads_nothing_heavy(local: dict[str, str]) -> None:
    environ = local | {"AWS_LAMBDA_LOG_FORMAT": "JSON"}
    command = [sys.executable, "-I", "-S", "-c", WRAP, str(ROOT)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environ, check=True, timeout=60
    )
    assert '"message": "3 values from 3 sources' in done.stderr
    assert foreign(done.stdout.splitlines()[0].split()) <= STARTED | READ


def test_a_wrapper_loads_the_module_of_metrics_only_if_they_are_on(local: dict[str, str]) -> None:
    def loaded(**more: str) -> set[str]:
        lines = fresh(next(iter(PYTHONS)), WRAP, environ=local | QUIET | more)
        return set(lines[-2].split())  # the last one has the values; metrics come before

    off, on = loaded(), loaded(APPCONFIG_ENV_METRICS="emf")

    assert on - off == {"appconfig_env._cache.log_fields", "appconfig_env._cache.metrics"}
    assert loaded(APPCONFIG_ENV_METRICS="off") == off


@pytest.mark.parametrize("version", PYTHONS)
def test_a_wrapper_that_reads_from_aws_loads_nothing_heavy(
    version: str, fake_aws_tls: FakeAws, tmp_path: Path
) -> None:
    environ = remote(fake_aws_tls, tmp_path) | fake_aws_tls.environ() | QUIET
    loaded, values = fresh(version, WRAP, environ=environ)
    assert values == "10 h p"
    assert foreign(loaded.split()) <= STARTED | READ_FROM_AWS
    # The test's premise holds: TLS and all three services were used.
    assert {"_ssl", "appconfig_env._http.tls", "appconfig_env._backends.aws.lean_client"} <= set(
        loaded.split()
    )
    assert fake_aws_tls.connections > fake_aws_tls.failed_handshakes == 0
    assert {call.status for call in fake_aws_tls.calls} <= {200, 201}
    assert fake_aws_tls.problems == []


@pytest.mark.parametrize("version", PYTHONS)
def test_a_wrapper_under_snapstart_loads_nothing_heavy_except_datetime(
    version: str, fake_aws_tls: FakeAws, tmp_path: Path
) -> None:
    environ = remote(fake_aws_tls, tmp_path) | fake_aws_tls.environ(container=True) | QUIET
    loaded, values = fresh(version, WRAP, environ=environ)
    assert values == "10 h p"
    assert foreign(loaded.split()) <= STARTED | READ_FROM_AWS | DATED


@pytest.mark.parametrize("version", PYTHONS)
def test_a_helper_that_reads_loads_nothing_heavy(version: str, local: dict[str, str]) -> None:
    for _ in range(2):  # the second run finds the first one's snapshot
        loaded, values = fresh(version, GET, environ=local | QUIET)
        assert values == "10 h"
        assert foreign(loaded.split()) <= READ


@pytest.mark.parametrize("version", PYTHONS)
def test_a_helper_started_by_the_wrapper_loads_nothing_heavy(
    version: str, local: dict[str, str]
) -> None:
    loaded, values = fresh(version, WRAP_AND_GET, GET, environ=local | QUIET)
    assert values == "10 h"
    assert foreign(loaded.split()) <= READ


@pytest.mark.parametrize("version", PYTHONS)
def test_a_helper_that_reads_from_aws_loads_nothing_heavy(
    version: str, fake_aws_tls: FakeAws, tmp_path: Path
) -> None:
    environ = remote(fake_aws_tls, tmp_path) | fake_aws_tls.environ() | QUIET
    loaded, values = fresh(version, GET, environ=environ)
    assert values == "10 h"
    assert foreign(loaded.split()) <= READ_FROM_AWS
    assert "appconfig_env._http.tls" in loaded.split()


def importtime_python(tmp_path: Path, real: str) -> Path:
    """An interpreter that logs its imports when the wrapper starts it."""
    python = tmp_path / "python3"
    real = shlex.quote(real)
    python.write_text(
        f'#!/bin/sh\n[ "$1" = -I ] && exec {real} -X importtime "$@"\nexec {real} "$@"\n'
    )
    python.chmod(0o755)
    return python


def imported(stderr: str) -> list[str]:
    return re.findall(r"^import time: .*\|\s*(\S+)$", stderr, re.MULTILINE)


@pytest.mark.parametrize("version", PYTHONS)
def test_the_wrapper_script_imports_nothing_heavy(
    version: str, fake_aws_tls: FakeAws, tmp_path: Path
) -> None:
    python = str(importtime_python(tmp_path, PYTHONS[version]))
    show = "import os; print(os.environ['LIMIT'], os.environ['PASSWORD'])"
    environ = remote(fake_aws_tls, tmp_path) | fake_aws_tls.environ()
    done, bare = (
        subprocess.run(command, capture_output=True, text=True, env=environ, check=True, timeout=60)
        for command in (
            [str(WRAPPER), python, "-c", show],
            [python, "-I", "-S", "-c", "pass"],  # os itself would cost 1.5 ms
        )
    )
    assert done.stdout == "10 p\n"
    found = imported(done.stderr)
    assert "appconfig_env._http.tls" in found
    assert foreign(found) - set(imported(bare.stderr)) <= STARTED | READ_FROM_AWS | {"gc"}
