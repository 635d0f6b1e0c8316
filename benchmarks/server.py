"""A fast server in a process of its own: counts calls, and answers as late as a link would.

The tests' fake of AWS is strict and slow, and its work would be billed to what is measured.

The link: one round trip passes for the TCP connect, one for the TLS 1.3 handshake and one for each
request, slept in the connection's own thread. On loopback the connect itself takes no time, so its
round trip is slept together with the handshake's, once the client's first bytes have arrived. To a
client that waits for each answer before it goes on, as all that are measured do on each of their
connections, it makes no difference at which of two waits in a row the time passes.

A second port takes plain HTTP, without any distance, as AWS's local agents do.
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
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from .answers import Answers, Content

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

HOST = "localhost"
ROOT = Path(__file__).resolve().parent.parent


class Counts(NamedTuple):
    """What the server has received: calls by operation, and connections that shook hands."""

    calls: dict[str, int]
    connections: int

    @property
    def total(self) -> int:
        """How many calls of all operations."""
        return sum(self.calls.values())

    @property
    def configurations(self) -> int:
        """How many configurations were sent; each one is billed."""
        return self.calls.get("GetLatestConfiguration", 0)


class Server:
    """A context manager: the server as a process.

    Attributes:
        url: where it speaks TLS.
        ca_file: the authority that signed its certificate.
        agent_port: where it speaks plain HTTP on 127.0.0.1.
    """

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url, self.ca_file, self.agent_port = self._read()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=10)  # closes its standard input, which ends it

    def serve(self, profiles: int, parameters: int, rtt_ms: float = 0.0) -> None:
        """From now on have so much to read, so far away; the counts begin at zero."""
        self._ask([profiles, parameters, rtt_ms])

    def counts(self) -> Counts:
        """Return what was received since the last call of this."""
        return Counts(*self._ask([]))

    def _ask(self, words: list[float]) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the benchmarks' server did not start")
        return json.loads(line)


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

    def __init__(self, content: Content, link: Link) -> None:
        self._lock = threading.Lock()
        self._known: dict[Content, Answers] = {}  # no later start pays for making pages
        self.serve(content, link)

    def serve(self, content: Content, link: Link) -> None:
        """From now on answer so."""
        if content not in self._known:
            self._known[content] = Answers(content)
        self.answers, self.link = self._known[content], link
        self.tally = Counter[str]()

    def count(self, what: str) -> None:
        """Count a call by its operation, or a connection by an empty name."""
        with self._lock:
            self.tally[what] += 1

    def take(self) -> Counts:
        """Return what was counted, and begin at zero."""
        with self._lock:
            tally, self.tally = self.tally, Counter[str]()
        connections = tally.pop("", 0)
        return Counts(dict(sorted(tally.items())), connections)


@lru_cache(maxsize=64)  # an agent's clients send the same head each time
def _parsed(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    fields = (line.partition(":") for line in lines)
    return method, target, {name.lower(): value.strip() for name, _, value in fields}


def serve_connection(
    plain: socket.socket, context: ssl.SSLContext | None, service: Service
) -> None:
    """Answer on one connection until the client has closed it."""
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link = service.link if context else Link()
    buffer = b""
    try:
        plain.recv(1, socket.MSG_PEEK)
        link.pass_round_trips(2)
        with context.wrap_socket(plain, server_side=True) if context else nullcontext(plain) as one:
            service.count("")
            while True:
                while b"\r\n\r\n" not in buffer:
                    if not (data := one.recv(65536)):
                        return
                    buffer += data
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                method, target, headers = _parsed(head)
                length = int(headers.get("content-length", "0"))
                while len(buffer) < length:
                    if not (data := one.recv(65536)):
                        return
                    buffer += data
                body, buffer = buffer[:length], buffer[length:]
                operation, whole = service.answers.answer(method, target, headers, body)
                service.count(operation)
                link.pass_round_trips(1)
                one.sendall(whole)
    except OSError:
        pass  # a client that has become another program
    finally:
        plain.close()


def _accept(listener: socket.socket, context: ssl.SSLContext | None, service: Service) -> None:
    while True:
        connection, _ = listener.accept()
        arguments = (connection, context, service)
        threading.Thread(target=serve_connection, args=arguments, daemon=True).start()


def main() -> None:
    """Serve until standard input closes; each of its lines is what to serve, or nothing."""
    import trustme  # the one thing here that is not in the standard library

    # Named as AWS's own are, which the wrapper looks for in a large trust store.
    authority = trustme.CA(organization_name="Amazon Root CA, but for benchmarks")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    authority.issue_cert(HOST).configure_cert(context)
    service = Service(Content(), Link())
    ports = []
    for one in (context, None):
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        threading.Thread(target=_accept, args=(listener, one, service), daemon=True).start()
        ports.append(listener.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        ca_file = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        print(json.dumps([f"https://{HOST}:{ports[0]}", str(ca_file), ports[1]]), flush=True)
        for line in sys.stdin:
            if words := json.loads(line):
                profiles, parameters, rtt_ms = words
                service.serve(Content(int(profiles), int(parameters)), Link(rtt_ms))
            print(json.dumps(service.take()), flush=True)


if __name__ == "__main__":
    main()
