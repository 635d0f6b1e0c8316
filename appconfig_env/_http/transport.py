"""HTTP/1.1 over TCP, TLS and proxies, as small as AWS allows: one request, one whole answer.

It exists for the cold start: http.client and urllib bring 27 ms of imports with them. Certificates
and host names are always verified.
"""

from __future__ import annotations

import time
from _thread import allocate_lock  # threading itself costs a cold start 4 ms
from binascii import b2a_base64

from .connection import Connection
from .sockets import DistrustError, TransportError
from .trust_store import Trust
from .url import Url

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ssl
    from collections.abc import Mapping

    from .messages import HttpAnswer

    Idle = dict[tuple[str, str, int, bool], list[Connection]]

__all__ = ["Transport", "TransportError", "Url"]  # what `send` is, takes and raises


class Transport:
    """Sends requests and keeps the connections for the next ones until `close`.

    Threads may share it: each takes a connection that is idle, or opens one.
    """

    def __init__(
        self,
        *,
        ca_bundle: str = "",
        proxy_url: str = "",
        proxy_headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._trust = Trust(ca_bundle)
        self._proxy = Url(proxy_url) if proxy_url else None
        self._proxy_headers = proxy_headers
        self._idle: Idle = {}
        self._lock = allocate_lock()

    def send(
        self,
        url: Url,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        timeout: float,
        direct: bool = False,
    ) -> HttpAnswer:
        """Send one request and read its whole answer.

        Args:
            url: where to; its path is not used.
            method: such as `POST`.
            target: encoded path and query.
            headers: all but `content-length`.
            body: the payload.
            timeout: seconds for all of it, name resolution aside.
            direct: without the proxy, as for credentials on this host.

        Raises:
            TransportError: no whole answer came.
        """
        deadline = time.monotonic() + timeout
        proxy = None if direct else self._proxy
        fields = list(headers.items())
        if body or method == "POST":
            fields.append(("content-length", str(len(body))))
        if proxy and url.scheme == "http":
            target = f"http://{url.authority}{target}"
            fields += self._fields_for_proxy(proxy)
        request = _head(f"{method} {target} HTTP/1.1", fields) + body
        where = (url.scheme, url.host, url.port, direct)
        idle = self._idle
        connection = self._taken(idle, where) or self._connected(url, proxy, deadline)
        try:
            connection.send(request, deadline)
            answer = connection.receive(method, deadline)
        except BaseException:
            connection.close()
            # Where one was closed meanwhile, the others were too.
            self._drop(idle.pop(where, []))
            raise
        if proxy and answer.status == 407:
            connection.close()
            raise _refusal(proxy, answer.status)
        if not (connection.is_reusable and self._kept(idle, where, connection)):
            connection.close()
        return answer

    def close(self) -> None:
        """Close the idle connections, and those in use once their answers are there."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in list(idle.values()):
            self._drop(connections)

    def _taken(self, idle: Idle, where: tuple[str, str, int, bool]) -> Connection | None:
        with self._lock:
            connections = idle.get(where)
            return connections.pop() if connections else None

    def _kept(self, idle: Idle, where: tuple[str, str, int, bool], connection: Connection) -> bool:
        with self._lock:
            if idle is not self._idle:
                return False  # `close` was called meanwhile
            idle.setdefault(where, []).append(connection)
            return True

    def _drop(self, connections: list[Connection]) -> None:
        while True:
            with self._lock:
                if not connections:
                    return
                connection = connections.pop()
            connection.close()

    def _connected(self, url: Url, proxy: Url | None, deadline: float) -> Connection:
        if url.scheme == "http":
            return self._opened(url, proxy, deadline)
        context = self._trust.context()
        try:
            return self._opened(url, proxy, deadline, context)
        except DistrustError:
            if not self._trust.widen(context):
                raise
        return self._opened(url, proxy, deadline, self._trust.context())

    def _opened(
        self, url: Url, proxy: Url | None, deadline: float, context: _ssl._SSLContext | None = None
    ) -> Connection:
        first = proxy or url
        named = f"{'proxy ' if proxy else ''}{first.host}:{first.port}"
        connection = Connection(first.host, first.port, named, deadline)
        try:
            if context is not None:
                if proxy:
                    self._open_tunnel(connection, url, proxy, deadline)
                connection.start_tls(context, url.host, deadline)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_tunnel(self, connection: Connection, url: Url, proxy: Url, deadline: float) -> None:
        host = f"{url.bracketed}:{url.port}"
        fields = [("host", host), *self._fields_for_proxy(proxy)]
        connection.send(_head(f"CONNECT {host} HTTP/1.1", fields), deadline)
        answer = connection.receive("CONNECT", deadline)
        if not 200 <= answer.status < 300:
            raise _refusal(proxy, answer.status)

    def _fields_for_proxy(self, proxy: Url) -> list[tuple[str, str]]:
        fields = list(self._proxy_headers)
        named = [name.lower() for name, _ in fields]
        if proxy.user and "proxy-authorization" not in named:
            pair = f"{proxy.user}:{proxy.password}".encode()
            fields.append(
                (
                    "Proxy-Authorization",
                    f"Basic {b2a_base64(pair, newline=False).decode()}",
                )
            )
        return fields


def _head(first: str, fields: list[tuple[str, str]]) -> bytes:
    """A request's head; a value that would end its line, and so begin a header, is refused."""
    for name, value in (("request line", first), *fields):
        if not (value.isascii() and value.isprintable() and name.isprintable()):
            raise TransportError(f"{name} holds signs that HTTP does not allow", is_final=True)
    lines = [first, *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _refusal(proxy: Url, status: int) -> TransportError:
    remedy = ""
    if status == 407:
        remedy = "; it wants a password (AWS_APPCONFIG_EXTENSION_PROXY_URL or _PROXY_HEADERS)"
    elif status == 403:
        remedy = "; it does not let this host through"
    named = f"proxy {proxy.host}:{proxy.port}"
    return TransportError(
        f"{named} answered {status}{remedy}",
        is_final=400 <= status < 500 and status not in (408, 429),
    )
