"""What one start does, free of noise: files opened, system calls, instructions, peak memory.

Each is counted by the tool that is here; where there is none, the figure is None. The command that
the wrapper becomes is counted alone too and taken off, but for memory: that is a highest value.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from . import layers
from .contenders import CONTENDERS, NOTHING, PROGRAM, WRAPPER, Cell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .starts import Bench

    _Counter = Callable[[tuple[str, ...], dict[str, str]], int | None]

_OPENED = re.compile(r"^\d+ +(?:open(?:at)?\(|<\.\.\. open(?:at)? resumed>).*\) += \d+$")
_CALL = re.compile(r"^\d+ +\w+\(")
_TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)
NOT_COUNTED = "not counted here"
PATIENT = {"APPCONFIG_ENV_DEADLINE_SECONDS": "100"}  # under valgrind it takes 50 times as long
# A command's peak is that of its process, which begins as a copy of the one that forks it: as small
# a one as there is.
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
    """What a contender adds to one start.

    Attributes:
        files: opened.
        system_calls: made, by all threads.
        instructions: executed outside of the kernel, in millions.
        peak_mib: the most memory that was resident, in MiB; of the whole, not added.
    """

    files: int | None
    system_calls: int | None
    instructions: float | None
    peak_mib: float


class Counted(NamedTuple):
    """The work of each contender and of `layer`, ours out of one, and which tools counted."""

    work: dict[str, Work]
    tools: dict[str, str]


def count(bench: Bench, cell: Cell) -> Counted:
    """One start of each contender in a cell, and of ours out of a layer; three for memory."""
    environ = bench.serve(cell)
    own_files, own_calls = system_calls((), environ, bench.folder)
    by, instructions = _counter(bench.folder)
    layer = layers.unpacked(bench.folder / "counted", bench.server.ca_file)
    found = {}
    for name, wrapper in {**CONTENDERS, "layer": (layer,)}.items():
        files, calls = system_calls(wrapper, environ, bench.folder)
        bench.forget()
        executed = instructions(wrapper, {**environ, **PATIENT})
        bench.forget()
        peaks = []
        for _ in range(3):
            peaks.append(peak_mib((*wrapper, *NOTHING), environ))
            bench.forget()
        found[name] = Work(
            None if files is None or own_files is None else files - own_files,
            None if calls is None or own_calls is None else calls - own_calls,
            None if executed is None else executed / 1e6,
            median(peaks),
        )
    tools = {
        "files and system calls": "strace" if own_calls is not None else NOT_COUNTED,
        "instructions": by,
    }
    return Counted(found, tools)


def peak_mib(command: tuple[str, ...], environ: dict[str, str]) -> float:
    """MiB that were resident at most, from the start until the command has ended."""
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
    """Files opened and system calls made by a start, by strace."""
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
    """Files opened and system calls made, by what strace wrote."""
    lines = log.splitlines()
    return sum(map(bool, map(_OPENED.match, lines))), sum(map(bool, map(_CALL.match, lines)))


def _images(wrapper: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The programs that a wrapper is one after the other: callgrind sees one at a time."""
    if len(wrapper) > 1:
        return [wrapper]
    script = wrapper[0]
    program = PROGRAM if script == WRAPPER else layers.program(script)
    return [("/bin/sh", script), (sys.executable, "-I", "-S", program)]


def by_valgrind(image: tuple[str, ...], environ: dict[str, str], folder: Path) -> int:
    """Instructions until it becomes another program, at which moment callgrind writes its sum."""
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


def _counter(folder: Path) -> tuple[str, _Counter]:
    """What counts instructions here, and how: of a wrapper in an environment."""
    bare = {"PATH": os.defpath}
    try:
        _by_perf((), bare)
    except (OSError, subprocess.CalledProcessError, ValueError):
        pass  # not installed, or a virtual machine without counters
    else:
        return (
            "perf",
            lambda wrapper, environ: _by_perf(wrapper, environ) - _by_perf((), environ),
        )
    try:
        by_valgrind(("/bin/sh", "-c", 'exec "$@"', "sh"), bare, folder)
    except (OSError, subprocess.CalledProcessError):
        return NOT_COUNTED, lambda _wrapper, _environ: None
    return "valgrind's callgrind", lambda wrapper, environ: sum(
        by_valgrind(image, environ, folder) for image in _images(wrapper)
    )


def _by_perf(wrapper: tuple[str, ...], environ: dict[str, str]) -> int:
    words = ("perf", "stat", "-x", ",", "-e", "instructions:u", *wrapper, *NOTHING)
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
    return int(done.stderr.strip().splitlines()[-1].split(",")[0])  # a word where it cannot


def _run(command: tuple[str, ...], environ: dict[str, str]) -> None:
    subprocess.run(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
