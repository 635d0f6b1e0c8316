"""Runs the examples of docs/testing.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "testing.md").read_text()
OVERRIDE, PYTEST, UNITTEST = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_override_holds() -> None:
    exec(OVERRIDE, {})


@pytest.mark.parametrize(
    ("source", "command", "end"),
    [
        (PYTEST, "pytest -q -p no:cacheprovider -p appconfig_env.pytest_plugin", "3 passed"),
        (UNITTEST, "unittest -q", "OK"),
    ],
)
def test_the_tests_pass(tmp_path: Path, source: str, command: str, end: str) -> None:
    (tmp_path / "test_it.py").write_text(source)
    # The plugin by its name alone: it may be installed, and would be registered twice.
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith(end)
