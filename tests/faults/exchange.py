"""One call as the proxy sees it, and all that a fault may do to it."""

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

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what is closed so is reset
LONGEST_SECONDS = 60.0  # nobody waits longer for a proxy that is silent


class OverError(Exception):
    """The connection is of no use any more."""


class Answer(NamedTuple):
    """What AWS answered: status line and headers, and the body."""

    head: bytes
    body: bytes

    def with_body(self, body: bytes) -> Answer:
        """The same with another body, of the right length."""
        length = f"Content-Length: {len(body)}".encode()
        return Answer(re.sub(rb"(?i)content-length: \d+", length, self.head), body)

    def without_length(self, *headers: str) -> bytes:
        """The head with `headers` in place of the length."""
        lines = "\r\n".join(headers).encode()
        return re.sub(rb"(?i)content-length: \d+", lines, self.head)


class Exchange:
    """One request that a fault may answer.

    Attributes:
        request: as it came.
        operation: which of AWS's it is.
        source: whose call it is: `session`, `poll`, `path`, `name` or `secret`.
        number: how many calls of this operation came for this source before.
        first_at: when the first call that a fault answered came, on `time.monotonic`'s clock.
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

    def answer(self) -> Answer:
        """What AWS says to it, or said to one like it: good enough to be spoilt."""
        return self._proxy.remembered(self)

    def fresh_answer(self) -> Answer:
        """What AWS says to it."""
        return self._proxy.asked(self.request, self.source)

    def pass_on(self) -> None:
        """Let the client have AWS's answer."""
        self.send(b"".join(self.fresh_answer()))

    def send(self, data: bytes) -> None:
        """Send bytes, good or bad."""
        self._connection.sendall(data)

    def drip(self, data: bytes, seconds: float = 0.1) -> None:
        """Send one byte each `seconds`."""
        for byte in data:
            self.send(bytes([byte]))
            self.sleep(seconds)

    def sleep(self, seconds: float = LONGEST_SECONDS) -> None:
        """Wait, until the proxy stops at the latest."""
        if self._proxy.stopping.wait(seconds):
            raise OverError

    def wait_until_read(self) -> None:
        """Wait until the client has read all that was sent: a reset discards what it has not."""
        here = _as_in_proc(*self._connection.getsockname())
        there = _as_in_proc(*self._connection.getpeername())
        # What the client's end has in its queues, in hexadecimal; the second one is of the unread.
        queues = re.compile(rf"{there} {here} \w\w \w+:(\w+)")
        while True:
            self.sleep(0.05)
            found = queues.search(Path("/proc/net/tcp").read_text())
            if found is None or int(found[1], 16) == 0:
                return

    def reset(self) -> None:
        """End the connection as if its other side had died."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        raise OverError

    def close(self) -> None:
        """End the connection in order."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        raise OverError


def _as_in_proc(host: str, port: int) -> str:
    """An IPv4 address as in /proc/net/tcp."""
    (number,) = struct.unpack("=I", socket.inet_aton(host))
    return f"{number:08X}:{port:04X}"
