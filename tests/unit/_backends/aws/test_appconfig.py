"""AppConfig's sessions and polls, and what becomes of the results."""

from __future__ import annotations

import pytest

from appconfig_env._backends.aws.errors import UNREACHABLE, AwsError
from appconfig_env._backends.base import Unchanged
from appconfig_env._content.document import Document

from ....support.fake_client import FakeClient, Response
from .calls import POLL, SESSION, bad_token, body, error, poll, reason


def test_a_profile_without_a_token_starts_a_session_and_polls_once() -> None:
    client = FakeClient(StartConfigurationSession=SESSION, GetLatestConfiguration=POLL)
    found = poll(client, "")
    assert client.calls == [
        (
            "StartConfigurationSession",
            {
                "ApplicationIdentifier": "shop",
                "EnvironmentIdentifier": "prod",
                "ConfigurationProfileIdentifier": "app",
                "RequiredMinimumPollIntervalInSeconds": 15,
            },
            "",
        ),
        ("GetLatestConfiguration", {"ConfigurationToken": "t1"}, ""),
    ]
    assert (found.body, found.token) == (b"{}", "t2")
    assert found.poll_seconds is not None
    assert found.poll_seconds > 60, "the service counts from its response, which came later"


def test_a_profile_with_a_token_starts_no_session() -> None:
    client = FakeClient(
        GetLatestConfiguration=POLL | {"VersionLabel": "v2", "ContentType": "text/x"}
    )
    found = poll(client, "kept")
    assert client.calls == [("GetLatestConfiguration", {"ConfigurationToken": "kept"}, "")]
    assert isinstance(found, Document)
    assert (found.version, found.content_type) == ("v2", "text/x")


@pytest.mark.parametrize(
    ("name", "value", "header"),
    [
        ("NextPollConfigurationToken", "t2, t3", "Next-Poll-Configuration-Token"),
        ("NextPollConfigurationToken", "t2, t2", "Next-Poll-Configuration-Token"),
        ("NextPollConfigurationToken", "t2,", "Next-Poll-Configuration-Token"),
        ("ContentType", "application/json, text/plain", "Content-Type"),
        ("ContentType", "application/json; charset=utf-8, text/plain", "Content-Type"),
    ],
)
def test_a_header_that_comes_twice_is_refused(name: str, value: str, header: str) -> None:
    client = FakeClient(
        StartConfigurationSession=SESSION, GetLatestConfiguration={**POLL, name: value}
    )
    for token in ("kept", ""):
        assert f"more than one {header} header; a proxy" in reason(poll(client, token))


def test_a_comma_in_a_quoted_parameter_or_in_a_label_is_none_of_a_second_header() -> None:
    given = {"ContentType": 'text/x; note="a,b"', "VersionLabel": "1, 2"}
    found = poll(FakeClient(GetLatestConfiguration=POLL | given), "kept")
    assert (found.content_type, found.version) == (given["ContentType"], "1, 2")


def test_an_empty_response_to_a_kept_token_means_unchanged() -> None:
    found = poll(FakeClient(GetLatestConfiguration=POLL | {"Configuration": b""}), "kept")
    assert isinstance(found, Unchanged)
    assert (found.token, found.is_early) == ("t2", False)
    assert found.poll_seconds is not None
    assert found.poll_seconds > 60


def test_an_empty_response_in_a_new_session_is_an_empty_document() -> None:
    empty = POLL | {"Configuration": b""}
    client = FakeClient(StartConfigurationSession=SESSION, GetLatestConfiguration=empty)
    found = poll(client, "")
    assert body(found) == b""


def test_an_empty_response_after_a_token_was_refused_is_an_empty_document() -> None:
    responses: list[Response] = [bad_token("Expired"), POLL | {"Configuration": b""}]
    client = FakeClient(StartConfigurationSession=SESSION, GetLatestConfiguration=responses)
    assert poll(client, "kept").body == b""


@pytest.mark.parametrize(
    "refusal",
    [
        bad_token("Expired"),
        bad_token("Corrupted"),
        error("GetLatestConfiguration", "BadRequestException", "Token not valid"),
    ],
)
def test_a_token_that_is_refused_leads_to_one_new_session(refusal: AwsError) -> None:
    client = FakeClient(StartConfigurationSession=SESSION, GetLatestConfiguration=[refusal, POLL])
    assert body(poll(client, "old")) == b"{}"
    assert client.operations() == [
        "GetLatestConfiguration", "StartConfigurationSession", "GetLatestConfiguration",
    ]  # fmt: skip


def test_a_new_token_that_is_refused_too_is_an_error() -> None:
    refusal = bad_token("Corrupted")
    client = FakeClient(StartConfigurationSession=SESSION, GetLatestConfiguration=refusal)
    assert "BadRequestException" in reason(poll(client, "old"))
    assert client.operations().count("StartConfigurationSession") == 1


def test_a_lost_response_costs_a_new_session_and_is_not_an_error() -> None:
    lost = AwsError("GetLatestConfiguration", UNREACHABLE, "closed")
    responses: list[Response] = [lost, bad_token("Corrupted"), POLL]
    client = FakeClient(StartConfigurationSession=SESSION, GetLatestConfiguration=responses)
    assert body(poll(client, "")) == b"{}"


def test_throttling_never_leads_to_a_new_session() -> None:
    refusal = error("GetLatestConfiguration", "ThrottlingException", status=429)
    client = FakeClient(GetLatestConfiguration=[refusal, refusal, POLL])
    assert body(poll(client, "kept")) == b"{}"
    assert client.operations() == ["GetLatestConfiguration"] * 3
    assert {call[1]["ConfigurationToken"] for call in client.calls} == {"kept"}


@pytest.mark.parametrize(
    "refusal",
    [
        error("GetLatestConfiguration", "AccessDeniedException", status=403),
        error("GetLatestConfiguration", "ResourceNotFoundException", status=404),
        error("GetLatestConfiguration", "ExpiredTokenException", status=403),
    ],
)
def test_denial_and_absence_are_not_retried(refusal: AwsError) -> None:
    client = FakeClient(GetLatestConfiguration=refusal)
    found = poll(client, "kept")
    assert refusal.code in reason(found)
    assert not found.is_unavailable
    assert len(client.calls) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        bad_token("PollIntervalNotSatisfied"),
        error("GetLatestConfiguration", "BadRequestException", "Request too early"),
    ],
)
def test_a_poll_that_was_too_early_keeps_the_token(refusal: AwsError) -> None:
    client = FakeClient(GetLatestConfiguration=refusal)
    found = poll(client, "kept")
    assert found.is_early
    assert found.token == "kept"
    assert len(client.calls) == 1


def test_a_refused_session_is_requested_once() -> None:
    refusal = error("StartConfigurationSession", "BadRequestException", "no such thing")
    client = FakeClient(StartConfigurationSession=refusal)
    assert "StartConfigurationSession failed: BadRequestException" in reason(poll(client, ""))
    assert len(client.calls) == 1


def test_a_session_without_a_token_is_an_error() -> None:
    found = poll(FakeClient(StartConfigurationSession={}), "")
    assert "no InitialConfigurationToken" in reason(found)


@pytest.mark.parametrize(
    ("interval", "seconds"), [({}, 15.0), ({"NextPollIntervalInSeconds": 5}, 15.0)]
)
def test_the_poll_interval_has_a_minimum(interval: dict[str, int], seconds: float) -> None:
    response = {"NextPollConfigurationToken": "t", "Configuration": b"x", **interval}
    found = poll(FakeClient(GetLatestConfiguration=response), "kept")
    assert found.poll_seconds is not None
    assert seconds < found.poll_seconds < 60
