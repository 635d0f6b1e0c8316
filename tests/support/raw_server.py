"""A server below HTTP: it reads requests and sends the bytes it was given, valid or not."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl

HOST = "127.0.0.1"
Response = bytes | Callable[[socket.socket], None]


def hang(connection: socket.socket) -> None:
    """Send nothing until the client has disconnected."""
    connection.settimeout(30)
    connection.recv(1)


def then_close(response: bytes) -> Callable[[socket.socket], None]:
    """Return a function that sends `response` and closes the connection."""

    def send(connection: socket.socket) -> None:
        connection.sendall(response)
        connection.shutdown(socket.SHUT_RDWR)

    return send


def ok(body: bytes = b"", *headers: str) -> bytes:
    """Build a response with status 200."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class RawServer:
    """Sends the responses in order, then the last one repeatedly, across all connections."""

    def __init__(self, *responses: Response, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = self.closed = 0
        self._responses = list(responses)
        self._context = context
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if context else ''}://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            for one in (self._listener, *self._open):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            while request := _read(connection):
                with self._lock:
                    self.requests.append(request)
                    response = (
                        self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]
                    )
                if callable(response):
                    response(connection)
                else:
                    connection.sendall(response)
        except OSError:
            pass
        finally:
            connection.close()
            with self._lock:
                self.closed += 1


def _read(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line[15:])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
