"""AppConfig's contract, whatever befalls: see `machine.life`, and `machine` for how it is held.

`python -m tests.machine` does the same for longer, and counts.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from .machine.life import Life

TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=300,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
