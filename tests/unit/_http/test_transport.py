"""The transport with misbehaving servers: a complete response, or an error in time."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import trustme

from appconfig_env._http.connection import LARGEST_BODY_BYTES
from appconfig_env._http.transport import Transport, TransportError, Url

from ...support.life import eventually
from ...support.raw_server import Answer, RawServer, hang, ok, then_close

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from appconfig_env._http.messages import HttpResponse

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def transport() -> Iterator[Transport]:
    transport = Transport()
    yield transport
    transport.close()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def send(transport: Transport, server: RawServer, timeout: float = 30.0) -> HttpResponse:
    url = Url(server.url)
    return transport.send(url, "POST", "/path", {"host": url.authority}, b"body", timeout=timeout)


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def in_steps(*parts: bytes, pause: float = 0.02) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)

    return answer


def byte_by_byte_forever(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def test_a_request_is_sent_unchanged(transport: Transport) -> None:
    with RawServer(ok()) as server:
        send(transport, server)
        url = Url(server.url)
        transport.send(url, "GET", "/a%2Fb?c=d", {"host": "h", "x-y": "z"}, b"", timeout=30)
    first, second = server.requests
    host = server.url.removeprefix("http://")
    assert first == f"POST /path HTTP/1.1\r\nhost: {host}\r\ncontent-length: 4\r\n\r\nbody".encode()
    assert second == b"GET /a%2Fb?c=d HTTP/1.1\r\nhost: h\r\nx-y: z\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "status", "body"),
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
    transport: Transport, answer: Answer, status: int, body: bytes
) -> None:
    with RawServer(answer) as server:
        response = send(transport, server)
    assert (response.status, response.body) == (status, body)


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
    "answer",
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
def test_a_response_that_violates_http_is_an_error(transport: Transport, answer: bytes) -> None:
    with (
        RawServer(answer) as server,
        pytest.raises(
            TransportError, match=r"sent .*; a proxy or gateway may have answered instead of AWS$"
        ),
    ):
        send(transport, server)


@pytest.mark.parametrize(
    "answer",
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
    transport: Transport, answer: bytes
) -> None:
    with (
        RawServer(then_close(answer)) as server,
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
    "answer", [hang, byte_by_byte_forever, in_steps(b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 1500)]
)
def test_the_deadline_holds_however_slowly_the_bytes_arrive(
    transport: Transport, answer: Answer
) -> None:
    # No measured times, which a busy machine distorts: a call with a later deadline still waits.
    with ThreadPoolExecutor(1) as pool, RawServer(answer) as server:
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


def test_the_next_address_is_tried_if_the_first_refuses(transport: Transport) -> None:
    with RawServer(ok(b"a")) as server:  # on 127.0.0.1, where localhost may be ::1 as well
        url = Url(f"http://localhost:{server.port}")
        answer = transport.send(url, "GET", "/", {"host": url.authority}, b"", timeout=30)
    assert answer.body == b"a"


def test_the_deadline_holds_during_a_tls_handshake(transport: Transport) -> None:
    with RawServer(hang) as server:
        url = Url(server.url.replace("http:", "https:"))
        # The server closes after half a minute, which would be another error. On a busy machine the
        # time may be over before the handshake begins.
        with pytest.raises(
            TransportError, match=r"no TLS with 127\.0\.0\.1 \(timed out\)|no response .* in time"
        ):
            transport.send(url, "GET", "/", {"host": "h"}, b"", timeout=0.1)


def test_with_no_time_left_no_connection_is_opened(transport: Transport) -> None:
    with RawServer(ok()) as server, pytest.raises(TransportError, match="in time"):
        send(transport, server, timeout=0)
    assert server.connections == 0


def test_a_refused_connection_is_an_error_that_names_the_address(transport: Transport) -> None:
    with RawServer(ok()) as server:
        pass
    with pytest.raises(TransportError, match=f"no connection to 127.0.0.1:{server.port}") as caught:
        send(transport, server)
    assert not caught.value.is_final


def test_a_host_without_an_address_is_an_error(transport: Transport) -> None:
    with pytest.raises(TransportError, match="no address for"):
        transport.send(Url("http://a..b"), "GET", "/", {"host": "h"}, b"", timeout=1)


def test_connections_are_reused_until_close(transport: Transport) -> None:
    with RawServer(ok(b"a")) as server:
        for _ in range(3):
            send(transport, server)
        assert server.connections == 1
        transport.close()
        send(transport, server)
        assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"a", "Connection: close"),
        ok(b"a", "Connection: Keep-Alive, Close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
        ok(b"a") + b"\r\n",
    ],
)
def test_a_connection_that_is_closing_or_has_more_bytes_is_not_reused(
    transport: Transport, answer: bytes
) -> None:
    with RawServer(answer) as server:
        for _ in range(2):
            assert send(transport, server).body == b"a"
        assert server.connections == 2


def test_an_idle_connection_that_the_server_closed_is_an_error_once(transport: Transport) -> None:
    with RawServer(then_close(ok(b"a")), ok(b"b")) as server:
        send(transport, server)
        eventually(lambda: server.closed)
        with pytest.raises(TransportError) as caught:
            send(transport, server)
        assert not caught.value.is_final
        assert send(transport, server).body == b"b"


def test_a_response_after_close_leaves_no_connection_open(transport: Transport) -> None:
    requested, released = threading.Event(), threading.Event()

    def answer(connection: socket.socket) -> None:
        requested.set()
        released.wait(30)
        connection.sendall(ok(b"a"))

    with RawServer(answer) as server:
        thread = threading.Thread(target=send, args=(transport, server))
        thread.start()
        assert requested.wait(30)
        transport.close()
        released.set()
        thread.join()
        send(transport, server)
        assert server.connections == 2


def test_threads_share_a_transport(transport: Transport) -> None:
    bodies: list[bytes] = []
    with RawServer(ok(b"a")) as server:

        def work() -> None:
            bodies.extend(send(transport, server).body for _ in range(20))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.connections <= 8
    assert bodies == [b"a"] * 160


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\0", "grün"])
def test_a_header_value_cannot_inject_a_header(transport: Transport, value: str) -> None:
    with (
        RawServer(ok()) as server,
        pytest.raises(
            TransportError, match=r"^x-a contains characters that HTTP does not allow$"
        ) as caught,
    ):
        transport.send(Url(server.url), "GET", "/", {"x-a": value}, b"", timeout=30)
    assert caught.value.is_final
    assert server.connections == 0


def test_tls_needs_a_trusted_certificate(transport: Transport, authority: trustme.CA) -> None:
    with (
        RawServer(ok(), context=server_context(authority, "127.0.0.1")) as server,
        pytest.raises(TransportError, match=r"certificate not accepted.*AWS_CA_BUNDLE") as caught,
    ):
        send(transport, server)
    assert caught.value.is_final


def test_tls_needs_a_certificate_of_the_host(authority: trustme.CA, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    transport = Transport(ca_bundle=str(bundle))
    with (
        RawServer(ok(b"a"), context=server_context(authority, "example.com")) as server,
        pytest.raises(TransportError, match="certificate not accepted"),
    ):
        send(transport, server)
    with RawServer(ok(b"a"), context=server_context(authority, "127.0.0.1")) as server:
        assert send(transport, server).body == b"a"
        transport.close()


def test_a_body_cut_off_inside_tls_is_an_error(authority: trustme.CA, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    # No close_notify of TLS, as if an attacker had cut the connection.
    answer = then_close(b"HTTP/1.1 200 OK\r\n\r\nonly the first ha")
    with (
        RawServer(answer, context=server_context(authority, "127.0.0.1")) as server,
        pytest.raises(TransportError, match="broke"),
    ):
        send(Transport(ca_bundle=str(bundle)), server)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_bundle_without_certificates_is_an_error_that_names_it(
    tmp_path: Path, content: str | None
) -> None:
    bundle = tmp_path / "ca.pem"
    if content:
        bundle.write_text(content)
    with RawServer(hang) as server:
        url = Url(server.url.replace("http:", "https:"))
        with pytest.raises(
            TransportError, match=r"^AWS_CA_BUNDLE: no certificates in .*ca\.pem"
        ) as caught:
            Transport(ca_bundle=str(bundle)).send(url, "GET", "/", {"host": "h"}, b"", timeout=30)
    assert caught.value.is_final


def test_a_proxy_receives_the_whole_url_and_its_headers() -> None:
    with RawServer(ok(b"a")) as proxy:
        transport = Transport(
            proxy_url=proxy.url.replace("//", "//me:p%40ss@"), proxy_headers=(("X-Who", "us"),)
        )
        url = Url("http://aws.example:8080")
        answer = transport.send(url, "GET", "/x?y", {"host": url.authority}, b"", timeout=30)
        transport.close()
    assert answer.body == b"a"
    assert proxy.requests == [
        (
            b"GET http://aws.example:8080/x?y HTTP/1.1\r\nhost: aws.example:8080\r\n"
            b"X-Who: us\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n"
        )
    ]


def test_a_configured_header_wins_over_the_password_in_the_proxy_url() -> None:
    headers = (("Proxy-Authorization", "Bearer t"),)
    with RawServer(ok()) as proxy:
        transport = Transport(proxy_url=proxy.url.replace("//", "//me:you@"), proxy_headers=headers)
        transport.send(Url("http://aws.example"), "GET", "/", {"host": "h"}, b"", timeout=30)
        transport.close()
    assert proxy.requests[0].count(b"roxy-") == 1
    assert b"Proxy-Authorization: Bearer t\r\n" in proxy.requests[0]


@pytest.mark.parametrize("url", ["https://aws.example", "http://aws.example"])
def test_a_proxy_that_requires_a_password_is_a_final_error(url: str) -> None:
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with (
        RawServer(answer) as proxy,
        pytest.raises(TransportError, match="answered 407; set its password in ") as caught,
    ):
        Transport(proxy_url=proxy.url).send(Url(url), "GET", "/", {"host": "h"}, b"", timeout=30)
    assert caught.value.is_final


@pytest.mark.parametrize(("status", "is_final"), [(403, True), (502, False), (429, False)])
def test_a_refused_tunnel_is_an_error_with_the_proxys_status(status: int, is_final: bool) -> None:
    with RawServer(b"HTTP/1.1 %d x\r\n\r\n" % status) as proxy:
        transport = Transport(proxy_url=proxy.url)
        with pytest.raises(TransportError, match=f"proxy .* answered {status}") as caught:
            transport.send(Url("https://a"), "GET", "/", {"host": "h"}, b"", timeout=30)
    assert caught.value.is_final is is_final
    assert proxy.requests == [b"CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n"]


def test_a_proxy_cannot_inject_a_response_before_tls() -> None:
    with RawServer(b"HTTP/1.1 200 OK\r\n\r\n" + ok(b"forged")) as proxy:
        transport = Transport(proxy_url=proxy.url)
        with pytest.raises(TransportError, match="more than a response to CONNECT"):
            transport.send(Url("https://a"), "GET", "/", {"host": "h"}, b"", timeout=30)


def test_direct_requests_bypass_the_proxy() -> None:
    with RawServer(ok(b"proxy")) as proxy, RawServer(ok(b"server")) as server:
        transport = Transport(proxy_url=proxy.url)
        for direct, body in ((True, b"server"), (False, b"proxy"), (True, b"server")):
            answer = transport.send(
                Url(server.url), "GET", "/", {"host": "h"}, b"", timeout=30, direct=direct
            )
            assert answer.body == body
        transport.close()
    assert (proxy.connections, server.connections) == (1, 1)
