"""No test sleeps for a fixed time, except where the passage of time is what it tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = ROOT / "tests"

ANY_MOMENT = "at a random moment, whatever happens then"
NOTHING_HAPPENS = "to show that nothing happens meanwhile"
REAL_TIME = "time must pass on a clock that the test cannot move"
SLOW = "in a fake that is slow"
WAITS = "in a program, in a loop that waits for a condition"

# Sleeps that do not wait for a condition, by file and outermost name, and what they are for.
EXCEPTIONS = {
    "alongside/test_greenlets.py: TOGETHER": WAITS,
    "alongside/web.py: APPLICATION": SLOW,
    "emulators/test_rie.py: test_a_frozen_sandbox_does_not_run": NOTHING_HAPPENS,
    "emulators/test_rie.py: test_a_timeout_ends_the_runtime": SLOW,
    "emulators/test_rie.py: test_several_workers_share_one_environment": WAITS,
    "faults/test_beyond.py: SlowToImport": SLOW,
    "hostile/test_canary.py: LEAKS": WAITS,
    "integration/test_background.py: "
    "test_a_child_that_was_frozen_exits_and_the_helper_loads_by_itself": REAL_TIME,
    "integration/test_background.py: "
    "test_a_slow_child_is_waited_for_until_the_cold_start_deadline": NOTHING_HAPPENS,
    "integration/test_background.py: "
    "test_threads_wait_for_the_thread_that_waits_for_another_process": REAL_TIME,
    # Threads wait for importlib's lock, which nothing shows; one that comes late tests less.
    "integration/test_late_site.py: IMPORT": SLOW,
    "lifecycle/test_fork.py: DURING_AN_IMPORT": SLOW,
    "lifecycle/test_fork.py: test_a_child_takes_over_if_its_parent_dies_during_a_refresh": WAITS,
    "lifecycle/test_fork.py: test_a_fork_does_not_wait_forever_for_another_thread_s_import": SLOW,
    "lifecycle/test_freeze.py: test_a_refresh_interrupted_by_a_freeze_succeeds": REAL_TIME,
    "lifecycle/test_freeze.py: "
    "test_a_response_delayed_by_a_freeze_is_as_old_as_its_request": REAL_TIME,
    "lifecycle/test_gunicorn.py: APPLICATION": SLOW,
    "lifecycle/test_signals.py: "
    "test_a_cold_start_ended_at_any_moment_leaves_a_complete_snapshot_or_none": ANY_MOMENT,
    "unit/_http/test_connection.py: byte_by_byte_forever": SLOW,
    "unit/_http/test_connection.py: in_steps": SLOW,
    "unit/openfeature/test_provider.py: "
    "test_an_evaluation_waits_no_longer_than_a_poll_may_take": NOTHING_HAPPENS,
}


def sleeps(source: str) -> Iterator[str]:
    """The outermost names in which `source` sleeps.

    A sleep in a `while` loop that can end is left out: the loop waits for its condition. In the
    source's texts, which may be programs, every sleep counts, because loops are not seen there.
    """
    if "sleep" not in source:  # a tree takes time, and most files have none
        return
    for statement in ast.parse(source).body:
        loops = [node for node in ast.walk(statement) if isinstance(node, ast.While)]
        waits = {id(node) for loop in loops if can_end(loop) for node in ast.walk(loop)}
        for node in ast.walk(statement):
            if id(node) not in waits and is_sleep(node):
                yield name_of(statement)


def can_end(loop: ast.While) -> bool:
    """Whether the loop has a condition, or a statement that ends it."""
    ends = (ast.Break, ast.Return, ast.Raise)
    is_endless = isinstance(loop.test, ast.Constant)
    return not is_endless or any(isinstance(node, ends) for node in ast.walk(loop))


def is_sleep(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in ("time.sleep", "sleep", "asyncio.sleep")
    text = node.value if isinstance(node, ast.Constant) else None
    return isinstance(text, str) and bool(re.search(r"\bsleep\(", text))


def name_of(statement: ast.stmt) -> str:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement
    return getattr(target, "name", getattr(target, "id", ""))


def all_sleeps() -> set[str]:
    return {
        f"{path.relative_to(TESTS).as_posix()}: {name}"
        for path in TESTS.rglob("*.py")
        if path != Path(__file__)
        for name in sleeps(path.read_text())
    }


def test_every_sleep_waits_for_a_condition_or_is_listed_with_the_reason() -> None:
    assert all_sleeps() == EXCEPTIONS.keys()


@pytest.mark.parametrize(
    "body",
    [
        "time.sleep(1)",
        "if x:\n        sleep(1)",
        "for one in many:\n        time.sleep(1)",
        "while True:\n        time.sleep(1)",
        "while not done():\n        pass\n    time.sleep(1)",
        "run('import time; time.sleep(1)')",
    ],
)
def test_a_sleep_for_a_fixed_time_is_found(body: str) -> None:
    assert list(sleeps(f"def test_it():\n    {body}\n")) == ["test_it"]


@pytest.mark.parametrize(
    "body",
    [
        "while not done():\n        time.sleep(1)",
        "while True:\n        if done():\n            return\n        time.sleep(1)",
        "world.sleep(1)",
    ],
)
def test_a_wait_for_a_condition_is_not_a_sleep(body: str) -> None:
    assert list(sleeps(f"def test_it():\n    {body}\n")) == []
