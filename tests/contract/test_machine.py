"""AppConfig's contract under any sequence of events; see `machine.life`.

The same lives every time; `python -m tests.contract.machine` runs others, and counts them.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from .machine.life import Life

TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=300,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
