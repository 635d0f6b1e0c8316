"""`python -m benchmarks.fleet`: start fleets in virtual time, print the tables, write the page."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from .. import page
from . import polls, sections, starts

TITLE = "A fleet against AWS's quotas"


def main() -> int:
    """Simulate what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", type=Path, help="write fleet.md and its pictures there")
    options = parser.parse_args()
    fleets = sections.fleets()
    with ProcessPoolExecutor() as pool:
        # The largest first: they take longest.
        largest = sorted(fleets, key=lambda key: -fleets[key].environments)
        started = dict(
            zip(largest, pool.map(starts.simulate, [fleets[key] for key in largest]), strict=True)
        )
        crowds = dict(
            zip(
                sections.CROWDS,
                pool.map(polls.simulate, sections.CROWDS.values()),
                strict=True,
            )
        )
    found = [
        sections.about(),
        sections.burst(sections.simulated_bursts()),
        sections.sizes(started),
        sections.crowds(crowds),
    ]
    for section in found:
        sys.stdout.write(page.as_text(section) + "\n\n")
    if options.docs:
        page.write(TITLE, found, options.docs / "fleet.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
