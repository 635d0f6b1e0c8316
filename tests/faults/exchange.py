"""One call as the proxy sees it, and everything that a fault can do to it."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .proxy import Proxy

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset
LONGEST_SECONDS = 60.0  # no client waits longer for a silent proxy


class OverError(Exception):
    """The connection cannot be used any longer."""


class Response(NamedTuple):
    """AWS's response: status line and headers, and the body."""

    head: bytes
    body: bytes

    def with_body(self, body: bytes) -> Response:
        """The same response with another body of the right length."""
        length = f"Content-Length: {len(body)}".encode()
        return Response(re.sub(rb"(?i)content-length: \d+", length, self.head), body)

    def without_length(self, *headers: str) -> bytes:
        """The head with `headers` in place of the length."""
        lines = "\r\n".join(headers).encode()
        return re.sub(rb"(?i)content-length: \d+", lines, self.head)


class Exchange:
    """One request that a fault may answer.

    Attributes:
        request: as received.
        operation: the name of the AWS operation.
        source: the source that the call is for: `session`, `poll`, `path`, `name` or `secret`.
        number: the number of earlier calls of this operation for this source.
        first_at: when the first call that met the fault arrived, by `time.monotonic`.
    """

    def __init__(
        self, proxy: Proxy, connection: socket.socket, request: bytes, operation: str, source: str
    ) -> None:
        self.request = request
        self.operation = operation
        self.source = source
        self.number = proxy.calls.count((source, operation))
        self.first_at = time.monotonic()
        self._proxy = proxy
        self._connection = connection

    def response(self) -> Response:
        """AWS's response to this call or an earlier one like it: good enough to be corrupted."""
        return self._proxy.remembered_response(self)

    def fresh_response(self) -> Response:
        """AWS's response to this call."""
        return self._proxy.forward(self.request, self.source)

    def pass_on(self) -> None:
        """Send AWS's response to the client."""
        self.send(b"".join(self.fresh_response()))

    def send(self, data: bytes) -> None:
        """Send bytes, valid or not."""
        self._connection.sendall(data)

    def drip(self, data: bytes, seconds: float = 0.1) -> None:
        """Send one byte every `seconds`."""
        for byte in data:
            self.send(bytes([byte]))
            self.sleep(seconds)

    def sleep(self, seconds: float = LONGEST_SECONDS) -> None:
        """Wait, but no longer than the proxy runs."""
        if self._proxy.stopping.wait(seconds):
            raise OverError

    def wait_until_read(self) -> None:
        """Wait until the client has read everything sent: a reset discards unread bytes."""
        here = _as_in_proc(*self._connection.getsockname())
        there = _as_in_proc(*self._connection.getpeername())
        # The sizes of the client's queues, in hexadecimal; the second one is of unread bytes.
        queues = re.compile(rf"{there} {here} \w\w \w+:(\w+)")
        while True:
            self.sleep(0.05)
            found = queues.search(Path("/proc/net/tcp").read_text())
            if found is None or int(found[1], 16) == 0:
                return

    def reset(self) -> None:
        """End the connection as if its peer had crashed."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        raise OverError

    def close(self) -> None:
        """Close the connection properly."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        raise OverError


def _as_in_proc(host: str, port: int) -> str:
    """Return an IPv4 address as /proc/net/tcp formats it."""
    (number,) = struct.unpack("=I", socket.inet_aton(host))
    return f"{number:08X}:{port:04X}"
