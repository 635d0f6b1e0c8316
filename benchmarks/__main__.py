"""The command: `python -m benchmarks [--rounds N] [--json]`; never fails, machines differ."""

from __future__ import annotations

import argparse

from . import figures, report


def main() -> None:
    """Measure all and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--rounds", type=_count, default=40, help="starts of each kind (default: 40)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    options = parser.parse_args()
    found = [
        *figures.of_starts(options.rounds),
        *figures.of_import(options.rounds),
        *figures.of_reads(options.rounds),
    ]
    show = report.as_json if options.json else report.as_text
    print(show(found, report.machine()))


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("want 1 or more")
    return number


if __name__ == "__main__":
    main()
