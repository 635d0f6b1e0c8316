"""Runs the state machine for a given number of lives, and prints what was run."""

from __future__ import annotations

import argparse
import logging
import time
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from .life import Life

SEEDS = 2**32
BATCH = 1000  # hypothesis keeps every example in memory


class Counted(Life):
    """The state machine with counters."""

    lives = steps = calls = 0

    def check_invariants(self, *arguments: Any, **options: Any) -> None:
        """Count a step."""
        Counted.steps += 1
        super().check_invariants(*arguments, **options)

    def teardown(self) -> None:
        """Count a life."""
        Counted.lives += 1
        Counted.calls += len(self.world.calls)
        super().teardown()


def main() -> None:
    """Run until a failure or to the end."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.machine")
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % SEEDS)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    chosen = settings(
        max_examples=min(BATCH, options.examples),
        stateful_step_count=options.steps,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    began = time.monotonic()
    try:
        while Counted.lives < options.examples:
            run_state_machine_as_test(seed(options.seed)(Counted), settings=chosen)
            options.seed += 1
    finally:
        print(  # noqa: T201 - the command's output
            f"{Counted.lives} lives, {Counted.steps} steps, {Counted.calls} calls in"
            f" {time.monotonic() - began:.0f} s; seed {options.seed}"
        )


if __name__ == "__main__":
    main()
