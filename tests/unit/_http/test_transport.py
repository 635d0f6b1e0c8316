"""The transport: connections that are reused, proxies, certificates."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from appconfig_env._http.transport import Transport, TransportError, Url

from ...support.life import eventually
from ...support.raw_server import RawServer, hang, ok, then_close
from ...support.threads import together
from .calls import send, server_context

if TYPE_CHECKING:
    from pathlib import Path

    import trustme


def test_a_request_is_sent_unchanged(transport: Transport) -> None:
    with RawServer(ok()) as server:
        send(transport, server)
        url = Url(server.url)
        transport.send(url, "GET", "/a%2Fb?c=d", {"host": "h", "x-y": "z"}, b"", timeout=30)
    first, second = server.requests
    host = server.url.removeprefix("http://")
    assert first == f"POST /path HTTP/1.1\r\nhost: {host}\r\ncontent-length: 4\r\n\r\nbody".encode()
    assert second == b"GET /a%2Fb?c=d HTTP/1.1\r\nhost: h\r\nx-y: z\r\n\r\n"


def test_connections_are_reused_until_close(transport: Transport) -> None:
    with RawServer(ok(b"a")) as server:
        for _ in range(3):
            send(transport, server)
        assert server.connections == 1
        transport.close()
        send(transport, server)
        assert server.connections == 2


@pytest.mark.parametrize(
    "response",
    [
        ok(b"a", "Connection: close"),
        ok(b"a", "Connection: Keep-Alive, Close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
        ok(b"a") + b"\r\n",
    ],
)
def test_a_connection_that_is_closing_or_has_more_bytes_is_not_reused(
    transport: Transport, response: bytes
) -> None:
    with RawServer(response) as server:
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


def test_if_the_server_closed_one_idle_connection_no_other_is_reused(transport: Transport) -> None:
    both = threading.Barrier(2, timeout=30)

    def respond_together_and_close(connection: socket.socket) -> None:
        both.wait()
        then_close(ok(b"a"))(connection)

    with RawServer(respond_together_and_close, respond_together_and_close, ok(b"b")) as server:
        together(lambda: send(transport, server), 2)
        eventually(lambda: server.closed == 2)
        with pytest.raises(TransportError):
            send(transport, server)
        assert send(transport, server).body == b"b"


def test_a_response_after_close_leaves_no_connection_open(transport: Transport) -> None:
    requested, released = threading.Event(), threading.Event()

    def response(connection: socket.socket) -> None:
        requested.set()
        released.wait(30)
        connection.sendall(ok(b"a"))

    with RawServer(response) as server:
        thread = threading.Thread(target=send, args=(transport, server))
        thread.start()
        assert requested.wait(30)
        transport.close()
        released.set()
        thread.join()
        send(transport, server)
        assert server.connections == 2


def test_threads_share_a_transport(transport: Transport) -> None:
    with RawServer(ok(b"a")) as server:
        bodies = together(lambda: [send(transport, server).body for _ in range(20)], 8)
        assert server.connections <= 8
    assert bodies == [[b"a"] * 20] * 8


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\0", "grün"])
def test_a_header_value_cannot_inject_a_header(transport: Transport, value: str) -> None:
    with (
        RawServer(ok()) as server,
        pytest.raises(
            TransportError, match=r"^x-a contains characters that HTTP does not allow; remove them$"
        ) as caught,
    ):
        transport.send(Url(server.url), "GET", "/", {"x-a": value}, b"", timeout=30)
    assert caught.value.is_final
    assert server.connections == 0


def test_tls_needs_a_trusted_certificate(transport: Transport, authority: trustme.CA) -> None:
    with (
        RawServer(ok(), context=server_context(authority, "127.0.0.1")) as server,
        pytest.raises(
            TransportError,
            match=r"^no TLS with .* \(certificate not accepted: [^;()]+\); check AWS_CA_BUNDLE, ",
        ) as caught,
    ):
        send(transport, server)
    assert caught.value.is_final


def test_a_server_without_tls_is_an_error_that_ends_in_what_to_check(transport: Transport) -> None:
    def respond_in_plain_text() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=respond_in_plain_text)
        thread.start()
        url = Url(f"https://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(
            TransportError,
            match=r"^no TLS with .* \(the server did not answer with TLS\); check the endpoint",
        ):
            transport.send(url, "GET", "/", {}, b"", timeout=30)
        thread.join()


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
        response = transport.send(url, "GET", "/x?y", {"host": url.authority}, b"", timeout=30)
        transport.close()
    assert response.body == b"a"
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
    response = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with (
        RawServer(response) as proxy,
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
            response = transport.send(
                Url(server.url), "GET", "/", {"host": "h"}, b"", timeout=30, direct=direct
            )
            assert response.body == body
        transport.close()
    assert (proxy.connections, server.connections) == (1, 1)
