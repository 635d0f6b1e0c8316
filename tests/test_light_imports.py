"""What a cold start loads, and what it must not pay for while nothing fails."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"boto3", "botocore", "tenacity", "dotenv", "dataclasses", "asyncio", "yaml"}
# Not forbidden by anybody, but milliseconds each.
COSTLY = {"logging", "typing", "re", "threading", "urllib", "ssl", "enum", "inspect", "datetime"}
JSONS = {"re", "enum"}  # what json itself loads

IMPORT = """
import sys
before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
import appconfig_env
print(*sorted(set(sys.modules) - before))
"""
WRAP = """
import os, sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
from appconfig_env._wrapper import main

def execve(path, words, environ):
    print(*sorted(set(sys.modules) - before))
    print(*(environ.get(name) for name in ("LIMIT", "HOST", "PASSWORD")))

raise SystemExit(main(["/bin/true"], dict(os.environ), execve=execve))
"""
GET = """
import json, sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
import appconfig_env
assert appconfig_env.get("LIMIT") == "10"
print(*sorted(set(sys.modules) - before))
"""


def fresh(script: str, *arguments: str, environ: dict[str, str] | None = None) -> str:
    """What `script` prints in a new interpreter that knows no site-packages."""
    command = [sys.executable, "-I", "-S", "-c", script, str(ROOT), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environ or {}, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def packages(modules: list[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


@pytest.fixture
def local(tmp_path: Path) -> dict[str, str]:
    """An environment whose sources stand in a folder, as JSON."""
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


def test_an_import_loads_next_to_nothing() -> None:
    loaded = fresh(IMPORT).split()
    assert not packages(loaded) & (HEAVY | COSTLY | {"json", "hashlib"})
    ours = [name for name in loaded if name.startswith("appconfig_env")]
    assert ours == [
        "appconfig_env",
        "appconfig_env._api",
        "appconfig_env._view",
        "appconfig_env.errors",
    ]


def test_a_wrapper_with_nothing_to_read_loads_next_to_nothing() -> None:
    loaded, values = fresh(WRAP, environ={"LIMIT": "1"}).splitlines()
    assert values == "1 None None"
    assert not packages(loaded.split()) & (HEAVY | COSTLY | {"json", "hashlib"})
    assert "appconfig_env._load" not in loaded.split()


def test_a_wrapper_that_reads_loads_nothing_heavy(local: dict[str, str]) -> None:
    quiet = {"AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "none"}
    loaded, values = fresh(WRAP, environ=local | quiet).splitlines()
    assert values == "10 h p"
    assert not packages(loaded.split()) & (HEAVY | COSTLY - JSONS)
    assert "appconfig_env.aws.lean" not in loaded.split()


def test_a_helper_that_reads_loads_nothing_heavy(local: dict[str, str]) -> None:
    loaded = fresh(GET, environ=local).split()
    assert not packages(loaded) & (HEAVY | COSTLY - JSONS)


def importtime_python(tmp_path: Path) -> Path:
    """An interpreter that says what it imports, where the wrapper starts it."""
    python = tmp_path / "python3"
    real = shlex.quote(sys.executable)
    python.write_text(
        f'#!/bin/sh\n[ "$1" = -I ] && exec {real} -X importtime "$@"\nexec {real} "$@"\n'
    )
    python.chmod(0o755)
    return python


def test_the_wrapper_script_imports_nothing_heavy(local: dict[str, str], tmp_path: Path) -> None:
    show = "import os; print(os.environ['LIMIT'], os.environ['PASSWORD'])"
    command = [
        str(ROOT / "wrapper" / "appconfig-env"),
        str(importtime_python(tmp_path)),
        "-c",
        show,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, env=local, check=True, timeout=60
    )
    assert done.stdout == "10 p\n"
    imported = re.findall(r"^import time: .*\|\s*(\S+)$", done.stderr, re.MULTILINE)
    assert "appconfig_env._load" in imported
    assert not packages(imported) & (HEAVY | COSTLY - JSONS | {"site"})
