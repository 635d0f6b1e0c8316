"""`python -m benchmarks`: measure, print, and fill docs/performance.md.

A missed target is reported and is not a failure: machines differ.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import ssl
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from . import counts, distance, figures, growth, handler, one_start, page
from .starts import Bench

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from .figures import Figure, Part

PACKAGES = ("appconfig-env", "boto3", "botocore", "aws-lambda-powertools", "awslambdaric")


def main() -> None:
    """Measure the wanted parts."""
    options = _options()
    about = machine()  # with the load from before the run
    found: list[Figure] = []
    marked = {"machine": page.table(("", ""), list(about.items()))}
    pictures: dict[str, Callable[[Path], None]] = {}
    wanted = {name: PARTS[name] for name in options.only or PARTS}
    progress = page.Progress(len(wanted))
    for name, measure in wanted.items():
        progress.step(f"measuring: {name}")
        part = measure(options)
        found += part.figures
        marked |= part.found.marked
        pictures |= part.found.pictures
    if not options.only:
        marked |= figures.targets(found)
    if options.json:
        shown = [{**figure._asdict(), "is_met": figure.is_met} for figure in found]
        report = {"machine": about, "figures": shown, "page": marked}
        print(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        print("\n\n".join(text for text in marked.values() if text.startswith("|")))
        print("\n", figures.summary(found), sep="")
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
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _start(options: Namespace) -> Part:
    with Bench.open() as bench:
        return one_start.part(one_start.measure(bench, options.rounds))


def _distance(options: Namespace) -> Part:
    fewer = _part_of(options.rounds, 4)
    with Bench.open() as bench:
        return distance.part(distance.measure(bench, distance.cells(options.rtt), fewer), fewer)


def _deferred(options: Namespace) -> Part:
    fewer = _part_of(options.rounds, 4)
    with Bench.open() as bench:
        found = distance.measure_deferred(bench, distance.DEFERRED_CELLS, fewer)
    return distance.part_deferred(found, fewer)


def _counts(options: Namespace) -> Part:
    del options  # what is counted does not vary
    with Bench.open() as bench:
        return counts.part(counts.measure(bench, one_start.CELL))


def _growth(options: Namespace) -> Part:
    fewer = _part_of(options.rounds, 4)
    with Bench.open() as bench:
        return growth.part(growth.measure(bench, growth.SERIES, fewer), fewer)


def _part_of(rounds: int, part: int) -> int:
    return -(-rounds // part)


PARTS: dict[str, Callable[[Namespace], Part]] = {
    "start": _start,
    "distance": _distance,
    "deferred": _deferred,
    "counts": _counts,
    "growth": _growth,
    "import": lambda options: handler.part_imports(handler.measure_imports(options.rounds)),
    "reads": lambda options: handler.part_reads(handler.measure_reads(_part_of(options.rounds, 6))),
    "memory": lambda options: handler.part_memory(
        handler.measure_memory(_part_of(options.rounds, 12))
    ),
}


def _options() -> Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    text = "starts of each kind in the first part, a quarter of it in others (default: 40)"
    parser.add_argument("--rounds", type=_count, default=40, help=text)
    text = "round trips in milliseconds, for sources and distance (default: 0 2 10)"
    rtts = distance.RTTS_MS
    parser.add_argument("--rtt", type=float, nargs="+", metavar="MS", default=rtts, help=text)
    text = "this part alone; may be repeated"
    parser.add_argument("--only", action="append", choices=PARTS, help=text)
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    text = "the folder of performance.md, which is filled, and its pictures drawn"
    parser.add_argument("--docs", type=Path, help=text)
    return parser.parse_args()


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("expected 1 or more")
    return number


if __name__ == "__main__":
    main()
