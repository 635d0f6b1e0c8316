"""A fast TLS server in a process of its own: counts calls, and answers as late as a link would.

The tests' fake is strict and slow, and would bill its work to whoever is measured. This one only
counts.

The link: a round trip passes for the TCP connect, one for the TLS 1.3 handshake and one for each
request, slept away in the connection's own thread. On loopback the connect itself takes no time, so
its round trip is slept together with the handshake's, once the client's first bytes are there. To a
client that waits for each answer before it goes on, as all who are measured do on each of their
connections, it makes no difference at which of two waits in a row the time passes: the sum is
that of a real link. One that worked while it connected would be billed for both.
"""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from .answers import Answers, Content

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

HOST = "localhost"
ROOT = Path(__file__).resolve().parent.parent


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

    @property
    def total(self) -> int:
        """How many calls of all operations."""
        return sum(self.calls.values())


class Server:
    """A context manager: the server as a process.

    Attributes:
        url: where it listens.
        ca_file: who signed its certificate.
    """

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server"],
            cwd=ROOT,
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

    def serve(self, profiles: int, parameters: int, rtt_ms: float = 0.0) -> None:
        """From now on have so much to read, so far away; begins to count anew."""
        self._ask({"profiles": profiles, "parameters": parameters, "rtt_ms": rtt_ms})

    def counts(self) -> Counts:
        """What came since the last call of this; begins to count anew."""
        told = self._ask({})
        return Counts(told["calls"], told["configurations"], told["connections"])

    def _ask(self, words: dict[str, float]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the benchmarks' server did not start")
        found: dict[str, Any] = json.loads(line)
        return found


class Link:
    """The distance to the server; `wait` as `time.sleep`."""

    def __init__(self, rtt_ms: float = 0.0, wait: Callable[[float], object] = time.sleep) -> None:
        self._seconds = rtt_ms / 1000
        self._wait = wait

    def pass_round_trips(self, number: int) -> None:
        """Let so many round trips pass."""
        if self._seconds:
            self._wait(number * self._seconds)


class Service:
    """What the connections share: the answers, the link and the tally; `serve` replaces all."""

    def __init__(self, content: Content = Content(), link: Link | None = None) -> None:  # noqa: B008 - immutable
        self._lock = threading.Lock()
        self._known: dict[Content, Answers] = {}  # no later start pays for making pages
        self.serve(content, link or Link())

    def serve(self, content: Content, link: Link) -> None:
        """From now on answer so."""
        if content not in self._known:
            self._known[content] = Answers(content)
        self.answers, self.link = self._known[content], link
        self.take()

    def add(self, operation: str) -> None:
        """Count a call."""
        with self._lock:
            self._counter[operation] += 1

    def connect(self) -> None:
        """Count a connection."""
        with self._lock:
            self._connections += 1

    def take(self) -> Counts:
        """What was counted; begins anew."""
        with self._lock:
            counter = getattr(self, "_counter", Counter[str]())
            connections = getattr(self, "_connections", 0)
            self._counter, self._connections = Counter[str](), 0
        calls = dict(sorted(counter.items()))
        return Counts(calls, calls.get("GetLatestConfiguration", 0), connections)


def serve_connection(connection: socket.socket, context: ssl.SSLContext, service: Service) -> None:
    """Answer on one connection until the client has closed it."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = b""
    try:
        connection.recv(1, socket.MSG_PEEK)
        service.link.pass_round_trips(2)
        with context.wrap_socket(connection, server_side=True) as tls:
            service.connect()
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
                operation, whole = service.answers.answer(method, target, headers, body)
                service.add(operation)
                service.link.pass_round_trips(1)
                tls.sendall(whole)
    except OSError:
        pass  # a client that has become another program


def accept(listener: socket.socket, context: ssl.SSLContext, service: Service) -> None:
    """Give each connection a thread."""
    while True:
        connection, _ = listener.accept()
        threading.Thread(
            target=serve_connection, args=(connection, context, service), daemon=True
        ).start()


def main() -> None:
    """Serve until standard input closes; each of its lines says what from now on, or nothing."""
    import trustme  # the one thing here that is not in the standard library

    # Named as AWS's own are, which is what the wrapper looks for in a large trust store.
    authority = trustme.CA(organization_name="Amazon Root CA, but for benchmarks")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    authority.issue_cert(HOST).configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    service = Service()
    with tempfile.TemporaryDirectory() as folder:
        ca_file = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        threading.Thread(target=accept, args=(listener, context, service), daemon=True).start()
        url = f"https://{HOST}:{listener.getsockname()[1]}"
        print(json.dumps({"url": url, "ca_file": str(ca_file)}), flush=True)
        for line in sys.stdin:
            words = json.loads(line)
            if words:
                content = Content(int(words["profiles"]), int(words["parameters"]))
                service.serve(content, Link(words["rtt_ms"]))
            print(json.dumps(service.take()._asdict()), flush=True)


if __name__ == "__main__":
    main()
