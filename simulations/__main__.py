"""`python -m simulations`: simulate fleets on all processors, and fill docs/fleet.md."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

from tools import page

from . import figures, polls, starts
from .polls import Crowd

if TYPE_CHECKING:
    from .starts import Fleet, Starts


def main() -> None:
    """Simulate all, the longest first."""
    parser = argparse.ArgumentParser(prog="python -m simulations", description=__doc__)
    parser.add_argument("--docs", type=Path, help="the folder of fleet.md, which is filled")
    options = parser.parse_args()
    wanted = figures.wanted()
    progress = page.Progress(len(wanted) + 1)
    progress.step(f"simulating on {os.cpu_count()} processors, the longest first: {wanted[0][0]}")
    fleets: dict[Fleet, Starts] = {}
    crowds: dict[Crowd, list[int]] = {}
    # Garbage waits for the next simulation: collecting visits the frames of thousands of greenlets.
    with ProcessPoolExecutor(initializer=gc.disable) as pool:
        jobs = {pool.submit(_simulate, what): title for title, what in wanted}
        for job in as_completed(jobs):
            started, polled = job.result()
            fleets |= started
            crowds |= polled
            progress.step(f"done: {jobs[job]}")
    found = figures.findings(fleets, crowds)
    for text in found.marked.values():
        sys.stdout.write(f"{text}\n\n" if "\n" in text else "")
    if options.docs:
        page.write(found, options.docs / "fleet.md")


def _simulate(what: Fleet | Crowd) -> tuple[dict[Fleet, Starts], dict[Crowd, list[int]]]:
    """Simulate one of either."""
    gc.collect()
    if isinstance(what, Crowd):
        return {}, {what: polls.simulate(what)}
    return {what: starts.simulate(what)}, {}


if __name__ == "__main__":
    main()
