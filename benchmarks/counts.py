"""What one cold start does, free of noise: files opened, system and Python calls, and memory.

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

from . import layers, pictures
from .contenders import CONTENDERS, NAMES, NOTHING, PROGRAM, WRAPPER, Cell
from .figures import Figure
from .page import Findings, number, table
from .pictures import Bar
from .starts import Start

if TYPE_CHECKING:
    from pathlib import Path

    from .starts import Bench

_OPENED = re.compile(r"^\d+ +(?:open(?:at)?\(|<\.\.\. open(?:at)? resumed>).*\) += \d+$")
_CALL = re.compile(r"^\d+ +\w+\(")
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
# Runs before a contender's program: modules, and calls of Python functions in all of its threads.
_COUNT = """
import _thread, sys
before, count, start = len(sys.modules), 0, _thread.start_new_thread
def profile(frame, event, argument):
    global count
    count += event == "call"
def profiled(function, arguments):
    sys.setprofile(profile)
    function(*arguments)
def report(event, arguments):
    if event == "os.exec":
        sys.setprofile(None)
        print(len(sys.modules) - before, count, file=sys.stderr)
_thread.start_new_thread = lambda *started: start(profiled, started)
sys.addaudithook(report)
sys.setprofile(profile)
"""
COLUMNS = (
    "files opened", "system calls", "instructions, millions", "modules", "Python calls",
    "peak memory, MiB",
)  # fmt: skip


class Work(NamedTuple):
    """What a contender adds to one cold start, in all threads; its peak is of the whole process."""

    files: int | None
    system_calls: int | None
    instructions: float | None  # millions, outside of the kernel
    modules: int  # beyond those of an interpreter
    python_calls: int
    peak_mib: float


def measure(bench: Bench, rounds: int) -> dict[str, Work]:
    """Return the work of `idle`, ours with nothing to read; of all contenders; and of a `layer`."""
    environ = bench.serve(Cell())
    own = system_calls((), environ, bench.folder)
    layer = layers.unpacked(bench.folder / "counted", bench.server.ca_file)
    starts = {
        "idle": Start(CONTENDERS["ours"], bench.environ),
        **{name: Start(wrapper, environ) for name, wrapper in CONTENDERS.items()},
        "layer": Start((layer,), environ),
    }
    found = {}
    for name in bench.each("contender", list(starts)):
        wrapper, environ = starts[name]
        counted = system_calls(wrapper, environ, bench.folder)
        bench.forget()
        executed = _instructions(wrapper, {**environ, **LONG_DEADLINE}, bench.folder)
        bench.forget()
        peaks, pythons = [], []
        for _ in range(rounds):
            peaks.append(peak_mib((*wrapper, *NOTHING), environ))
            bench.forget()
            pythons.append(python_work(wrapper, environ))
            bench.forget()
        modules, calls = (round(median(one)) for one in zip(*pythons, strict=True))
        files, of_system = (
            None if all_ is None or before is None else all_ - before
            for all_, before in zip(counted, own, strict=True)
        )
        found[name] = Work(files, of_system, executed, modules, calls, median(peaks))
    return found


def part(found: dict[str, Work]) -> Findings:
    """Return its figures and its part of the page; no target holds for it."""
    figures = [
        Figure("modules imported", found["ours"].modules),
        Figure("modules imported, nothing to read", found["idle"].modules),
        Figure("Python calls of a cold start", found["ours"].python_calls),
    ]
    rows = [(NAMES[name], *map(number, work)) for name, work in found.items()]
    panels: dict[str, list[Bar]] = {}
    for label, values in zip(COLUMNS, zip(*found.values(), strict=True), strict=True):
        bars = [
            Bar(NAMES[name], value, name in ("idle", "ours", "layer"))
            for name, value in zip(found, values, strict=True)
            if value is not None
        ]
        panels |= {label: bars} if bars else {}
    draw = partial(pictures.bars, panels)
    return Findings({"counts": table(("", *COLUMNS), rows)}, {"counts": draw}, figures)


def peak_mib(command: tuple[str, ...], environ: dict[str, str]) -> float:
    """Return the MiB that were resident at most, from the start until the command has ended."""
    peak = (sys.executable, "-I", "-S", "-c", _PEAK, *command)
    return int(_run(peak, environ).stdout) / 1024


def system_calls(
    wrapper: tuple[str, ...], environ: dict[str, str], folder: Path
) -> tuple[int | None, int | None]:
    """Return the files opened and the system calls made by a cold start, by strace."""
    log = folder / "strace.txt"
    try:
        _run(("strace", "-f", "-qq", "-o", str(log), *wrapper, *NOTHING), environ)
    except (OSError, subprocess.CalledProcessError):  # not installed, or not allowed to trace
        return None, None
    return of_strace(log.read_text())


def of_strace(log: str) -> tuple[int, int]:
    """Return the same of what strace wrote."""
    lines = log.splitlines()
    return sum(map(bool, map(_OPENED.match, lines))), sum(map(bool, map(_CALL.match, lines)))


def python_work(wrapper: tuple[str, ...], environ: dict[str, str]) -> tuple[int, int]:
    """Return the modules that are loaded and the calls of Python functions, until the exec."""
    *flags, program = _images(wrapper)[-1]
    if program.endswith(".py"):
        flags.append("-c")
        program = f"__file__ = {program!r}; exec(compile(open(__file__).read(), __file__, 'exec'))"
    done = _run((*flags, f"{_COUNT}{program}", *NOTHING), environ)
    modules, calls = map(int, done.stderr.split()[-2:])
    return modules, calls


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
    valgrind = ("valgrind", "--tool=callgrind", "--dump-before=execve")
    _run((*valgrind, f"--callgrind-out-file={folder}/callgrind.%p", *image, *NOTHING), environ)
    dumped = [path.read_text() for path in folder.glob("callgrind.*")]
    return sum(int(one) for text in dumped for one in _TOTALS.findall(text))


def _instructions(wrapper: tuple[str, ...], environ: dict[str, str], folder: Path) -> float | None:
    try:
        return sum(by_valgrind(image, environ, folder) for image in _images(wrapper)) / 1e6
    except (OSError, subprocess.CalledProcessError):  # not installed, or not for this processor
        return None


def _run(command: tuple[str, ...], environ: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, env=environ, capture_output=True, check=True)
