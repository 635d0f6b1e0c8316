"""One connection to misbehaving servers: a complete response, or an error in time."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from appconfig_env._http.connection import LARGEST_BODY_BYTES
from appconfig_env._http.transport import Transport, TransportError, Url

from ...support.life import eventually
from ...support.raw_server import RawServer, Response, hang, ok, then_close
from .calls import send, server_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import trustme


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def in_steps(*parts: bytes, pause: float = 0.02) -> Callable[[socket.socket], None]:
    def response(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)

    return response


def byte_by_byte_forever(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("response", "status", "body"),
    [
        (ok(b"hello"), 200, b"hello"),
        (ok(), 200, b""),
        (b"HTTP/1.1 404\r\nContent-Length: 2\r\n\r\nno", 404, b"no"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, b""),
        (CHUNKED + b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", 200, b"hello world"),
        (CHUNKED + b"A \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", 200, b"0123456789"),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok(b"a"),
            200,
            b"a",
        ),
        (then_close(b"HTTP/1.1 200 OK\r\n\r\nuntil the end"), 200, b"until the end"),
        (then_close(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab"), 200, b"ab"),
        (in_steps(*(bytes([byte]) for byte in ok(b"hello")), pause=0.001), 200, b"hello"),
        (
            in_steps(CHUNKED + b"1", b"0\r", b"\n0123456789", b"abcdef\r", b"\n0\r\n", b"\r\n"),
            200,
            b"0123456789abcdef",
        ),
    ],
)
def test_a_response_is_read_completely(
    transport: Transport, response: Response, status: int, body: bytes
) -> None:
    with RawServer(response) as server:
        found = send(transport, server)
    assert (found.status, found.body) == (status, body)


def test_a_large_response_is_read_completely(transport: Transport) -> None:
    body = bytes(range(256)) * 16384
    with RawServer(ok(body)) as server:
        assert send(transport, server).body == body


def test_header_names_are_in_lower_case_and_repeated_headers_are_joined(
    transport: Transport,
) -> None:
    with RawServer(ok(b"", "X-Amzn-RequestId:  1 ", "Via: a", "VIA: b")) as server:
        headers = send(transport, server).headers
    assert headers["x-amzn-requestid"] == "1"
    assert headers["via"] == "a, b"


@pytest.mark.parametrize(
    "response",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 2000\r\n\r\n",
        b"HTTP/1.1 099 Low\r\n\r\n",
        b"HTTP/1.1 \xb2\xb2\xb2 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: a\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: a\0\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n" % (b"9" * 5000),
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LARGEST_BODY_BYTES + 1),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
        ok(b"half a") + b" document",
        ok(b"a") + b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled",
        CHUNKED + b"hello\r\n",
        CHUNKED + b"\r\n",
        CHUNKED + b"-1\r\n",
        CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n",
        CHUNKED + b"fffffffff\r\n",
        CHUNKED + b"7fffffff\r\n",
        CHUNKED + b"3\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"1" * 70_000,
        CHUNKED + b"0\r\n" + b"X: y\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\n" + b"X-Flood: yes\r\n" * 10_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
)
def test_a_response_that_violates_http_is_an_error(transport: Transport, response: bytes) -> None:
    with (
        RawServer(response) as server,
        pytest.raises(
            TransportError,
            match=r"sent .*; a proxy or gateway may have answered instead of AWS; check",
        ),
    ):
        send(transport, server)


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        CHUNKED,
        CHUNKED + b"5\r\nhel",
        CHUNKED + b"5\r\nhello\r\n",
    ],
)
def test_a_connection_that_closes_before_the_end_of_the_response_is_an_error(
    transport: Transport, response: bytes
) -> None:
    with (
        RawServer(then_close(response)) as server,
        pytest.raises(
            TransportError, match="closed the connection before the response was complete"
        ),
    ):
        send(transport, server)


def test_a_body_without_a_length_is_limited(transport: Transport) -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with RawServer(flood) as server, pytest.raises(TransportError, match="too large"):
        send(transport, server, timeout=20)


@pytest.mark.parametrize(
    "response",
    [hang, byte_by_byte_forever, in_steps(b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 1500)],
)
def test_the_deadline_holds_however_slowly_the_bytes_arrive(
    transport: Transport, response: Response
) -> None:
    # No measured times, which a busy machine distorts: a call with a later deadline still waits.
    with ThreadPoolExecutor(1) as pool, RawServer(response) as server:
        longer = pool.submit(send, transport, server)
        eventually(lambda: server.requests)
        with pytest.raises(TransportError, match="in time"):
            send(transport, server, timeout=0.1)
        assert not longer.done()
    assert longer.exception() is not None


def test_the_deadline_holds_while_a_server_reads_nothing(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = Url(f"http://127.0.0.1:{listener.getsockname()[1]}")
        body = b"x" * 30_000_000
        # The server never reads, so that only the deadline can end the call.
        with pytest.raises(
            TransportError, match=r"did not accept the request \(timed out\)|in time"
        ):
            transport.send(url, "POST", "/", {"host": "h"}, body, timeout=0.2)


def test_the_deadline_holds_during_a_tls_handshake(transport: Transport) -> None:
    with RawServer(hang) as server:
        url = Url(server.url.replace("http:", "https:"))
        # The server closes after half a minute, which would be another error. On a busy machine the
        # time may be over before the handshake begins.
        with pytest.raises(
            TransportError, match=r"no TLS with 127\.0\.0\.1 \(timed out\)|no response .* in time"
        ):
            transport.send(url, "GET", "/", {"host": "h"}, b"", timeout=0.1)


def test_a_body_cut_off_inside_tls_is_an_error(authority: trustme.CA, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    # No close_notify of TLS, as if an attacker had cut the connection.
    response = then_close(b"HTTP/1.1 200 OK\r\n\r\nonly the first ha")
    with (
        RawServer(response, context=server_context(authority, "127.0.0.1")) as server,
        pytest.raises(TransportError, match="broke"),
    ):
        send(Transport(ca_bundle=str(bundle)), server)
