"""Parameter Store: names in batches, paths page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ....support.fake_client import FakeClient, Response
from .calls import body, error, fetch, parameters, reason

if TYPE_CHECKING:
    from collections.abc import Mapping


def test_names_are_requested_in_batches_of_ten() -> None:
    client = FakeClient(GetParameters=parameters)
    found = fetch(client, *[f"ssm:name{number}" for number in range(23)])
    assert sorted(len(call[1]["Names"]) for call in client.calls) == [3, 10, 10]
    assert all(call[1]["WithDecryption"] is True for call in client.calls)
    assert [body(found[f"ssm:name{number}"]) for number in (0, 22)] == [
        b"value of name0",
        b"value of name22",
    ]


def test_a_name_that_two_sources_use_is_requested_once() -> None:
    client = FakeClient(GetParameters=parameters)
    found = fetch(client, "ssm:a", "ssm:a?format=json")
    assert [call[1]["Names"] for call in client.calls] == [["a"]]
    assert {body(one) for one in found.values()} == {b"value of a"}
    assert len(found) == 2


def test_names_that_do_not_exist_fail_alone() -> None:
    client = FakeClient(GetParameters=parameters)
    found = fetch(client, "ssm:a", "ssm:bad")
    assert body(found["ssm:a"]) == b"value of a"
    assert "ParameterNotFound" in reason(found["ssm:bad"])
    assert len(client.calls) == 1


def test_versions_and_labels_of_one_parameter_are_kept_apart_by_the_client() -> None:
    def without_selectors(asked: Mapping[str, Any]) -> dict[str, Any]:
        response = parameters(asked)
        for one in response["Parameters"]:
            one.pop("Selector", None)
        return response

    for responses in (parameters, without_selectors):
        client = FakeClient(GetParameters=responses)
        found = fetch(client, "ssm:a", "ssm:a:3", "ssm:a:good", "ssm:b:good", "ssm:c")
        assert {text: body(one) for text, one in found.items()} == {
            "ssm:a": b"value of a",
            "ssm:a:3": b"value of a:3",
            "ssm:a:good": b"value of a:good",
            "ssm:b:good": b"value of b:good",
            "ssm:c": b"value of c",
        }
        assert len(client.calls) == 3


def test_an_arn_is_read_in_its_own_region() -> None:
    def by_arn(asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"Parameters": [
            {"Name": name.partition("parameter")[2] or name, "ARN": name, "Value": name}
            for name in asked["Names"]
        ]}  # fmt: skip

    arns = [f"arn:aws:ssm:{region}:1:parameter/a/b" for region in ("eu-west-1", "us-east-1")]
    client = FakeClient(GetParameters=by_arn)
    found = fetch(client, "ssm:/a", *(f"ssm:{arn}" for arn in arns))
    assert sorted((region, call["Names"]) for _, call, region in client.calls) == [
        ("", ["/a"]),
        ("eu-west-1", arns[:1]),
        ("us-east-1", arns[1:]),
    ]
    assert [body(found[f"ssm:{arn}"]) for arn in arns] == [arn.encode() for arn in arns]


@pytest.mark.parametrize("name", ["/a/b", "a/b", "arn:aws:ssm:eu-west-1:1:parameter/a/b"])
def test_a_shared_parameter_is_found_under_any_name_in_the_response(name: str) -> None:
    client = FakeClient(GetParameters={"Parameters": [{"Name": name, "Value": "v"}]})
    text = "ssm:arn:aws:ssm:eu-west-1:1:parameter/a/b:good"
    assert body(fetch(client, text)[text]) == b"v"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "InvalidKeyId"])
def test_a_batch_of_names_that_is_refused_is_requested_name_by_name(code: str) -> None:
    def guarded(asked: Mapping[str, Any]) -> dict[str, Any]:
        if "secret" in asked["Names"]:
            raise error("GetParameters", code)
        return parameters(asked)

    client = FakeClient(GetParameters=guarded)
    found = fetch(client, "ssm:a", "ssm:secret", "ssm:b")
    assert (body(found["ssm:a"]), body(found["ssm:b"])) == (b"value of a", b"value of b")
    assert code in reason(found["ssm:secret"])
    assert len(client.calls) == 4


@pytest.mark.parametrize("code", ["ExpiredTokenException", "UnrecognizedClientException"])
def test_a_batch_whose_caller_is_refused_is_not_requested_again(code: str) -> None:
    client = FakeClient(GetParameters=error("GetParameters", code))
    found = fetch(client, "ssm:a", "ssm:b")
    assert [code in reason(found[name]) for name in ("ssm:a", "ssm:b")] == [True, True]
    assert len(client.calls) == 1


def test_a_path_is_read_page_by_page_even_if_one_is_empty() -> None:
    pages: list[Response] = [
        {"Parameters": [{"Name": "/a/x", "Value": "1", "Type": "String"}], "NextToken": "p2"},
        {"Parameters": [], "NextToken": "p3"},
        {"Parameters": [{"Name": "/a/b/y", "Value": "2", "Type": "SecureString"}]},
    ]
    client = FakeClient(GetParametersByPath=pages)
    found = fetch(client, "ssm:/a/")["ssm:/a/"]
    assert found.parameters == {"x": "1", "b/y": "2"}
    assert found.secret_parameters == {"b/y"}
    assert [call[1].get("NextToken") for call in client.calls] == [None, "p2", "p3"]
    assert client.calls[0][1] == {
        "Path": "/a", "Recursive": True, "WithDecryption": True, "MaxResults": 10,
    }  # fmt: skip


def test_a_path_may_be_one_level_or_everything() -> None:
    client = FakeClient(GetParametersByPath={"Parameters": [{"Name": "/x", "Value": "1"}]})
    found = fetch(client, "ssm:/?recursive=no")
    assert client.calls[0][1]["Path"] == "/"
    assert client.calls[0][1]["Recursive"] is False
    assert found["ssm:/?recursive=no"].parameters == {"x": "1"}


def test_a_repeated_page_token_is_an_error_and_not_an_endless_loop() -> None:
    client = FakeClient(GetParametersByPath={"Parameters": [], "NextToken": "same"})
    assert "NextToken came twice" in reason(fetch(client, "ssm:/a/")["ssm:/a/"])
    assert len(client.calls) == 2


def test_a_path_without_parameters_is_an_error() -> None:
    found = fetch(FakeClient(GetParametersByPath={"Parameters": []}), "ssm:/a/")["ssm:/a/"]
    assert "no parameters under this path (a parameter's name does not end in /)" in reason(found)
    assert not found.is_unavailable


def test_a_page_that_fails_fails_the_path() -> None:
    pages: list[Response] = [
        {"Parameters": [{"Name": "/a/x", "Value": "1"}], "NextToken": "p2"},
        error("GetParametersByPath", "InvalidNextToken"),
    ]
    assert "InvalidNextToken" in reason(
        fetch(FakeClient(GetParametersByPath=pages), "ssm:/a/")["ssm:/a/"]
    )
