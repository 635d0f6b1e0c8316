"""Where the other CPythons come from, and the error if one is missing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from ..support.paths import ROOT
from ..support.pythons import PYTHONS, main

if TYPE_CHECKING:
    from pathlib import Path


def test_each_python_is_the_one_that_its_version_names() -> None:
    show = "import sys; print('%d.%d' % sys.version_info[:2])"

    for version, python in PYTHONS.items():
        done = subprocess.run([python, "-c", show], capture_output=True, text=True, check=True)
        assert done.stdout == f"{version}\n"


def test_a_python_that_is_missing_is_named_with_the_way_to_get_it() -> None:
    command = [sys.executable, "-m", "tests.support.pythons"]

    done = subprocess.run(
        [*command, "python3.98", sys.executable, "python3.99"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("make: python3.98, python3.99 not found")
    assert "sh tools/get_pythons.sh" in done.stderr
    assert f"make test-pythons PYTHONS='{sys.executable}'" in done.stderr
    assert main([sys.executable]) == 0


def test_without_debian_the_script_reports_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / "get_pythons.sh"), str(tmp_path / "pythons")],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("get_pythons.sh: apt-get is missing; this script needs Debian")
    assert list(tmp_path.iterdir()) == []
