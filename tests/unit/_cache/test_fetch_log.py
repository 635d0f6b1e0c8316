"""What is logged of fetches, and what of it once."""

from __future__ import annotations

import pytest

from appconfig_env._backends.calls import Call, Outcomes
from appconfig_env._cache.fetch_log import FetchLog
from appconfig_env._cache.load import load
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

SECRETS = ("secretsmanager:a", "secretsmanager:b")
DENIED = Failure("denied", "no", "grant it", operation="BatchGetSecretValue")
REFUSED = Outcomes(
    dict.fromkeys(SECRETS, Document(b"v4lue", secret=True)),
    [Call("BatchGetSecretValue", SECRETS, failure=DENIED)],
)


class Lines:
    """A log that keeps levels and messages; unlike the real ones, it filters none."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, level: str, message: str, fields: object = None, /) -> None:
        assert isinstance(fields, dict)
        assert "v4lue" not in f"{message} {fields}"
        self.lines.append((level, message))


@pytest.mark.parametrize(
    ("has_reported_batch", "levels"),
    [(False, ["info", "debug"]), (True, ["debug", "debug"])],
)
def test_a_refused_batch_is_reported_at_info_once(
    has_reported_batch: bool, levels: list[str]
) -> None:
    log = Lines()
    settings = from_environ({"APPCONFIG_ENV_SOURCES": " ".join(SECRETS)})
    fetch_log = FetchLog(settings, log, has_reported_batch=has_reported_batch)
    fetch_log.report_calls(REFUSED)
    fetch_log.report_calls(REFUSED)
    found = [level for level, message in log.lines if "one by one" in message]
    assert found == levels


@pytest.mark.parametrize(
    ("level", "reported"), [("info", ()), ("debug", SECRETS), ("trace", SECRETS)]
)
def test_sources_are_reported_once_for_each_fetch_at_detailed_levels(
    level: str, reported: tuple[str, ...]
) -> None:
    log = Lines()
    settings = from_environ({
        "APPCONFIG_ENV_SOURCES": " ".join(SECRETS),
        "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": level,
    })  # fmt: skip
    fetch_log = FetchLog(settings, log)
    snapshot = load(settings, lambda *_: REFUSED, 0.0, timeout=1.0, report=fetch_log.report_calls)
    log.lines.clear()
    fetch_log.report_sources(snapshot, ())
    fetch_log.report_sources(snapshot, ())
    assert [line[0] for line in log.lines] == ["debug"] * len(reported)
    for (_, message), reference in zip(log.lines, reported, strict=True):
        assert message.startswith(f"{reference}: read")


def test_a_prefetch_reports_all_sources_with_their_ages() -> None:
    log = Lines()
    settings = from_environ({
        "APPCONFIG_ENV_SOURCES": "ssm:/a secretsmanager:a?env=no ssm:/b",
        "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "debug",
    })  # fmt: skip
    found = {"ssm:/a": Document(b"1"), "ssm:/b": Document(b"2")}
    snapshot = load(settings, lambda *_: found, 0.0, timeout=1.0, skip=["secretsmanager:a"])
    fetch_log = FetchLog(settings, log)
    fetch_log.report_calls({"ssm:/b": found["ssm:/b"]})
    fetch_log.report_sources(snapshot, ("A",), ages={"ssm:/a": 30.0}, only_env=True)
    assert [message for _, message in log.lines] == [
        "ssm:/a: from the snapshot file, 30 s old; sets nothing",
        "secretsmanager:a: not awaited (env=no)",
        "ssm:/b: read; sets B",
    ]
