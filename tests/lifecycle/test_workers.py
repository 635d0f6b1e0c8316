"""Many processes in one environment (AWS_LAMBDA_MAX_CONCURRENCY): one asks, all see the answer."""

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
from ..support.life import APP, SERVE, Life, Runtime, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORKERS = 16
# Stands in for the runtime: starts as many processes as the real one does with that variable. Each
# answers on a pipe of its own what all are told at once.
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
    """Give an environment of a profile and a path, and no secret."""
    with Life(tmp_path) as life:
        del life.environ["DB_PASSWORD"]
        life.environ["AWS_LAMBDA_MAX_CONCURRENCY"] = str(WORKERS)
        yield life


def fleet(life: Life) -> Runtime:
    return life.start(program=FLEET, arguments=[SERVE, str(WORKERS)])


def test_of_sixteen_processes_one_refreshes_and_all_see_it_in_one_session(life: Life) -> None:
    runtime = fleet(life)
    assert runtime.ask("[get('LIMIT'), get('HOST')]") == [["10", "db.one"]] * WORKERS
    assert len(set(runtime.ask("os.getpid()"))) == WORKERS
    for limit in range(11, 16):
        life.deploy(limit)
        life.tick(60)
        polled = life.aws.count("GetLatestConfiguration")
        # Who comes while another one asks may go on with the old value for a moment.
        assert set(runtime.ask("get('LIMIT')")) <= {str(limit - 1), str(limit)}
        life.tick(LOCK_RETRY_SECONDS)
        assert runtime.ask("get('LIMIT')") == [str(limit)] * WORKERS
        assert life.aws.count("GetLatestConfiguration") == polled + 1

    assert life.aws.count("StartConfigurationSession") == 1, "the wrapper's"
    assert life.aws.received == {"shop/prod/app": 6}
    assert life.aws.problems == []
    assert runtime.ask(f"error({APP!r})") == [None] * WORKERS


def test_where_the_one_that_refreshes_is_killed_another_one_does(life: Life) -> None:
    one, two = life.start(), life.start(wrapper=False)
    for runtime in (one, two):
        assert runtime.ask("get('LIMIT')") == "10"
    life.deploy(11)
    life.tick(60)
    life.aws.hold("GetLatestConfiguration")
    before = life.aws.count("GetLatestConfiguration")
    one.send("get('LIMIT')")
    eventually(lambda: life.aws.count("GetLatestConfiguration") > before)
    assert two.ask("get('LIMIT')") == "10", "somebody is on it"

    os.kill(one.pid, signal.SIGKILL)
    one.process.wait()  # its lock ends with it, and not a moment before
    life.aws.lose()
    life.tick(LOCK_RETRY_SECONDS)

    assert two.ask("get('LIMIT')") == "11"
    assert life.aws.problems == [], "the token went down with the first one"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def helper(life: Life, clock: Clock) -> Helper:
    """Give a helper behind the wrapper, the wrapper's calls forgotten."""
    after = wrapped(life.environ, clock)
    life.aws.clear_calls()
    return Helper(after, now=clock)


def test_a_process_that_hangs_over_the_lock_does_not_stop_the_others(
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
    assert 8 < waited <= 20, "longer than anybody who is well takes, and no longer than twice that"
    assert life.operations() == ["GetLatestConfiguration", "StartConfigurationSession"]

    # It goes on so, with a token that it need not share.
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


def test_processes_that_are_well_are_waited_for_however_often_they_come_first(
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


def test_what_another_process_read_while_one_waited_for_it_is_not_asked_again(
    life: Life, clock: Clock
) -> None:
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


def test_a_clock_that_goes_back_while_another_process_is_at_it_counts_as_due(
    life: Life, clock: Clock
) -> None:
    clock.at += 7200
    after = wrapped(life.environ, clock)
    life.snapshot.unlink()
    helper = Helper(after, now=clock)
    busy = FileLock(f"{life.snapshot}.lock")
    life.aws.clear_calls()
    assert helper.get("HOST") == "db.one", "of the environment, while nothing is known"
    busy.release()
    asked = life.operations()
    clock.at -= 3600
    helper.get("HOST")
    assert life.operations() != asked
