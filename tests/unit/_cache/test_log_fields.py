"""The fields of log lines."""

from __future__ import annotations

import pytest

from appconfig_env._backends.calls import Call
from appconfig_env._cache.log_fields import call_fields, failure_fields, source_fields
from appconfig_env._config.settings import from_environ
from appconfig_env._config.wording import LONGEST_SHOWN
from appconfig_env.errors import Failure

SETTINGS = from_environ({
    "APPCONFIG_ENV_SOURCES": "ssm:/c?default=v4lue",
    "A": "ssm:/a#k",
    "B": "ssm:/a#k",
    "APP_PARAMS_PATH": "x",
})  # fmt: skip


@pytest.mark.parametrize(
    ("named", "variable", "fields"),
    [
        ("A", "", {"source": "ssm:/a#k", "variable": "A"}),
        ("AB", "", {"source": "ssm:/a#k", "variable": "A, B"}),
        ("A", "OTHER", {"source": "ssm:/a#k", "variable": "OTHER"}),
        ("", "", {"source": "ssm:/x/?recursive=no, ssm:/c"}),
        ("", "C", {"source": "ssm:/x/?recursive=no, ssm:/c", "variable": "C"}),
    ],
)
def test_sources_are_named_by_their_references_and_variables(
    named: str, variable: str, fields: dict[str, object]
) -> None:
    if named:
        sources = [source for source in SETTINGS.sources if source.variable in set(named)]
    else:
        sources = [source for source in SETTINGS.sources if not source.variable]
    assert source_fields(sources, variable) == fields


def test_the_fields_of_failures_have_each_text_once_and_bounded() -> None:
    failures = [
        Failure("denied", "no", code="x" * 5000, request_id=one, region="eu-west-1")
        for one in ("r-1", "r-2")
    ]
    fields = failure_fields(*failures)
    assert fields.keys() == {"kind", "code", "request_id", "region"}
    assert (fields["kind"], fields["request_id"]) == ("denied", "r-1, r-2")
    assert len(str(fields["code"])) < 2 * LONGEST_SHOWN
    assert failure_fields() == {}


def test_the_fields_of_calls_have_the_last_request_and_the_sum_of_times() -> None:
    calls = [
        Call(operation, region="eu-west-1", seconds=0.012, request_id=one)
        for operation, one in (("A", "r-1"), ("B", "r-2"), ("A", "r-3"))
    ]
    assert call_fields(calls) == {
        "operation": "A, B",
        "request_id": "r-3",
        "region": "eu-west-1",
        "duration_ms": 36,
    }
    assert call_fields([]) == {}
