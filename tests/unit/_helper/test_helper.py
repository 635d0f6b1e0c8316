"""The helper in virtual time: values, refreshes, failures, threads, processes, clones."""

from __future__ import annotations

import json
import logging
import multiprocessing
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import appconfig_env
from appconfig_env import (
    AmbiguousFlagError,
    ConversionError,
    LoadError,
    MissingKeyError,
    SettingsError,
)
from appconfig_env._backends.aws import choose
from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.aws.retry import POLICY
from appconfig_env._cache.file_lock import FileLock
from appconfig_env._helper.helper import Helper

from ...support import fakes
from ...support.canary import SECRET, SECURE
from ...support.fakes import steadily, wrapped
from ...support.life import HoldingAws, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from appconfig_env._backends.base import Backend
    from appconfig_env._config.settings import Settings

    from ...support.fake_aws import FakeAws

APP = "appconfig:shop/prod/app"


class Clock(fakes.Clock):
    """A clock that only the test moves, together with the fake AWS's."""

    def __init__(self, aws: FakeAws) -> None:
        super().__init__()
        self.aws = aws

    def tick(self, seconds: float) -> None:
        super().tick(seconds)
        self.aws.forward(seconds)


@pytest.fixture
def fake_aws() -> Iterator[HoldingAws]:
    """An empty AWS account that can hold its responses."""
    with HoldingAws() as aws:
        yield aws
        aws.release()


@pytest.fixture
def shop(fake_aws: HoldingAws) -> HoldingAws:
    fake_aws.put_profile("shop", "prod", "app", {"limit": 10, "debug": "off"}, label="v1")
    fake_aws.put_parameter("/shop/prod/host", "db.one")
    fake_aws.put_parameter("/shop/prod/token", SECURE, type="SecureString")
    fake_aws.put_secret("prod/db", json.dumps({"password": SECRET}))
    return fake_aws


@pytest.fixture
def clock(shop: FakeAws) -> Clock:
    return Clock(shop)


@pytest.fixture
def environ(shop: FakeAws, tmp_path: Path) -> dict[str, str]:
    return {
        **shop.environ(),
        "APPCONFIG_ENV_SOURCES": f"{APP} ssm:/shop/prod/",
        "DB_PASSWORD": "secretsmanager:prod/db#password",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    }


@pytest.fixture
def helper(environ: dict[str, str], clock: Clock) -> Helper:
    """A helper started by the wrapper, without the wrapper's calls."""
    after = wrapped(environ, clock)
    clock.aws.clear_calls()
    return Helper(after, now=clock, jitter=steadily)


def unhurried(environ: dict[str, str], clock: Clock) -> Helper:
    """A helper started by the wrapper, whose calls may take longer than any test does."""
    patience = {
        "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": "60s",
        "APPCONFIG_ENV_DEADLINE_SECONDS": "60",
    }
    return Helper(wrapped(environ | patience, clock), now=clock, jitter=steadily)


def operations(aws: FakeAws) -> list[str]:
    return sorted(call.operation for call in aws.calls)


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


def test_too_early_changes_nothing_and_is_not_an_error(
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
    assert "of the user" in caplog.text


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
    assert "keeping the last values" in warned[0].getMessage()

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
    helper = unhurried(environ, clock)
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
        threads = [threading.Thread(target=helper.get, args=("LIMIT",)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
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
        r"no response from .* in time|no answer within 0\.1 s", helper.status()[APP]["last_error"]
    )


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


def _child(helper: Helper, queue: multiprocessing.Queue[str | None]) -> None:
    queue.put(helper.get("LIMIT"))


@pytest.mark.filterwarnings(
    "ignore:.*fork.*:DeprecationWarning"
)  # forks with threads are intended here
@pytest.mark.parametrize("snapshot", ["", "/proc/none/snapshot.json"])
def test_a_forked_child_does_not_use_its_parents_tokens(
    environ: dict[str, str], shop: FakeAws, clock: Clock, snapshot: str
) -> None:
    if snapshot:
        environ["APPCONFIG_ENV_SNAPSHOT"] = snapshot
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    clock.tick(16)
    helper.refresh()
    clock.tick(61)
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[str | None] = context.Queue()
    child = context.Process(target=_child, args=(helper, queue))
    child.start()
    assert queue.get(timeout=20) == "10"
    child.join()
    assert helper.get("LIMIT") == "10"
    assert shop.problems == []


def test_snapstart_clones_get_no_token(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
    after = wrapped(environ, clock)
    assert "token" not in Path(environ["APPCONFIG_ENV_SNAPSHOT"]).read_text()
    clones = [Helper(after, now=clock, jitter=steadily) for _ in range(3)]
    shop.clear_calls()
    clock.tick(3600)
    for clone in clones:
        clone._restored()
        assert clone.get("LIMIT") == "10"
    assert shop.problems == []


def test_after_a_restore_everything_is_stale(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    assert helper.get("LIMIT") == "10"
    shop.put_profile("shop", "prod", "app", {"limit": 14})
    clock.tick(1)
    helper._restored()
    assert helper.get("LIMIT") == "14"


def test_after_a_restore_values_stay_stale_until_they_are_read_again(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    assert helper.get("LIMIT") == "10"
    shop.put_profile("shop", "prod", "app", {"limit": 14})
    clock.tick(1)
    lock = FileLock(environ["APPCONFIG_ENV_SNAPSHOT"] + ".lock")
    assert lock.is_held
    helper._restored()
    assert helper.get("LIMIT") == "10", "another process is reading it"
    lock.release()
    clock.tick(5)
    assert helper.get("LIMIT") == "14"


@pytest.mark.parametrize("has_wrapper", [True, False])
@pytest.mark.parametrize("on_error", ["fail", "continue"])
def test_a_secret_that_only_one_of_its_sources_can_use_keeps_its_value(
    environ: dict[str, str], shop: FakeAws, clock: Clock, *, has_wrapper: bool, on_error: str
) -> None:
    shop.put_secret("prod/db", json.dumps({"password": SECRET, "a": {"b": "1"}, "a_b": "2"}))
    environ["APPCONFIG_ENV_ON_ERROR"] = on_error
    environ["APPCONFIG_ENV_SOURCES"] = f"{APP} secretsmanager:prod/db?optional"
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


def test_a_name_that_a_later_source_no_longer_has_gets_the_earlier_ones_value(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    environ["APPCONFIG_ENV_SOURCES"] = f"ssm:/shop/prod/ {APP}"
    shop.put_profile("shop", "prod", "app", {"host": "of the profile"}, label="v2")
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    assert helper.get("HOST") == "of the profile"
    shop.put_profile("shop", "prod", "app", {"limit": 1}, label="v3")
    clock.tick(100)
    assert helper.get("HOST") == "db.one"


def test_an_invalid_reference_of_a_document_is_shown_without_its_options(helper: Helper) -> None:
    with pytest.raises(MissingKeyError) as raised:
        helper.document(f"ssm:/x?default={SECRET}&bad=1")
    assert SECRET not in str(raised.value)


def test_without_a_wrapper_it_loads_by_itself(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    helper = Helper(environ, now=clock, jitter=steadily)
    assert helper.get("LIMIT") == "10"
    assert helper.get("DB_PASSWORD") == SECRET
    assert helper.get("AWS_REGION") == "us-east-1"
    assert shop.received == {"shop/prod/app": 1}
    assert environ["DB_PASSWORD"].startswith("secretsmanager:"), "the environment is not changed"


def test_a_configured_variable_takes_precedence_over_lists(
    environ: dict[str, str], clock: Clock
) -> None:
    environ["LIMIT"] = "99"
    assert Helper(wrapped(environ, clock), now=clock, jitter=steadily).get("LIMIT") == "99"
    assert Helper(environ, now=clock, jitter=steadily).get("LIMIT") == "99"
    environ["APPCONFIG_ENV_OVERWRITE"] = "yes"
    assert Helper(wrapped(environ, clock), now=clock, jitter=steadily).get("LIMIT") == "10"
    assert Helper(environ, now=clock, jitter=steadily).get("LIMIT") == "10"


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


def test_documents_are_parsed_and_keys_select_values(helper: Helper) -> None:
    assert helper.document(APP) == {"limit": 10, "debug": "off"}
    assert helper.document(APP + "#limit") == 10
    assert helper.document("secretsmanager:prod/db") == {"password": SECRET}
    assert helper.document("ssm:/shop/prod/") == {"host": "db.one", "token": SECURE}


@pytest.mark.parametrize(
    "reference", ["appconfig:shop/prod/other", APP + "#none", "nonsense", "ssm:"]
)
def test_a_document_that_is_not_a_source_is_missing(helper: Helper, reference: str) -> None:
    with pytest.raises(MissingKeyError):
        helper.document(reference)


def test_a_denied_document_is_not_requested_at_every_call(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    shop.deny("GetSecretValue")
    environ["APPCONFIG_ENV_SOURCES"] += " secretsmanager:prod/db?env=no"
    del environ["DB_PASSWORD"]
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    for _ in range(3):
        with pytest.raises(MissingKeyError, match="AccessDeniedException"):
            helper.document("secretsmanager:prod/db")
    assert shop.count("GetSecretValue") == 1


def test_threads_whose_first_calls_coincide_load_once(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    helper = Helper(environ, now=clock, jitter=steadily)
    seen: list[str | None] = []
    threads = [threading.Thread(target=lambda: seen.append(helper.get("LIMIT"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["10"] * 16
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


def test_enabled_flags_are_true(environ: dict[str, str], shop: FakeAws, clock: Clock) -> None:
    shop.put_profile(
        "shop",
        "prod",
        "flags",
        {
            "checkout": {"enabled": True, "limit": 3},
            "beta": {"enabled": False},
            "split": {"enabled": True, "_variant": "B"},
        },
    )
    shop.put_profile("shop", "prod", "more", {"checkout": {"enabled": False}})
    sources = "appconfig:shop/prod/flags appconfig:shop/prod/more?prefix=MORE_"
    helper = Helper(
        wrapped({**environ, "APPCONFIG_ENV_SOURCES": sources}, clock), now=clock, jitter=steadily
    )
    assert not helper.flag("beta")
    assert helper.flag("split").variant == "B"
    assert not helper.flag("unheard of")
    with pytest.raises(AmbiguousFlagError, match=r"shop/prod/flags and appconfig:shop/prod/more"):
        helper.flag("checkout")
    flag = helper.flag("checkout", source="appconfig:shop/prod/flags")
    assert flag
    assert (flag.enabled, flag.attributes, flag.variant) == (True, {"limit": 3}, None)
    assert "3" not in repr(flag)


def test_status_makes_no_call_and_can_be_serialized_as_json(
    helper: Helper, shop: FakeAws, clock: Clock
) -> None:
    clock.tick(30)
    status = json.loads(json.dumps(helper.status()))
    assert status[APP] == {
        "version": "v1",
        "age": 30.0,
        "last_error": None,
        "kind": None,
    }
    assert set(status) == {APP, "ssm:/shop/prod/", "secretsmanager:prod/db"}
    assert shop.calls == []


def test_deferred_secrets_are_read_at_the_first_get(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    del environ["DB_PASSWORD"]
    environ["APPCONFIG_ENV_SOURCES"] += " secretsmanager:prod/db?env=no&prefix=DB_"
    after = wrapped(environ, clock)
    assert shop.count("GetSecretValue") == 0
    helper = Helper(after, now=clock, jitter=steadily)
    assert helper.get("DB_PASSWORD") == SECRET
    assert helper.get("LIMIT") == "10"
    assert shop.count("GetSecretValue") == 1
    assert shop.received == {"shop/prod/app": 1}


def test_no_value_is_logged_or_shown(
    environ: dict[str, str], shop: FakeAws, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    environ["AWS_APPCONFIG_EXTENSION_LOG_LEVEL"] = "trace"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    shop.put_secret("prod/db", '{"password": "s3cret2", ')
    shop.deny("GetParametersByPath")
    clock.tick(400)
    helper.get("LIMIT")
    output = caplog.text + repr(helper.status()) + repr(helper.live().store.snapshot.entries)
    assert "AccessDenied" in output
    for value in ("s3cret", "db.one", "secure-"):
        assert value not in output


def test_the_package_has_the_documented_functions() -> None:
    for name in ("get", "document", "flag", "refresh", "on_change", "status"):
        assert callable(getattr(appconfig_env, name))


def together(
    work: Callable[[], object], times: int = 8, during: Callable[[], None] = lambda: None
) -> list[object]:
    """Return the results of `work` in this many threads at once; call `during` meanwhile."""
    found: list[object] = []
    began = threading.Barrier(times + 1, timeout=30)

    def run() -> None:
        began.wait()
        found.append(work())

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    began.wait()
    during()
    for thread in threads:
        thread.join()
    return found


def answered_late(shop: HoldingAws) -> Callable[[], None]:
    """Hold the secret until it was requested."""
    shop.hold("GetSecretValue")

    def answer() -> None:
        eventually(lambda: shop.count("GetSecretValue"))
        shop.release()

    return answer


def test_threads_wait_for_a_deferred_secret(
    environ: dict[str, str], shop: HoldingAws, clock: Clock
) -> None:
    del environ["DB_PASSWORD"]
    environ["APPCONFIG_ENV_SOURCES"] += " secretsmanager:prod/db?env=no"
    helper = unhurried(environ, clock)
    answer = answered_late(shop)
    found = together(lambda: helper.get("PASSWORD", "default"), during=answer)
    assert found == [SECRET] * 8
    assert shop.count("GetSecretValue") == 1


def test_processes_wait_for_a_deferred_secret(
    environ: dict[str, str], shop: HoldingAws, clock: Clock
) -> None:
    del environ["DB_PASSWORD"]
    environ["APPCONFIG_ENV_SOURCES"] += " secretsmanager:prod/db?env=no"
    after = wrapped(environ | {"APPCONFIG_ENV_DEADLINE_SECONDS": "60"}, clock)
    helpers = [
        Helper(after, now=clock, jitter=steadily) for _ in range(4)
    ]  # each with its own locks, like processes
    answer = answered_late(shop)
    found = together(lambda: helpers.pop().get("PASSWORD", "default"), len(helpers), answer)
    assert found == [SECRET] * 4
    assert shop.received == {"shop/prod/app": 1}


def test_a_name_that_no_source_sets_is_not_waited_for(
    environ: dict[str, str], shop: HoldingAws, clock: Clock
) -> None:
    helper = unhurried(environ, clock)
    helper.get("LIMIT")
    shop.clear_calls()
    shop.hold("GetLatestConfiguration")
    clock.tick(50)
    slow = threading.Thread(target=helper.get, args=("LIMIT",))
    slow.start()
    eventually(lambda: shop.count("GetLatestConfiguration"))
    assert helper.get("NO_SOURCE", "default") == "default"
    assert slow.is_alive()
    shop.release()
    slow.join()


def test_threads_request_a_document_that_is_not_in_the_file_once(
    helper: Helper, shop: FakeAws
) -> None:
    documents = together(lambda: helper.document("secretsmanager:prod/db"))
    assert documents == [{"password": SECRET}] * 8
    assert shop.count("GetSecretValue") == 1


@pytest.mark.parametrize(
    "reference", [APP, f"{APP}?format=json", f"{APP}?format=json&prefix=A_", f"{APP}?optional"]
)
def test_the_options_of_a_documents_reference_are_ignored(
    environ: dict[str, str], clock: Clock, reference: str
) -> None:
    environ["APPCONFIG_ENV_SOURCES"] = f"{APP}?format=json ssm:/shop/prod/?recursive=no"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    assert helper.document(reference)["limit"] == 10
    assert helper.document("ssm:/shop/prod/")["host"] == "db.one"
    assert not helper.flag("limit", source=reference)


def test_a_document_in_two_formats_needs_a_complete_reference(
    environ: dict[str, str], clock: Clock
) -> None:
    environ["APPCONFIG_ENV_SOURCES"] = f"{APP}?format=json {APP}?format=text"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    assert isinstance(helper.document(f"{APP}?format=text"), str)
    with pytest.raises(MissingKeyError, match="name one of them"):
        helper.document(APP)


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
