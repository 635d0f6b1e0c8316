"""Credentials in the environment or from the container's endpoint: found, kept, renewed."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Self

import pytest

from appconfig_env._backends.aws import credentials
from appconfig_env._backends.aws.errors import NO_CREDENTIALS, UNREACHABLE, AwsError
from appconfig_env._backends.aws.sigv4 import Credentials
from appconfig_env._http.transport import Transport

from ....support.raw_server import RawServer, hang, ok

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_767_323_045.0  # 2026-01-02T03:04:05Z
GIVEN = {
    "AccessKeyId": "AKID",
    "SecretAccessKey": "canary-secret",
    "Token": "canary-token",
    "Expiration": "2026-01-02T04:04:05Z",
}


@pytest.fixture
def transport() -> Iterator[Transport]:
    transport = Transport()
    yield transport
    transport.close()


PATIENCE_SECONDS = 30.0


def soon() -> float:
    return time.monotonic() + PATIENCE_SECONDS


class Deadline(float):
    """A deadline that records when a caller is about to wait for it."""

    def __new__(cls, at: float, _: threading.Semaphore) -> Self:
        return super().__new__(cls, at)

    def __init__(self, _: float, waits: threading.Semaphore) -> None:
        self._waits = waits

    def __sub__(self, now: float) -> float:
        self._waits.release()
        return super().__sub__(now)


def response(**changes: object) -> bytes:
    return ok(json.dumps(GIVEN | changes).encode())


def find(environ: dict[str, str], transport: Transport, now: float = NOW) -> Credentials:
    return credentials.own(environ, transport, lambda: now)(soon())


def test_the_environment_is_read_at_each_call(transport: Transport) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
    own = credentials.own(environ, transport, time.time)
    first = own(soon())
    environ["AWS_ACCESS_KEY_ID"] = "new"
    assert (first.access_key, first.secret_key, first.session_token) == ("a", "b", "c")
    assert own(soon()).access_key == "new"


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, True),
        ({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": ""}, False),
        ({"AWS_ACCESS_KEY_ID": "a"}, False),
        ({credentials.FULL_URI: "http://127.0.0.1/"}, True),
        ({credentials.RELATIVE_URI: "/x"}, True),
        ({credentials.FULL_URI: ""}, False),
        ({}, False),
    ],
)
def test_an_empty_variable_counts_as_absent(environ: dict[str, str], found: bool) -> None:
    assert credentials.has_own(environ) is found


def test_the_container_endpoint_gets_its_token_and_query(transport: Transport) -> None:
    with RawServer(response()) as server:
        uri = f"{server.url}/v2/creds?id=1"
        found = find({credentials.FULL_URI: uri, credentials.AUTHORIZATION: "let-me"}, transport)
    assert (found.access_key, found.session_token, found.expires_at) == (
        "AKID",
        "canary-token",
        NOW + 3600,
    )
    assert server.requests[0].startswith(b"GET /v2/creds?id=1 HTTP/1.1\r\n")
    assert b"\r\nauthorization: let-me\r\n" in server.requests[0]


def test_the_tokens_file_is_read_again_and_wins(transport: Transport, tmp_path: Path) -> None:
    file = tmp_path / "token"
    with RawServer(response(Expiration="2026-01-02T03:04:06Z")) as server:
        environ = {
            credentials.FULL_URI: server.url,
            credentials.AUTHORIZATION: "old",
            credentials.AUTHORIZATION_FILE: str(file),
        }
        own = credentials.own(environ, transport, lambda: NOW)
        for token in ("one\n", "two"):
            file.write_text(token)
            own(soon())
    assert [
        b"authorization: one\r\n" in server.requests[0],
        b"authorization: two\r\n" in server.requests[1],
    ] == [True] * 2


def test_container_credentials_are_kept_until_shortly_before_their_end(
    transport: Transport,
) -> None:
    now = NOW
    with RawServer(
        response(), response(AccessKeyId="NEW", Expiration="2026-01-02T09:00:00Z")
    ) as server:
        own = credentials.own({credentials.FULL_URI: server.url}, transport, lambda: now)
        found = [own(soon()).access_key]
        now += 3300 - 1
        found.append(own(soon()).access_key)
        now += 1
        found.append(own(soon()).access_key)
    assert found == ["AKID", "AKID", "NEW"]
    assert len(server.requests) == 2


def test_credentials_without_an_end_are_kept(transport: Transport) -> None:
    with RawServer(response(Expiration=None, Token=None)) as server:
        own = credentials.own({credentials.FULL_URI: server.url}, transport, time.time)
        assert own(soon()).session_token == ""
        own(soon())
    assert len(server.requests) == 1


def test_a_renewal_that_fails_leaves_what_is_still_good() -> None:
    now = NOW
    responses = [Credentials("A", "s", "", NOW + 600)]

    def source(_: float) -> Credentials:
        if not responses:
            raise AwsError("GetCredentials", UNREACHABLE, "down")
        return responses.pop()

    kept = credentials.Kept(source, lambda: now)
    kept(soon())
    now += 500
    assert kept(soon()).access_key == "A"
    now += 100
    with pytest.raises(AwsError, match="down"):
        kept(soon())


def test_threads_that_wait_for_a_request_share_its_failure() -> None:
    waiting, go_on = threading.Semaphore(0), threading.Event()
    requests, failures = [], []

    def source(deadline: float) -> Credentials:
        requests.append(deadline)
        go_on.wait(PATIENCE_SECONDS)
        raise AwsError("AssumeRole", "AccessDenied", status=403)

    kept = credentials.Kept(source, lambda: NOW)

    def ask() -> None:
        try:
            kept(Deadline(soon(), waiting))
        except AwsError as error:
            failures.append(error.code)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert all(waiting.acquire(timeout=PATIENCE_SECONDS) for _ in threads)
    go_on.set()
    for thread in threads:
        thread.join()
    assert failures == ["AccessDenied"] * 5
    assert len(requests) == 1
    with pytest.raises(AwsError):
        kept(soon())
    assert len(requests) == 2  # a later caller asks again


def test_a_thread_that_waits_for_a_request_keeps_its_own_deadline() -> None:
    go_on, asked = threading.Event(), threading.Event()

    def source(_: float) -> Credentials:
        asked.set()
        go_on.wait(PATIENCE_SECONDS)
        return Credentials("A", "s")

    kept = credentials.Kept(source, lambda: NOW)
    thread = threading.Thread(target=kept, args=(soon(),))
    thread.start()
    assert asked.wait(PATIENCE_SECONDS)
    with pytest.raises(AwsError, match="no credentials in time"):
        kept(time.monotonic() + 0.05)
    go_on.set()
    thread.join()


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.com/",
        "http://127.evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://169.254.169.254/",
        "http://169.254.170.2@evil.example/",
        "http://10.0.0.1/",
    ],
)
def test_the_token_goes_over_plain_http_to_this_host_only(transport: Transport, uri: str) -> None:
    with pytest.raises(AwsError, match="expected https, or http to this host") as caught:
        find({credentials.FULL_URI: uri, credentials.AUTHORIZATION: "canary"}, transport)
    assert caught.value.code == NO_CREDENTIALS
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("relative", ["@evil.example/", ".evil.example/x", ":99999/"])
def test_a_relative_uri_cannot_name_another_host(transport: Transport, relative: str) -> None:
    with pytest.raises(AwsError, match=credentials.RELATIVE_URI):
        find({credentials.RELATIVE_URI: relative}, transport)


@pytest.mark.parametrize("uri", ["here", "http://127.0.0.1:x/", "http://", "ftp://127.0.0.1"])
def test_an_invalid_uri_is_named(transport: Transport, uri: str) -> None:
    with pytest.raises(AwsError, match=f"{credentials.FULL_URI}: expected a URL"):
        find({credentials.FULL_URI: uri}, transport)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"canary",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"code": "NotFound", "message": "canary"}',
        b'{"AccessKeyId": "canary"}',
        b'{"AccessKeyId": "canary", "SecretAccessKey": null}',
        b'{"AccessKeyId": "canary", "SecretAccessKey": ""}',
        b'{"AccessKeyId": "canary", "SecretAccessKey": "b", "Token": 5}',
        b'{"AccessKeyId": "canary", "SecretAccessKey": "b", "Expiration": "canary"}',
        b'{"AccessKeyId": "canary", "SecretAccessKey": "b", "Expiration": 5}',
    ],
)
def test_a_response_without_credentials_is_not_quoted_in_the_error(
    transport: Transport, body: bytes
) -> None:
    with (
        RawServer(ok(body)) as server,
        pytest.raises(AwsError, match="answered 200 without credentials") as caught,
    ):
        find({credentials.FULL_URI: server.url}, transport)
    assert "canary" not in str(caught.value)
    assert not caught.value.is_transient


def test_an_endpoint_that_is_down_for_a_moment_is_worth_another_try(transport: Transport) -> None:
    with (
        RawServer(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n") as server,
        pytest.raises(AwsError, match="answered 503") as caught,
    ):
        find({credentials.FULL_URI: server.url}, transport)
    assert caught.value.is_transient
    with socket.socket() as bound:  # without listening, and no other process can take its port
        bound.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(AwsError, match="no credentials from the container endpoint:") as caught:
            find({credentials.FULL_URI: uri}, transport)
    assert caught.value.is_transient


def test_an_endpoint_that_hangs_holds_no_caller_longer_than_the_deadline(
    transport: Transport,
) -> None:
    with RawServer(hang) as server:
        own = credentials.own({credentials.FULL_URI: server.url}, transport, time.time)
        # The server would close after half a minute, which would be another error.
        with pytest.raises(AwsError, match="in time"):
            own(time.monotonic() + 0.2)


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_token_file_that_cannot_be_read_is_named(
    transport: Transport, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "token"
    if content:
        file.write_bytes(content)
    uri = "http://127.0.0.1:1"
    environ = {credentials.FULL_URI: uri, credentials.AUTHORIZATION_FILE: str(file)}
    with pytest.raises(AwsError, match=credentials.AUTHORIZATION_FILE):
        find(environ, transport)


def test_a_token_cannot_add_a_header(transport: Transport) -> None:
    uri = "http://127.0.0.1:1"
    environ = {credentials.FULL_URI: uri, credentials.AUTHORIZATION: "canary\r\nx: y"}
    with pytest.raises(AwsError, match="authorization contains characters") as caught:
        find(environ, transport)
    assert "canary" not in str(caught.value)
    assert not caught.value.is_transient


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.000Z",
        "2026-01-02T04:04:05+01:00",
        "2026-01-02T03:04:05",
    ],
)
def test_dates_are_iso_8601(text: str) -> None:
    assert credentials.unix_seconds(text) == NOW


def test_a_role_whose_end_is_not_a_date_is_refused() -> None:
    fields = {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c", "Expiration": "soon"}
    with pytest.raises(AwsError, match="Expiration is not a date"):
        credentials.of_role(fields)
