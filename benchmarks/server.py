"""A fast TLS server with canned AWS answers, in a process of its own: 2 profiles and 20 parameters.

The tests' fake is strict and slow, and would bill its work to whoever is measured. This one only
counts. Answers have the form and size of real ones; names and tokens are made up.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from types import TracebackType

HOST = "localhost"
PROFILES = {
    "app": {"greeting": "hello", "limits": {"rate": 10, "burst": 20}, "regions": ["a", "b"]},
    "flags": {"checkout": {"enabled": True, "limit": 10}, "search": {"enabled": False}},
}
PATH = "/shop/prod/"
PARAMETERS = 20
PAGE = 10  # the most that GetParametersByPath gives at once
TOKEN_BYTES = 800  # base64 of it is 1,068 characters, as long as AppConfig's tokens
REQUEST_ID = "6f1b8f8e-0d6c-4d0e-9d1f-3f0f6f1b8f8e"
DATE = "Mon, 05 Jan 2026 10:00:00 GMT"


class Counts(NamedTuple):
    """What the server has received since it was asked last.

    Attributes:
        calls: how many of each operation.
        configurations: how many configurations were sent; each one is billed.
        connections: how many connections, each with a handshake.
    """

    calls: dict[str, int]
    configurations: int
    connections: int


class Server:
    """A context manager: the server as a process.

    Attributes:
        url: where it listens.
        ca_file: who signed its certificate.
    """

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        told = self._read()
        self.url, self.ca_file = told["url"], told["ca_file"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=10)  # closes its standard input, which ends it

    def counts(self) -> Counts:
        """What came since the last call of this; begins to count anew."""
        assert self._process.stdin is not None
        self._process.stdin.write("counts\n")
        self._process.stdin.flush()
        told = self._read()
        return Counts(told["calls"], told["configurations"], told["connections"])

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the benchmarks' server did not start")
        found: dict[str, Any] = json.loads(line)
        return found


class _Tally:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counter: Counter[str] = Counter()
        self._connections = 0

    def add(self, operation: str) -> None:
        with self._lock:
            self._counter[operation] += 1

    def connect(self) -> None:
        with self._lock:
            self._connections += 1

    def take(self) -> Counts:
        with self._lock:
            calls, connections = dict(sorted(self._counter.items())), self._connections
            self._counter.clear()
            self._connections = 0
        return Counts(calls, calls.get("GetLatestConfiguration", 0), connections)


def token(profile: int) -> str:
    """One token, new each time; its first byte is the profile's number."""
    return base64.b64encode(bytes([profile]) + os.urandom(TOKEN_BYTES - 1)).decode()


def answer(method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[str, bytes]:
    """The operation that a request calls, and the whole answer to it."""
    path, _, query = target.partition("?")
    names = list(PROFILES)
    if method == "POST" and path == "/configurationsessions":
        wanted = json.loads(body)["ConfigurationProfileIdentifier"]
        first = json.dumps({"InitialConfigurationToken": token(names.index(wanted))}).encode()
        return "StartConfigurationSession", _http("201 Created", "application/json", first)
    if method == "GET" and path == "/configuration":
        sent = query.removeprefix("configuration_token=").replace("%2F", "/").replace("%2B", "+")
        profile = base64.b64decode(sent[:4])[0]
        document = json.dumps(PROFILES[names[profile]]).encode()
        extra = (
            f"Next-Poll-Configuration-Token: {token(profile)}\r\n"
            "Next-Poll-Interval-In-Seconds: 60\r\nVersion-Label: 7\r\n"
        )
        return "GetLatestConfiguration", _http("200 OK", "application/json", document, extra)
    if headers.get("x-amz-target") == "AmazonSSM.GetParametersByPath":
        page = _page(json.loads(body))
        return "GetParametersByPath", _http("200 OK", "application/x-amz-json-1.1", page)
    return "unknown", _http("404 Not Found", "application/json", b"{}")


def _page(asked: dict[str, str]) -> bytes:
    start = int(asked["NextToken"].rpartition("-")[2]) if "NextToken" in asked else 0
    found: dict[str, object] = {
        "Parameters": [
            {
                "ARN": f"arn:aws:ssm:us-east-1:123456789012:parameter{PATH}p{number}",
                "DataType": "text",
                "LastModifiedDate": 1767607200.0,
                "Name": f"{PATH}p{number}",
                "Type": "SecureString" if number % 4 == 0 else "String",
                "Value": f"value {number}",
                "Version": 1,
            }
            for number in range(start, min(start + PAGE, PARAMETERS))
        ]
    }
    if start + PAGE < PARAMETERS:
        found["NextToken"] = f"{base64.b64encode(bytes(500)).decode()}-{start + PAGE}"
    return json.dumps(found).encode()


def _http(status: str, content_type: str, body: bytes, extra: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nDate: {DATE}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n"
        f"x-amzn-RequestId: {REQUEST_ID}\r\n{extra}\r\n"
    )
    return head.encode() + body


def _serve(connection: socket.socket, context: ssl.SSLContext, tally: _Tally) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = b""
    try:
        with context.wrap_socket(connection, server_side=True) as tls:
            tally.connect()
            while True:
                while b"\r\n\r\n" not in buffer:
                    if not (data := tls.recv(65536)):
                        return
                    buffer += data
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").split("\r\n")
                method, target, _ = first.split(" ")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines)
                }
                length = int(headers.get("content-length", "0"))
                while len(buffer) < length:
                    if not (data := tls.recv(65536)):
                        return
                    buffer += data
                body, buffer = buffer[:length], buffer[length:]
                operation, whole = answer(method, target, headers, body)
                tally.add(operation)
                tls.sendall(whole)
    except OSError:
        pass  # a client that has become another program


def _accept(listener: socket.socket, context: ssl.SSLContext, tally: _Tally) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_serve, args=(connection, context, tally), daemon=True).start()


def main() -> None:
    """Serve until standard input closes; answer each of its lines with the counts."""
    import trustme  # the one thing here that is not in the standard library

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    authority.issue_cert(HOST).configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    tally = _Tally()
    with tempfile.TemporaryDirectory() as folder:
        ca_file = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        threading.Thread(target=_accept, args=(listener, context, tally), daemon=True).start()
        url = f"https://{HOST}:{listener.getsockname()[1]}"
        print(json.dumps({"url": url, "ca_file": str(ca_file)}), flush=True)
        for _ in sys.stdin:
            print(json.dumps(tally.take()._asdict()), flush=True)


if __name__ == "__main__":
    main()
