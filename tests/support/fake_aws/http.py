"""The fake's HTTP/1.1 server: connections, TLS, keep-alive; knows nothing about AWS."""

from __future__ import annotations

import select
import socket
import sys
import threading
import traceback
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import unquote

from ..local_server import LocalServer, Quiet
from .wire import Request, Response

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

Close = Literal["before", "midway", "after"]


class Reply(NamedTuple):
    """A response, and whether the connection breaks instead of sending all of it."""

    response: Response
    close: Close | None = None


class Server(LocalServer):
    """Counts connections, and passes each request to `respond`."""

    def __init__(
        self,
        port: int,
        context: ssl.SSLContext | None,
        respond: Callable[[Request, int, Callable[[], bool]], Reply],
        now: Callable[[], float],
        problem: Callable[[str], None],
    ) -> None:
        self.context, self.respond, self.now, self.problem = context, respond, now, problem
        self.connections = self.peak_connections = self.failed_handshakes = 0
        self.open: dict[int, socket.socket] = {}
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)

    def opened(self, connection: socket.socket) -> int:
        """Count a connection, and return its number."""
        with self.lock:
            self.connections += 1
            self.open[self.connections] = connection
            self.peak_connections = max(self.peak_connections, len(self.open))
            return self.connections

    def closed(self, number: int) -> None:
        """Forget a connection."""
        with self.lock:
            self.open.pop(number, None)

    def stop(self) -> None:
        """Stop listening, and break all open connections."""
        _shut(self.socket)  # wakes the accepting thread, which else polls for `shutdown`
        super().stop()
        self.drop()

    def drop(self) -> None:
        """Break every open connection."""
        with self.lock:
            for connection in self.open.values():
                _shut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        del request, client_address
        error = sys.exception()
        if isinstance(error, OSError):  # TLS and connection errors are the client's business
            return
        self.problem("the fake itself failed: " + traceback.format_exc())


class Handler(Quiet, BaseHTTPRequestHandler):
    """Reads one request after the other from one connection."""

    server: Server
    server_version, sys_version = "Server", ""
    wbufsize = -1  # one segment for header and body

    def setup(self) -> None:
        # The handshake is done here, because it would block the accepting thread.
        if self.server.context is not None:
            self.request.settimeout(10)
            try:
                self.request = self.server.context.wrap_socket(self.request, server_side=True)
            except OSError:
                self.server.failed_handshakes += 1
                raise
            self.request.settimeout(None)
        self.number = self.server.opened(self.request)
        try:
            super().setup()
        except BaseException:  # then `finish` is not called
            self._close()
            raise

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.rfile.close()  # `finish` has left it open if the client had disconnected
            self._close()

    def _close(self) -> None:
        """Close the connection: the server would close an unwrapped socket only."""
        self.server.closed(self.number)
        _shut(self.request)
        self.request.close()

    def do_GET(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or "Transfer-Encoding" in self.headers:
            self.server.problem(f"{self.path}: a body without a length")
            self.send_error(411)
            return
        path, _, query = self.path.partition("?")
        if "+" in query:
            self.server.problem(f"{path}: a bare + in the query")
        # AWS reads several headers of one name as one, joined by commas.
        headers = {name.lower(): ",".join(self.headers.get_all(name, [])) for name in self.headers}
        pairs = [pair.partition("=") for pair in query.split("&") if pair]
        request = Request(
            self.command,
            path,
            tuple((unquote(name), unquote(value)) for name, _, value in pairs),
            {name: value.strip() for name, value in headers.items()},
            self.rfile.read(int(length)),
        )
        reply = self.server.respond(request, self.number, self.gone)
        if reply.close in ("before", "after"):
            self.close_connection = True
            return
        self._send(reply)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET  # noqa: N815 - http.server's names

    def gone(self) -> bool:
        """Return whether the client disconnected while it waited."""
        readable, _, _ = select.select([self.request], [], [], 0)
        return bool(readable)

    def _send(self, reply: Reply) -> None:
        response = reply.response
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if reply.close == "midway":
            self.wfile.write(response.body[: len(response.body) // 2])
            self.close_connection = True
        elif self.command != "HEAD":
            self.wfile.write(response.body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(self.server.now() if timestamp is None else timestamp, usegmt=True)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # the client has closed it already
        connection.shutdown(socket.SHUT_RDWR)
