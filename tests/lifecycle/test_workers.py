"""Many processes in one environment (AWS_LAMBDA_MAX_CONCURRENCY): one refreshes for all."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cache.file_lock import FileLock
from appconfig_env._cache.store import LOCK_RETRY_SECONDS
from appconfig_env._helper.helper import Helper

from ..support.fakes import Clock, wrapped
from ..support.life import APP, IN_LAMBDA, SERVE, Life, Runtime, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORKERS = 16
# A fake of the runtime: starts as many processes as the real one with that variable. All of them
# evaluate the same line at once, and each responds on its own pipe.
FLEET = """
import json, subprocess, sys
workers = [
    subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=-1, stdout=-1, text=True)
    for _ in range(int(sys.argv[2]))
]

def all_say(text):
    for worker in workers:
        worker.stdin.write(text + "\\n")
        worker.stdin.flush()
    return [json.loads(worker.stdout.readline()) for worker in workers]

for line in sys.stdin:
    print(json.dumps(all_say(line.strip())), flush=True)
for worker in workers:
    worker.communicate()
"""


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """An environment with a profile and a path, but no secret."""
    with Life(tmp_path) as life:
        del life.environ["DB_PASSWORD"]
        life.environ["AWS_LAMBDA_MAX_CONCURRENCY"] = str(WORKERS)
        yield life


def fleet(life: Life) -> Runtime:
    return life.start(program=FLEET, arguments=[SERVE, str(WORKERS)])


def test_one_of_sixteen_processes_refreshes_for_all_in_one_session(life: Life) -> None:
    runtime = fleet(life)
    assert runtime.ask("[get('LIMIT'), get('HOST')]") == [["10", "db.one"]] * WORKERS
    assert len(set(runtime.ask("os.getpid()"))) == WORKERS
    for limit in range(11, 16):
        life.deploy(limit)
        life.tick(60)
        polled = life.aws.count("GetLatestConfiguration")
        # A process may use the old value for a moment while another one refreshes.
        assert set(runtime.ask("get('LIMIT')")) <= {str(limit - 1), str(limit)}
        life.tick(LOCK_RETRY_SECONDS)
        assert runtime.ask("get('LIMIT')") == [str(limit)] * WORKERS
        assert life.aws.count("GetLatestConfiguration") == polled + 1

    assert life.aws.count("StartConfigurationSession") == 1, "the wrapper's"
    assert life.aws.received == {"shop/prod/app": 6}
    assert life.aws.problems == []
    assert runtime.ask(f"error({APP!r})") == [None] * WORKERS


def test_if_the_refreshing_process_is_killed_another_one_refreshes(life: Life) -> None:
    one, two = life.start(), life.start(wrapper=False)
    for runtime in (one, two):
        assert runtime.ask("get('LIMIT')") == "10"
    life.deploy(11)
    life.tick(60)
    life.aws.hold("GetLatestConfiguration")
    before = life.aws.count("GetLatestConfiguration")
    one.send("get('LIMIT')")
    eventually(lambda: life.aws.count("GetLatestConfiguration") > before)
    assert two.ask("get('LIMIT')") == "10", "the other process is refreshing"

    os.kill(one.pid, signal.SIGKILL)
    one.process.wait()  # its lock is released when it ends, not earlier
    life.aws.lose()
    life.tick(LOCK_RETRY_SECONDS)

    assert two.ask("get('LIMIT')") == "11"
    assert life.aws.problems == [], "the token was lost with the first process"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def helper(life: Life, clock: Clock) -> Helper:
    """A helper started by the wrapper, without the wrapper's calls."""
    del life.environ["APPCONFIG_ENV_DEADLINE_SECONDS"]  # how long it waits for others, by its clock
    after = wrapped(life.environ, clock)
    life.aws.clear_calls()
    return Helper(after, now=clock)


def test_a_process_that_hangs_with_the_lock_does_not_block_the_others(
    life: Life, helper: Helper, clock: Clock
) -> None:
    assert helper.get("LIMIT") == "10"
    life.deploy(11)
    hanging = FileLock(f"{life.snapshot}.lock")
    assert hanging.is_held
    waited = 0
    clock.tick(46)
    life.aws.forward(46)
    while helper.get("LIMIT") == "10" and waited < 60:
        clock.tick(LOCK_RETRY_SECONDS)
        waited += 1
    assert 8 < waited <= 20, "longer than a healthy process takes, and no longer than twice that"
    assert life.operations() == ["GetLatestConfiguration", "StartConfigurationSession"]

    # It continues in this way, with a token that it does not share.
    for limit in (12, 13):
        life.deploy(limit)
        clock.tick(46)
        life.aws.forward(46)
        for _ in range(20):
            clock.tick(LOCK_RETRY_SECONDS)
            helper.get("LIMIT")
        assert helper.get("LIMIT") == str(limit)
    assert life.aws.count("StartConfigurationSession") == 1
    hanging.release()
    clock.tick(60)
    life.aws.forward(60)
    assert helper.get("LIMIT") == "13"
    assert life.aws.count("StartConfigurationSession") == 1, "the token goes into the file now"
    assert life.aws.problems == []


def test_healthy_lock_holders_are_waited_for_however_often_they_are_first(
    life: Life, helper: Helper, clock: Clock
) -> None:
    other = Helper(helper.environ, now=clock)
    for limit in range(11, 20):
        life.deploy(limit)
        clock.tick(60)
        life.aws.forward(60)
        busy = FileLock(f"{life.snapshot}.lock")
        helper.get("LIMIT")
        busy.release()
        assert other.get("LIMIT") == str(limit)
        clock.tick(LOCK_RETRY_SECONDS)
        life.aws.forward(LOCK_RETRY_SECONDS)
        assert helper.get("LIMIT") == str(limit)
    assert life.aws.count("StartConfigurationSession") == 0
    assert life.aws.problems == []


def test_a_source_refreshed_by_another_process_during_the_wait_is_not_requested_again(
    life: Life, clock: Clock
) -> None:
    life.environ |= IN_LAMBDA  # elsewhere, what was read before a process began is not used
    clock.tick(5)
    assert Helper(life.environ, now=clock).get("LIMIT") == "10"
    read_later = life.snapshot.rename(life.folder / "later")
    clock.tick(-5)
    life.aws.clear_calls()
    busy = FileLock(f"{life.snapshot}.lock")
    helper = Helper(life.environ, now=clock)
    waiting = threading.Thread(target=helper.get, args=("LIMIT",))
    waiting.start()
    eventually(lambda: helper.live().store is not None and helper.live().store._refreshing.locked())

    clock.tick(5)
    read_later.rename(life.snapshot)
    busy.release()
    waiting.join()

    assert helper.get("LIMIT") == "10"
    assert life.aws.calls == []


def test_if_the_clock_moves_backwards_while_another_process_refreshes_all_is_stale(
    life: Life, clock: Clock
) -> None:
    clock.at += 7200
    after = wrapped(life.environ, clock)
    life.snapshot.unlink()
    helper = Helper(after, now=clock)
    busy = FileLock(f"{life.snapshot}.lock")
    life.aws.clear_calls()
    assert helper.get("HOST") == "db.one", "from the environment, while nothing is known"
    busy.release()
    assert life.operations() == []
    clock.at -= 3600
    helper.get("HOST")
    assert life.operations() == [
        "GetLatestConfiguration",
        "GetParametersByPath",
        "StartConfigurationSession",
    ]
