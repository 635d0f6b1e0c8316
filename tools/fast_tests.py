"""Runs the unit tests in parts side by side, each a pytest of its own, and prints what each says.

One pytest that distributes its tests to others would take half as long again: each of its processes
collects all tests, and each test's report passes through the first one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":  # run by its path, so that the folder is not yet where imports are found
    sys.path.insert(0, str(ROOT))

from tools.shards import shard  # noqa: E402 # after its folder is known

PYTEST = (sys.executable, "-m", "pytest", "-p", "no:xdist", "--hypothesis-profile", "fast")
PARTS_PER_CORE = 2  # while a test waits for a process or a clock, another part has the core
NO_TEST = 5  # pytest's exit code where options such as -k leave no test


def exit_code(codes: Iterable[int]) -> int:
    """Return one exit code for those of all parts: a part without tests does not fail."""
    worst = sorted(set(codes), key=lambda code: (code not in (0, NO_TEST), code == 0, code))
    return worst[-1]


def run(
    files: Sequence[str], options: Sequence[str], parts: int, pytest: Sequence[str] = PYTEST
) -> int:
    """Run each part of `files`, print the output of one after the other, return one exit code."""
    running = []
    for number in range(1, parts + 1):
        cache = f"cache_dir=.pytest_cache/part-{number}"  # for --lf; parts stay the same
        output = tempfile.TemporaryFile()  # noqa: SIM115 # open for as long as the part runs
        command = [*pytest, "-o", cache, *options, *shard(list(files), f"{number}/{parts}")]
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603 # nosec B603 # our own tests
        running.append((process, output))
    codes = []
    for process, output in running:
        codes.append(process.wait())
        output.seek(0)
        sys.stdout.buffer.write(output.read())
        sys.stdout.flush()
        output.close()
    return exit_code(codes)


def main() -> int:
    """Run the unit tests with the options of the command line."""
    files = [str(path.relative_to(ROOT)) for path in ROOT.glob("tests/unit/**/test_*.py")]
    parts = PARTS_PER_CORE * len(os.sched_getaffinity(0))
    return run(files, ["-q", *sys.argv[1:]], min(parts, len(files)))


if __name__ == "__main__":
    sys.exit(main())
