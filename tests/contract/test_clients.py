"""The contract of both AWS clients: one set of tests for the lean client and boto3's."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import ssl
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.aws.boto3_client import Boto3Client
from appconfig_env._backends.aws.errors import (
    CHECK_CREDENTIALS,
    MISCONFIGURED,
    NO_CREDENTIALS,
    UNREACHABLE,
    AwsError,
)
from appconfig_env._backends.aws.lean_client import LeanClient
from appconfig_env._backends.aws.retry import Policy
from appconfig_env._backends.base import Request
from appconfig_env._config import aws as settings
from appconfig_env._config import references as _reference
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

from ..support.fake_aws import FakeAws
from ..support.life import eventually
from ..support.raw_server import RawServer, Response, hang, ok, then_close
from ..support.servers import Proxy

if TYPE_CHECKING:
    from appconfig_env._backends.aws.client import Client
    from appconfig_env._backends.calls import Call

Connect = Callable[..., "Client"]
ROLE = "arn:aws:iam::123456789012:role/reader"
REGION = "us-east-1"
REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONG_TIMEOUT_SECONDS = 60.0  # for calls that a busy machine must not end


@pytest.fixture(params=["lean", "boto3"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def connect(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """A function that makes a client from an environment."""
    clients: list[Client] = []

    def make(
        environ: Mapping[str, str],
        now: Callable[[], float] = time.time,
        calls: list[Call] | None = None,
    ) -> Client:
        problems: list[str] = []
        aws_settings = settings.from_environ(environ, problems)
        assert problems == []
        client: Client
        if kind == "lean":
            client = LeanClient(aws_settings, environ, now=now, calls=calls)
        else:
            for name, value in environ.items():  # boto3 reads os.environ
                monkeypatch.setenv(name, value)
            client = Boto3Client(aws_settings, calls)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Connect, fake_aws: FakeAws) -> Client:
    return connect(fake_aws.environ())


def session(client: Client) -> str:
    parameters = {
        "ApplicationIdentifier": "shop",
        "EnvironmentIdentifier": "prod",
        "ConfigurationProfileIdentifier": "app",
        "RequiredMinimumPollIntervalInSeconds": 15,
    }
    token = client.call("StartConfigurationSession", parameters, timeout=LONG_TIMEOUT_SECONDS)
    return str(token["InitialConfigurationToken"])


def latest(client: Client, token: str) -> dict[str, Any]:
    return client.call(
        "GetLatestConfiguration", {"ConfigurationToken": token}, timeout=LONG_TIMEOUT_SECONDS
    )


def parameter(client: Client, name: str = "a", **options: Any) -> dict[str, Any]:
    request = {"Names": [name], "WithDecryption": True}
    return client.call("GetParameters", request, **{"timeout": LONG_TIMEOUT_SECONDS, **options})


def failure(call: Callable[[], object]) -> AwsError:
    with pytest.raises(AwsError) as caught:
        call()
    # No error of botocore may be chained to it: their messages contain URLs with tokens, and the
    # frames of their tracebacks keep requests and sockets.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


# Every operation


def test_a_profile_is_read_in_a_session(client: Client, fake_aws: FakeAws) -> None:
    fake_aws.put_profile("shop", "prod", "app", {"a": "ü"}, label="v1")
    first = latest(client, session(client))
    assert json.loads(first["Configuration"]) == {"a": "ü"}
    assert (first["ContentType"], first["VersionLabel"]) == ("application/json", "v1")
    assert first["NextPollIntervalInSeconds"] == 15
    assert "ResponseMetadata" not in first
    fake_aws.forward(60)
    second = latest(client, first["NextPollConfigurationToken"])
    assert second["Configuration"] == b""
    assert second["NextPollConfigurationToken"] != first["NextPollConfigurationToken"]
    assert fake_aws.problems == []


def test_a_large_profile_is_read_whole(client: Client, fake_aws: FakeAws) -> None:
    body = bytes(range(256)) * 16_000
    fake_aws.put_profile("shop", "prod", "app", body, content_type="application/octet-stream")
    assert latest(client, session(client))["Configuration"] == body


def test_parameters_are_read_by_name(client: Client, fake_aws: FakeAws) -> None:
    fake_aws.put_parameter("/shop/ä b", "grün", labels=["good"])
    fake_aws.put_parameter("/shop/secret", "s", type="SecureString")
    names = ["/shop/ä b:good", "/shop/secret", "/nope"]
    result = client.call(
        "GetParameters", {"Names": names, "WithDecryption": True}, timeout=LONG_TIMEOUT_SECONDS
    )
    assert [(one["Name"], one["Type"], one["Value"]) for one in result["Parameters"]] == [
        ("/shop/secret", "SecureString", "s"),
        ("/shop/ä b", "String", "grün"),
    ]
    assert result["InvalidParameters"] == ["/nope"]
    assert fake_aws.problems == []


def test_parameters_are_read_by_path(client: Client, fake_aws: FakeAws) -> None:
    for number in range(12):
        fake_aws.put_parameter(f"/shop/{number:02}", str(number))
    request = {"Path": "/shop", "Recursive": True, "WithDecryption": True, "MaxResults": 10}
    first = client.call("GetParametersByPath", request, timeout=LONG_TIMEOUT_SECONDS)
    second = client.call(
        "GetParametersByPath",
        request | {"NextToken": first["NextToken"]},
        timeout=LONG_TIMEOUT_SECONDS,
    )
    assert [len(first["Parameters"]), len(second["Parameters"])] == [10, 2]
    assert "NextToken" not in second
    assert fake_aws.problems == []


def test_secrets_are_read_individually_and_in_a_batch(client: Client, fake_aws: FakeAws) -> None:
    fake_aws.put_secret("text", "grün")
    arn = fake_aws.put_secret("bytes", b"\0\xff")
    one = client.call(
        "GetSecretValue",
        {"SecretId": arn, "VersionStage": "AWSCURRENT"},
        timeout=LONG_TIMEOUT_SECONDS,
    )
    assert one["SecretBinary"] == b"\0\xff"
    both = client.call(
        "BatchGetSecretValue", {"SecretIdList": ["text", arn, "nope"]}, timeout=LONG_TIMEOUT_SECONDS
    )
    assert [
        (s["Name"], s.get("SecretString"), s.get("SecretBinary")) for s in both["SecretValues"]
    ] == [
        ("text", "grün", None),
        ("bytes", None, b"\0\xff"),
    ]
    assert both["Errors"][0]["ErrorCode"] == "ResourceNotFoundException"
    assert fake_aws.problems == []


def test_a_binary_secret_is_the_same_bytes_alone_and_in_a_batch(
    client: Client, fake_aws: FakeAws
) -> None:
    body = bytes(range(256))
    fake_aws.put_secret("prod/store", body)
    fake_aws.put_secret("prod/other", "text")
    texts = ("secretsmanager:prod/store?format=binary", "secretsmanager:prod/other")

    for wanted in (texts[:1], texts):
        requests = [Request(_reference.parse(text).resource) for text in wanted]
        found = AwsBackend(client, 2)(requests, LONG_TIMEOUT_SECONDS)[texts[0]]
        assert isinstance(found, Document)
        assert (found.body, found.secret) == (body, True)
    assert fake_aws.problems == []


def test_each_version_of_a_secret_can_be_read(client: Client, fake_aws: FakeAws) -> None:
    arn = fake_aws.put_secret("prod/db", '{"a.b": "old"}')
    before = client.call("GetSecretValue", {"SecretId": arn}, timeout=LONG_TIMEOUT_SECONDS)
    fake_aws.put_secret("prod/db", '{"a.b": "new"}')
    version = before["VersionId"]
    expected = {
        f"secretsmanager:{arn}:a.b::": "new",
        f"secretsmanager:{arn}:a.b:AWSPREVIOUS:": "old",
        f"secretsmanager:{arn}:a.b::{version}": "old",
        f"secretsmanager:{arn}:a.b:AWSPREVIOUS:{version}": "old",
        f"secretsmanager:prod/db?version={version}#a%2Eb": "old",
    }

    sources = [_reference.parse(text) for text in expected]
    requests = [Request(source.resource) for source in sources]
    outcomes = AwsBackend(client, 2)(requests, LONG_TIMEOUT_SECONDS)

    for source, text in zip(sources, expected.values(), strict=True):
        found = outcomes[source.resource.reference]
        assert isinstance(found, Document)
        assert json.loads(found.body)[source.key[0]] == text
    assert fake_aws.problems == []


def test_the_error_for_a_version_that_a_secret_does_not_have_names_it(
    client: Client, fake_aws: FakeAws
) -> None:
    arn = fake_aws.put_secret("prod/db", "x")
    of_none = "9d4cb84b-ad69-40c0-a0ab-cead36b967e8"

    for suffix, named in ((f":::{of_none}", of_none), ("::AWSPREVIOUS:", "AWSPREVIOUS")):
        resource = _reference.parse(f"secretsmanager:{arn}{suffix}").resource
        (found,) = AwsBackend(client, 1)([Request(resource)], LONG_TIMEOUT_SECONDS).values()

        assert isinstance(found, Failure)
        assert found.kind == "missing"
        assert named in found.summary


def test_a_role_can_also_be_assumed_by_a_call(client: Client, fake_aws: FakeAws) -> None:
    fake_aws.put_role(ROLE)
    request = {"RoleArn": ROLE, "RoleSessionName": "me"}
    assert client.call("AssumeRole", request, timeout=LONG_TIMEOUT_SECONDS)["Credentials"][
        "SessionToken"
    ]


# Every shape of error


def test_a_denial_names_the_missing_permission(client: Client, fake_aws: FakeAws) -> None:
    fake_aws.deny("GetParameters")
    error = failure(lambda: parameter(client))
    assert (error.code, error.status, error.is_denial) == ("AccessDeniedException", 400, True)
    assert error.message.endswith("no identity-based policy allows the ssm:GetParameters action")
    assert error.request_id in error.reason != ""
    assert (error.failure.action, error.failure.resource_arn) == (
        "ssm:GetParameters",
        "arn:aws:ssm:us-east-1:123456789012:parameter/a",
    )
    assert error.reason.endswith(
        "; grant ssm:GetParameters on arn:aws:ssm:us-east-1:123456789012:parameter/a"
        " to the function's role"
    )


def test_a_denial_of_a_profile_names_the_missing_permission(
    client: Client, fake_aws: FakeAws
) -> None:
    fake_aws.put_profile("shop", "prod", "app", "x")
    fake_aws.deny("StartConfigurationSession", "shop/prod/app")
    error = failure(lambda: session(client))
    assert (error.code, error.status) == ("AccessDeniedException", 403)
    assert error.failure.action == "appconfig:StartConfigurationSession"
    named = error.message.split("on resource: ")[1].split()[0]
    assert error.failure.resource_arn == named
    assert f"grant appconfig:StartConfigurationSession on {named} to" in error.reason


def test_a_denial_of_a_key_names_the_key(client: Client, fake_aws: FakeAws) -> None:
    fake_aws.put_parameter("a", "1", type="SecureString")
    fake_aws.deny("Decrypt", "a")
    error = failure(lambda: parameter(client))
    assert error.failure.resource_arn.startswith("arn:aws:kms:us-east-1:123456789012:key/")
    assert f"grant kms:Decrypt on {error.failure.resource_arn} to" in error.reason


def test_an_error_knows_the_region_of_its_call(client: Client, fake_aws: FakeAws) -> None:
    fake_aws.account.regions.add("eu-west-1")
    fake_aws.deny("GetParameters")
    assert failure(lambda: parameter(client)).region == "us-east-1"
    assert failure(lambda: parameter(client, region="eu-west-1")).region == "eu-west-1"


@pytest.mark.parametrize("operation", ["GetParameters", "GetLatestConfiguration"])
def test_throttling_is_transient(client: Client, fake_aws: FakeAws, operation: str) -> None:
    fake_aws.put_profile("shop", "prod", "app", "x")
    token = session(client)
    fake_aws.throttle(operation)
    call = {
        "GetParameters": lambda: parameter(client),
        "GetLatestConfiguration": lambda: latest(client, token),
    }
    error = failure(call[operation])
    assert (error.code, error.message, error.is_transient) == (
        "ThrottlingException",
        "Rate exceeded",
        True,
    )
    assert fake_aws.count(operation) == 1  # the client itself does not retry
    call[operation]()


def test_a_missing_resource_is_named(client: Client, fake_aws: FakeAws) -> None:
    fake_aws.put_profile("shop", "prod", "other", "x")
    error = failure(lambda: session(client))
    assert (error.code, error.status, error.is_transient) == (
        "ResourceNotFoundException",
        404,
        False,
    )
    assert error.details["ResourceType"] == "ConfigurationProfile"
    assert error.details["ReferencedBy"]["ApplicationIdentifier"] == "shop"
    assert set(error.details) == {"ResourceType", "ReferencedBy"}


def test_the_error_for_a_refused_token_has_the_reason(client: Client) -> None:
    error = failure(lambda: latest(client, "canary+/="))
    assert (error.code, error.status) == ("BadRequestException", 400)
    assert error.details["Details"] == {
        "InvalidParameters": {"ConfigurationToken": {"Problem": "Corrupted"}}
    }
    assert "canary" not in str(error)


def test_the_error_for_an_early_poll_has_the_reason(client: Client, fake_aws: FakeAws) -> None:
    fake_aws.put_profile("shop", "prod", "app", "x")
    first = latest(client, session(client))
    error = failure(lambda: latest(client, first["NextPollConfigurationToken"]))
    problem = {"ConfigurationToken": {"Problem": "PollIntervalNotSatisfied"}}
    assert error.details["Details"]["InvalidParameters"] == problem


@pytest.mark.parametrize(
    ("operation", "code"),
    [("GetParameters", "ExpiredTokenException"), ("AssumeRole", "ExpiredToken")],
)
def test_expired_credentials_are_reported_as_expired(
    client: Client, fake_aws: FakeAws, operation: str, code: str
) -> None:
    fake_aws.expire(fake_aws.environ()["AWS_ACCESS_KEY_ID"])
    parameters: dict[str, dict[str, Any]] = {
        "GetParameters": {"Names": ["a"]},
        "AssumeRole": {"RoleArn": ROLE, "RoleSessionName": "me"},
    }
    error = failure(
        lambda: client.call(operation, parameters[operation], timeout=LONG_TIMEOUT_SECONDS)
    )
    assert (error.code, error.is_transient, error.is_denial) == (code, False, False)
    assert "; log in again: the credentials have expired" in error.reason


@pytest.mark.parametrize("operation", ["GetParameters", "GetLatestConfiguration", "AssumeRole"])
@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b""), (503, b"<html><body>canary</body></html>"), (502, b"")],
)
def test_an_error_without_a_code_is_named_by_its_status(
    client: Client, fake_aws: FakeAws, operation: str, status: int, body: bytes
) -> None:
    parameters: dict[str, dict[str, Any]] = {
        "GetParameters": {"Names": ["a"]},
        "GetLatestConfiguration": {"ConfigurationToken": "t"},
        "AssumeRole": {"RoleArn": ROLE, "RoleSessionName": "me"},
    }
    headers = {"x-amzn-ErrorType": "", "Content-Type": "text/html"}
    fake_aws.fail(operation, status=status, code="", body=body, headers=headers)
    error = failure(
        lambda: client.call(operation, parameters[operation], timeout=LONG_TIMEOUT_SECONDS)
    )
    assert (error.code, error.message, error.status) == (f"HTTP {status}", "", status)
    assert error.is_transient
    assert "canary" not in str(error)


def test_a_proxy_s_web_page_is_not_quoted(client: Client, fake_aws: FakeAws) -> None:
    fake_aws.fail(
        "GetParameters",
        status=403,
        body=b"<html>canary</html>",
        headers={"Content-Type": "text/html"},
    )
    error = failure(lambda: parameter(client))
    assert (error.code, error.message, error.status) == ("HTTP 403", "", 403)
    assert error.is_unreachable, "AWS has not answered"
    assert not error.is_transient


def test_a_response_that_is_not_json_is_rejected(client: Client, fake_aws: FakeAws) -> None:
    fake_aws.fail("GetParameters", status=200, body=b"<html>canary</html>")
    error = failure(lambda: parameter(client))
    assert not error.is_denial
    assert "canary" not in str(error)


# Connections


@pytest.mark.parametrize("breaks", ["before", "midway", "after"])
@pytest.mark.parametrize("operation", ["GetLatestConfiguration", "GetParameters"])
def test_a_broken_connection_is_transient(
    client: Client, fake_aws: FakeAws, operation: str, breaks: Any
) -> None:
    fake_aws.put_profile("shop", "prod", "app", "x" * 100_000)
    fake_aws.put_parameter("a", "x" * 4000)
    token = session(client)
    fake_aws.fail(operation, close=breaks, status=200)
    call = {
        "GetParameters": lambda: parameter(client),
        "GetLatestConfiguration": lambda: latest(client, token),
    }
    error = failure(call[operation])
    assert (error.code, error.is_transient) == (UNREACHABLE, True)
    assert token not in str(error)


def test_a_closed_port_is_unreachable(connect: Connect, fake_aws: FakeAws) -> None:
    with RawServer(ok()) as server:
        pass
    error = failure(
        lambda: parameter(connect(fake_aws.environ() | {"AWS_ENDPOINT_URL": server.url}))
    )
    assert (error.code, error.is_transient) == (UNREACHABLE, True)
    assert f"no connection to 127.0.0.1:{server.port}" in error.reason
    assert "check the Region and the route to AWS" in error.reason


def test_a_call_without_a_response_ends_at_its_timeout(connect: Connect, fake_aws: FakeAws) -> None:
    # No clock, which would be unreliable on a busy machine: calls with longer timeouts still wait.
    with ThreadPoolExecutor(2) as pool, RawServer(hang) as server:
        client = connect(fake_aws.environ() | {"AWS_ENDPOINT_URL": server.url})
        waiting = [
            pool.submit(failure, lambda: parameter(client, timeout=10)),
            pool.submit(failure, lambda: latest_within(client, 10)),
        ]
        eventually(lambda: len(server.requests) == len(waiting))
        for call in (lambda: parameter(client, timeout=0.5), lambda: latest_within(client, 0.5)):
            error = failure(call)
            assert (error.code, error.is_transient) == (UNREACHABLE, True)
            assert f"no response from 127.0.0.1:{server.port} in time" in error.reason
            assert "canary" not in str(error)
        assert not any(one.done() for one in waiting)
    assert all("in time" not in one.result().reason for one in waiting)


def latest_within(client: Client, seconds: float) -> dict[str, Any]:
    parameters = {"ConfigurationToken": "canary"}
    return client.call("GetLatestConfiguration", parameters, timeout=seconds)


def test_a_body_that_stalls_ends_the_call_at_its_timeout(
    connect: Connect, fake_aws: FakeAws
) -> None:
    def stop(connection: Any) -> None:
        headers = b"Next-Poll-Configuration-Token: t\r\nContent-Length: 100\r\n"
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\nhalf")
        hang(connection)

    with RawServer(stop) as server:
        client = connect(fake_aws.environ() | {"AWS_ENDPOINT_URL": server.url})
        error = failure(lambda: latest_within(client, 0.5))
        assert error.code == UNREACHABLE


@pytest.mark.parametrize("partial", [b"Content-Le", b"Content-Type: text/plain\r\n"])
def test_headers_that_break_off_are_not_an_empty_response(
    connect: Connect, fake_aws: FakeAws, partial: bytes
) -> None:
    head = b"HTTP/1.1 200 OK\r\nNext-Poll-Configuration-Token: t\r\n" + partial
    with RawServer(then_close(head)) as server:
        client = connect(fake_aws.environ() | {"AWS_ENDPOINT_URL": server.url})
        error = failure(lambda: latest_within(client, 5))
    assert (error.code, error.is_transient) == (UNREACHABLE, True)


PARAMETERS = {"GetLatestConfiguration": {"ConfigurationToken": "t"}}


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("GetLatestConfiguration", b"text"),
        ("GetParameters", b'{"Parameters": []}'),
        ("BatchGetSecretValue", b"{}"),
    ],
)
def test_a_body_without_a_length_is_whole_for_boto3(
    boto3_client: Callable[..., Boto3Client], fake_aws: FakeAws, operation: str, body: bytes
) -> None:
    with RawServer(then_close(HEAD + b"\r\n" + body)) as server:
        client = boto3_client(fake_aws.environ() | {"AWS_ENDPOINT_URL": server.url})
        response = client.call(operation, PARAMETERS.get(operation, {}), timeout=5)
    found = response.get("Configuration")
    assert found == (body if operation == "GetLatestConfiguration" else None)


@pytest.mark.parametrize("operation", ["GetLatestConfiguration", "GetParameters"])
def test_boto3_s_response_without_a_length_and_a_body_is_cut_off(
    boto3_client: Callable[..., Boto3Client], fake_aws: FakeAws, operation: str
) -> None:
    with RawServer(then_close(HEAD + b"\r\n")) as server:
        client = boto3_client(fake_aws.environ() | {"AWS_ENDPOINT_URL": server.url})
        parameters = PARAMETERS.get(operation, {})
        error = failure(lambda: client.call(operation, parameters, timeout=5))
    assert (error.code, error.is_transient) == (UNREACHABLE, True)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Disable the garbage collector, so that it does not close anything."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def open_connections(port: int) -> list[str]:
    """The inodes of this process's sockets that are connected to `port`."""
    ours = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            ours.add(os.readlink(f"/proc/self/fd/{number}"))
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = [fields[9] for fields in lines if int(fields[2].rpartition(":")[2], 16) == port]
    return [inode for inode in inodes if f"socket:[{inode}]" in ours]


HEAD = b"HTTP/1.1 200 OK\r\nNext-Poll-Configuration-Token: t\r\n"


def then_hang(response: bytes) -> Callable[[Any], None]:
    def send(connection: Any) -> None:
        connection.sendall(response)
        hang(connection)

    return send


# Responses that break a call in each of its stages; `-` if the peer keeps the connection open.
BROKEN: dict[str, Response] = {
    "nothing": then_close(b""),
    "nothing-": hang,
    "half a header": then_close(HEAD + b"Content-Le"),
    "no length": then_close(HEAD + b"Content-Type: text/plain\r\n"),
    "half a body": then_close(HEAD + b"Content-Length: 100\r\n\r\nhalf"),
    "half a body-": then_hang(HEAD + b"Content-Length: 100\r\n\r\nhalf"),
    "half a chunk": then_close(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"),
    "a header that is not a number-": then_hang(
        HEAD + b"Next-Poll-Interval-In-Seconds: soon\r\nContent-Length: 100\r\n\r\nhalf"
    ),
    "invalid JSON": then_close(HEAD + b"Content-Length: 3\r\n\r\nabc"),
    "invalid JSON-": HEAD + b"Content-Length: 3\r\n\r\nabc",
    "a refusal": then_close(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}"),
    "a refusal-": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n{}",
    "not HTTP": then_close(b"SSH-2.0-x\r\n\r\n"),
}


@pytest.mark.parametrize("response", BROKEN)
@pytest.mark.usefixtures("no_collector")
def test_no_socket_outlives_a_failed_call(
    connect: Connect, fake_aws: FakeAws, response: str
) -> None:
    with RawServer(BROKEN[response]) as server:
        client = connect(fake_aws.environ() | {"AWS_ENDPOINT_URL": server.url})
        errors = []  # kept, as in a log record
        for _ in range(2):
            errors.append(failure(lambda: parameter(client, timeout=0.5)))
            if response not in ("invalid JSON", "invalid JSON-"):  # as a document it is text
                errors.append(failure(lambda: latest_within(client, 0.5)))
        client.close()
        assert open_connections(server.port) == []
        assert server.connections
    assert len(errors) >= 2


@pytest.mark.usefixtures("no_collector")
def test_no_socket_outlives_a_fetch_with_retries(connect: Connect, fake_aws: FakeAws) -> None:
    with RawServer(BROKEN["half a body"]) as server:
        client = connect(fake_aws.environ() | {"AWS_ENDPOINT_URL": server.url})
        request = Request(_reference.parse("ssm:/a").resource, "")
        policy = Policy(first_wait=0.0)
        outcomes = AwsBackend(client, 1, policy=policy)([request], 60.0)
        assert isinstance(outcomes["ssm:/a"], Failure)
        assert open_connections(server.port) == []
        assert server.connections == policy.attempts


@pytest.mark.usefixtures("no_collector")
def test_no_socket_outlives_a_failed_search_for_credentials(
    connect: Connect, fake_aws: FakeAws
) -> None:
    with RawServer(ok(b"[]")) as server:
        endpoint = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url}
        client = connect(fake_aws.environ(container=True) | endpoint)
        errors = [failure(lambda: parameter(client)) for _ in range(2)]
        client.close()
        assert open_connections(server.port) == []
        assert server.requests
    assert {error.code for error in errors} == {NO_CREDENTIALS}


def test_the_traceback_of_a_repeated_error_does_not_grow(
    boto3_client: Callable[..., Boto3Client],
) -> None:
    client = boto3_client({"AWS_REGION": "eu-west-1"})
    errors = [failure(lambda: parameter(client)) for _ in range(3)]
    assert len({id(error) for error in errors}) == 3
    lengths = [len(list(traceback.walk_tb(error.__traceback__))) for error in errors]
    assert lengths[1] == lengths[2]


def test_an_oversized_configuration_is_rejected(connect: Connect, fake_aws: FakeAws) -> None:
    def send(connection: Any) -> None:
        headers = b"Next-Poll-Configuration-Token: t\r\nTransfer-Encoding: chunked\r\n"
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n")
        for _ in range(1024):
            connection.sendall(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")

    with RawServer(send) as server:
        client = connect(fake_aws.environ() | {"AWS_ENDPOINT_URL": server.url})
        error = failure(lambda: latest_within(client, 30))
    assert (error.is_transient, error.is_unreachable) == (False, True)
    assert "a body that is too large" in error.reason


def test_the_request_repeated_in_a_refusal_is_not_quoted(client: Client, fake_aws: FakeAws) -> None:
    message = (
        "The signature does not match.\n\nThe Canonical String for this request should have been\n"
        "'POST\n/\n\nx-amz-security-token:canary'\n\nThe String-to-Sign should have been\n'canary'"
    )
    code = "InvalidSignatureException"
    fake_aws.fail("GetParameters", status=403, code=code, message=message)
    error = failure(lambda: parameter(client))
    assert "The signature does not match." in error.reason
    assert "canary" not in error.reason


def test_connections_are_reused_until_close(client: Client, fake_aws: FakeAws) -> None:
    for _ in range(3):
        parameter(client)
    assert fake_aws.connections == 1
    client.close()
    parameter(client)
    assert fake_aws.connections == 2


@pytest.mark.parametrize(
    "path", ["/a%20b/", "/a", "//", "/a//b/", "/./a/../b/", "/..", "/%2E%2E/~a"]
)
def test_an_endpoint_may_have_a_path(connect: Connect, fake_aws: FakeAws, path: str) -> None:
    refusal = b"HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\n{}"
    with RawServer(refusal) as server:
        client = connect(fake_aws.environ() | {"AWS_ENDPOINT_URL": f"{server.url}{path}"})
        for call in (lambda: parameter(client), lambda: latest(client, "a/b+=")):
            assert failure(call).code == "HTTP 400"
    targets = [request.split(b" ")[1].decode() for request in server.requests]
    joined = path.removesuffix("/")
    assert targets == [path, f"{joined}/configuration?configuration_token=a%2Fb%2B%3D"]


# TLS


def test_a_custom_ca_is_trusted(connect: Connect, fake_aws_tls: FakeAws) -> None:
    fake_aws_tls.put_parameter("a", "1")
    result = parameter(connect(fake_aws_tls.environ()))
    assert result["Parameters"][0]["Value"] == "1"
    assert fake_aws_tls.problems == []


def test_an_unknown_ca_is_a_permanent_error(connect: Connect, fake_aws_tls: FakeAws) -> None:
    environ = fake_aws_tls.environ()
    del environ["AWS_CA_BUNDLE"]
    error = failure(lambda: parameter(connect(environ)))
    assert (error.code, error.is_transient, error.is_unreachable) == (UNREACHABLE, False, True)
    assert "no TLS with localhost" in error.reason
    assert "certificate not accepted: " in error.reason
    assert "check AWS_CA_BUNDLE" in error.reason
    assert fake_aws_tls.calls == []


def test_a_certificate_for_another_host_is_rejected(connect: Connect, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("aws.example").configure_cert(context)
    with RawServer(ok(b"{}"), context=context) as server:
        environ = {
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_ENDPOINT_URL": server.url,
            "AWS_CA_BUNDLE": str(tmp_path / "ca.pem"),
        }
        error = failure(lambda: parameter(connect(environ)))
    assert "certificate not accepted: " in error.reason
    assert server.requests == []


def test_a_missing_ca_bundle_is_named(connect: Connect, fake_aws_tls: FakeAws) -> None:
    environ = fake_aws_tls.environ() | {"AWS_CA_BUNDLE": "/nowhere/ca.pem"}
    error = failure(lambda: parameter(connect(environ)))
    assert error.reason.startswith("AWS_CA_BUNDLE: no certificates in '/nowhere/ca.pem' (")
    assert error.reason.endswith("); set it to a file of PEM certificates, or unset it")
    assert (error.failure.kind, error.is_transient) == ("misconfigured", False)


# The proxy


PREFIX, OWN = "AWS_APPCONFIG_EXTENSION_", "APPCONFIG_ENV_"


@pytest.mark.parametrize("tls", [False, True])
def test_a_proxy_gets_the_configured_password_and_headers(connect: Connect, tls: bool) -> None:
    with FakeAws(tls=tls) as aws, Proxy(require=("X-Team", "a b")) as proxy:
        aws.put_parameter("a", "1")
        environ = aws.environ() | {
            PREFIX + "PROXY_URL": proxy.url.replace("//", "//me:p%40ss@"),
            PREFIX + "PROXY_HEADERS": "X-Team: a b, X-Other: 2",
        }
        client = connect(environ)
        assert parameter(client)["Parameters"][0]["Value"] == "1"
        client.close()
        assert parameter(client)["Parameters"][0]["Value"] == "1"
        client.close()
        assert aws.problems == []
    first = proxy.requests[0]
    assert first.method == ("CONNECT" if tls else "POST")
    assert first.headers["proxy-authorization"] == "Basic bWU6cEBzcw=="
    assert (first.headers["x-team"], first.headers["x-other"]) == ("a b", "2")


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("headers", ["", "X-Team: wrong"])
def test_a_proxy_that_requires_authentication_is_a_permanent_error(
    connect: Connect, tls: bool, headers: str
) -> None:
    with FakeAws(tls=tls) as aws, Proxy(require=("X-Team", "canary")) as proxy:
        environ = aws.environ() | {PREFIX + "PROXY_URL": proxy.url.replace("//", "//me:canary@")}
        error = failure(lambda: parameter(connect(environ | {PREFIX + "PROXY_HEADERS": headers})))
        assert aws.calls == []
    assert (error.code, error.is_transient, error.is_unreachable) == (UNREACHABLE, False, True)
    assert "answered 407 (" in error.reason
    assert "; set its password in " in error.reason
    assert "canary" not in str(error)


def test_a_proxy_that_is_down_makes_aws_unreachable(connect: Connect, fake_aws: FakeAws) -> None:
    with Proxy() as proxy:
        pass
    environ = fake_aws.environ() | {PREFIX + "PROXY_URL": proxy.url.replace("//", "//me:canary@")}
    error = failure(lambda: parameter(connect(environ)))
    assert (error.code, error.is_transient) == (UNREACHABLE, True)
    assert "no connection to" in error.reason
    assert "proxy" in error.reason
    assert "canary" not in str(error)


# Credentials, roles and Regions


def test_an_empty_session_token_is_ignored(connect: Connect, fake_aws: FakeAws) -> None:
    key = fake_aws.environ()["AWS_ACCESS_KEY_ID"]
    identity = fake_aws.account.identities[key]
    fake_aws.account.identities[key] = identity._replace(session_token="")
    parameter(connect(fake_aws.environ() | {"AWS_SESSION_TOKEN": ""}))
    assert fake_aws.problems == []


def test_container_credentials_are_requested_once(connect: Connect, fake_aws: FakeAws) -> None:
    client = connect(fake_aws.environ(container=True))
    for _ in range(2):
        parameter(client)
    assert fake_aws.count("ContainerCredentials") == 1
    assert fake_aws.problems == []


def test_container_credentials_are_renewed_before_they_expire(
    connect: Connect, fake_aws: FakeAws
) -> None:
    fake_aws.container.lifetime_seconds = 60  # less than both clients require
    client = connect(fake_aws.environ(container=True))
    for _ in range(2):
        parameter(client)
    assert fake_aws.count("ContainerCredentials") >= 2
    assert fake_aws.problems == []


def test_a_failing_container_endpoint_means_no_credentials(
    connect: Connect, fake_aws: FakeAws
) -> None:
    environ = fake_aws.environ(container=True) | {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong"}
    error = failure(lambda: parameter(connect(environ)))
    assert error.code == NO_CREDENTIALS
    assert not error.is_transient


# By the prefix of the settings of a role: what is read with that role, and what without it.
READ_WITH = {
    PREFIX: (("profile",), ("parameter", "secret")),
    OWN: (("parameter", "secret"), ("profile",)),
}


def read(what: str, client: Client, fake_aws: FakeAws) -> None:
    """Make a call of one service, in order to see its credentials and Region."""
    if what == "profile":
        fake_aws.put_profile("shop", "prod", "app", {})
        session(client)
    elif what == "parameter":
        parameter(client)
    else:
        secret = {"SecretId": fake_aws.put_secret("s", "1")}
        client.call("GetSecretValue", secret, timeout=LONG_TIMEOUT_SECONDS)


@pytest.mark.parametrize("prefix", READ_WITH)
def test_a_role_is_assumed_for_its_services_only(
    connect: Connect, fake_aws: FakeAws, prefix: str
) -> None:
    fake_aws.put_role(ROLE, external_id="partner-7")
    environ = fake_aws.environ() | {
        prefix + "ROLE_ARN": ROLE,
        prefix + "ROLE_EXTERNAL_ID": "partner-7",
        prefix + "ROLE_SESSION_NAME": "shop-prod",
    }
    client = connect(environ)
    with_role, without_role = READ_WITH[prefix]

    for what in without_role:
        read(what, client, fake_aws)

    own = environ["AWS_ACCESS_KEY_ID"]
    assert {call.access_key for call in fake_aws.calls} == {own}
    assert fake_aws.count("AssumeRole") == 0

    before = len(fake_aws.calls)
    for what in (*with_role, *with_role):
        read(what, client, fake_aws)

    first, *others = fake_aws.calls[before:]
    assert (first.operation, first.access_key) == ("AssumeRole", own)
    assert {name: first.params[name] for name in ("RoleArn", "RoleSessionName", "ExternalId")} == {
        "RoleArn": ROLE,
        "RoleSessionName": "shop-prod",
        "ExternalId": "partner-7",
    }
    assert len({call.access_key for call in others}) == 1
    assert own not in {call.access_key for call in others}
    assert fake_aws.count("AssumeRole") == 1
    assert fake_aws.problems == []


def test_calls_are_recorded_with_their_request_ids(connect: Connect, fake_aws: FakeAws) -> None:
    fake_aws.put_role(ROLE)
    fake_aws.put_parameter("a", "1")
    environ = fake_aws.environ() | {OWN + "ROLE_ARN": ROLE}
    calls: list[Call] = []
    found = parameter(connect(environ, calls=calls))
    (assumed,) = calls
    assert (assumed.operation, assumed.references) == ("AssumeRole", ())
    assert assumed.failure is None
    assert assumed.seconds > 0
    assert REQUEST_ID.fullmatch(assumed.request_id)
    assert found["ResponseMetadata"].keys() == {"RequestId", "Region"}
    assert found["ResponseMetadata"]["Region"] == REGION
    assert REQUEST_ID.fullmatch(found["ResponseMetadata"]["RequestId"])


def test_a_role_that_is_denied_is_not_recorded_as_assumed(
    connect: Connect, fake_aws: FakeAws
) -> None:
    environ = fake_aws.environ() | {OWN + "ROLE_ARN": ROLE}
    calls: list[Call] = []
    error = failure(lambda: parameter(connect(environ, calls=calls)))
    assert error.operation == "AssumeRole", "its caller records it"
    assert calls == []


def test_two_roles_are_assumed_one_for_each_part(connect: Connect, fake_aws: FakeAws) -> None:
    other = f"{ROLE}-of-parameters"
    fake_aws.put_role(ROLE)
    fake_aws.put_role(other)
    client = connect(fake_aws.environ() | {PREFIX + "ROLE_ARN": ROLE, OWN + "ROLE_ARN": other})

    for what in ("profile", "parameter", "secret"):
        read(what, client, fake_aws)

    keys = {call.operation: call.access_key for call in fake_aws.calls}
    roles = [call.params["RoleArn"] for call in fake_aws.calls if call.operation == "AssumeRole"]
    assert roles == [ROLE, other]
    assert keys["GetParameters"] == keys["GetSecretValue"] != keys["StartConfigurationSession"]
    assert fake_aws.problems == []


def test_services_with_the_same_role_share_its_credentials(
    connect: Connect, fake_aws: FakeAws
) -> None:
    fake_aws.put_role(ROLE)
    client = connect(fake_aws.environ() | {PREFIX + "ROLE_ARN": ROLE, OWN + "ROLE_ARN": ROLE})

    for what in ("profile", "parameter", "secret"):
        read(what, client, fake_aws)

    assert fake_aws.count("AssumeRole") == 1
    assert fake_aws.problems == []


@pytest.mark.parametrize("prefix", READ_WITH)
def test_a_role_has_a_default_session_name(
    connect: Connect, fake_aws: FakeAws, prefix: str
) -> None:
    fake_aws.put_role(ROLE)
    client = connect(fake_aws.environ() | {prefix + "ROLE_ARN": ROLE})
    read(READ_WITH[prefix][0][0], client, fake_aws)
    assert fake_aws.calls[0].params["RoleSessionName"] == "appconfig-env"
    assert "ExternalId" not in fake_aws.calls[0].params


@pytest.mark.parametrize("prefix", READ_WITH)
def test_the_error_for_a_denied_role_names_what_to_allow(
    connect: Connect, fake_aws: FakeAws, prefix: str
) -> None:
    fake_aws.put_role(ROLE, external_id="canary")
    environ = {prefix + "ROLE_ARN": ROLE, prefix + "SERVICE_REGION": "eu-west-1"}
    fake_aws.account.regions |= {"eu-west-1"}
    client = connect(fake_aws.environ() | environ)
    (first, *_), (other, *_) = READ_WITH[prefix]
    error = failure(lambda: read(first, client, fake_aws))
    assert (error.operation, error.code, error.is_denial) == ("AssumeRole", "AccessDenied", True)
    assert error.failure.resource_arn == error.role_arn == ROLE
    assert (error.role_setting, error.region) == (prefix + "ROLE_ARN", "us-east-1")
    assert f"grant sts:AssumeRole on {ROLE} to the function's role" in error.reason
    assert "trust policy" in error.reason
    assert {call.operation for call in fake_aws.calls} == {"AssumeRole"}
    read(other, client, fake_aws)  # which does not need that role


def test_the_error_for_a_denied_call_names_the_role_that_made_it(
    connect: Connect, fake_aws: FakeAws
) -> None:
    fake_aws.put_role(ROLE)
    fake_aws.deny("GetParameters")
    fake_aws.deny("StartConfigurationSession")
    client = connect(fake_aws.environ() | {OWN + "ROLE_ARN": ROLE})
    assert f"to the role {ROLE}" in failure(lambda: parameter(client)).reason
    own = failure(lambda: read("profile", client, fake_aws))
    assert (own.role_arn, own.reason.endswith("to the function's role")) == ("", True)


@pytest.mark.parametrize("prefix", READ_WITH)
def test_other_regions_are_read_and_the_role_is_assumed_in_the_home_region(
    connect: Connect, fake_aws: FakeAws, prefix: str
) -> None:
    fake_aws.account.regions |= {"eu-west-1", "ap-south-1"}
    fake_aws.put_role(ROLE)
    environ = {prefix + "SERVICE_REGION": "eu-west-1", prefix + "ROLE_ARN": ROLE}
    client = connect(fake_aws.environ() | environ)
    elsewhere, at_home = READ_WITH[prefix]
    for what in (*elsewhere, *at_home):
        read(what, client, fake_aws)
    parameter(client, region="ap-south-1")
    assert [call.region for call in fake_aws.calls] == [
        "us-east-1",
        *("eu-west-1" for _ in elsewhere),
        *("us-east-1" for _ in at_home),
        "ap-south-1",
    ]
    assert fake_aws.problems == []


def test_a_service_with_a_region_of_its_own_needs_no_other(
    fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = fake_aws.environ() | {OWN + "SERVICE_REGION": "us-east-1"}
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        environ.pop(name, None)
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    client = Boto3Client(settings.from_environ(environ, []))
    error = failure(lambda: read("profile", client, fake_aws))
    assert error.reason.startswith("no Region; set AWS_REGION")
    read("parameter", client, fake_aws)
    client.close()
    assert fake_aws.problems == []


def test_an_invalid_region_makes_no_call(connect: Connect, fake_aws: FakeAws) -> None:
    environ = fake_aws.environ()
    del environ["AWS_ENDPOINT_URL"]
    error = failure(lambda: parameter(connect(environ), region="evil.example/"))
    assert error.code == MISCONFIGURED
    assert "evil.example/" in error.reason


# The lean client only: a wrong clock


@pytest.mark.parametrize("seconds", [-4000, -600, 600, 4000])
@pytest.mark.parametrize("operation", ["GetParameters", "StartConfigurationSession"])
def test_a_wrong_clock_is_corrected_after_the_first_refusal(
    fake_aws: FakeAws, seconds: float, operation: str
) -> None:
    fake_aws.put_profile("shop", "prod", "app", "x")
    environ = fake_aws.environ()
    lean = LeanClient(
        settings.from_environ(environ, []), environ, now=lambda: time.time() + seconds
    )
    for _ in range(2):
        parameter(lean) if operation == "GetParameters" else session(lean)
    lean.close()
    assert [call.status in (200, 201) for call in fake_aws.calls] == [False, True, True]
    assert fake_aws.problems == []


def test_a_signature_that_is_wrong_for_another_reason_is_not_retried(fake_aws: FakeAws) -> None:
    environ = fake_aws.environ() | {"AWS_SECRET_ACCESS_KEY": "wrong"}
    lean = LeanClient(settings.from_environ(environ, []), environ)
    assert failure(lambda: parameter(lean)).code == "InvalidSignatureException"
    lean.close()
    assert len(fake_aws.calls) == 1


def test_a_response_without_a_date_does_not_correct_the_clock() -> None:
    body = b'{"__type": "RequestTimeTooSkewed"}'
    for date in ("", "Date: soon"):
        head = f"HTTP/1.1 400 Bad\r\nContent-Length: {len(body)}\r\n{date}".rstrip() + "\r\n\r\n"
        with RawServer(head.encode() + body) as server:
            environ = {
                "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b",
                "AWS_REGION": "eu-west-1",
            }
            aws_settings = settings.from_environ(environ | {"AWS_ENDPOINT_URL": server.url}, [])
            lean = LeanClient(aws_settings, environ)
            assert failure(lambda client=lean: parameter(client)).code == "RequestTimeTooSkewed"  # type: ignore[misc]
            lean.close()
        assert len(server.requests) == 1


# boto3's client only: where it finds its configuration


@pytest.fixture
def boto3_client(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[dict[str, str]], Boto3Client]]:
    clients = []

    def make(environ: dict[str, str]) -> Boto3Client:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        clients.append(Boto3Client(settings.from_environ(environ, [])))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def test_the_error_for_a_missing_region_names_the_variable_to_set(
    boto3_client: Callable[..., Boto3Client],
) -> None:
    error = failure(lambda: parameter(boto3_client({})))
    assert error.code == MISCONFIGURED
    assert "set AWS_REGION" in error.reason


def test_the_error_for_missing_credentials_names_what_to_set(
    boto3_client: Callable[..., Boto3Client],
) -> None:
    error = failure(lambda: parameter(boto3_client({"AWS_REGION": "eu-west-1"})))
    assert error.code == NO_CREDENTIALS
    assert "no credentials found; set AWS_PROFILE" in error.reason


def test_a_failed_search_for_credentials_is_not_repeated_until_close(
    boto3_client: Callable[..., Boto3Client], tmp_path: Path
) -> None:
    command = f"credential_process = {sys.executable} {tmp_path}/search.py"
    (tmp_path / "config").write_text(f"[default]\nregion = eu-west-1\n{command}\n")
    # It prints nothing, where boto3 expects JSON.
    (tmp_path / "search.py").write_text(f"open({str(tmp_path / 'log')!r}, 'a').write('x')\n")
    client = boto3_client({"AWS_CONFIG_FILE": str(tmp_path / "config")})
    for _ in range(3):
        assert failure(lambda: parameter(client)).code == NO_CREDENTIALS
    assert (tmp_path / "log").read_text() == "x"
    client.close()
    assert failure(lambda: parameter(client)).code == NO_CREDENTIALS
    assert (tmp_path / "log").read_text() == "xx"


def test_region_and_credentials_are_read_from_a_profile(
    boto3_client: Callable[..., Boto3Client], fake_aws: FakeAws, tmp_path: Path
) -> None:
    keys = fake_aws.environ()
    (tmp_path / "config").write_text(
        f"[profile shop]\nregion = us-east-1\naws_access_key_id = {keys['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {keys['AWS_SECRET_ACCESS_KEY']}\n"
        f"aws_session_token = {keys['AWS_SESSION_TOKEN']}\n"
    )
    environ = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_PROFILE": "shop",
        "AWS_ENDPOINT_URL": fake_aws.url,
    }
    parameter(boto3_client(environ))
    assert fake_aws.problems == []


def test_a_profile_that_does_not_exist_is_named(boto3_client: Callable[..., Boto3Client]) -> None:
    environ = {"AWS_PROFILE": "missing", "AWS_REGION": "eu-west-1"}
    error = failure(lambda: parameter(boto3_client(environ)))
    assert error.code == MISCONFIGURED
    assert "missing" in error.reason


def test_the_error_for_a_failed_credential_process_names_it(
    boto3_client: Callable[..., Boto3Client], tmp_path: Path
) -> None:
    command = """/bin/sh -c "echo 'the login has ended; sorry' >&2; exit 1\""""
    (tmp_path / "config").write_text(
        f"[default]\nregion = eu-west-1\ncredential_process = {command}\n"
    )
    error = failure(lambda: parameter(boto3_client({"AWS_CONFIG_FILE": str(tmp_path / "config")})))
    assert error.code == NO_CREDENTIALS
    assert "custom-process: the login has ended; sorry" in error.failure.summary
    assert error.failure.hint == CHECK_CREDENTIALS


@pytest.mark.parametrize(
    ("variable", "host"),
    [
        ("AWS_USE_FIPS_ENDPOINT", "ssm-fips.us-east-1.amazonaws.com"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "ssm.us-east-1.api.aws"),
    ],
)
def test_fips_and_dual_stack_endpoints_are_botocore_s(
    boto3_client: Callable[..., Boto3Client], variable: str, host: str
) -> None:
    refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with RawServer(then_close(refused)) as proxy:
        environ = {
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            variable: "true",
            PREFIX + "PROXY_URL": proxy.url,
        }
        error = failure(lambda: parameter(boto3_client(environ)))
    assert proxy.requests[0].startswith(f"CONNECT {host}:443 ".encode())
    assert "the proxy answered 403" in error.reason
    assert not error.is_transient


# A second opinion: a fake from another project


def test_values_are_read_back_from_moto(connect: Connect, moto_server: str) -> None:
    import boto3

    environ = {
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_ENDPOINT_URL": moto_server,
    }
    options = {
        "region_name": "eu-west-1", "aws_access_key_id": "a", "aws_secret_access_key": "b",
        "endpoint_url": moto_server,
    }  # fmt: skip
    ssm, secretsmanager = boto3.client("ssm", **options), boto3.client("secretsmanager", **options)
    for number in range(12):
        ssm.put_parameter(Name=f"/shop/{number:02}", Value=f"grün {number}", Type="SecureString")
    secretsmanager.create_secret(Name="text", SecretString="grün")
    secretsmanager.create_secret(Name="bytes", SecretBinary=b"\0\xff")
    ssm.close()
    secretsmanager.close()
    client = connect(environ | {OWN + "ROLE_ARN": ROLE})
    result = parameter(client, "/shop/03")
    assert [(one["Value"], one["Type"]) for one in result["Parameters"]] == [
        ("grün 3", "SecureString")
    ]
    page = {"Path": "/shop", "WithDecryption": True, "Recursive": True, "MaxResults": 10}
    first = client.call("GetParametersByPath", page, timeout=LONG_TIMEOUT_SECONDS)
    second = client.call(
        "GetParametersByPath",
        page | {"NextToken": first["NextToken"]},
        timeout=LONG_TIMEOUT_SECONDS,
    )
    assert len(first["Parameters"]) + len(second["Parameters"]) == 12
    both = client.call(
        "BatchGetSecretValue", {"SecretIdList": ["text", "bytes"]}, timeout=LONG_TIMEOUT_SECONDS
    )
    values = {
        one["Name"]: one.get("SecretString", one.get("SecretBinary"))
        for one in both["SecretValues"]
    }
    assert values == {"text": "grün", "bytes": b"\0\xff"}
    error = failure(
        lambda: client.call("GetSecretValue", {"SecretId": "nope"}, timeout=LONG_TIMEOUT_SECONDS)
    )
    assert error.code == "ResourceNotFoundException"
