"""The wrapper's lines on standard error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from appconfig_env._config.settings import Settings, from_environ
from appconfig_env._wrapper.log import StartLog, to_stderr

from ...support.paths import WRAPPER
from .starts import environ, prefetched

if TYPE_CHECKING:
    import pytest


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
