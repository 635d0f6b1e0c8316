"""A fast server that counts calls, and responds as late as a link would.

It runs in threads of the benchmark's process, which does nothing else while it waits for what it
measures. The tests' fake of AWS is strict and slow, and its work would be billed to that.

The link: one round trip passes for the TCP connect, one for the TLS 1.3 handshake and one for each
request, slept in the connection's own thread. On loopback the connect itself takes no time, so its
round trip is slept together with the handshake's, once the client's first bytes have arrived. To a
client that waits for each response before it goes on, as all that are measured do on each of their
connections, it makes no difference at which of two waits in a row the time passes.

A second port takes plain HTTP, without any distance, as AWS's local agents do.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import Counter
from contextlib import nullcontext, suppress
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple, Self

from .responses import Responses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOST = "localhost"
_responses = cache(Responses)  # pages are made once, so that no later start pays for them


class Counts(NamedTuple):
    """What the server has received: calls by operation, and connections that shook hands."""

    calls: Counter[str]
    connections: int


class Server:
    """A context manager: the server, in threads.

    Args:
        ca_file: where the certificate is written of the authority that signed the server's own.
        wait: as `time.sleep`.

    Attributes:
        url: where it speaks TLS.
        agent_port: where it speaks plain HTTP on 127.0.0.1.
    """

    def __init__(self, ca_file: Path, wait: Callable[[float], object] = time.sleep) -> None:
        self.ca_file = str(ca_file)
        self._wait = wait
        self._lock, self._tally = threading.Lock(), Counter[str]()
        self.serve(2, 20)

    def __enter__(self) -> Self:
        import trustme  # the one thing here that is not in the standard library

        # Named as AWS's own are, which the wrapper looks for in a large trust store.
        authority = trustme.CA(organization_name="Amazon Root CA, but for benchmarks")
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        authority.issue_cert(HOST).configure_cert(context)
        self._listeners = [socket.create_server(("127.0.0.1", 0), backlog=128) for _ in range(2)]
        tls_port, self.agent_port = (one.getsockname()[1] for one in self._listeners)
        self.url = f"https://{HOST}:{tls_port}"
        for arguments in zip(self._listeners, (context, None), strict=True):
            threading.Thread(target=self._accept, args=arguments, daemon=True).start()
        return self

    def __exit__(self, *raised: object) -> None:
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)  # which ends its thread
            listener.close()

    def serve(self, profiles: int, parameters: int, rtt_ms: float = 0.0) -> None:
        """From now on have so much to read, so far away; the counts begin at zero."""
        self._responses, self._rtt_ms = _responses(profiles, parameters), rtt_ms
        self.counts()

    def counts(self) -> Counts:
        """Return what was received since the last call of this."""
        with self._lock:
            tally, self._tally = self._tally, Counter[str]()
        connections = tally.pop("", 0)
        return Counts(tally, connections)

    def _count(self, what: str) -> None:
        """Count a call by its operation, or a connection by an empty name."""
        with self._lock:
            self._tally[what] += 1

    def _pass_ms(self, milliseconds: float) -> None:
        if milliseconds:
            self._wait(milliseconds / 1000)

    def _accept(self, listener: socket.socket, context: ssl.SSLContext | None) -> None:
        with suppress(OSError):  # closed
            while True:
                arguments = (listener.accept()[0], context)
                threading.Thread(target=self.respond_on, args=arguments, daemon=True).start()

    def respond_on(self, plain: socket.socket, context: ssl.SSLContext | None) -> None:
        """Respond on one connection until the client has closed it, or become another program."""
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        rtt_ms = self._rtt_ms if context else 0
        buffer = b""
        with suppress(OSError), plain:
            plain.recv(1, socket.MSG_PEEK)
            self._pass_ms(2 * rtt_ms)
            tls = context.wrap_socket(plain, server_side=True) if context else nullcontext(plain)
            with tls as connection:
                self._count("")
                while data := connection.recv(65536):
                    buffer += data
                    head, end, body = buffer.partition(b"\r\n\r\n")
                    if not end:
                        continue
                    method, target, headers = _parsed(head)
                    if len(body) < int(headers.get("content-length", "0")):
                        continue
                    buffer = b""  # the client waits for the response
                    operation, whole = self._responses.respond(method, target, headers, body)
                    self._count(operation)
                    self._pass_ms(rtt_ms)
                    connection.sendall(whole)


@lru_cache(maxsize=64)  # an agent's clients send the same head each time
def _parsed(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    fields = (line.partition(":") for line in lines)
    return method, target, {name.lower(): value.strip() for name, _, value in fields}
