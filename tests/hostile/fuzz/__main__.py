"""`python -m tests.hostile.fuzz`: search with atheris for inputs that break a target's guarantee.

With --keep, new inputs are added to the corpus; inputs that break a guarantee are written to
TARGET/crashes in the work folder. Needs atheris (requirements/fuzz.txt), unlike the tests.
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
    "json_codec", "http_responses", "responses", "certificates",
)  # fmt: skip
LONGEST_INPUT = 4096
SLOWEST_SECONDS = 10  # for one input; exceeding it counts as a failure
MOST_MEMORY_MIB = 1500


def fuzz(name: str, arguments: list[str]) -> None:
    """Run the fuzzer for one target; does not return."""
    # Not available for every Python, so tests and linters must not need it.
    atheris: Any = importlib.import_module("atheris")

    with atheris.instrument_imports(include=["appconfig_env", "dotenv", "yaml"]):
        from . import network, octets, texts
    targets = (*texts.TARGETS, *octets.TARGETS, *network.TARGETS)
    target = {one.name: one for one in targets}[name]
    words = Path(arguments[0]) / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
    seeds = Path(arguments[0]) / "seeds"
    seeds.mkdir(exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (seeds / f"seed{number}").write_bytes(seed)
    dictionary = [f"-dict={words}"] if target.words else []
    atheris.Setup(
        [str(_restart_script(name, arguments[0])), *dictionary, *arguments[1:], str(seeds)],
        target.check,
    )
    atheris.Fuzz()


def _restart_script(name: str, folder: str) -> Path:
    """A script with which the fuzzer restarts itself, as it does to merge."""
    path = Path(folder) / "restart"
    path.write_text(f'#!/bin/sh\nexec {shlex.join(_command(name, folder))} "$@"\n')
    path.chmod(0o755)
    return path


def _command(name: str, folder: str) -> list[str]:
    code = f"import sys; from tests.hostile.fuzz.__main__ import fuzz; fuzz({name!r}, sys.argv[1:])"
    return [sys.executable, "-c", code, folder]


def _escaped(word: str) -> str:
    characters = (chr(byte) for byte in word.encode())
    return "".join(c if c.isalnum() and c.isascii() else f"\\x{ord(c):02X}" for c in characters)


def main() -> int:
    """Fuzz the given targets, or all; exit with 1 if a guarantee was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=int, default=300, help="time for each target")
    parser.add_argument("--work", type=Path, help="folder for results")
    parser.add_argument("--keep", action="store_true", help="add new inputs to the corpus")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="fuzz-"))
    names = options.targets or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    bad = [name for name in names if not run(name, options.seconds, work, options.keep)]
    if bad:
        print(f"guarantees were broken: {', '.join(bad)}; see the inputs in {work}")  # noqa: T201
    return 1 if bad else 0


def run(name: str, seconds: int, work: Path, keep: bool) -> bool:
    """Fuzz one target in its own process, and print the result."""
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
    elapsed = time.monotonic() - began
    print(  # noqa: T201 - the command's output
        f"{name}: {executed[-1]} inputs in {elapsed:.0f} s, {edges[-1][0]} edges, "
        f"{edges[-1][1]} features; {'passed' if done.returncode == 0 else 'BROKEN'}",
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
