"""AppConfig's contract against the strict fake: the helper over real HTTP, in virtual time."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._backends.router import Router
from appconfig_env._cache.repository import SnapshotRepository
from appconfig_env._config.settings import from_environ
from appconfig_env._helper.helper import Helper

from ..support.fakes import AwsClock as Clock
from ..support.fakes import steadily, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.sharedctypes import Synchronized

    from ..support.fake_aws import FakeAws
    from ..support.fake_aws.sessions import Use

APP = "appconfig:shop/prod/app"
KEY = ("shop", "prod", "app")


@pytest.fixture
def aws(fake_aws: FakeAws) -> FakeAws:
    fake_aws.put_profile(*KEY, {"n": 1}, label="v1")
    return fake_aws


@pytest.fixture
def clock(aws: FakeAws) -> Clock:
    return Clock(aws)


@pytest.fixture
def environ(aws: FakeAws, tmp_path: Path) -> dict[str, str]:
    return {
        **aws.environ(),
        "APPCONFIG_ENV_SOURCES": APP,
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        # In real time, and a busy machine may be slow.
        "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": "60s",
        "APPCONFIG_ENV_DEADLINE_SECONDS": "60",
    }


@pytest.fixture
def helper(environ: dict[str, str], clock: Clock) -> Helper:
    """A helper started by the wrapper, which has read version 1."""
    return Helper(wrapped(environ, clock), now=clock, jitter=steadily)


def outcomes(aws: FakeAws) -> list[str]:
    return [use.outcome for use in aws.ledger]


def taken(aws: FakeAws) -> list[Use]:
    return [use for use in aws.ledger if use.is_taken]


def deploy(aws: FakeAws, n: int) -> None:
    aws.put_profile(*KEY, {"n": n}, label=f"v{n}")


def state(helper: Helper) -> tuple[Any, str, str | None]:
    """The value, version and error that the helper returns."""
    number = helper.get("N", type=int)
    status = helper.status()[APP]
    return number, status["version"], status["last_error"]


# Tokens


def test_a_day_of_polls_uses_each_token_once_and_always_the_latest(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    for n in range(2, 200):
        if n % 7 == 0:
            deploy(aws, n)
        clock.tick(450)
        helper.get("N")
    assert [use.token for use in aws.ledger] == list(range(1, 200)), (
        "each one is from the previous response"
    )
    assert outcomes(aws).count("changed") == 1 + 28
    assert (aws.count("StartConfigurationSession"), aws.problems) == (1, [])


def test_an_expired_token_costs_one_session_and_is_not_an_error(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    aws.forward(24 * 3600)  # which our clock does not show
    deploy(aws, 2)
    clock.tick(45)
    assert state(helper) == (2, "v2", None)
    assert outcomes(aws) == ["changed", "Expired", "changed"]
    assert aws.count("StartConfigurationSession") == 2


def test_a_corrupted_token_costs_one_session_and_is_not_an_error(
    helper: Helper, environ: dict[str, str], aws: FakeAws, clock: Clock
) -> None:
    state_file = Path(environ["APPCONFIG_ENV_SNAPSHOT"] + ".state")
    found = json.loads(state_file.read_text())
    found["tokens"][APP] = "made up"
    state_file.write_text(json.dumps(found))
    clock.tick(45)
    assert state(helper) == (1, "v1", None)
    assert outcomes(aws)[1:] in (["Corrupted", "changed"], ["BadRequestException", "changed"])
    assert aws.count("StartConfigurationSession") == 2


def test_the_session_after_a_refused_token_is_kept(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    aws.forward(24 * 3600)
    for _ in range(5):
        clock.tick(45)
        helper.get("N")
    assert outcomes(aws) == ["changed", "Expired", "changed", *["unchanged"] * 4]
    assert aws.problems == []


def test_a_lost_response_spends_the_token_and_costs_one_session(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    aws.fail("GetLatestConfiguration", close="after")
    deploy(aws, 2)
    clock.tick(45)
    assert state(helper) == (2, "v2", None)
    assert outcomes(aws)[1:] == ["changed", "Corrupted", "changed"]
    assert aws.problems == [], "the client cannot know that it was spent"


@pytest.mark.parametrize("fault", ["throttled", "broken", "denied", "closed"])
def test_a_token_is_kept_after_failures_that_do_not_spend_it(
    helper: Helper, aws: FakeAws, clock: Clock, fault: str
) -> None:
    if fault == "throttled":
        aws.throttle("GetLatestConfiguration", None)
    elif fault == "denied":
        aws.deny("GetLatestConfiguration")
    else:
        aws.fail("GetLatestConfiguration", times=None, close=fault == "closed")
    deploy(aws, 2)
    clock.tick(45)
    number, version, error = state(helper)
    assert (number, version, error is None) == (1, "v1", False)
    aws.recover()
    clock.tick(46)
    assert state(helper) == (2, "v2", None)
    assert [use.token for use in taken(aws)] == [1, 2]
    assert aws.count("StartConfigurationSession") == 1


def test_a_profile_that_is_deployed_again_is_seen(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    for remove in (aws.undeploy, aws.delete_profile):
        remove(*KEY)
        clock.tick(1000)
        number, version, error = state(helper)
        assert (number, version) == (1, "v1")
        assert error is not None
        assert "ResourceNotFoundException" in error
    deploy(aws, 5)
    clock.tick(1000)
    assert state(helper) == (5, "v5", None)


# Intervals


def test_an_early_poll_keeps_value_and_token_and_is_not_an_error(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    deploy(aws, 2)
    clock.tick(14)
    assert helper.refresh() == frozenset()
    assert state(helper) == (1, "v1", None)
    clock.tick(1)
    assert helper.refresh() == {"N"}
    assert outcomes(aws) == ["changed", "PollIntervalNotSatisfied", "changed"]
    assert [use.token for use in aws.ledger] == [1, 2, 2]


def test_an_early_poll_does_not_change_the_interval(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    clock.tick(10)
    helper.refresh()
    deploy(aws, 2)
    clock.tick(34.9)
    assert helper.get("N") == "1"
    clock.tick(0.2)
    assert helper.get("N") == "2"


@pytest.mark.parametrize(
    ("advertised", "waited"),
    [
        ("15", 45), ("45", 45), ("46", 46), ("60", 60), ("3600", 3600), ("86400", 86_400),
        # Absurd intervals are ignored, or replaced by the longest possible one.
        ("", 45), ("0", 45), ("-60", 45), ("soon", 45), ("1e3", 45), ("60.5", 45), ("\xb2", 45),
        ("86401", 86_400), ("999999999", 86_400), ("9" * 5000, 45),
    ],
)  # fmt: skip
def test_the_service_s_interval_is_honoured_unless_it_is_absurd(
    helper: Helper, aws: FakeAws, clock: Clock, advertised: str, waited: int
) -> None:
    aws.appconfig.next_poll_interval_text = advertised
    clock.tick(45)
    helper.get("N")
    deploy(aws, 2)
    clock.tick(waited - 0.1)
    assert state(helper) == (1, "v1", None)
    clock.tick(1.1)  # services count from their response
    assert state(helper) == (2, "v2", None)
    assert aws.problems == []


def test_changes_of_the_service_s_interval_are_followed(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    polls, took = [clock.at], [0.0]
    for seconds in (15, 120, 300, 20, 60):
        aws.appconfig.next_poll_interval_seconds = seconds
        count = len(aws.ledger)
        while len(aws.ledger) == count:
            clock.tick(1)
            began = time.monotonic()
            helper.get("N")
        polls.append(clock.at)
        took.append(time.monotonic() - began)
    gaps = [after - before for before, after in pairwise(polls)]
    # The service counts from its response, which comes some real time after the clock's.
    late = [gap - least for gap, least in zip(gaps, [45, 45, 121, 301, 45], strict=True)]
    assert all(0 <= more <= longest for more, longest in zip(late, took, strict=False)), late
    assert aws.problems == []


def test_a_failure_does_not_cut_the_service_s_interval_short(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    aws.appconfig.next_poll_interval_seconds = 120
    clock.tick(45)
    helper.get("N")
    clock.tick(1)
    aws.deny("GetLatestConfiguration")
    helper.refresh()
    aws.recover()
    for _ in range(120):
        clock.tick(1)
        helper.get("N")
    assert outcomes(aws) == ["changed", "unchanged", "AccessDeniedException", "unchanged"]
    assert aws.problems == []


def test_an_interval_raised_without_notice_is_not_an_error_and_costs_no_session(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    aws.appconfig.next_poll_interval_seconds = 200
    aws.appconfig.raises_unannounced = True
    deploy(aws, 2)
    for _ in range(300):
        clock.tick(1)
        number, version, error = state(helper)
        assert (version, error) == (f"v{number}", None)
    assert helper.get("N") == "2"
    assert set(outcomes(aws)[1:-1]) == {"PollIntervalNotSatisfied"}
    assert outcomes(aws)[-1] == "changed"
    assert len(aws.ledger) <= 2 + 200 / 15
    assert aws.count("StartConfigurationSession") == 1
    assert aws.problems == [], "it kept the interval that it was sent"


# What is deployed


def test_a_rollback_is_seen_at_the_next_poll(helper: Helper, aws: FakeAws, clock: Clock) -> None:
    deploy(aws, 2)
    clock.tick(45)
    assert state(helper) == (2, "v2", None)
    aws.roll_back(*KEY)
    clock.tick(44.9)
    assert state(helper) == (2, "v2", None)
    clock.tick(0.1)
    assert state(helper) == (1, "v1", None)
    assert aws.received == {"shop/prod/app": 3}


def test_a_version_rolled_back_between_two_polls_is_never_seen(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    deploy(aws, 2)
    aws.roll_back(*KEY)
    clock.tick(45)
    assert state(helper) == (1, "v1", None)
    assert outcomes(aws) == ["changed", "unchanged"]


BAD = {
    "broken JSON": b'{"n": 2',
    "not UTF-8": b'{"n": "\xff"}',
    "duplicate name": b'{"n": 2, "N": 3}',
    "NUL in a value": b'{"n": "\\u0000"}',
    "not an object": b'"n"[',
    "blank": b" ",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_document_is_reported_until_a_good_one_arrives_and_loses_no_value(
    helper: Helper, aws: FakeAws, clock: Clock, caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    caplog.set_level(logging.INFO)
    aws.put_profile(*KEY, bad, label="bad", content_type="application/json")
    polled = []
    for _ in range(2000):
        clock.tick(1)
        count = len(aws.ledger)
        number, version, error = state(helper)
        assert (number, version) == (1, "v1")
        assert (error is not None and "version bad" in error) == (clock.at >= 1_000_045)
        if len(aws.ledger) > count:
            polled.append(clock.at - 1_000_000)
    assert polled == [45, 90, 180, 360, 720, 1440], "with increasing waits"
    assert set(outcomes(aws)) == {"changed"}, "each in a new session, which returns it again"
    warned = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warned) == 1

    aws.put_profile(*KEY, {"n": 3}, label="v3")
    clock.tick(900)
    assert state(helper) == (3, "v3", None)
    assert caplog.records[-1].getMessage() == f"{APP}: recovered after 6 failed attempts"


def test_after_a_bad_document_a_rollback_to_the_last_good_one_is_seen(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    aws.put_profile(*KEY, BAD["broken JSON"], label="bad", content_type="application/json")
    clock.tick(45)
    assert state(helper)[:2] == (1, "v1")
    aws.roll_back(*KEY)
    clock.tick(45)
    assert state(helper) == (1, "v1", None)
    clock.tick(45)
    helper.get("N")
    assert outcomes(aws)[-1] == "unchanged", "its session is kept"


def test_a_bad_document_is_still_reported_after_calls_failed_in_between(
    helper: Helper, aws: FakeAws, clock: Clock
) -> None:
    aws.put_profile(*KEY, BAD["broken JSON"], label="bad", content_type="application/json")
    clock.tick(45)
    helper.get("N")
    aws.deny("StartConfigurationSession")
    clock.tick(45)
    assert "AccessDenied" in str(state(helper)[2])
    aws.recover()
    clock.tick(90)
    number, version, error = state(helper)
    assert (number, version) == (1, "v1")
    assert "version bad" in str(error)


def test_a_document_bad_in_one_of_two_formats_is_received_for_both_until_it_is_good(
    environ: dict[str, str], aws: FakeAws, clock: Clock
) -> None:
    environ["APPCONFIG_ENV_SOURCES"] = f"{APP} {APP}?format=text&as=RAW"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    aws.put_profile(*KEY, b'{"n": 2', label="bad", content_type="application/json")
    for _ in range(3):
        clock.tick(45)
        assert (helper.get("N"), helper.get("RAW")) == ("1", '{"n": 2')
        assert "version bad" in str(helper.status()[APP]["last_error"])
        assert helper.status()[f"{APP}?format=text"]["last_error"] is None
    deploy(aws, 3)
    clock.tick(45)
    assert (helper.get("N"), helper.get("RAW")) == ("3", '{"n": 3}')
    clock.tick(45)
    helper.get("N")
    assert outcomes(aws) == [*["changed"] * 5, "unchanged"]
    assert aws.problems == []


# Processes


class Worker:
    """A real process with its own helper, on a clock that the test sets."""

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        context = multiprocessing.get_context("spawn")
        self.fetches = 0
        self._clock = clock
        self._time: Synchronized[float] = context.Value("d", clock.at)
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(dict(environ), self._time, theirs))
        self.process.start()
        theirs.close()

    def ask(self, word: str) -> Any:
        """Return the state of the process's helper."""
        self._time.value = self._clock.at
        self._pipe.send(word)
        assert self._pipe.poll(60), "no response"
        result, self.fetches = self._pipe.recv()
        return result

    def end(self) -> None:
        self._pipe.close()
        self.process.join(60)
        self.process.close()


def _work(environ: Mapping[str, str], time: Synchronized[float], pipe: Connection) -> None:
    helper = Helper(dict(environ), now=lambda: time.value, make_backend=_Mortal, jitter=steadily)
    while True:
        try:
            word = pipe.recv()
        except EOFError:
            return
        _Mortal.dies_with_token = word == "die"
        pipe.send((state(helper), _Mortal.fetches))


class _Mortal(Router):
    """Fetches, or ends the process while it holds the tokens."""

    dies_with_token = False
    fetches = 0

    def __call__(self, requests: Any, timeout: float) -> Any:
        if self.dies_with_token:
            assert all(request.token for request in requests)
            os._exit(9)
        _Mortal.fetches += 1
        return super().__call__(requests, timeout)


@pytest.fixture
def worker(environ: dict[str, str], clock: Clock) -> Iterator[Callable[[], Worker]]:
    """A function that starts a worker after the wrapper, which has read version 1."""
    after = wrapped(environ, clock)
    started: list[Worker] = []

    def start() -> Worker:
        started.append(Worker(after, clock))
        return started[-1]

    yield start
    for one in started:
        one.end()


def test_two_processes_on_one_snapshot_share_one_session(
    worker: Callable[[], Worker], aws: FakeAws, clock: Clock
) -> None:
    workers = [worker(), worker()]
    for n in range(2, 10):
        deploy(aws, n)
        clock.tick(45)
        if n % 3 == 0:
            workers.reverse()
        for one in workers:
            assert one.ask("state") == (n, f"v{n}", None)
    assert [use.token for use in aws.ledger] == list(range(1, 10))
    assert sum(one.fetches for one in workers) == 8
    assert all(one.fetches for one in workers), "each refreshes at times"
    assert (aws.count("StartConfigurationSession"), aws.problems) == (1, [])


def test_a_process_that_dies_with_the_token_costs_one_session_and_nothing_else(
    worker: Callable[[], Worker], aws: FakeAws, clock: Clock
) -> None:
    first, second = worker(), worker()
    deploy(aws, 2)
    clock.tick(45)
    with pytest.raises(EOFError):
        first.ask("die")
    first.process.join(60)  # its pipe closes a moment before its lock does
    assert second.ask("state") == (2, "v2", None)
    assert [use.token for use in aws.ledger] == [1, 3], "token 2 is lost"
    clock.tick(45)
    assert second.ask("state") == (2, "v2", None)
    assert (aws.count("StartConfigurationSession"), aws.problems) == (2, [])


def test_the_wait_for_another_process_ends_if_the_clock_moves_backwards(
    helper: Helper, environ: dict[str, str], aws: FakeAws, clock: Clock
) -> None:
    helper.get("N")
    clock.tick(1000)
    with SnapshotRepository(
        from_environ(environ), environ
    ):  # another process has held the lock for long
        assert helper.get("N") == "1"
    deploy(aws, 2)
    clock.at -= 950  # back to when the value was 50 s old
    assert helper.get("N") == "2"


def test_a_failed_poll_of_an_outdated_process_takes_no_value_from_others(
    helper: Helper, environ: dict[str, str], aws: FakeAws, clock: Clock
) -> None:
    late = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    late.get("N")
    deploy(aws, 2)
    clock.tick(45)
    assert helper.get("N") == "2"
    os.unlink(environ["APPCONFIG_ENV_SNAPSHOT"])  # as by a function that deletes the files in /tmp
    aws.deny("StartConfigurationSession")
    clock.tick(1)
    assert late.get("N") == "1", "its last good value"
    clock.tick(44)
    assert helper.get("N") == "2"
    assert "AccessDenied" in str(helper.status()[APP]["last_error"])


def test_an_entry_from_before_the_clock_moved_backwards_does_not_count_as_newer(
    helper: Helper, environ: dict[str, str], aws: FakeAws, clock: Clock
) -> None:
    late = Helper(environ, now=clock, jitter=steadily)
    assert late.get("N") == helper.get("N") == "1"
    clock.at -= 1000
    assert late.get("N") == "1"  # too early for the service: the value is kept
    deploy(aws, 2)
    clock.tick(450)
    assert helper.get("N") == "2"
    aws.deny("GetLatestConfiguration")
    clock.tick(46)
    assert late.get("N") == "2"


def test_processes_without_a_value_share_the_back_off(
    environ: dict[str, str], aws: FakeAws, clock: Clock
) -> None:
    environ["APPCONFIG_ENV_ON_ERROR"] = "continue"
    environ["AWS_LAMBDA_FUNCTION_NAME"] = "f"  # elsewhere, each tries at its own start
    aws.deny("StartConfigurationSession")
    helpers = [Helper(environ, now=clock, jitter=steadily) for _ in range(4)]
    for _ in range(1000):
        clock.tick(1)
        assert [helper.get("N") for helper in helpers] == [None] * 4
    # At 1, 46, 136, 316 and 676 s, by one of them each time.
    assert aws.count("StartConfigurationSession") == 5


def test_after_a_restore_each_source_is_requested_once_even_if_the_clock_moves_backwards(
    environ: dict[str, str], aws: FakeAws, clock: Clock
) -> None:
    environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
    environ["APPCONFIG_ENV_SOURCES"] += " appconfig:shop/prod/slow?ttl=3600"
    aws.put_profile("shop", "prod", "slow", {"slow": 1})
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    assert helper.get("N") == "1"
    clock.tick(100_000)
    aws.clear_calls()
    helper._restored()
    clock.at -= 1000  # behind the restore
    for _ in range(4):
        clock.tick(61)
        assert helper.get("N") == "1"
    polled = [call.resource for call in aws.calls if call.operation == "GetLatestConfiguration"]
    assert polled.count("shop/prod/app") == 5
    assert polled.count("shop/prod/slow") == 2, (
        "at the restore, and after the clock moved backwards"
    )
