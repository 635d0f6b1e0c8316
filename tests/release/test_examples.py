"""Runs the example like `make demo`, and the tests of the other examples."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ..support.paths import ROOT, WRAPPER

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = ("cdk", "sam", "serverless", "terraform")

EXAMPLES = ROOT / "examples"
TESTED = sorted(path.parent.name for path in EXAMPLES.glob("*/test_*.py"))
PYTEST = ("pytest", "-q", "-p", "appconfig_env.pytest_plugin", "-p", "no:cacheprovider")


def demo() -> str:
    return subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_demo_shows_the_variables_and_then_the_changed_values() -> None:
    output = demo()

    before, after = output.split("Now shop:prod:app.json")
    assert '"greeting": "Hello"' in before
    assert '"checkout": false' in before
    assert '"greeting": "Welcome back"' in after
    assert '"checkout": true' in after


def test_the_demo_masks_the_secret_and_does_not_change_its_documents() -> None:
    local = ROOT / "examples" / "local"
    before = {path.name: path.read_bytes() for path in local.iterdir()}
    secret = json.loads(before["secrets.json"])["shop/prod/db"]["password"]

    output = demo()

    assert secret not in output
    assert f"({len(secret)} characters)" in output
    assert {path.name: path.read_bytes() for path in local.iterdir()} == before


def passed(folder: Path, *module: str) -> str:
    """The last line of a test run in a copy of an example's folder."""
    # The plugin by its name alone: it may be installed, and would be registered twice.
    environ = {
        **{name: text for name, text in os.environ.items() if not name.startswith("AWS_")},
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", *module],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()[-1]


@pytest.fixture
def example(name: str, tmp_path: Path) -> Path:
    """A copy outside the checkout, whose pytest settings do not apply there."""
    return shutil.copytree(EXAMPLES / name, tmp_path / name)


@pytest.mark.parametrize("name", TESTED)
def test_the_tests_of_an_example_pass(example: Path) -> None:
    line = passed(example, *PYTEST, "-W", "error")

    assert re.fullmatch(r"[1-9]\d* passed in .*", line)


@pytest.mark.parametrize("name", ["unittest"])
def test_the_tests_for_unittest_need_no_pytest(example: Path) -> None:
    assert passed(example, "unittest", "-q") == "OK"


def test_each_of_the_documented_examples_has_tests() -> None:
    page = (ROOT / "docs" / "testing.md").read_text()

    assert sorted({*re.findall(r"\(\.\./examples/(\w+)\)", page)}) == TESTED


def test_each_tool_deploys_the_same_function() -> None:
    codes = {(ROOT / "examples" / tool / "src" / "handler.py").read_text() for tool in TOOLS}

    assert len(codes) == 1


def test_that_function_returns_what_its_sources_hold(tmp_path: Path) -> None:
    (tmp_path / "shop:prod:app.json").write_text('{"greeting": "Hi", "catalog": {"page-size": 9}}')
    (tmp_path / "ssm.env").write_text("/shop/prod/db-host=localhost\n")
    (tmp_path / "secrets.json").write_text('{"db": {"password": "p"}}')
    program = "import handler, json, sys; print(json.dumps(handler.handler({}, None)))"

    done = subprocess.run(
        [WRAPPER, sys.executable, "-c", program],
        cwd=ROOT / "examples" / "sam" / "src",
        env={
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/shop/prod/",
            "APPCONFIG_ENV_LOCAL_DIR": str(tmp_path),
            "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
            "DB_PASSWORD": "secretsmanager:db#password",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == {
        "db_host": "localhost",
        "greeting": "Hi",
        "page_size": 9,
        "has_password": True,
    }
