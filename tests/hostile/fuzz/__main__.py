"""`python -m tests.hostile.fuzz`: let atheris look for inputs that break a promise, by target.

What it finds new goes into the corpus; what breaks a promise stands in `crashes/` below the folder
for work. Needs atheris (requirements/fuzz.txt), which the tests do not.
"""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ...support.paths import ROOT
from .target import CORPUS

NAMES = (
    "references", "settings", "urls", "snapshot", "handoff", "log_lines", "documents",
    "json_codec", "http_answers", "answers", "certificates",
)  # fmt: skip
LONGEST_INPUT = 4096
SLOWEST_SECONDS = 10  # for one input; a unit that takes longer is a finding
MOST_MEMORY_MIB = 1500


def fuzz(name: str, arguments: list[str]) -> None:
    """Become the fuzzer of one target; does not come back."""
    # Not for every Python, so not among what the tests and the linters need.
    atheris: Any = importlib.import_module("atheris")

    with atheris.instrument_imports(include=["appconfig_env", "dotenv", "yaml"]):
        from . import network, octets, texts
    everything = (*texts.TARGETS, *octets.TARGETS, *network.TARGETS)
    target = {one.name: one for one in everything}[name]
    words = Path(arguments[0]) / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
    seeds = Path(arguments[0]) / "seeds"
    seeds.mkdir(exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (seeds / f"seed{number}").write_bytes(seed)
    known = [f"-dict={words}"] if target.words else []
    atheris.Setup(
        [str(_again(name, arguments[0])), *known, *arguments[1:], str(seeds)], target.check
    )
    atheris.Fuzz()


def _again(name: str, folder: str) -> Path:
    """A command by which the fuzzer starts itself anew, which it does to merge."""
    path = Path(folder) / "again"
    path.write_text(f'#!/bin/sh\nexec {shlex.join(_command(name, folder))} "$@"\n')
    path.chmod(0o755)
    return path


def _command(name: str, folder: str) -> list[str]:
    code = f"import sys; from tests.hostile.fuzz.__main__ import fuzz; fuzz({name!r}, sys.argv[1:])"
    return [sys.executable, "-c", code, folder]


def _escaped(word: str) -> str:
    signs = (chr(byte) for byte in word.encode())
    return "".join(s if s.isalnum() and s.isascii() else f"\\x{ord(s):02X}" for s in signs)


def main() -> int:
    """Fuzz the targets that are named, or all; the exit code tells whether all is well."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=int, default=300, help="for each target")
    parser.add_argument("--work", type=Path, help="a folder for what is found")
    parser.add_argument("--keep", action="store_true", help="add what is new to the corpus")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="fuzz-"))
    wanted = options.targets or NAMES
    if unknown := set(wanted) - set(NAMES):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    bad = [name for name in wanted if not run(name, options.seconds, work, options.keep)]
    if bad:
        print(f"promises were broken: {', '.join(bad)}; the inputs are in {work}")  # noqa: T201
    return 1 if bad else 0


def run(name: str, seconds: int, work: Path, keep: bool) -> bool:
    """Fuzz one target in a process of its own, and say what came of it."""
    folder = work / name
    fresh, crashes = folder / "fresh", folder / "crashes"
    for one in (fresh, crashes, CORPUS / name):
        one.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    done = _fuzzer(
        name,
        folder,
        f"-max_total_time={seconds}",
        f"-artifact_prefix={crashes}/",
        str(fresh),
        str(CORPUS / name),
    )
    (folder / "log").write_text(done.stdout + done.stderr)
    executed = re.findall(r"number_of_executed_units: (\d+)", done.stderr) or ["?"]
    edges = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", done.stderr) or [("?", "?", "?")]
    took = time.monotonic() - began
    print(  # noqa: T201 - this is what it is run for
        f"{name}: {executed[-1]} inputs in {took:.0f} s, {edges[-1][0]} edges, "
        f"{edges[-1][1]} features; {'well' if done.returncode == 0 else 'BROKEN'}",
        flush=True,
    )
    if keep:
        _fuzzer(name, folder, "-set_cover_merge=1", str(CORPUS / name), str(fresh))
    return done.returncode == 0


def _fuzzer(name: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    limits = [
        f"-max_len={LONGEST_INPUT}",
        f"-timeout={SLOWEST_SECONDS}",
        f"-rss_limit_mb={MOST_MEMORY_MIB}",
        "-print_final_stats=1",
    ]
    return subprocess.run(
        [*_command(name, str(folder)), *limits, *options],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
    )


if __name__ == "__main__":
    raise SystemExit(main())
