"""The unit tests in parts: every file is in one, and one exit code stands for all."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tools.fast_tests import exit_code, run


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0, 0], 0),
        ([0, 5, 0], 0),
        ([5, 5], 5),
        ([0, 1, 5], 1),
        ([0, 2, 1], 2),
        ([0, -9], -9),
        ([5, 1], 1),
    ],
)
def test_a_run_fails_if_a_part_fails_or_no_part_has_a_test(codes: list[int], expected: int) -> None:
    assert exit_code(codes) == expected


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Three files of one test each, of which the second fails."""
    (tmp_path / "pytest.ini").write_text("[pytest]")
    for name, outcome in (("a", True), ("b", False), ("c", True)):
        (tmp_path / f"test_{name}.py").write_text(f"def test_{name}():\n    assert {outcome}\n")
    return sorted(map(str, tmp_path.glob("test_*.py")))


@pytest.mark.parametrize(
    ("selected", "expected"),
    [("test", (1, 2, 1)), ("test_a", (0, 1, 0)), ("test_b", (1, 0, 1)), ("none", (5, 0, 0))],
)
def test_every_part_runs_and_its_output_is_printed(
    files: list[str],
    capfdbinary: pytest.CaptureFixture[bytes],
    selected: str,
    expected: tuple[int, int, int],
) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist"]
    options = ["-k", selected, "-c", str(Path(files[0]).with_name("pytest.ini"))]

    code = run(files, options, 2, command)

    out = capfdbinary.readouterr().out
    passed, failed = (
        sum(map(int, re.findall(rb"(\d) " + word, out))) for word in (b"passed", b"failed")
    )
    assert (code, passed, failed) == expected
