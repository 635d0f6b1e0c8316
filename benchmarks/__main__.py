"""The command: `python -m benchmarks`; a missed target is said and no failure, machines differ."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import (
    counts,
    figures,
    growth,
    headline,
    inside,
    life,
    matrix,
    memory,
    overlap,
    page,
    report,
    sections,
    sections_of_life,
    sections_of_sizes,
    tricks,
)  # fmt: skip
from .starts import Bench

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from .figures import Figure
    from .page import Section

TITLE = "What it costs, measured"
PAGE = "performance.md"


class Part(NamedTuple):
    """What one measurement gives."""

    figures: list[Figure]
    section: Section | None = None


def main() -> None:
    """Measure what is wanted and say it."""
    options = _options()
    about = report.machine()  # the load that was there before
    found: list[Figure] = []
    told: list[Section] = []
    for name, measure in PARTS.items():
        if options.only and name not in options.only:
            continue
        print(f"measuring: {name}", file=sys.stderr)
        part = measure(options)
        found += part.figures
        if part.section:
            told.append(part.section)
    show = report.as_json if options.json else report.as_text
    print(show(found, about, told))
    if options.docs:
        whole = [sections.machine(about), sections.targets(found), *told]
        page.write(TITLE, whole, options.docs / PAGE)


def _headline(options: Namespace) -> Part:
    with Bench.open() as bench:
        found = headline.measure(bench, options.rounds)
    return Part(figures.of_headline(found), sections.headline(found))


def _matrix(options: Namespace) -> Part:
    fewer = _part_of(options.rounds, 4)
    with Bench.open() as bench:
        found = matrix.measure(bench, matrix.cells(options.rtt), fewer)
    return Part(figures.of_matrix(found), sections_of_sizes.matrix(found, fewer))


def _overlap(options: Namespace) -> Part:
    fewer = _part_of(options.rounds, 4)
    with Bench.open() as bench:
        found = overlap.measure(bench, overlap.CELLS, fewer)
    return Part(figures.of_overlap(found), sections_of_sizes.beside(found, fewer))


def _counts(options: Namespace) -> Part:
    del options  # what is counted does not vary
    with Bench.open() as bench:
        found = counts.count(bench, headline.CELL)
    return Part([], sections.counts(found))


def _tricks(options: Namespace) -> Part:
    with Bench.open() as bench:
        found = tricks.measure(bench, options.rounds)
    return Part([], sections.tricks(found, tricks.reads(options.rounds)))


def _growth(options: Namespace) -> Part:
    fewer = _part_of(options.rounds, 4)
    with Bench.open() as bench:
        found = growth.measure(bench, growth.SERIES, fewer)
    return Part(figures.of_growth(found), sections_of_sizes.grown(found, fewer))


def _import(options: Namespace) -> Part:
    found = inside.imports_ms(options.rounds)
    return Part(figures.of_import(found), sections_of_life.imports(found))


def _reads(options: Namespace) -> Part:
    found = inside.beside_peers(_part_of(options.rounds, 6))
    return Part(figures.of_reads(found[0]), sections_of_life.reads(found))


def _memory(options: Namespace) -> Part:
    found = memory.measure(_part_of(options.rounds, 12))
    return Part(figures.of_memory(found), sections_of_life.memory(found))


def _hours(options: Namespace) -> Part:
    del options  # in virtual time nothing varies
    return Part([], sections_of_life.hours(life.measure()))


def _part_of(rounds: int, part: int) -> int:
    return -(-rounds // part)


PARTS: dict[str, Callable[[Namespace], Part]] = {
    "headline": _headline,
    "matrix": _matrix,
    "overlap": _overlap,
    "counts": _counts,
    "tricks": _tricks,
    "growth": _growth,
    "import": _import,
    "reads": _reads,
    "memory": _memory,
    "hours": _hours,
}


def _options() -> Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--rounds",
        type=_count,
        default=40,
        help="starts of each kind in the first cell, a quarter of it in the others (default: 40)",
    )
    parser.add_argument(
        "--rtt",
        type=float,
        nargs="+",
        metavar="MS",
        default=matrix.RTTS_MS,
        help="round trips in milliseconds, for sources and distance (default: 0 2 10)",
    )
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; may be repeated")
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    parser.add_argument("--docs", type=Path, help=f"write {PAGE} and its pictures into this folder")
    return parser.parse_args()


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("want 1 or more")
    return number


if __name__ == "__main__":
    main()
