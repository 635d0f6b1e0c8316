"""Secrets Manager: batches, and secrets that are requested one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ....support.fake_client import FakeClient, Response
from .calls import body, error, fetch, many_secrets, one_secret, reason, secret

if TYPE_CHECKING:
    from collections.abc import Mapping


def test_secrets_are_requested_in_batches_of_twenty() -> None:
    client = FakeClient(BatchGetSecretValue=many_secrets, GetSecretValue=one_secret)
    found = fetch(client, *[f"secretsmanager:s{number}" for number in range(41)])
    sizes = [
        len(call["SecretIdList"]) for name, call, _ in client.calls if name.startswith("Batch")
    ]
    assert sizes == [20, 20]
    assert client.operations().count("GetSecretValue") == 1
    assert body(found["secretsmanager:s40"]) == b"value of s40"
    assert all(one.secret for one in found.values())


def test_a_single_secret_needs_no_permission_for_batches() -> None:
    client = FakeClient(GetSecretValue=one_secret)
    fetch(client, "secretsmanager:a", "secretsmanager:a?format=json")
    assert client.calls == [("GetSecretValue", {"SecretId": "a"}, "")]


def test_a_staged_secret_is_requested_with_its_stage() -> None:
    client = FakeClient(GetSecretValue=one_secret)
    fetch(client, "secretsmanager:a?stage=AWSPREVIOUS")
    assert client.calls == [
        ("GetSecretValue", {"SecretId": "a", "VersionStage": "AWSPREVIOUS"}, "")
    ]


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ("?version=1-2", {"VersionId": "1-2"}),
        ("?stage=A&version=1-2", {"VersionStage": "A", "VersionId": "1-2"}),
    ],
)
def test_a_version_of_a_secret_is_requested_by_its_id(options: str, asked: dict[str, str]) -> None:
    client = FakeClient(GetSecretValue=one_secret)
    fetch(client, f"secretsmanager:a{options}", f"secretsmanager:a{options}&format=text")
    assert client.calls == [("GetSecretValue", {"SecretId": "a", **asked}, "")]


def test_the_form_of_ecs_is_requested_with_its_parts_and_in_the_region_of_its_arn() -> None:
    client = FakeClient(GetSecretValue=one_secret)
    arn = "arn:aws:secretsmanager:eu-west-1:1:secret:a-AbCdEf"
    fetch(client, f"secretsmanager:{arn}:password:AWSPENDING:1-2")
    asked = {"SecretId": arn, "VersionStage": "AWSPENDING", "VersionId": "1-2"}
    assert client.calls == [("GetSecretValue", asked, "eu-west-1")]


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnknownOperationException"])
def test_secrets_whose_batch_is_refused_are_requested_one_by_one(code: str) -> None:
    client = FakeClient(
        BatchGetSecretValue=error("BatchGetSecretValue", code), GetSecretValue=one_secret
    )
    found = fetch(client, *[f"secretsmanager:s{number}" for number in range(5)])
    assert {body(one) for one in found.values()} == {f"value of s{n}".encode() for n in range(5)}
    assert client.operations().count("GetSecretValue") == 5


def test_errors_inside_a_batch_fail_their_secrets_alone() -> None:
    def with_errors(asked: Mapping[str, Any]) -> dict[str, Any]:
        codes = {"gone": "ResourceNotFoundException", "busy": "InternalServiceError"}
        return {
            "SecretValues": [secret(name) for name in asked["SecretIdList"] if name == "a"],
            "Errors": [
                {"SecretId": n, "ErrorCode": code, "Message": "m"} for n, code in codes.items()
            ],
        }

    client = FakeClient(BatchGetSecretValue=with_errors, GetSecretValue=one_secret)
    names = ("a", "gone", "busy", "silent")
    found = fetch(client, *[f"secretsmanager:{name}" for name in names])
    assert body(found["secretsmanager:a"]) == b"value of a"
    assert "GetSecretValue failed: ResourceNotFoundException: m" in reason(
        found["secretsmanager:gone"]
    )
    # Transient errors, and secrets missing in the response, are requested one by one.
    asked = [call["SecretId"] for name, call, _ in client.calls if name == "GetSecretValue"]
    assert sorted(asked) == ["busy", "silent"]
    assert body(found["secretsmanager:silent"]) == b"value of silent"


def test_secrets_on_another_page_of_a_batch_are_requested_one_by_one() -> None:
    def first_only(asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"SecretValues": [secret(asked["SecretIdList"][0])], "NextToken": "more"}

    client = FakeClient(BatchGetSecretValue=first_only, GetSecretValue=one_secret)
    found = fetch(client, "secretsmanager:a", "secretsmanager:b")
    assert body(found["secretsmanager:b"]) == b"value of b"


def test_secrets_are_found_by_name_arn_and_partial_arn() -> None:
    def by_name(asked: Mapping[str, Any]) -> dict[str, Any]:
        assert len(asked["SecretIdList"]) == 2
        return {"SecretValues": [secret("a"), secret("b")]}

    arn = "arn:aws:secretsmanager:eu-west-1:1:secret:"
    client = FakeClient(BatchGetSecretValue=by_name)
    found = fetch(client, f"secretsmanager:{arn}a-AbCdEf", f"secretsmanager:{arn}b")
    assert sorted(body(one) or b"" for one in found.values()) == [b"value of a", b"value of b"]
    assert [region for _, _, region in client.calls] == ["eu-west-1"]
    assert {one.name for one in found.values()} == {"a", "b"}


def test_a_binary_secret_is_its_bytes_and_one_without_either_is_an_error() -> None:
    responses: list[Response] = [{"SecretBinary": b"\0\xff"}, {"Name": "b"}]
    client = FakeClient(GetSecretValue=responses)
    assert body(fetch(client, "secretsmanager:a")["secretsmanager:a"]) == b"\0\xff"
    assert "no SecretString and no SecretBinary" in reason(
        fetch(client, "secretsmanager:b")["secretsmanager:b"]
    )
