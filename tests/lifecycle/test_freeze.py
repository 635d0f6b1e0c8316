"""Freezes of hours: Lambda stops the processes between two invocations, or during one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.base import Request
from appconfig_env._backends.system import THIS_SYSTEM
from appconfig_env._cache.load import OLDEST_TOKEN_SECONDS
from appconfig_env._config.sources import Resource
from appconfig_env._content.document import Document
from appconfig_env._helper.helper import Helper

from ..support.fake_client import FakeClient
from ..support.fakes import Clock, wrapped
from ..support.life import ALL, APP, VALUES, Life, Runtime, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

HOUR = 3600.0


@pytest.mark.parametrize("hours", [1, 8, 23])
def test_the_first_get_after_hours_refreshes_each_source_once_and_the_next_one_none(
    life: Life, hours: int
) -> None:
    runtime = life.start()
    assert runtime.ask(ALL) == VALUES
    life.aws.clear_calls()

    runtime.freeze()
    life.tick(hours * HOUR)
    life.aws.drop_connections()
    life.deploy(11)
    runtime.thaw()

    assert runtime.ask(ALL) == ["11", "db.one", "s3cret"]
    assert runtime.ask(ALL) == ["11", "db.one", "s3cret"]
    assert life.operations() == ["GetLatestConfiguration", "GetParametersByPath", "GetSecretValue"]
    assert runtime.ask("[error(source) for source in status()]") == [None] * 3
    assert runtime.stderr().count("\n") == 1, "only the line of the cold start"
    assert life.aws.problems == []


@pytest.mark.parametrize("hours", [24, 30, 24 * 14])
def test_a_token_older_than_a_day_is_not_used(life: Life, hours: int) -> None:
    runtime = life.start()
    assert runtime.ask("get('LIMIT')") == "10"
    life.aws.clear_calls()

    runtime.freeze()
    life.tick(hours * HOUR)
    life.deploy(11)
    runtime.thaw()

    assert runtime.ask("get('LIMIT')") == "11"
    assert [call.status for call in life.aws.calls if "Configuration" in call.operation] == [
        201,
        200,
    ], "no call with the old token, which the service would refuse"
    assert life.aws.problems == []


def test_a_token_is_used_until_shortly_before_it_expires(tmp_path: Path) -> None:
    for slept, sessions in {OLDEST_TOKEN_SECONDS - 60: 0, OLDEST_TOKEN_SECONDS + 1: 1}.items():
        (folder := tmp_path / str(slept)).mkdir()
        with Life(folder) as life:
            clock = Clock(time.time())
            helper = Helper(wrapped(life.environ, clock), now=clock)
            life.aws.clear_calls()
            clock.tick(slept)
            life.aws.forward(slept)
            assert helper.get("LIMIT") == "10"
            assert life.aws.count("StartConfigurationSession") == sessions


def test_no_connection_is_kept_open_between_refreshes(life: Life) -> None:
    runtime = life.start()
    for _ in range(3):
        runtime.ask("refresh()")
        assert runtime.ask("sockets()") == [], (
            "a connection that is not open cannot break during a freeze"
        )
        life.tick(HOUR)


# A freeze during a refresh. If the machine's monotonic clock stopped, the load continues as if
# nothing had happened; if it ran on, the load ends at once.
CLOCKS = ["stood still", "ran on"]


def frozen_during_a_refresh(life: Life, clock: str) -> Runtime:
    """A runtime frozen during a `get`, while AWS holds the response of its poll."""
    timeout = {"ran on": "2s", "stood still": "20s"}[clock]
    runtime = life.start(AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS=timeout)
    assert runtime.ask("get('LIMIT')") == "10"
    life.tick(60)
    life.aws.hold("GetLatestConfiguration")
    before = life.aws.count("GetLatestConfiguration")
    runtime.send("get('LIMIT')")
    eventually(lambda: life.aws.count("GetLatestConfiguration") > before)
    runtime.freeze()
    return runtime


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_refresh_interrupted_by_a_freeze_succeeds(life: Life, clock: str) -> None:
    runtime = frozen_during_a_refresh(life, clock)

    life.tick(6 * HOUR)
    if clock == "ran on":
        time.sleep(2.1)
    life.deploy(11)
    life.aws.lose()
    runtime.thaw()

    # The interrupted call may still return the value from when it began...
    assert runtime.response() in ("10", "11")
    # ...but the next one must not, whatever the first one's result.
    assert runtime.ask("get('LIMIT')") == "11"
    assert runtime.ask(f"error({APP!r})") is None
    # A poll after the freeze cannot know that there was one, so it may be too early once.
    assert [problem for problem in life.aws.problems if "too early" not in problem] == []
    assert len(life.aws.problems) <= 1


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_response_delayed_by_a_freeze_is_as_old_as_its_request(life: Life, clock: str) -> None:
    runtime = frozen_during_a_refresh(life, clock)

    life.aws.release()  # the response waits in the socket for hours
    if clock == "ran on":
        time.sleep(2.1)
        life.aws.forgive()
    life.tick(6 * HOUR)
    life.deploy(11)
    runtime.thaw()

    assert runtime.response() == "10"
    assert runtime.ask("get('LIMIT')") == "11"
    assert life.aws.problems == []


class OneThread:
    """A machine with its own clock on which no thread can be started."""

    sleep = staticmethod(THIS_SYSTEM.sleep)
    lock = staticmethod(THIS_SYSTEM.lock)
    jitter = staticmethod(THIS_SYSTEM.jitter)

    def __init__(self, clock: Clock) -> None:
        self.now = clock

    def start(self, work: Callable[..., object], arguments: tuple[Any, ...], /) -> object:
        raise RuntimeError(work, arguments)


def test_a_response_after_the_deadline_is_as_old_as_its_request() -> None:
    clock = Clock()

    def frozen(parameters: Mapping[str, Any]) -> dict[str, Any]:
        clock.tick(6 * HOUR)
        assert parameters == {"ConfigurationToken": "token"}
        return {"Configuration": b"{}", "NextPollConfigurationToken": "next"}

    fetch = AwsBackend(FakeClient(GetLatestConfiguration=frozen), 3, system=OneThread(clock))
    resource = Resource("appconfig", ("shop", "prod", "app"))
    response = fetch([Request(resource, "token")], 3.0)[resource.reference]

    assert isinstance(response, Document)
    assert response.token == "next"
    assert response.poll_seconds == 3.0 + 15.0, "counted from the request, so it is stale now"
