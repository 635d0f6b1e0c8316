"""The helper in virtual time: values, refreshes, failures, threads, processes."""

from __future__ import annotations

import json
import logging
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import appconfig_env
from appconfig_env import ConversionError, LoadError, SettingsError
from appconfig_env._backends.aws import choose
from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.aws.retry import POLICY
from appconfig_env._cache.snapshot import Snapshot
from appconfig_env._cache.store import Published
from appconfig_env._helper.helper import Helper
from appconfig_env.errors import Failure

from ...support.canary import SECRET, SECURE
from ...support.fakes import AwsClock as Clock
from ...support.fakes import steadily, wrapped
from ...support.life import HoldingAws, eventually
from ...support.threads import together
from .shop import APP, operations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from appconfig_env._backends.base import Backend, Outcome, Request
    from appconfig_env._config.settings import Settings

    from ...support.fake_aws import FakeAws


def test_nothing_is_requested_while_everything_is_fresh(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    for _ in range(44):
        assert helper.get("LIMIT") == "10"
        assert helper.get("HOST") == "db.one"
        assert helper.get("TOKEN") == SECURE
        assert helper.get("DB_PASSWORD") == SECRET
        clock.tick(1)
    assert shop.calls == []


def test_each_source_is_polled_at_its_own_interval(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    for _ in range(600):
        clock.tick(1)
        helper.get("LIMIT")
    assert shop.count("GetLatestConfiguration") == 600 // 45
    assert shop.count("StartConfigurationSession") == 0, "the wrapper's session continues"
    assert shop.count("GetParametersByPath") == 2
    assert shop.count("GetSecretValue") == 2
    assert shop.received == {}
    assert shop.problems == []


def test_get_returns_values_no_older_than_the_interval(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    shop.put_profile("shop", "prod", "app", {"limit": 11}, label="v2")
    clock.tick(44.9)
    assert helper.get("LIMIT") == "10"
    clock.tick(0.2)
    assert helper.get("LIMIT", type=int) == 11
    assert helper.get("DEBUG") is None, "it is no longer in the document"
    assert shop.received == {"shop/prod/app": 1}


def test_refresh_polls_at_once_and_returns_what_changed(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    shop.put_profile("shop", "prod", "app", {"limit": 11, "debug": "off"})
    shop.put_secret("prod/db", json.dumps({"password": "rotated"}))
    clock.tick(16)
    assert helper.refresh() == {"LIMIT", "DB_PASSWORD"}
    assert helper.refresh() == frozenset()


def test_a_poll_that_is_too_early_changes_nothing_and_is_not_an_error(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    shop.put_profile("shop", "prod", "app", {"limit": 11})
    clock.tick(5)
    helper.refresh()
    assert helper.get("LIMIT") == "10"
    assert helper.status()[APP]["last_error"] is None
    clock.tick(11)
    assert "LIMIT" in helper.refresh()
    assert shop.count("StartConfigurationSession") == 0


class Observer:
    """Counts refreshes and forks."""

    def __init__(self) -> None:
        self.refreshes = self.forks = 0

    def refreshed(self) -> None:
        self.refreshes += 1

    def after_fork_in_child(self) -> None:
        self.forks += 1


def test_an_observer_is_notified_of_refreshes_that_change_no_value_and_of_failed_ones(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    observer, dropped = Observer(), Observer()
    helper.observe(observer)
    helper.observe(dropped)
    del dropped
    assert (helper.is_open, observer.refreshes) == (False, 0)
    clock.tick(50)
    helper.get("LIMIT")
    assert (helper.is_open, observer.refreshes) == (True, 1)
    helper.get("LIMIT")
    assert observer.refreshes == 1
    shop.deny("GetLatestConfiguration")
    clock.tick(50)
    helper.get("LIMIT")
    assert observer.refreshes == 2
    helper.after_fork_in_child()
    assert observer.forks == 1


@pytest.mark.parametrize("callback", ["print", None, 1])
def test_what_cannot_be_called_is_not_a_callback(helper: Helper, callback: Any) -> None:
    with pytest.raises(TypeError, match="on_change: expected a function; pass one that takes"):
        helper.on_change(callback)


def test_on_change_gets_the_changed_names(
    helper: Helper, shop: FakeAws, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[frozenset[str]] = []

    @helper.on_change
    def broken(names: frozenset[str]) -> None:
        raise RuntimeError(f"of the user: {len(names)}")

    helper.on_change(heard.append)
    clock.tick(50)
    helper.get("LIMIT")
    assert heard == []
    shop.put_profile("shop", "prod", "app", {"limit": 11, "debug": "off"})
    clock.tick(50)
    assert helper.get("LIMIT") == "11"
    assert heard == [frozenset({"LIMIT"})]
    assert "an on_change callback failed (RuntimeError at test_helper.py:" in caplog.text
    assert "of the user" not in caplog.text, "it may have a value"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("yes", bool, True),
        ("OFF", bool, False),
        ("1", bool, True),
        ("7", int, 7),
        ("[1]", json.loads, [1]),
    ],
)
def test_values_are_converted(
    helper: Helper, shop: FakeAws, text: str, kind: Any, value: object
) -> None:
    shop.put_parameter("/shop/prod/x", text)
    helper.refresh()
    assert helper.get("X", type=kind) == value


@pytest.mark.parametrize("kind", [int, bool, float, json.loads])
def test_a_conversion_that_fails_names_the_variable_and_not_the_value(
    helper: Helper, kind: Any
) -> None:
    with pytest.raises(ConversionError, match="HOST") as caught:
        helper.get("HOST", type=kind)
    assert "db.one" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_default_is_returned_as_it_is(helper: Helper) -> None:
    assert helper.get("NOWHERE") is None
    assert helper.get("NOWHERE", 5, type=int) == 5
    assert helper.get("AWS_REGION") == "us-east-1"


def test_a_failed_refresh_keeps_the_last_values_waits_longer_and_is_logged_once(
    helper: Helper, shop: FakeAws, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    shop.deny("GetLatestConfiguration")
    asked = []
    for _ in range(1000):
        clock.tick(1)
        before = shop.count("GetLatestConfiguration")
        assert helper.get("LIMIT") == "10"
        if shop.count("GetLatestConfiguration") > before:
            asked.append(clock.at - 1_000_000)
    assert asked == [45, 90, 180, 360, 720]
    assert "AccessDeniedException" in helper.status()[APP]["last_error"]
    assert helper.status()[APP]["kind"] == "denied"
    assert helper.status()[APP]["age"] == 1000
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warned) == 1
    assert "using the last values" in warned[0].getMessage()

    shop.recover()
    clock.tick(800)
    helper.get("LIMIT")
    assert helper.status()[APP] == {
        "version": "v1",
        "age": 0,
        "last_error": None,
        "kind": None,
    }
    assert shop.count("StartConfigurationSession") == 0, "never for a denial"


def test_a_bad_document_keeps_the_good_one_and_the_next_good_one_is_seen(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    shop.put_profile(
        "shop", "prod", "app", '{"limit": ', label="v2", content_type="application/json"
    )
    clock.tick(46)
    assert helper.get("LIMIT") == "10"
    assert helper.status()[APP]["version"] == "v1"
    assert "invalid JSON" in helper.status()[APP]["last_error"]
    clock.tick(46)
    assert "version v2" in helper.status()[APP]["last_error"]
    shop.put_profile("shop", "prod", "app", {"limit": 12}, label="v3")
    clock.tick(100)
    assert helper.get("LIMIT") == "12"
    assert helper.status()[APP]["last_error"] is None
    assert shop.problems == []


@pytest.mark.parametrize("gone", ["delete_profile", "undeploy"])
def test_a_source_that_is_deleted_keeps_its_last_values(
    helper: Helper, shop: FakeAws, clock: Clock, gone: str
) -> None:
    getattr(shop, gone)("shop", "prod", "app")
    shop.delete_parameter("/shop/prod/host")
    shop.delete_parameter("/shop/prod/token")
    shop.delete_secret("prod/db")
    clock.tick(400)
    assert [helper.get(name) for name in ("HOST", "DB_PASSWORD")] == ["db.one", SECRET]
    errors = {text: entry["last_error"] for text, entry in helper.status().items()}
    assert "ParameterNotFound" in errors["ssm:/shop/prod/"]
    assert "ResourceNotFoundException" in errors["secretsmanager:prod/db"]


def test_an_expired_token_leads_to_one_new_session(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    helper.get("LIMIT")
    shop.forward(25 * 3600)  # only the service's clock: it refuses the token
    clock.at += 60
    shop.put_profile("shop", "prod", "app", {"limit": 13})
    assert helper.get("LIMIT") == "13"
    assert shop.count("StartConfigurationSession") == 1


def test_after_a_freeze_of_a_day_the_token_is_not_used(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    clock.tick(30 * 3600)
    helper.get("LIMIT")
    assert operations(shop).count("GetLatestConfiguration") == 1
    assert shop.count("StartConfigurationSession") == 1


def test_after_the_clock_moved_backwards_everything_is_stale(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    helper.get("LIMIT")
    shop.forward(60)
    clock.at -= 3600
    helper.get("LIMIT")
    assert shop.count("GetLatestConfiguration") == 1
    helper.get("LIMIT")
    assert shop.count("GetLatestConfiguration") == 1


def test_other_threads_continue_with_the_old_values_during_a_refresh(
    environ: dict[str, str], shop: HoldingAws, clock: Clock
) -> None:
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    helper.get("LIMIT")
    shop.clear_calls()
    shop.put_profile("shop", "prod", "app", {"limit": 11})
    shop.hold("GetLatestConfiguration")
    clock.tick(50)
    slow = threading.Thread(target=helper.get, args=("LIMIT",))
    slow.start()
    eventually(lambda: shop.count("GetLatestConfiguration"))
    assert helper.get("LIMIT") == "10"
    shop.release()
    slow.join()
    assert helper.get("LIMIT") == "11"
    assert shop.count("GetLatestConfiguration") == 1


def test_many_threads_poll_once(helper: Helper, shop: FakeAws, clock: Clock) -> None:
    for _ in range(5):
        clock.tick(61)
        assert together(lambda: helper.get("LIMIT"), 16) == ["10"] * 16
    assert shop.count("GetLatestConfiguration") == 5
    assert shop.problems == []


def test_a_refresh_ends_with_the_poll_timeout(
    environ: dict[str, str], shop: HoldingAws, clock: Clock
) -> None:
    environ["AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS"] = "100"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    shop.hold("GetLatestConfiguration")
    clock.tick(50)
    assert helper.get("LIMIT") == "10"
    # Whichever thread notices first: the one that calls AWS, or the one that waits for it.
    assert re.search(
        r"no response from .* in time|no response within 0\.1 s", helper.status()[APP]["last_error"]
    )


def test_a_refresh_has_as_much_time_as_the_poll_timeout(
    environ: dict[str, str], clock: Clock
) -> None:
    timeouts = list[float]()

    def backend(requests: Sequence[Request], timeout: float) -> dict[str, Outcome]:
        timeouts.append(timeout)
        failure = Failure("unavailable", "no response", "try again later")
        return {request.resource.reference: failure for request in requests}

    environ["AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS"] = "100"
    helper = Helper(
        wrapped(environ, clock), now=clock, make_backend=lambda *_: backend, jitter=steadily
    )
    clock.tick(50)

    assert helper.get("LIMIT") == "10"
    assert timeouts == [0.1]


def test_two_processes_share_one_session(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    after = wrapped(environ, clock)
    first, second = (
        Helper(after, now=clock, jitter=steadily),
        Helper(after, now=clock, jitter=steadily),
    )
    shop.clear_calls()
    for round_ in range(1, 6):
        shop.put_profile("shop", "prod", "app", {"limit": round_})
        clock.tick(61)
        for helper in (first, second) if round_ % 2 else (second, first):
            assert helper.get("LIMIT", type=int) == round_
    assert shop.received == {"shop/prod/app": 5}
    assert shop.count("StartConfigurationSession") == 0
    assert shop.problems == []


def test_without_a_writable_snapshot_each_process_has_its_own_session(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    environ["APPCONFIG_ENV_SNAPSHOT"] = "/proc/none/snapshot.json"
    after = wrapped(environ, clock)
    first, second = (
        Helper(after, now=clock, jitter=steadily),
        Helper(after, now=clock, jitter=steadily),
    )
    shop.clear_calls()
    assert (first.get("LIMIT"), first.get("DB_PASSWORD")) == ("10", SECRET)
    for _ in range(3):
        clock.tick(61)
        for helper in (first, second):
            assert helper.get("LIMIT") == "10"
    assert shop.count("StartConfigurationSession") == 2
    assert shop.problems == []


PARTLY_USABLE = {"password": SECRET, "a": {"b": "1"}, "a_b": "2"}


@pytest.fixture
def secret_twice(environ: dict[str, str], shop: FakeAws) -> dict[str, str]:
    """An environment with two sources for one secret, of which only one can use it."""
    shop.put_secret("prod/db", json.dumps(PARTLY_USABLE))
    return environ | {"APPCONFIG_ENV_SOURCES": f"{APP} secretsmanager:prod/db?optional"}


@pytest.mark.parametrize("has_wrapper", [True, False])
@pytest.mark.parametrize("on_error", ["fail", "continue"])
def test_a_secret_that_only_one_of_its_sources_can_use_keeps_its_value(
    secret_twice: dict[str, str], clock: Clock, *, has_wrapper: bool, on_error: str
) -> None:
    environ = secret_twice | {"APPCONFIG_ENV_ON_ERROR": on_error}
    after = wrapped(environ, clock) if has_wrapper else environ
    helper = Helper(after, now=clock, jitter=steadily)
    assert helper.get("NO_SUCH_NAME", "default") == "default"
    helper.refresh()
    for _ in range(8):
        assert helper.get("DB_PASSWORD") == SECRET
        clock.tick(50)
    second = Helper(environ, now=clock, jitter=steadily)
    assert second.get("DB_PASSWORD") == SECRET
    assert SECRET not in Path(environ["APPCONFIG_ENV_SNAPSHOT"]).read_text()


def test_a_partly_usable_secret_that_another_process_has_read_again_is_read_here_too(
    secret_twice: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    after = wrapped(secret_twice, clock)
    shop.put_secret("prod/db", json.dumps(PARTLY_USABLE | {"password": "rotated"}))
    clock.tick(1)
    Helper(after, now=clock, jitter=steadily).refresh()

    helper = Helper(after, now=clock, jitter=steadily)

    assert helper.get("DB_PASSWORD") == "rotated"


@pytest.mark.parametrize("has_wrapper", [True, False])
def test_the_status_of_a_partly_usable_secret_has_the_age_of_the_value_in_use(
    secret_twice: dict[str, str], clock: Clock, *, has_wrapper: bool
) -> None:
    after = wrapped(secret_twice, clock) if has_wrapper else secret_twice
    helper = Helper(after, now=clock, jitter=steadily)
    helper.get("LIMIT")
    clock.tick(10)

    status = helper.status()["secretsmanager:prod/db"]

    assert helper.get("DB_PASSWORD") == SECRET
    assert (status["age"], status["kind"]) == (10.0, "invalid")
    assert status["version"]
    assert "A_B" in status["last_error"]


@pytest.mark.parametrize("has_wrapper", [True, False])
def test_an_outage_keeps_the_value_of_a_partly_usable_secret_and_its_age(
    secret_twice: dict[str, str], shop: FakeAws, clock: Clock, *, has_wrapper: bool
) -> None:
    after = wrapped(secret_twice, clock) if has_wrapper else secret_twice
    helper = Helper(after, now=clock, jitter=steadily)
    helper.get("LIMIT")
    shop.deny("BatchGetSecretValue")
    shop.deny("GetSecretValue")
    clock.tick(1000)

    helper.refresh()

    status = helper.status()["secretsmanager:prod/db"]
    assert helper.get("DB_PASSWORD") == SECRET
    assert (status["age"], status["kind"]) == (1000.0, "denied")


def test_without_a_wrapper_it_loads_by_itself(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    helper = Helper(environ, now=clock, jitter=steadily)
    assert helper.get("LIMIT") == "10"
    assert helper.get("DB_PASSWORD") == SECRET
    assert helper.get("AWS_REGION") == "us-east-1"
    assert shop.received == {"shop/prod/app": 1}
    assert environ["DB_PASSWORD"].startswith("secretsmanager:"), "the environment is not changed"


def test_a_failed_first_load_raises_and_is_retried_when_stale(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    shop.deny("GetSecretValue")
    helper = Helper(environ, now=clock, jitter=steadily)
    with pytest.raises(LoadError, match="AccessDeniedException"):
        helper.get("DB_PASSWORD")
    assert helper.get("LIMIT") == "10", "other sources have their values"
    calls = len(shop.calls)
    with pytest.raises(LoadError):
        helper.get("DB_PASSWORD", "a default does not hide it")
    assert len(shop.calls) == calls
    shop.recover()
    clock.tick(301)
    assert helper.get("DB_PASSWORD") == SECRET


def test_invalid_settings_are_reported(environ: dict[str, str], clock: Clock) -> None:
    with pytest.raises(SettingsError, match="APPCONFIG_ENV_SOURCES"):
        Helper({**environ, "APPCONFIG_ENV_SOURCES": "smm:/x"}, now=clock, jitter=steadily).get("X")


def test_threads_whose_first_calls_coincide_load_once(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    helper = Helper(environ, now=clock, jitter=steadily)
    assert together(lambda: helper.get("LIMIT"), 16) == ["10"] * 16
    assert shop.received == {"shop/prod/app": 1}


def test_a_profile_in_two_formats_has_one_session_and_is_received_once(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    environ["APPCONFIG_ENV_SOURCES"] = f"{APP} {APP}?format=text&as=RAW&ttl=500"
    found = wrapped(environ, clock)
    assert (found["LIMIT"], json.loads(found["RAW"])["limit"]) == ("10", 10)
    helper = Helper(found, now=clock, jitter=steadily)
    for limit in (11, 12):
        clock.tick(50)
        shop.put_profile("shop", "prod", "app", {"limit": limit})
        assert helper.get("LIMIT") == str(limit)
        assert json.loads(helper.get("RAW", ""))["limit"] == limit
    shop.put_profile("shop", "prod", "app", "{", content_type="application/json")
    clock.tick(50)
    assert (helper.get("LIMIT"), helper.get("RAW")) == ("12", "{"), "usable in one format only"
    shop.put_profile("shop", "prod", "app", {"limit": 13})
    clock.tick(100)
    assert helper.get("LIMIT") == "13"
    assert shop.received == {"shop/prod/app": 5}
    assert shop.count("StartConfigurationSession") == 2, "the second one for the failed format"
    assert shop.problems == []


def test_no_value_is_logged_or_shown(
    environ: dict[str, str],
    shop: FakeAws,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    own_logger: logging.Logger,
) -> None:
    own_logger.setLevel(1)
    caplog.set_level(1)
    environ["AWS_APPCONFIG_EXTENSION_LOG_LEVEL"] = "trace"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    shop.put_secret("prod/db", '{"password": "s3cret2", ')
    shop.deny("GetParametersByPath")
    clock.tick(400)
    helper.get("LIMIT")
    shop.recover()
    shop.put_secret("prod/db", '{"password": "s3cret3"}')
    clock.tick(4000)
    helper.get("LIMIT")
    output = caplog.text + repr(helper.status()) + repr(helper.live().store.snapshot.entries)
    assert "AccessDenied" in output
    assert "recovered after" in output
    for value in ("s3cret", "db.one", "secure-"):
        assert value not in output


@pytest.fixture
def own_logger() -> Iterator[logging.Logger]:
    """The package's logger, whose level is restored."""
    logger = logging.getLogger("appconfig_env")
    before = logger.level
    logger.setLevel(logging.NOTSET)
    yield logger
    logger.setLevel(before)


@pytest.mark.parametrize("level", ["debug", "trace"])
def test_a_refresh_logs_each_source_and_each_call_with_fields(
    environ: dict[str, str],
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    own_logger: logging.Logger,
    level: str,
) -> None:
    environ["AWS_APPCONFIG_EXTENSION_LOG_LEVEL"] = level
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    helper.get("LIMIT")
    clock.aws.clear_calls()
    caplog.clear()
    clock.tick(400)
    helper.get("LIMIT")
    assert own_logger.level == {"debug": 10, "trace": 5}[level]
    sources = [record for record in caplog.records if record.levelno == logging.DEBUG]
    assert [vars(record)["source"] for record in sources] == [
        APP, "ssm:/shop/prod/", "secretsmanager:prod/db#password",
    ]  # fmt: skip
    messages = [record.getMessage() for record in sources]
    assert messages[0].startswith(f"{APP}: unchanged in ")
    assert messages[0].endswith("; version v1; sets LIMIT, DEBUG")
    assert vars(sources[1])["names"] == ["HOST", "TOKEN"]
    assert vars(sources[2])["variable"] == "DB_PASSWORD"
    calls = [record for record in caplog.records if record.levelno < logging.DEBUG]
    assert {record.levelname for record in calls} <= {"TRACE"}
    assert sorted(vars(record)["operation"] for record in calls) == (
        sorted(call.operation for call in clock.aws.calls) if level == "trace" else []
    )
    for record in (*sources, *calls):
        assert vars(record)["request_id"]
        assert vars(record)["duration_ms"] >= 0
    for value in ("s3cret", "db.one", "secure-"):
        assert value not in caplog.text + repr([vars(record) for record in caplog.records])


def test_a_name_in_a_document_cannot_forge_a_line_of_the_log(
    environ: dict[str, str],
    shop: FakeAws,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    own_logger: logging.Logger,
) -> None:
    del own_logger  # its level is restored
    caplog.set_level(1)
    environ["APPCONFIG_ENV_SOURCES"] = f"{APP}?env=no"
    environ["AWS_APPCONFIG_EXTENSION_LOG_LEVEL"] = "trace"
    shop.put_profile("shop", "prod", "app", {"a\nERROR root forged\x1b[31m": 1})
    helper = Helper(environ, now=clock, jitter=steadily)
    helper.get("LIMIT")
    shop.deny("GetLatestConfiguration")
    clock.tick(60)
    helper.refresh()
    helper.flag("none")

    named = [record for record in caplog.records if "FORGED" in record.getMessage().upper()]
    assert {record.levelname for record in named} == {"WARNING", "DEBUG"}
    for record in named:
        texts = [record.getMessage(), *vars(record).get("names", []), *vars(record).values()]
        assert [text for text in texts if isinstance(text, str) and not text.isprintable()] == []


def test_a_level_that_the_program_has_chosen_for_the_logger_stays(
    environ: dict[str, str], clock: Clock, own_logger: logging.Logger
) -> None:
    own_logger.setLevel(logging.ERROR)
    environ["AWS_APPCONFIG_EXTENSION_LOG_LEVEL"] = "trace"
    Helper(environ, now=clock, jitter=steadily).get("LIMIT")
    assert own_logger.level == logging.ERROR


def test_at_info_the_level_of_the_logger_is_the_programs(
    environ: dict[str, str], clock: Clock, own_logger: logging.Logger
) -> None:
    helper = Helper(environ, now=clock, jitter=steadily)
    helper.get("LIMIT")
    clock.tick(400)
    helper.refresh()
    assert own_logger.level == logging.NOTSET


@pytest.mark.parametrize("is_wrapped", [True, False])
def test_secrets_that_cannot_be_read_together_are_logged_once(
    environ: dict[str, str],
    shop: FakeAws,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    is_wrapped: bool,
) -> None:
    caplog.set_level(logging.INFO)
    shop.put_secret("other", "1")
    shop.deny("BatchGetSecretValue")
    environ["OTHER"] = "secretsmanager:other"
    given = wrapped(environ, clock) if is_wrapped else environ
    helper = Helper(given, now=clock, jitter=steadily)
    for _ in range(3):
        helper.get("OTHER")
        clock.tick(400)
    lines = [message for message in caplog.messages if "one by one" in message]
    assert len(lines) == (0 if is_wrapped else 1), "the wrapper has logged it"
    assert shop.count("BatchGetSecretValue") == 3


def test_the_package_has_the_documented_functions() -> None:
    for name in ("get", "document", "flag", "refresh", "on_change", "status"):
        assert callable(getattr(appconfig_env, name))


def test_a_source_without_a_value_is_retried_soon(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    def once(settings: Settings, environ: Mapping[str, str]) -> Backend:
        client = choose.client(settings.aws, environ)
        return AwsBackend(client, 3, policy=POLICY._replace(attempts=1))

    shop.fail("GetParametersByPath", times=None)
    helper = Helper(environ, now=clock, make_backend=once, jitter=steadily)
    with pytest.raises(LoadError):
        helper.get("HOST")
    shop.recover()
    clock.tick(1)
    assert helper.get("HOST") == "db.one"


class Racing:
    """A store whose next snapshot is published by another thread while this one shows the last."""

    def __init__(self, *published: Published) -> None:
        self._published = list(published)
        self.reads = 0

    @property
    def published(self) -> Published:
        self.reads += 1
        # Read once to compare, and once to show; then the other thread publishes.
        return self._published[min(self.reads // 3, len(self._published) - 1)]


def test_no_older_view_stays_if_another_thread_publishes_meanwhile(clock: Clock) -> None:
    helper = Helper({}, now=clock)
    views = [
        Published(Snapshot(0.0, "", {}), (0.0, float("inf"), {"N": str(number)}))
        for number in range(2)
    ]
    helper._show(Racing(*views))  # type: ignore[arg-type]  # it has what is used
    assert helper.get("N") == "1"


def test_what_is_seen_is_the_same_object_until_a_refresh(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    first = helper.seen()
    assert first[2]["LIMIT"] == "10"
    clock.tick(44)
    assert helper.seen() is first

    clock.tick(2)

    assert helper.seen() is not first
    assert helper.seen() is helper.seen()
    assert shop.count("GetLatestConfiguration") == 1


def test_an_isolated_helper_begins_again_and_ends_as_it_was(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    changes: list[frozenset[str]] = []
    helper.on_change(changes.append)
    before = helper.seen()
    restore = helper.isolate(clock, steadily)
    shop.put_parameter("/shop/prod/host", "db.two")
    clock.tick(1000)
    assert helper.get("HOST") == "db.two"
    assert changes == [], "its callbacks are not called"

    restore()

    assert helper._view.now is before
    assert helper.refresh() == {"HOST"}
    assert changes == [{"HOST"}]
