"""Connecting: addresses, deadlines, and the errors that name them."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

import pytest

from appconfig_env._http.sockets import dial
from appconfig_env._http.transport import Transport, TransportError, Url

from ...support.raw_server import RawServer, ok
from .calls import send


def test_the_next_address_is_tried_if_the_first_refuses(transport: Transport) -> None:
    with RawServer(ok(b"a")) as server:  # on 127.0.0.1, where localhost may be ::1 as well
        url = Url(f"http://localhost:{server.port}")
        response = transport.send(url, "GET", "/", {"host": url.authority}, b"", timeout=30)
    assert response.body == b"a"


def silent_address(stack: ExitStack) -> tuple[str, int]:
    """An address that accepts no connection and does not refuse one either."""
    silent = stack.enter_context(socket.socket())
    silent.bind(("127.0.0.1", 0))
    silent.listen(0)
    for _ in range(4):  # then its queue is full
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(silent.getsockname())
    name: tuple[str, int] = silent.getsockname()
    return name


def test_the_address_that_accepted_the_last_connection_is_tried_first() -> None:
    with ExitStack() as stack, RawServer(ok(b"a", "Connection: close")) as server:
        names = [silent_address(stack), ("127.0.0.1", server.port)]
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", name) for name in names]
        transport = Transport(addresses=lambda _host, _port: addresses)
        url = Url("http://aws.example")

        def seconds(timeout: float) -> float:
            began = time.monotonic()
            response = transport.send(url, "GET", "/", {"host": "h"}, b"", timeout=timeout)
            assert response.body == b"a"
            return time.monotonic() - began

        assert seconds(2) >= 1, "half of the time is for the silent one"
        assert max(seconds(60), seconds(60)) < 30, "it is tried no more"
    assert server.connections == 3


def test_an_address_that_refuses_leaves_its_share_of_the_time_to_the_others() -> None:
    with ExitStack() as stack:

        def bound() -> socket.socket:
            one = stack.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            return one

        refusing, silent = bound(), bound()
        silent.listen(0)
        for _ in range(4):  # then its queue is full, and it answers no other connection
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(silent.getsockname())
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", one.getsockname())
            for one in (refusing, silent)
        ]
        began = time.monotonic()
        with pytest.raises(TransportError, match=r"^no connection to AWS \(timed out\)$"):
            dial(addresses, "AWS", began + 0.4)
        assert time.monotonic() - began > 0.3


def test_with_no_time_left_no_connection_is_opened(transport: Transport) -> None:
    with RawServer(ok()) as server, pytest.raises(TransportError, match="in time"):
        send(transport, server, timeout=0)
    assert server.connections == 0


def test_a_refused_connection_is_an_error_that_names_the_address(transport: Transport) -> None:
    with socket.socket() as bound:  # without listening, and no other process can take its port
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(TransportError, match=f"no connection to 127.0.0.1:{port} ") as caught:
            transport.send(Url(f"http://127.0.0.1:{port}"), "GET", "/", {}, b"", timeout=30)
    assert not caught.value.is_final


def test_a_host_without_an_address_is_an_error(transport: Transport) -> None:
    with pytest.raises(TransportError, match="no address for"):
        transport.send(Url("http://a..b"), "GET", "/", {"host": "h"}, b"", timeout=1)
