"""The wrapper's lines on standard error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appconfig_env._config.settings import Settings, from_environ
from appconfig_env._wrapper.log import StartLog, to_stderr

from ...support.canary import SECRET, SECURE, VALUE
from ...support.paths import WRAPPER
from .starts import environ, prefetched

if TYPE_CHECKING:
    from ...support.fake_aws import FakeAws

LEVEL = "AWS_APPCONFIG_EXTENSION_LOG_LEVEL"


def test_log_level_none_is_silent_and_json_is_json(folder: Path) -> None:
    given = environ(folder, C="ssm:/shop/one")
    level = "AWS_APPCONFIG_EXTENSION_LOG_LEVEL"
    assert prefetched({**given, level: "none"}).log == ""
    line = json.loads(prefetched({**given, "AWS_LAMBDA_LOG_FORMAT": "JSON"}).log)
    assert line["level"] == "INFO"
    assert "1 value from 1 source in " in line["message"]


def test_no_value_is_logged_at_any_level(folder: Path) -> None:
    given = environ(
        folder,
        APPCONFIG_ENV_SOURCES="ssm:/shop/prod/ secretsmanager:plain",
        P="secretsmanager:prod/db#password",
        AWS_APPCONFIG_EXTENSION_LOG_LEVEL="trace",
        MAIL_FROM="configured",
    )
    log = prefetched(given).log
    assert "configured on the function" in log
    for value in ("s3cret", "p1a1n", "a=b"):
        assert value not in log


def test_nothing_is_written_to_a_closed_standard_error(folder: Path) -> None:
    # Then 2 is the lowest free descriptor, and the first file to be opened gets it.
    given = environ(folder, APPCONFIG_ENV_SOURCES="appconfig:shop/prod/app")
    Path(given["APPCONFIG_ENV_SNAPSHOT"]).write_text("broken")
    command = ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", str(WRAPPER), "/usr/bin/env"]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=True)
    assert "DB_HOST=db.example\n" in done.stdout
    assert Path(given["APPCONFIG_ENV_SNAPSHOT"] + ".lock").read_text() == ""


def test_what_has_the_number_of_a_closed_standard_error_gets_no_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    to_stderr("open")
    monkeypatch.setattr(sys, "stderr", None)
    to_stderr("closed")
    assert capfd.readouterr().err == "open\n"


def lines(environ: dict[str, str], *messages: tuple[str, str], level: str = "") -> list[str]:
    """Return what the log writes for levels and messages."""
    written: list[str] = []
    log = StartLog(environ, written.append)
    if level:
        log.settings = from_environ({"AWS_APPCONFIG_EXTENSION_LOG_LEVEL": level})
    for one in messages:
        log.write(*one)
    return written


def test_only_levels_above_info_are_named() -> None:
    messages = [(level, level) for level in ("trace", "debug", "info", "warn", "error", "fatal")]
    assert lines({}, *messages) == [
        "appconfig-env: trace",
        "appconfig-env: debug",
        "appconfig-env: info",
        "appconfig-env: warn: warn",
        "appconfig-env: error: error",
        "appconfig-env: fatal: fatal",
    ]


def test_once_the_settings_are_known_their_level_filters_lines() -> None:
    assert lines({}, ("info", "a"), ("warn", "b"), level="warn") == ["appconfig-env: warn: b"]


def test_a_message_is_one_printable_line() -> None:
    assert lines({}, ("info", "a\nb\x1b[31m\u202e")) == ["appconfig-env: a?b?[31m?"]


def test_no_field_has_a_second_line() -> None:
    written: list[str] = []
    log = StartLog({"AWS_LAMBDA_LOG_FORMAT": "JSON"}, written.append)
    log.write("warn", "a", {"variable": "A\nERROR forged", "names": ["B\x1b[31m"]})
    fields = json.loads(written[0])
    assert (fields["variable"], fields["names"]) == ("A?ERROR forged", ["B?[31m"])


def test_json_has_lambdas_fields() -> None:
    (line,) = lines({"AWS_LAMBDA_LOG_FORMAT": "json"}, ("warn", 'a "b"'))
    fields = json.loads(line)
    assert fields.keys() == {"timestamp", "level", "message", "logger"}
    assert (fields["level"], fields["message"]) == ("WARN", 'a "b"')
    assert fields["logger"] == "appconfig_env"


def test_a_failure_is_written_whatever_the_level_is() -> None:
    found: list[str] = []
    log = StartLog({}, found.append)
    log.settings = Settings(log_level="none")
    log.write("error", "a")
    log.fail("b")
    log.fail("c", "fatal")
    assert found == ["appconfig-env: error: b", "appconfig-env: fatal: c"]


def test_json_has_the_fields_of_a_line() -> None:
    found: list[str] = []
    log = StartLog({"AWS_LAMBDA_LOG_FORMAT": "JSON"}, found.append)
    log.write("info", "a", {"source": "ssm:/x", "duration_ms": 12, "names": ["A"]})
    log.fail("b", fields={"kind": "denied"})
    first, second = map(json.loads, found)
    assert (first["source"], first["duration_ms"], first["names"]) == ("ssm:/x", 12, ["A"])
    assert (second["kind"], second["level"]) == ("denied", "ERROR")


def test_text_has_no_fields() -> None:
    found: list[str] = []
    StartLog({}, found.append).write("info", "a", {"source": "ssm:/x"})
    assert found == ["appconfig-env: a"]


@pytest.fixture
def function(fake_aws: FakeAws, tmp_path: Path) -> dict[str, str]:
    """The environment of a function that reads every kind of source from AWS."""
    fake_aws.put_profile("shop", "prod", "app", {"host": "v4lue-host", "rate": 10}, label="v7")
    fake_aws.put_parameter("/shop/prod/token", SECURE, type="SecureString")
    fake_aws.put_parameter("/shop/prod/rate", "v4lue-rate")
    fake_aws.put_secret("one", SECRET)
    fake_aws.put_secret("two", json.dumps({"password": SECRET}))
    return {
        **fake_aws.environ(),
        "PATH": "/usr/bin:/bin",
        "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/shop/prod/ secretsmanager:one",
        "DB": "secretsmanager:two#password",
        "MISSING": "ssm:/none?optional",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "APPCONFIG_ENV_DEADLINE_SECONDS": "60",
    }


def fields_of(log: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.splitlines()]


def test_at_info_a_cold_start_has_one_line(function: dict[str, str]) -> None:
    del function["MISSING"]
    assert len(prefetched(function).log.splitlines()) == 1


def test_at_debug_each_source_has_one_line_with_fields(function: dict[str, str]) -> None:
    found = fields_of(prefetched(function | {LEVEL: "debug", "AWS_LAMBDA_LOG_FORMAT": "JSON"}).log)
    debug = [one for one in found if one["level"] == "DEBUG"]
    assert [one["source"] for one in debug] == [
        "appconfig:shop/prod/app", "ssm:/shop/prod/", "secretsmanager:one",
        "secretsmanager:two#password", "ssm:/none",
    ]  # fmt: skip
    profile, path, _, in_place, missing = debug
    assert (profile["version"], profile["names"]) == ("v7", ["HOST"])
    assert "ssm:/shop/prod/ takes precedence for RATE" in str(profile["message"])
    assert path["names"] == ["RATE", "TOKEN"]
    assert in_place["variable"] == "DB"
    assert (missing["kind"], missing["code"]) == ("missing", "ParameterNotFound")
    for one in debug:
        assert one["request_id"]
        assert one["region"] == "us-east-1"
        assert isinstance(one["duration_ms"], int)
    assert not [one for one in found if one["level"] == "TRACE"]


def test_at_trace_each_call_has_a_line(function: dict[str, str], fake_aws: FakeAws) -> None:
    found = fields_of(prefetched(function | {LEVEL: "trace", "AWS_LAMBDA_LOG_FORMAT": "JSON"}).log)
    traced = [one for one in found if one["level"] == "TRACE"]
    assert sorted(str(one["operation"]) for one in traced) == sorted(
        call.operation for call in fake_aws.calls
    )
    assert len({one["request_id"] for one in traced}) == len(traced)


@pytest.mark.parametrize("form", ["TEXT", "JSON"])
@pytest.mark.parametrize("level", ["debug", "trace"])
@pytest.mark.parametrize("trouble", ["", "denied", "throttled", "invalid", "broken snapshot"])
def test_no_value_or_credential_is_in_a_detailed_line(
    function: dict[str, str], fake_aws: FakeAws, form: str, level: str, trouble: str
) -> None:
    if trouble == "denied":
        for operation in ("BatchGetSecretValue", "GetParametersByPath"):
            fake_aws.deny(operation)
    elif trouble == "throttled":
        fake_aws.throttle("GetParametersByPath", times=1)
    elif trouble == "invalid":
        fake_aws.put_secret("two", f'{{"password": "{SECRET}", ')
    elif trouble:
        Path(function["APPCONFIG_ENV_SNAPSHOT"]).write_text(SECRET)
    given = function | {LEVEL: level, "AWS_LAMBDA_LOG_FORMAT": form}
    log = "".join(prefetched(given).log for _ in range(2))
    assert log.count("ssm:/shop/prod/") > 2
    for value in (VALUE, "v4lue", given["AWS_ACCESS_KEY_ID"]):
        assert value not in log
    for call in fake_aws.calls:
        for token in ("ConfigurationToken", "NextToken"):
            assert call.params.get(token, "-no-token-") not in log


def test_a_startup_that_fails_has_the_fields_of_each_cause(
    function: dict[str, str], fake_aws: FakeAws
) -> None:
    fake_aws.deny("GetParametersByPath")
    fake_aws.deny("GetSecretValue")
    fake_aws.deny("BatchGetSecretValue")
    ended = prefetched(function | {"AWS_LAMBDA_LOG_FORMAT": "JSON", LEVEL: "none"})
    assert ended.code == 1
    path, secrets = fields_of(ended.log)
    assert (path["source"], path["operation"]) == ("ssm:/shop/prod/", "GetParametersByPath")
    assert secrets["source"] == "secretsmanager:one, secretsmanager:two#password"
    assert secrets["variable"] == "DB"
    for one in (path, secrets):
        assert (one["kind"], one["code"]) == ("denied", "AccessDeniedException")
        assert one["request_id"]


def test_secrets_that_cannot_be_read_together_are_logged_once_at_info(
    function: dict[str, str], fake_aws: FakeAws
) -> None:
    for number in range(25):
        fake_aws.put_secret(f"more{number}", "1")
        function["APPCONFIG_ENV_SOURCES"] += f" secretsmanager:more{number}"
    fake_aws.deny("BatchGetSecretValue")
    lines = prefetched(function).log.splitlines()
    (line,) = [line for line in lines if "one by one" in line]
    assert line.startswith("appconfig-env: 27 secrets had to be read one by one: BatchGetSecret")
    assert "secretsmanager:BatchGetSecretValue on *" in line
    assert fake_aws.count("BatchGetSecretValue") == 2


def test_a_single_secret_or_a_role_that_may_read_batches_is_not_reported(
    function: dict[str, str], fake_aws: FakeAws
) -> None:
    assert "one by one" not in prefetched(function).log
    fake_aws.deny("BatchGetSecretValue")
    del function["DB"]
    assert "one by one" not in prefetched(function).log
