"""How the result of a check looks: a table, findings and a summary; or JSON."""

from __future__ import annotations

import json

import pytest

from appconfig_env._cli.check.findings import ERROR, WARN, Finding
from appconfig_env._cli.check.limits import Sizes
from appconfig_env._cli.check.report import Report, data, lines, summary
from appconfig_env._cli.check.sources import FAILED, NOT_READ, OK, Result

RESULTS = (
    Result("ssm:/a/", OK, is_required=True, version="3", names=("A", "B"), seconds=0.0123,
           region="local", role="arn:r"),
    Result("ssm:/b", FAILED, is_required=True, kind="denied", reason="no",
           action="ssm:GetParameters"),
    Result("ssm:/c", FAILED, is_required=False, kind="missing", reason="no",
           names=("X", "Y", "Z", "V", "W")),
    Result("ssm:/d", NOT_READ, is_required=True),
)  # fmt: skip
OF_ALL = "of 4,096 bytes of configuration"
FINDINGS = (Finding(ERROR, "ssm:/b: no; grant it", "ssm:/b"), Finding(WARN, "odd; rename it"))


def test_sources_and_findings_are_lines() -> None:
    found = lines(Report(FINDINGS, RESULTS, Sizes(1234, 5678)))

    assert [line.text for line in found] == [
        "result    source   version  time   Region  role   missing action     names",
        "ok        ssm:/a/  3        12 ms  local   arn:r                     A, B",
        "denied    ssm:/b                                  ssm:GetParameters",
        "missing   ssm:/c                                                     X, Y, Z and 2 more",
        "not read  ssm:/d",
        "error: ssm:/b: no; grant it",
        "warn: odd; rename it",
        f"4 sources, 1 error, 1 warning, 1,234 {OF_ALL}; 1 not read, add --online to read it",
    ]
    assert [line.style for line in found] == [
        "title", "good", "error", "warn", "quiet", "error", "warn", "error",
    ]  # fmt: skip


def test_a_column_that_would_be_empty_is_left_out() -> None:
    heads, row, _ = lines(Report((), RESULTS[3:], Sizes(0, 0)))

    assert (heads.text, row.text) == ("result    source", "not read  ssm:/d")


@pytest.mark.parametrize(
    ("report", "text", "style"),
    [
        (Report(()), "0 errors, 0 warnings", "good"),
        (Report(FINDINGS[1:]), "0 errors, 1 warning", "warn"),
        (
            Report((), RESULTS[3:], Sizes(0, 0), is_online=True),
            "1 source, 0 errors, 0 warnings, 0 of 4,096 bytes of configuration",
            "good",
        ),
        (
            Report((), RESULTS[3:] * 2, Sizes(0, 0)),
            f"2 sources, 0 errors, 0 warnings, 0 {OF_ALL}; 2 not read, add --online to read them",
            "good",
        ),
    ],
)
def test_the_last_line_counts(report: Report, text: str, style: str) -> None:
    assert summary(report) == (text, style)


def test_json_has_everything() -> None:
    found = json.loads(json.dumps(data(Report(FINDINGS, RESULTS, Sizes(1, 2), is_online=True))))

    assert (found["ok"], found["online"]) == (False, True)
    assert found["sizes"] == {"configuration": 1, "environment": 2}
    assert found["findings"][1] == {"level": "warn", "message": "odd; rename it", "source": ""}
    assert found["sources"][0] == {
        "source": "ssm:/a/", "result": "ok", "kind": "", "version": "3", "names": ["A", "B"],
        "seconds": 0.0123, "region": "local", "role": "arn:r", "action": "",
        "resource_arn": "", "reason": "", "required": True,
    }  # fmt: skip


def test_json_of_invalid_settings_has_no_sources() -> None:
    found = data(Report(FINDINGS[:1]))

    assert (found["ok"], found["sources"], found["sizes"]) == (False, [], None)
