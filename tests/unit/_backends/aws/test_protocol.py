"""The wire format against botocore's: equivalent requests, equal results."""

from __future__ import annotations

import base64
import functools
import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._backends.aws import protocol as operations
from appconfig_env._backends.aws.errors import INVALID_RESPONSE, AwsError
from appconfig_env._backends.aws.services import SERVICES
from appconfig_env._http.messages import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = texts.filter(bool)

PARAMETERS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "StartConfigurationSession": st.fixed_dictionaries(
        {
            "ApplicationIdentifier": names,
            "EnvironmentIdentifier": names,
            "ConfigurationProfileIdentifier": names,
            "RequiredMinimumPollIntervalInSeconds": st.integers(15, 86400),
        }
    ),
    "GetLatestConfiguration": st.fixed_dictionaries({"ConfigurationToken": names}),
    "GetParametersByPath": st.fixed_dictionaries(
        {
            "Path": names,
            "Recursive": st.booleans(),
            "WithDecryption": st.booleans(),
            "MaxResults": st.integers(1, 10),
        },
        optional={"NextToken": texts},
    ),
    "GetParameters": st.fixed_dictionaries(
        {"Names": st.lists(names, min_size=1, max_size=10), "WithDecryption": st.booleans()}
    ),
    "GetSecretValue": st.fixed_dictionaries({"SecretId": names}, optional={"VersionStage": names}),
    "BatchGetSecretValue": st.fixed_dictionaries(
        {"SecretIdList": st.lists(names, min_size=1, max_size=20)}
    ),
    "AssumeRole": st.fixed_dictionaries(
        {"RoleArn": names, "RoleSessionName": names}, optional={"ExternalId": names}
    ),
}
# Headers that botocore adds for tracing, its own name and checks, none of them required.
FOREIGN = {
    "user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "content-length", "x-amz-date",
    "authorization", "x-amzn-query-mode", "accept", "expect",
}  # fmt: skip


class Body(io.BytesIO):
    """The raw response that botocore reads from urllib3."""

    def stream(self, *_: object) -> Iterator[bytes]:
        yield self.read()


class Botocore:
    """botocore's clients with the network cut off: keeps the request, returns `response`."""

    def __init__(self) -> None:
        self.sent: Any = None
        self.response = HttpResponse(200, {}, b"{}")
        session = botocore.session.Session()
        self._clients = {}
        for service in set(SERVICES.values()):
            client = session.create_client(
                service,
                "eu-west-1",
                aws_access_key_id="a",
                aws_secret_access_key="b",
                config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
            )
            client.meta.events.register("before-send", self._send)
            self._clients[service] = client

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        client = self._clients[SERVICES[operation]]
        response: dict[str, Any] = getattr(client, botocore.xform_name(operation))(**parameters)
        if operation == "GetLatestConfiguration":
            response["Configuration"] = response["Configuration"].read()
        response.pop("ResponseMetadata")
        return response

    def _send(self, request: Any, **_: object) -> AWSResponse:
        self.sent = request
        headers = HTTPHeaders()
        for name, value in self.response.headers.items():
            headers[name] = value
        return AWSResponse(request.url, self.response.status, headers, Body(self.response.body))


@functools.cache
def botocores() -> Botocore:
    """Botocore's clients: made for the first test, because every worker imports this file."""
    return Botocore()


def meaning(kind: str, body: bytes) -> object:
    """Return a body's content, independent of order and spelling."""
    return (
        sorted(parse_qsl(body.decode(), strict_parsing=True))
        if "form" in kind
        else json.loads(body or b"null")
    )


@pytest.mark.parametrize("operation", SERVICES)
def test_requests_mean_what_botocores_mean(operation: str) -> None:
    clients = botocores()

    @given(PARAMETERS[operation])
    def check(parameters: dict[str, Any]) -> None:
        clients.response = HttpResponse(500, {}, b"")
        with pytest.raises(ClientError):
            clients.call(operation, parameters)
        theirs, ours = clients.sent, operations.request(operation, parameters)
        url = urlsplit(theirs.url)
        assert (ours.method, ours.path, ours.query) == (theirs.method, url.path, url.query)
        headers = {name.lower(): _text(value) for name, value in theirs.headers.items()}
        assert ours.headers == {n: v for n, v in headers.items() if n not in FOREIGN}
        kind = ours.headers.get("content-type", "")
        body = theirs.body or b""
        assert meaning(kind, ours.body) == meaning(
            kind, body.encode() if isinstance(body, str) else body
        )

    check()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def both(operation: str, response: HttpResponse) -> tuple[dict[str, Any], dict[str, Any]]:
    botocores().response = response
    return operations.result(operation, response), botocores().call(operation, {})


parameter = st.fixed_dictionaries(
    {
        "Name": names,
        "Value": texts,
        "Type": st.sampled_from(["String", "StringList", "SecureString"]),
    },
    optional={"Version": st.integers(0, 2**40), "ARN": names, "Selector": names, "DataType": names},
)
secret = st.fixed_dictionaries(
    {"Name": names, "ARN": names, "VersionId": names}, optional={"SecretString": texts}
)


@given(st.lists(parameter, max_size=3), st.lists(names, max_size=3))
def test_parameters_are_read_as_botocore_reads_them(
    found: list[dict[str, Any]], invalid: list[str]
) -> None:
    body = json.dumps({"Parameters": found, "InvalidParameters": invalid}).encode()
    ours, theirs = both("GetParameters", HttpResponse(200, {}, body))
    assert ours == theirs


@given(st.lists(parameter, max_size=3), st.one_of(st.none(), names))
def test_pages_are_read_as_botocore_reads_them(
    found: list[dict[str, Any]], token: str | None
) -> None:
    page: dict[str, Any] = {"Parameters": found} | ({"NextToken": token} if token else {})
    ours, theirs = both("GetParametersByPath", HttpResponse(200, {}, json.dumps(page).encode()))
    assert ours == theirs


@given(secret, st.one_of(st.none(), st.binary()))
def test_secrets_are_read_as_botocore_reads_them(one: dict[str, Any], binary: bytes | None) -> None:
    if binary is not None:
        one = one | {"SecretBinary": base64.b64encode(binary).decode()}
    ours, theirs = both("GetSecretValue", HttpResponse(200, {}, json.dumps(one).encode()))
    assert ours == theirs
    errors = [{"SecretId": "x", "ErrorCode": "y", "Message": "z"}]
    batch = json.dumps({"SecretValues": [one], "Errors": errors}).encode()
    ours, theirs = both("BatchGetSecretValue", HttpResponse(200, {}, batch))
    assert ours == theirs


@given(
    st.binary(),
    st.dictionaries(
        st.sampled_from(["content-type", "version-label"]), st.sampled_from(["", "a/b", "v1"])
    ),
)
def test_configurations_are_read_as_botocore_reads_them(
    body: bytes, headers: dict[str, str]
) -> None:
    headers |= {"next-poll-configuration-token": "a+/=", "next-poll-interval-in-seconds": "60"}
    ours, theirs = both("GetLatestConfiguration", HttpResponse(200, headers, body))
    assert ours == theirs


def test_sessions_are_read_as_botocore_reads_them() -> None:
    response = HttpResponse(201, {}, b'{"InitialConfigurationToken": "t"}')
    ours, theirs = both("StartConfigurationSession", response)
    assert ours == theirs == {"InitialConfigurationToken": "t"}


def test_an_assumed_role_is_read_as_botocore_reads_it() -> None:
    body = b"""<?xml version="1.0"?>
    <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <AssumeRoleResult>
        <AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId><Arn>arn</Arn></AssumedRoleUser>
        <Credentials>
          <AccessKeyId>ASIA</AccessKeyId> <SecretAccessKey>s/+=</SecretAccessKey>
          <SessionToken>t//+==</SessionToken> <Expiration>2026-01-02T03:04:05Z</Expiration>
        </Credentials>
      </AssumeRoleResult>
    </AssumeRoleResponse>"""
    ours, theirs = both("AssumeRole", HttpResponse(200, {}, body))
    for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
        assert ours["Credentials"][name] == theirs["Credentials"][name]
    assert ours["Credentials"]["Expiration"] == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize("lost", ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"])
def test_a_role_without_all_of_its_credentials_is_an_error(lost: str) -> None:
    fields = dict.fromkeys(("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"), "x")
    body = "".join(f"<{name}>{fields[name]}</{name}>" for name in fields if name != lost)

    with pytest.raises(AwsError, match="no credentials"):
        operations.result("AssumeRole", HttpResponse(200, {}, body.encode()))


DENIED = {"x-amzn-errortype": "AccessDeniedException:http://x/"}
SLOW = {"x-amzn-errortype": "ThrottlingException"}
STS = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
    b"<Message>&lt;no&gt; &amp;&#39;</Message></Error><RequestId>r</RequestId></ErrorResponse>"
)
ERRORS = [
    ("GetParameters", 400, {}, b'{"__type": "AccessDeniedException", "Message": "no"}'),
    ("GetParameters", 400, {}, b'{"__type": "a.b#ThrottlingException", "message": "slow"}'),
    ("GetParameters", 400, {}, b'{"__type": "InvalidKeyId"}'),
    ("GetSecretValue", 400, {}, b'{"__type": "ResourceNotFoundException", "Message": "gone"}'),
    ("GetLatestConfiguration", 403, DENIED, b'{"Message": "no"}'),
    ("GetLatestConfiguration", 429, SLOW, b'{"Message": "slow"}'),
    ("StartConfigurationSession", 400, {}, b'{"code": "BadRequestException", "message": "b"}'),
    ("AssumeRole", 403, {}, STS),
]


@pytest.mark.parametrize(("operation", "status", "headers", "body"), ERRORS)
def test_errors_are_read_as_botocore_reads_them(
    operation: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    response = botocores().response = HttpResponse(status, headers, body)
    with pytest.raises(ClientError) as theirs:
        botocores().call(operation, {})
    with pytest.raises(AwsError) as ours:
        operations.result(operation, response)
    expected = theirs.value.response["Error"]
    assert (ours.value.code, ours.value.message) == (expected["Code"], expected["Message"])
    assert ours.value.status == status


def test_an_errors_other_fields_are_its_details() -> None:
    body = {
        "Message": "bad",
        "Reason": "InvalidParameters",
        "Details": {"InvalidParameters": {"ConfigurationToken": {"Problem": "Expired"}}},
    }
    headers = {"x-amzn-errortype": "BadRequestException", "x-amzn-requestid": "r-1"}
    response = HttpResponse(400, headers, json.dumps(body).encode())
    with pytest.raises(AwsError) as caught:
        operations.result("GetLatestConfiguration", response)
    error = caught.value
    assert (error.code, error.message, error.request_id) == ("BadRequestException", "bad", "r-1")
    assert error.details == {"Reason": body["Reason"], "Details": body["Details"]}


@pytest.mark.parametrize("operation", SERVICES)
@pytest.mark.parametrize("status", [302, 403, 500, 503])
@pytest.mark.parametrize(
    "body", [b"", b"<html>canary</html>", b"\xff\0", b"[1]", b"null", b"[" * 100_000]
)
def test_an_error_outside_the_protocol_is_named_by_its_status(
    operation: str, status: int, body: bytes
) -> None:
    with pytest.raises(AwsError) as caught:
        operations.result(operation, HttpResponse(status, {"content-type": "text/html"}, body))
    error = caught.value
    assert (error.code, error.message, error.status) == (f"HTTP {status}", "", status)
    assert error.is_transient is (status >= 500)
    assert "canary" not in str(error)


@pytest.mark.parametrize("operation", SERVICES)
@pytest.mark.parametrize(
    "body", [b"", b"<html>canary</html>", b"\xffcanary", b'["canary"]', b"null", b"[" * 100_000]
)
def test_an_invalid_success_is_refused_without_its_content(operation: str, body: bytes) -> None:
    with pytest.raises(AwsError) as caught:
        operations.result(operation, HttpResponse(200, {"content-type": "text/html"}, body))
    assert caught.value.code == INVALID_RESPONSE
    assert "a proxy or gateway may have answered instead of AWS" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_secret_that_is_not_base64_is_refused_without_its_content() -> None:
    with pytest.raises(AwsError, match="SecretBinary is not base64") as caught:
        operations.result("GetSecretValue", HttpResponse(200, {}, b'{"SecretBinary": "canar"}'))
    assert "canar" not in str(caught.value)


def test_a_compressed_body_is_refused() -> None:
    response = HttpResponse(200, {"content-encoding": "gzip"}, b"\x1f\x8b")
    with pytest.raises(AwsError, match="compressed"):
        operations.result("GetParameters", response)


@pytest.mark.parametrize("coding", ["identity", "Identity", "IDENTITY", ""])
def test_a_body_that_is_not_compressed_is_read(coding: str) -> None:
    response = HttpResponse(200, {"content-encoding": coding}, b'{"Parameters": []}')
    assert operations.result("GetParameters", response) == {"Parameters": []}


def test_an_invalid_interval_is_ignored() -> None:
    headers = {"next-poll-configuration-token": "t", "next-poll-interval-in-seconds": "soon"}
    found = operations.result("GetLatestConfiguration", HttpResponse(200, headers, b""))
    assert "NextPollIntervalInSeconds" not in found
