"""A fast server in a process of its own: counts calls, and responds as late as a link would.

The tests' fake of AWS is strict and slow, and its work would be billed to what is measured.

The link: one round trip passes for the TCP connect, one for the TLS 1.3 handshake and one for each
request, slept in the connection's own thread. On loopback the connect itself takes no time, so its
round trip is slept together with the handshake's, once the client's first bytes have arrived. To a
client that waits for each response before it goes on, as all that are measured do on each of their
connections, it makes no difference at which of two waits in a row the time passes.

A second port takes plain HTTP, without any distance, as AWS's local agents do.
"""

from __future__ import annotations

import multiprocessing
import socket
import ssl
import tempfile
import threading
import time
from collections import Counter
from contextlib import nullcontext, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from .responses import Content, Responses

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

HOST = "localhost"


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
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_main, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self.url, self.ca_file, self.agent_port = self._pipe.recv()
        return self

    def __exit__(self, *raised: object) -> None:
        self._pipe.close()  # which ends it
        self._process.join(timeout=10)

    def serve(
        self, profiles: int, parameters: int, rtt_ms: float = 0.0, secret_ms: float = 0.0
    ) -> None:
        """From now on have so much to read, so far away; the counts begin at zero.

        A secret takes `secret_ms` on top of its round trip.
        """
        self._pipe.send((Content(profiles, parameters), rtt_ms, secret_ms))
        self._pipe.recv()

    def counts(self) -> Counts:
        """Return what was received since the last call of this."""
        self._pipe.send(None)
        found: Counts = self._pipe.recv()
        return found


class Service:
    """What the connections share: the responses, the distance and the tally; `serve` replaces all.

    Args:
        wait: as `time.sleep`.
    """

    def __init__(self, wait: Callable[[float], object] = time.sleep) -> None:
        self._wait = wait
        self._lock = threading.Lock()
        self._known: dict[Content, Responses] = {}  # no later start pays for making pages
        self.serve(Content())

    def serve(self, content: Content, rtt_ms: float = 0.0, secret_ms: float = 0.0) -> None:
        """From now on respond in this way."""
        if content not in self._known:
            self._known[content] = Responses(content)
        self.responses, self.rtt_ms, self.secret_ms = self._known[content], rtt_ms, secret_ms
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

    def pass_ms(self, milliseconds: float) -> None:
        """Let so many pass."""
        if milliseconds:
            self._wait(milliseconds / 1000)


@lru_cache(maxsize=64)  # an agent's clients send the same head each time
def _parsed(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    fields = (line.partition(":") for line in lines)
    return method, target, {name.lower(): value.strip() for name, _, value in fields}


def serve_connection(
    plain: socket.socket, context: ssl.SSLContext | None, service: Service
) -> None:
    """Respond on one connection until the client has closed it, or has become another program."""
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    rtt_ms = service.rtt_ms if context else 0
    buffer = b""
    with suppress(OSError), plain:
        plain.recv(1, socket.MSG_PEEK)
        service.pass_ms(2 * rtt_ms)
        with context.wrap_socket(plain, server_side=True) if context else nullcontext(plain) as one:
            service.count("")
            while data := one.recv(65536):
                buffer += data
                head, end, body = buffer.partition(b"\r\n\r\n")
                if not end:
                    continue
                method, target, headers = _parsed(head)
                if len(body) < int(headers.get("content-length", "0")):
                    continue
                buffer = b""  # the client waits for the response
                operation, whole = service.responses.respond(method, target, headers, body)
                service.count(operation)
                service.pass_ms(rtt_ms + service.secret_ms * (operation == "GetSecretValue"))
                one.sendall(whole)


def _accept(listener: socket.socket, context: ssl.SSLContext | None, service: Service) -> None:
    while True:
        connection, _ = listener.accept()
        arguments = (connection, context, service)
        threading.Thread(target=serve_connection, args=arguments, daemon=True).start()


def _main(pipe: Connection) -> None:
    """Serve until the pipe is closed; it brings what to serve, or None for the counts."""
    import trustme  # the one thing here that is not in the standard library

    # Named as AWS's own are, which the wrapper looks for in a large trust store.
    authority = trustme.CA(organization_name="Amazon Root CA, but for benchmarks")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    authority.issue_cert(HOST).configure_cert(context)
    service, ports = Service(), []
    for one in (context, None):
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        threading.Thread(target=_accept, args=(listener, one, service), daemon=True).start()
        ports.append(listener.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder, suppress(EOFError):
        ca_file = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        pipe.send((f"https://{HOST}:{ports[0]}", str(ca_file), ports[1]))
        while True:
            if wanted := pipe.recv():
                service.serve(*wanted)
            pipe.send(service.take())
