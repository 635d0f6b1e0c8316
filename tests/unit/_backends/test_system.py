"""The real system: its clock, threads, locks and jitter."""

from __future__ import annotations

import random
import threading

from appconfig_env._backends.system import THIS_SYSTEM, jitter


def test_jitter_is_between_zero_and_one_and_differs() -> None:
    drawn = [jitter() for _ in range(200)]
    assert all(0 <= number < 1 for number in drawn)
    assert len(set(drawn)) > 190


def test_jitter_does_not_depend_on_the_state_that_clones_share() -> None:
    random.seed(1)
    first = jitter()
    random.seed(1)
    assert jitter() != first


def test_the_clock_only_moves_forward_and_a_sleep_takes_its_time() -> None:
    before = THIS_SYSTEM.now()
    THIS_SYSTEM.sleep(0.001)
    assert THIS_SYSTEM.now() >= before + 0.001


def test_work_runs_in_another_thread_with_its_arguments() -> None:
    threads: list[int] = []
    done = threading.Event()

    def work(number: int) -> None:
        threads.append(threading.get_ident() * number)
        done.set()

    THIS_SYSTEM.start(work, (1,))
    assert done.wait(30)
    assert threads != [threading.get_ident()]


def test_a_lock_is_free_at_first_and_can_be_waited_for() -> None:
    lock = THIS_SYSTEM.lock()
    with lock:
        assert not lock.acquire(timeout=0.001)
    assert lock.acquire(timeout=0.001)
