"""What is recorded of the calls that boto3 makes itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._backends.aws.boto3_recording import record_role, request_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from appconfig_env._backends.calls import Call


class StsClient:
    """A client of which only the events exist, and each call takes 12 ms."""

    def __init__(self, calls: list[Call]) -> None:
        self.at = 100.0
        self.hooks: dict[str, Callable[..., None]] = {}
        events = SimpleNamespace(register=self.hooks.__setitem__)
        self.meta = SimpleNamespace(region_name="eu-west-1", events=events)
        record_role(self, calls, lambda: self.at)

    def assume_role(self, **parsed: Any) -> None:
        self.hooks["before-call"](model=None)
        self.at += 0.012
        self.hooks["after-call"](http_response=None, parsed=parsed)


def test_a_call_that_assumes_a_role_is_recorded_without_its_result() -> None:
    calls: list[Call] = []
    client = StsClient(calls)
    client.assume_role(Credentials={"SecretAccessKey": "s3cret"})
    client.assume_role(ResponseMetadata={"RequestId": "r-2"})
    assert [(one.operation, one.references, one.region) for one in calls] == [
        ("AssumeRole", (), "eu-west-1"),
        ("AssumeRole", (), "eu-west-1"),
    ]
    assert [round(one.seconds, 6) for one in calls] == [0.012, 0.012]
    assert [one.request_id for one in calls] == ["", "r-2"]


def test_a_call_that_was_refused_is_left_to_the_call_that_needs_the_credentials() -> None:
    calls: list[Call] = []
    StsClient(calls).assume_role(Error={"Code": "AccessDenied"})
    assert calls == []


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [({}, ""), ({"RequestId": None}, ""), ({"RequestId": "r-1"}, "r-1"), ({"RequestId": 7}, "7")],
)
def test_a_response_may_have_no_request_id(metadata: dict[str, Any], expected: str) -> None:
    assert request_id(metadata) == expected
