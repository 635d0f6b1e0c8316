"""Network targets: HTTP responses as bytes, and how the operations interpret a response."""

from __future__ import annotations

import http.client
import io
import math
import re
from typing import TYPE_CHECKING, Any, cast

from appconfig_env._backends.aws import appconfig as profiles
from appconfig_env._backends.aws import credentials
from appconfig_env._backends.aws import protocol as operations
from appconfig_env._backends.aws import secretsmanager as secrets
from appconfig_env._backends.aws import ssm as parameters
from appconfig_env._backends.aws.errors import AwsError
from appconfig_env._backends.base import Unchanged
from appconfig_env._config.references import parse
from appconfig_env._content.render import render_document
from appconfig_env._http.connection import LARGEST_BODY_BYTES, Connection
from appconfig_env._http.messages import HttpResponse
from appconfig_env._http.sockets import TransportError
from appconfig_env.errors import KINDS, Failure

from .target import Target, check_message

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message

    from appconfig_env._backends.base import Outcome


class Stream:
    """A connection whose peer has sent everything, readable in pieces of a given size."""

    def __init__(self, data: bytes, piece: int) -> None:
        self._data, self._piece = io.BytesIO(data), piece

    def settimeout(self, seconds: float, /) -> None:
        assert seconds > 0

    def recv(self, most: int, /) -> bytes:
        return self._data.read(min(most, self._piece))

    def sendall(self, data: bytes, /) -> None:
        raise AssertionError(f"{len(data)} bytes were sent on a read-only stream")

    def close(self) -> None:
        self._data.close()

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data.getvalue())


def _received(data: bytes, method: str, piece: int) -> tuple[object, ...]:
    # A complete Connection, except for the socket that it would open.
    connection = Connection.__new__(Connection)
    connection._peer, connection._socket, connection._buffer = "host:1", Stream(data, piece), b""
    connection.is_reusable = True
    try:
        response = connection.receive(method, math.inf)
    except TransportError as error:
        check_message(str(error))
        return (str(error),)
    assert len(response.body) <= LARGEST_BODY_BYTES
    return response.status, dict(response.headers), response.body, connection.is_reusable


def http_responses(data: bytes) -> None:
    """A response is read as http.client reads it, however its bytes are split, or rejected."""
    if not data:
        return
    method, stream = ("GET", "HEAD", "POST")[data[0] % 3], data[1:]
    whole = _received(stream, method, 1 << 20)
    in_pieces = _received(stream, method, 1 + data[0] // 3)
    if len(whole) == 1 and MORE in str(whole[0]):
        return  # surplus bytes are noticed only if they arrive together with the rest
    assert in_pieces[:3] == whole[:3]
    if len(whole) == 1 or re.match(rb"HTTP/1\.[01] (1|0)", stream):
        return
    status, headers, body, is_reusable = whole
    theirs = http.client.HTTPResponse(cast("Any", Stream(stream, 1)), method=method)
    theirs.begin()
    assert theirs.status == status
    # These have no body (RFC 9112, 6.3), but http.client would read chunks if they are announced.
    is_bodiless = status in (204, 304) and theirs.chunked
    assert (b"" if is_bodiless else theirs.read()) == body
    named = cast("Message", theirs.headers)
    joined = {
        name.lower(): ", ".join(v.strip(" \t") for v in named.get_all(name, [])) for name in named
    }
    assert joined == headers
    # http.client also finds "close" inside other words.
    assert not (is_reusable and theirs.will_close) or "close" in str(joined.get("connection"))


MORE = "more than it announced"
STATUSES = (200, 201, 204, 302, 400, 403, 429, 500, 503)
HEADERS = (
    "x-amzn-requestid", "x-amzn-errortype", "content-type", "content-encoding", "version-label",
    "next-poll-configuration-token", "next-poll-interval-in-seconds",
)  # fmt: skip


class Run:
    """A fake of the AWS executor's `Run`: every call gets the same response."""

    elapsed = 0.0

    def __init__(self, response: HttpResponse) -> None:
        self.response = response
        self.outcomes: dict[str, Outcome] = {}
        self.calls = 0

    def call(self, operation: str, *_: object) -> dict[str, Any]:
        self.calls += 1
        assert self.calls < 10
        return operations.result(operation, self.response)

    def fail(self, resources: list[Any], error: AwsError) -> None:
        for resource in resources:
            self.outcomes[resource.reference] = error.failure

    def read_seconds(self, *_: object) -> float:
        return 0.0

    def add(self, *_: object) -> None:
        pass

    def send(self, *_: object, **__: object) -> HttpResponse:
        return self.response


PARAMETER, PATH, SECRET, PROFILE = (
    parse(text) for text in ("ssm:/shop/app", "ssm:/p/", "secretsmanager:s", "appconfig:a/b/c")
)
OTHER = parse("secretsmanager:t")


class Polled:
    token = "t"
    resource = PROFILE.resource


def responses(data: bytes) -> None:
    """A response of AWS or a proxy becomes a document, or an error that can be logged."""
    lines = data[2:].split(b"\n", len(HEADERS))
    if len(data) < 2 or len(lines) <= len(HEADERS):
        return
    given = (line.decode("latin-1") for line in lines)
    headers = {name: value for name, value in zip(HEADERS, given, strict=False) if value}
    response = HttpResponse(STATUSES[data[1] % len(STATUSES)], headers, lines[-1])
    run: Any = Run(response)
    one, two = SECRET.resource, OTHER.resource
    read: list[Callable[[], object]] = [
        lambda: profiles.poll(run, cast("Any", [Polled()])),
        lambda: parameters.read_names(run, {"/shop/app": [PARAMETER.resource]}, ""),
        lambda: parameters.read_path(run, PATH.resource),
        lambda: secrets.read_one(run, [one]),
        lambda: secrets.read_batch(run, {"s": [one], "t": [two]}, ""),
        lambda: credentials.of_role(run.call("AssumeRole")["Credentials"]),
        lambda: credentials.own({credentials.FULL_URI: "http://127.0.0.1/"}, run, lambda: 0.0)(1.0),
    ]
    try:
        read[data[0] % len(read)]()
    except AwsError as error:
        check_message(str(error))
        check_message(error.reason)
    for text, outcome in run.outcomes.items():
        if isinstance(outcome, Failure):
            assert outcome.kind in KINDS
            for field in (str(outcome), *outcome.fields().values()):
                check_message(field)
            assert outcome.hint
            continue
        assert isinstance(outcome.token, str)
        assert outcome.poll_seconds is None or 15 <= outcome.poll_seconds <= 86_400
        if isinstance(outcome, Unchanged):
            continue
        assert isinstance(outcome.version + outcome.name, str)
        source = next(
            s for s in (PARAMETER, PATH, SECRET, PROFILE, OTHER) if s.resource.reference == text
        )
        rendering = render_document([source], outcome)
        for reason in rendering.reasons:
            assert reason.hint
            check_message(str(reason))
        check_message(str(rendering.failure))


ROLE = (
    b"<R><AccessKeyId>a</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
    b"</SessionToken><Expiration>2026-01-02T03:04:05Z</Expiration></R>"
)
CONTAINER = (
    b'{"AccessKeyId": "a", "SecretAccessKey": "s", "Token": "t",'
    b' "Expiration": "2026-01-02T03:04:05Z"}'
)


def _streams() -> tuple[bytes, ...]:
    """Valid responses, each for several methods and piece sizes."""
    heads = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\nx-a: c\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n",
        b"HTTP/1.0 404\r\n\r\nuntil closed",
        b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    )
    return tuple(bytes([number]) + head for number in (0, 1, 30) for head in heads)


def _replies() -> tuple[bytes, ...]:
    """Valid responses and a refusal, each for every reader."""
    good = (
        b"{}",
        b'{"Parameters": [{"Name": "/shop/app", "Value": "v", "Type": "String", "Version": 1}]}',
        b'{"Parameters": [{"Name": "/p/a", "Value": "v", "Type": "SecureString"}], "NextToken":""}',
        b'{"Name": "s", "ARN": "a", "SecretString": "{}", "VersionId": "i"}',
        b'{"SecretValues": [{"Name": "s", "SecretBinary": "aGk="}]}',
        b'{"Errors": [{"SecretId": "t", "ErrorCode": "X", "Message": "no"}]}',
        ROLE,
        CONTAINER,
    )
    heads7 = b"id\n\napplication/json\n\nv1\ntoken\n60\n"
    replies = [bytes([number, 0]) + heads7 + body for number in range(7) for body in good]
    refusal = b'{"__type": "a#AccessDeniedException", "message": "no"}'
    replies += [
        bytes([number, 4]) + b"id\nBadRequestException:x\n\n\n\n\n\n" + refusal
        for number in range(7)
    ]
    return tuple(replies)


TARGETS = (
    Target(
        "http_responses",
        http_responses,
        _streams(),
        ("HTTP/1.1 200 OK\r\n", "Content-Length: ", "Transfer-Encoding: chunked", "\r\n",
         "\r\n\r\n", "Connection: close", "HTTP/1.0", "HTTP/1.1 100 C\r\n\r\n"),
    ),
    Target(
        "responses",
        responses,
        _replies(),
        ('"Parameters"', '"SecretValues"', '"Errors"', '"NextToken"', '"Name"', '"Value"',
         '"SecretBinary"', '"__type"', '"message"', "<Code>", "&#x1b;"),
    ),
)  # fmt: skip
