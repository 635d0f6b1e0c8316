"""What one cold start does, free of noise: files opened, system calls, instructions, peak memory.

strace and valgrind's callgrind count; where one is missing, its figures are None. The work of the
command that the wrapper becomes is taken off, except its memory: that is a highest value.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from . import layers, page, pictures
from .contenders import CONTENDERS, NAMES, NOTHING, PROGRAM, WRAPPER, Cell
from .figures import Part
from .page import number
from .pictures import Bar

if TYPE_CHECKING:
    from pathlib import Path

    from .starts import Bench

_OPENED = re.compile(r"^\d+ +(?:open(?:at)?\(|<\.\.\. open(?:at)? resumed>).*\) += \d+$")
_CALL = re.compile(r"^\d+ +\w+\(")
_TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)
LONG_DEADLINE = {
    "APPCONFIG_ENV_DEADLINE_SECONDS": "100"
}  # under valgrind it takes 50 times as long
# A command's peak is that of its process, which begins as a copy of the one that forks it: as small
# a one as possible.
_PEAK = """
import os, sys
child = os.fork()
if not child:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Work(NamedTuple):
    """What a contender adds to one cold start.

    Files opened, system calls of all threads, millions of instructions outside of the kernel; and,
    of the whole, the most MiB that were resident.
    """

    files: int | None
    system_calls: int | None
    instructions: float | None
    peak_mib: float


def measure(bench: Bench, cell: Cell) -> dict[str, Work]:
    """Return the work of each contender in a cell, and of `layer`, ours out of one."""
    environ = bench.serve(cell)
    own_files, own_calls = system_calls((), environ, bench.folder)
    layer = layers.unpacked(bench.folder / "counted", bench.server.ca_file)
    found = {}
    for name, wrapper in {**CONTENDERS, "layer": (layer,)}.items():
        files, calls = system_calls(wrapper, environ, bench.folder)
        bench.forget()
        executed = _instructions(wrapper, {**environ, **LONG_DEADLINE}, bench.folder)
        bench.forget()
        peaks = []
        for _ in range(3):
            peaks.append(peak_mib((*wrapper, *NOTHING), environ))
            bench.forget()
        found[name] = Work(
            None if files is None or own_files is None else files - own_files,
            None if calls is None or own_calls is None else calls - own_calls,
            executed,
            median(peaks),
        )
    return found


def part(found: dict[str, Work]) -> Part:
    """Return its part of the page; no target holds for it."""
    columns: dict[str, dict[str, float | None]] = {
        "files opened": {name: one.files for name, one in found.items()},
        "system calls": {name: one.system_calls for name, one in found.items()},
        "instructions, millions": {name: one.instructions for name, one in found.items()},
        "peak memory, MiB": {name: one.peak_mib for name, one in found.items()},
    }
    rows = [(NAMES[name], *(number(one[name]) for one in columns.values())) for name in found]
    panels = {
        label: [
            Bar(NAMES[name], value, name in ("ours", "layer"))
            for name, value in one.items()
            if value is not None
        ]
        for label, one in columns.items()
    }
    draw = partial(pictures.bars, {label: bars for label, bars in panels.items() if bars})
    return Part([], page.Findings({"counts": page.table(("", *columns), rows)}, {"counts": draw}))


def peak_mib(command: tuple[str, ...], environ: dict[str, str]) -> float:
    """Return the MiB that were resident at most, from the start until the command has ended."""
    done = subprocess.run(
        (sys.executable, "-I", "-S", "-c", _PEAK, *command),
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return int(done.stdout) / 1024


def system_calls(
    wrapper: tuple[str, ...], environ: dict[str, str], folder: Path
) -> tuple[int | None, int | None]:
    """Return the files opened and the system calls made by a cold start, by strace."""
    strace = shutil.which("strace")
    if strace is None:
        return None, None
    log = folder / "strace.txt"
    try:
        _run((strace, "-f", "-qq", "-o", str(log), *wrapper, *NOTHING), environ)
    except subprocess.CalledProcessError:  # a container that does not let it trace
        return None, None
    return of_strace(log.read_text())


def of_strace(log: str) -> tuple[int, int]:
    """Return the same of what strace wrote."""
    lines = log.splitlines()
    return sum(map(bool, map(_OPENED.match, lines))), sum(map(bool, map(_CALL.match, lines)))


def _images(wrapper: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the programs that a wrapper is one after the other: callgrind sees one at a time."""
    if len(wrapper) > 1:
        return [wrapper]
    script = wrapper[0]
    program = PROGRAM if script == WRAPPER else layers.program(script)
    return [("/bin/sh", script), (sys.executable, "-I", "-S", program)]


def by_valgrind(image: tuple[str, ...], environ: dict[str, str], folder: Path) -> int:
    """Return the instructions until it becomes another program: then callgrind writes its sum."""
    for old in folder.glob("callgrind.*"):
        old.unlink()
    _run(
        (
            "valgrind",
            "--tool=callgrind",
            "--dump-before=execve",
            f"--callgrind-out-file={folder}/callgrind.%p",
            *image,
            *NOTHING,
        ),
        environ,
    )
    dumped = [path.read_text() for path in folder.glob("callgrind.*")]
    return sum(int(one) for text in dumped for one in _TOTALS.findall(text))


def _instructions(wrapper: tuple[str, ...], environ: dict[str, str], folder: Path) -> float | None:
    try:
        return sum(by_valgrind(image, environ, folder) for image in _images(wrapper)) / 1e6
    except (OSError, subprocess.CalledProcessError):  # not installed, or not for this processor
        return None


def _run(command: tuple[str, ...], environ: dict[str, str]) -> None:
    subprocess.run(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
