"""What one cold start does, free of noise: files opened, system calls, instructions and memory.

strace and valgrind's callgrind count; where one is missing, its figures are None. The work of the
command that the wrapper becomes is taken off, except its memory: that is a highest value.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from tools import pictures
from tools.page import Findings, number, table
from tools.pictures import Bar

from . import layers
from .contenders import CONTENDERS, NAMES, NOTHING, Cell
from .starts import Start

if TYPE_CHECKING:
    from pathlib import Path

    from .starts import Bench

_OPENED = re.compile(
    r"^\d+ +(?:open(?:at)?\(|<\.\.\. open(?:at)? resumed>).*\) += \d+$", re.MULTILINE
)
_CALL = re.compile(r"^\d+ +\w+\(", re.MULTILINE)
_TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)
LONG_DEADLINE = {"APPCONFIG_ENV_DEADLINE_SECONDS": "100"}  # valgrind takes 50 times as long
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
COLUMNS = ("files opened", "system calls", "instructions, millions", "peak memory, MiB")


class Work(NamedTuple):
    """What a contender adds to one cold start, in all threads; its peak is of the whole process."""

    files: int | None
    system_calls: int | None
    instructions: float | None  # millions, outside of the kernel
    peak_mib: float


def measure(bench: Bench, rounds: int) -> dict[str, Work]:
    """Return the work of `idle`, ours with nothing to read; of all contenders; and of a `layer`."""
    layer = layers.unpacked(bench.folder / "counted", bench.server.ca_file)
    starts = {"idle": Start(CONTENDERS["ours"], bench.environ), **bench.starts(Cell(), CONTENDERS)}
    direct = starts.pop("direct")
    starts["layer"] = Start((layer,), starts["ours"].environ)
    own = system_calls(direct.wrapper, direct.environ, bench.folder)
    return {
        name: _work(bench, starts[name], own, rounds) for name in bench.each("contender", starts)
    }


def _work(bench: Bench, start: Start, own: tuple[int, int] | None, rounds: int) -> Work:
    """Return the work of one; `own` is the opened files and system calls of the command itself."""
    wrapper, environ = start.wrapper, start.environ
    counted = system_calls(wrapper, bench.cold(environ), bench.folder)
    files, of_system = (
        (after - before for after, before in zip(counted, own, strict=True))
        if counted and own
        else (None, None)
    )
    command = (*wrapper, *NOTHING)
    peaks = [peak_mib(command, bench.cold(environ)) for _ in range(rounds)]
    return Work(files, of_system, instructions(bench, start), median(peaks))


def part(found: dict[str, Work]) -> Findings:
    """Return its part of the page; no target holds for it."""
    rows = [(NAMES[name], *map(number, work)) for name, work in found.items()]
    panels = {
        label: [
            Bar(NAMES[name], value, name in ("idle", "ours", "layer"))
            for name, value in zip(found, values, strict=True)
            if value is not None
        ]
        for label, values in zip(COLUMNS, zip(*found.values(), strict=True), strict=True)
    }
    draw = partial(pictures.bars, {label: bars for label, bars in panels.items() if bars})
    return Findings({"counts": table(("", *COLUMNS), rows)}, {"counts": draw})


def peak_mib(command: tuple[str, ...], environ: dict[str, str]) -> float:
    """Return the MiB that were resident at most, from the start until the command has ended."""
    peak = (sys.executable, "-I", "-S", "-c", _PEAK, *command)
    return int(_run(peak, environ).stdout) / 1024


def system_calls(
    wrapper: tuple[str, ...], environ: dict[str, str], folder: Path
) -> tuple[int, int] | None:
    """Return the files opened and the system calls made by a cold start, by strace."""
    log = folder / "strace.txt"
    try:
        _run(("strace", "-f", "-qq", "-o", str(log), *wrapper, *NOTHING), environ)
    except (OSError, subprocess.CalledProcessError):  # not installed, or not allowed to trace
        return None
    return of_strace(log.read_text())


def of_strace(log: str) -> tuple[int, int]:
    """Return the same of what strace wrote."""
    return len(_OPENED.findall(log)), len(_CALL.findall(log))


def _images(wrapper: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the programs that a wrapper is one after the other: callgrind sees one at a time."""
    if len(wrapper) != 1:
        return [wrapper]
    return [("/bin/sh", *wrapper), (sys.executable, "-I", "-S", layers.program(wrapper[0]))]


def by_valgrind(image: tuple[str, ...], environ: dict[str, str], folder: Path) -> int:
    """Return the instructions until it becomes another program: then callgrind writes its sum."""
    for old in folder.glob("callgrind.*"):
        old.unlink()
    valgrind = ("valgrind", "--tool=callgrind", "--dump-before=execve")
    _run((*valgrind, f"--callgrind-out-file={folder}/callgrind.%p", *image, *NOTHING), environ)
    dumped = [path.read_text() for path in folder.glob("callgrind.*")]
    return sum(int(one) for text in dumped for one in _TOTALS.findall(text))


def instructions(bench: Bench, start: Start) -> float | None:
    """Return the millions of a cold start, outside of the kernel; None without valgrind."""
    environ = {**start.environ, **LONG_DEADLINE}
    try:
        # Each goes on to the exec, so that the second would find the snapshot of the first.
        return sum(
            by_valgrind(image, bench.cold(environ), bench.folder) / 1e6
            for image in _images(start.wrapper)
        )
    except (OSError, subprocess.CalledProcessError):  # not installed, or not for this processor
        return None


def _run(command: tuple[str, ...], environ: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, env=environ, capture_output=True, check=True)
