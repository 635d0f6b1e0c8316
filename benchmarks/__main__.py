"""`python -m benchmarks`: measure, print, and fill docs/performance.md.

A missed target is reported and is not a failure: machines differ.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import ssl
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import page

from . import counts, distance, documents, each_python, growth, handler, one_start
from .starts import Bench

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from tools.page import Figure, Findings

PACKAGES = ("appconfig-env", "boto3", "botocore", "aws-lambda-powertools", "awslambdaric")
# By name: which part of the rounds it has, what measures, and its part of the page.
PARTS: dict[str, tuple[int, Callable[[Bench, int], Any], Callable[[Any], Findings]]] = {
    "start": (1, one_start.measure, one_start.part),
    "pythons": (1, each_python.measure, each_python.part),
    "distance": (4, distance.measure, distance.part),
    "deferred": (4, distance.measure_deferred, distance.part_deferred),
    "counts": (12, counts.measure, counts.part),
    "growth": (4, growth.measure, growth.part),
    "first": (1, handler.measure_first, handler.part_first),
    "reads": (6, handler.measure_reads, handler.part_reads),
    "memory": (12, handler.measure_memory, handler.part_memory),
    "documents": (20, documents.measure, documents.part),
}


def main() -> None:
    """Measure the wanted parts."""
    options = _options()
    marked = {"machine": page.table(("", ""), list(machine().items()))}  # with the load from before
    found: list[Figure] = []
    is_slow = False
    pictures: dict[str, Callable[[Path], None]] = {}
    wanted = options.only or list(PARTS)
    progress = page.Progress(len(wanted))
    for name in wanted:
        share, measure, shown = PARTS[name]
        rounds = -(-options.rounds // share)
        progress.step(f"measuring: {name}")
        with Bench.open(progress.note) as bench:
            part = shown(measure(bench, rounds))
        found += part.figures
        is_slow |= part.is_slow
        marked |= {f"{name}-rounds": str(rounds), **part.marked}
        pictures |= part.pictures
    targets = page.targets(found, is_slow=is_slow)
    if not options.only:
        marked |= targets
    tables = (text for text in {**marked, **targets}.values() if text.startswith("|"))
    print(*tables, targets["missed"], sep="\n\n")
    if options.docs:
        page.write(page.Findings(marked, pictures), options.docs / "performance.md")


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "tls": ssl.OPENSSL_VERSION,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": f"{os.cpu_count()} x {_processor()}",
        "load": f"{os.getloadavg()[0]:.2f} before the run (what else runs here is in the figures)",
        **{name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    listed = Path("/proc/cpuinfo")  # Linux only
    found = re.search(r"\nmodel name\s*: (.+)", listed.read_text() if listed.exists() else "")
    return found[1] if found else platform.machine()


def _options() -> Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    text = "starts of each kind in the first part, a share of it in others (default: 40)"
    parser.add_argument("--rounds", type=int, default=40, help=text)
    text = "this part alone; may be repeated"
    parser.add_argument("--only", action="append", choices=PARTS, help=text)
    text = "the folder of performance.md, which is filled, and its pictures drawn"
    parser.add_argument("--docs", type=Path, help=text)
    return parser.parse_args()


if __name__ == "__main__":
    main()
