"""A local HTTP server like AWS's Parameters and Secrets extension, fast, in a process of its own.

It has one parameter. It gives it to a GET as the extension does, and to a POST as Parameter Store
itself does, so that a client of either can be measured beside the other.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

NAME = "/shop/prod/db/host"
VALUE = "localhost"
TARGET = "/systemsmanager/parameters/get?name=%2Fshop%2Fprod%2Fdb%2Fhost"
TOKEN_HEADER = "X-Aws-Parameters-Secrets-Token"


class HttpAgent:
    """A context manager: the server as a process.

    Attributes:
        port: where it listens on 127.0.0.1.
    """

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=10)  # closes its standard input, which ends it


def answer(head: bytes) -> bytes:
    """The whole answer to a request, of which the head decides."""
    if head.startswith(b"GET ") and TOKEN_HEADER.lower().encode() not in head.lower():
        body, status = b"no token", "400 Bad Request"
    else:
        parameter = {
            "ARN": f"arn:aws:ssm:us-east-1:123456789012:parameter{NAME}",
            "DataType": "text",
            "LastModifiedDate": 1767607200.0,
            "Name": NAME,
            "Type": "String",
            "Value": VALUE,
            "Version": 1,
        }
        body, status = json.dumps({"Parameter": parameter}).encode(), "200 OK"
    head_lines = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    return "\r\n".join((f"HTTP/1.1 {status}", *head_lines, "", "")).encode() + body


def _serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    known: dict[bytes, bytes] = {}  # a request comes many times, and is to be answered fast
    buffer = b""
    try:
        with connection:
            while True:
                while b"\r\n\r\n" not in buffer:
                    if not (data := connection.recv(65536)):
                        return
                    buffer += data
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                if head not in known:
                    known[head] = answer(head)
                if head.startswith(b"POST "):
                    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                    while len(buffer) < length:
                        if not (data := connection.recv(65536)):
                            return
                        buffer += data
                    buffer = buffer[length:]
                connection.sendall(known[head])
    except OSError:
        pass  # a client that is gone


def _accept(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(connection,), daemon=True).start()


def main() -> None:
    """Serve until standard input closes."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    threading.Thread(target=_accept, args=(listener,), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
