"""A proxy that terminates TLS in front of the fake AWS and forwards calls, unless a fault is on."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

from .certificates import HOST, context
from .exchange import LONGEST_SECONDS, Exchange, OverError, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


class Proxy:
    """Listens for TLS on 127.0.0.1.

    Args:
        port: the fake AWS's port.
        on_call: what the fault does to a call.
        on_connect: what it does to a connection before TLS; returns False to end the connection.
        certificate: see `context`.
        sources: the sources whose calls meet the fault.

    Attributes:
        is_faulty: whether the fault is on.
        calls: source and operation of each call.
        connections: the number of connections.
    """

    def __init__(
        self,
        port: int,
        on_call: Callable[[Exchange], None] | None = None,
        on_connect: Callable[[socket.socket, threading.Event], bool] | None = None,
        certificate: str = "good",
        sources: Collection[str] = (),
    ) -> None:
        self.is_faulty = True
        self.stopping = threading.Event()
        self.calls: list[tuple[str, str]] = []
        self.connections = 0
        self._upstream = port
        self._on_call = on_call
        self._on_connect = on_connect
        self._certificate = certificate
        self._faulty = frozenset(sources)
        self._sources: dict[str, str] = {}  # by token
        self._responses: dict[tuple[str, str], Response] = {}
        self._first_at = 0.0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.port = 0
        self._listener = socket.socket()
        self._filling: list[socket.socket] = []
        self.listen("proxy")

    def __enter__(self) -> Self:
        return self

    def listen(self, kind: str) -> None:
        """Serve the port with the `proxy`, with nothing (`closed`) or with a `full` queue."""
        self._unlisten()
        if kind == "proxy":
            self._listener = socket.create_server((HOST, self.port), backlog=64)
            self.port = self._listener.getsockname()[1]
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        elif kind == "full":
            self._listener = socket.create_server((HOST, self.port), backlog=0)
            self._fill()

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._unlisten()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def remembered_response(self, call: Exchange) -> Response:
        """The fake AWS's response to the first call like this one."""
        key = (call.source, call.operation)
        if key not in self._responses:
            self._responses[key] = call.fresh_response()
        return self._responses[key]

    def forward(self, request: bytes, source: str) -> Response:
        """The fake AWS's response to `request`."""
        with socket.create_connection((HOST, self._upstream), timeout=LONGEST_SECONDS) as upstream:
            upstream.sendall(request)
            response = Response(*read(upstream))
        token = re.search(rb"(?i)next-poll-configuration-token: (\S+)", response.head)
        if token:
            self._sources[token[1].decode()] = source
        elif b"InitialConfigurationToken" in response.body:
            self._sources[json.loads(response.body)["InitialConfigurationToken"]] = source
        return response

    def _unlisten(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for one in (self._listener, *self._filling):
            one.close()
        self._filling.clear()

    def _fill(self) -> None:
        """Connect until the backlog is full."""
        for _ in range(64):
            one = socket.socket()
            one.settimeout(0.05)
            self._filling.append(one)
            try:
                one.connect((HOST, self.port))
            except TimeoutError:
                return
        raise OverError

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        inner = connection
        try:
            on_connect = self._on_connect if self.is_faulty else None
            if on_connect and not on_connect(connection, self.stopping):
                return
            connection.settimeout(LONGEST_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            certificate = self._certificate if self.is_faulty else "good"
            inner = context(certificate).wrap_socket(connection, server_side=True)
            with self._lock:
                self._open.add(inner)
            while request := b"".join(read(inner)):
                self._reply(inner, request)
        except (OSError, OverError):
            pass
        finally:
            with self._lock:
                self._open -= {connection, inner}
            inner.close()
            connection.close()

    def _reply(self, connection: socket.socket, request: bytes) -> None:
        operation, source = self._identify(request)
        exchange = Exchange(self, connection, request, operation, source)
        with self._lock:
            self.calls.append((source, operation))
        # One profile fails to open a session; the other fails to be read in an open session.
        is_opening = (source, operation) == ("poll", "StartConfigurationSession")
        is_spared = is_opening or source not in self._faulty
        if not self._on_call or not self.is_faulty or is_spared:
            exchange.pass_on()
            return
        with self._lock:
            self._first_at = self._first_at or exchange.first_at
            exchange.first_at = self._first_at
        self._on_call(exchange)

    def _identify(self, request: bytes) -> tuple[str, str]:
        head, _, body = request.partition(b"\r\n\r\n")
        if target := re.search(rb"(?i)x-amz-target: \w+\.(\w+)", head):
            operation = target[1].decode()
            by_operation = {"GetParametersByPath": "path", "GetParameters": "name"}
            return operation, by_operation.get(operation, "secret")
        if body:
            profile: str = json.loads(body)["ConfigurationProfileIdentifier"]
            return "StartConfigurationSession", profile
        token = re.search(rb"configuration_token=(\S+)", head)
        assert token is not None
        return "GetLatestConfiguration", self._sources[unquote(token[1].decode())]


def read(connection: socket.socket) -> tuple[bytes, bytes]:
    """The head, including the empty line, and the body of one message; empty at end of stream."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b"", b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        more = connection.recv(65536)
        if not more:
            raise OverError
        body += more
    return head + b"\r\n\r\n", body
