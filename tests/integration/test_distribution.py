"""How the tests are distributed to processes; see `support.distribution`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ..support.distribution import LONGEST, group_of
from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Fails unless all of its tests run in one process.
FILE = """
import os, pathlib, pytest
FIRST = pathlib.Path(__file__ + ".process")

@pytest.mark.parametrize("number", range(8))
def test_it(number):
    if not FIRST.exists():
        FIRST.write_text(str(os.getpid()))
    assert FIRST.read_text() == str(os.getpid())
"""


def test_the_tests_of_a_file_run_in_one_process_and_the_longest_file_first(tmp_path: Path) -> None:
    names = ["test_a.py", "test_b.py", "test_c.py", LONGEST[0]]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FILE)
    plugins = ["-p", "xdist.plugin", "-p", "tests.support.distribution", "-p", "no:cacheprovider"]

    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", *plugins, "-n", "2", "--dist", "loadgroup", "-v",
            "-c", os.devnull, "--rootdir", str(tmp_path), "--import-mode=importlib", *names,
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
    ended = [line for line in done.stdout.splitlines() if line.startswith("[gw")]
    assert len(ended) == 8 * len(names)
    (process,) = {line.split()[0] for line in ended if LONGEST[0] in line}
    first = next(line for line in ended if line.startswith(process))
    assert LONGEST[0] in first


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/unit/test_a.py::test_it[b::c]", "tests/unit/test_a.py"),
        ("tests/unit/test_a.py::TestA::test_it", "tests/unit/test_a.py"),
        ("tests/contract/test_clients.py::test_values_are_read_back_from_moto[lean]", "servers"),
        ("tests/emulators/test_emulators.py::test_profiles_are_read_from_ministack", "servers"),
    ],
)
def test_a_test_is_grouped_by_its_file_or_its_servers(nodeid: str, group: str) -> None:
    assert group_of(nodeid) == group


def test_every_file_that_is_started_first_exists() -> None:
    assert [path for path in LONGEST if not (ROOT / path).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)
