"""What a check reports of each source: result, version, names, time, Region, role, IAM action."""

from __future__ import annotations

import pytest

from appconfig_env._backends.calls import Call
from appconfig_env._cli.check.findings import ERROR, WARN
from appconfig_env._cli.check.sources import FAILED, NOT_READ, OK, failures, results
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

from .checked import checked

ROLE = "arn:aws:iam::111122223333:role/reader"
DENIED = Failure(
    "denied",
    "no access",
    "grant ssm:GetParameters on arn:x",
    operation="GetParameters",
    action="ssm:GetParameters",
    resource_arn="arn:x",
    region="us-east-1",
    role_arn=ROLE,
)


def test_a_source_that_was_read_has_its_version_names_time_region_and_role() -> None:
    given = checked(
        "appconfig:a/b/c",
        {"appconfig:a/b/c": Document(b'{"y": 1, "x": 2}', version="7")},
        calls=[
            Call("StartConfigurationSession", ["appconfig:a/b/c"], region="eu-west-1", seconds=0.5),
            Call("GetLatestConfiguration", ["appconfig:a/b/c"], region="eu-west-1", seconds=0.25),
            Call("GetParameters", ["ssm:/other"], region="x", seconds=9),
        ],
        AWS_REGION="eu-central-1",
        AWS_APPCONFIG_EXTENSION_ROLE_ARN=ROLE,
    )

    (found,) = results(given.settings, given.snapshot, given.calls)

    assert found.result == OK
    assert (found.version, found.names, found.seconds) == ("7", ("Y", "X"), 0.75)
    assert (found.region, found.role, found.reason) == ("eu-west-1", ROLE, "")


def test_a_source_that_failed_has_the_reason_and_the_missing_action() -> None:
    given = checked("ssm:/x", {"ssm:/x": DENIED}, AWS_REGION="eu-central-1")

    (found,) = results(given.settings, given.snapshot, given.calls)

    assert (found.result, found.kind, found.is_required) == (FAILED, "denied", True)
    assert (found.action, found.resource_arn) == ("ssm:GetParameters", "arn:x")
    assert (found.region, found.role) == ("us-east-1", ROLE)
    assert found.reason.endswith("; grant ssm:GetParameters on arn:x")


@pytest.mark.parametrize("source", ["ssm:/x?optional", "ssm:/x?default=1"])
def test_a_source_that_may_fail_is_not_required(source: str) -> None:
    given = checked(source, {"ssm:/x": DENIED})

    (found,) = results(given.settings, given.snapshot, given.calls)

    assert (found.result, found.is_required) == (FAILED, False)
    assert [one.level for one in failures(given.settings, given.snapshot)] == [WARN]


def test_a_source_that_was_not_read_is_named_as_such() -> None:
    given = checked("ssm:/x ssm:/y", {"ssm:/x": b"1"})

    found = results(given.settings, given.snapshot, given.calls)

    assert [(one.source, one.result) for one in found] == [("ssm:/x", OK), ("ssm:/y", NOT_READ)]


def test_a_local_file_has_neither_region_nor_role() -> None:
    given = checked(
        "file:/x.json", {"file:/x.json": b"{}"}, AWS_REGION="eu-west-1", APPCONFIG_ENV_ROLE_ARN=ROLE
    )

    (found,) = results(given.settings, given.snapshot, given.calls)

    assert (found.region, found.role, found.seconds) == ("", "", None)


def test_a_document_that_one_source_cannot_use_fails_that_one_alone() -> None:
    given = checked(
        "appconfig:a/b/c appconfig:a/b/c#no", {"appconfig:a/b/c": Document(b'{"x": 1}')}
    )

    whole, key = results(given.settings, given.snapshot, given.calls)

    assert (whole.result, whole.names) == (OK, ("X",))
    assert (key.result, key.kind) == (FAILED, "invalid")
    assert "no key 'no'" in key.reason


def test_failures_with_one_cause_are_one_finding() -> None:
    given = checked(
        "ssm:/x ssm:/y ssm:/z?optional", dict.fromkeys(("ssm:/x", "ssm:/y", "ssm:/z"), DENIED)
    )

    found = list(failures(given.settings, given.snapshot))

    assert [(one.level, one.source) for one in found] == [
        (ERROR, "ssm:/x, ssm:/y"),
        (WARN, "ssm:/z"),
    ]
