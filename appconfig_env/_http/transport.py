"""HTTP/1.1 over TCP, TLS and proxies, no more than AWS needs: one request, one complete response.

It exists for the cold start: the imports of http.client and urllib take 27 ms. Certificates and
host names are always verified.
"""

from __future__ import annotations

import time
from _thread import allocate_lock  # threading itself costs a cold start 4 ms
from binascii import b2a_base64

from .connection import Connection
from .errors import PROXY_CHECK, PROXY_REMEDIES
from .sockets import DistrustError, TransportError, resolve
from .trust_store import Trust
from .url import Url

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ssl
    from collections.abc import Callable, Mapping

    from .messages import HttpResponse
    from .sockets import Addresses

    Idle = dict[tuple[str, str, int, bool], list[Connection]]

__all__ = ["Transport", "TransportError", "Url"]


class Transport:
    """Sends requests, and keeps idle connections for reuse until `close`.

    Thread-safe: each request takes an idle connection, or opens one.
    """

    def __init__(
        self,
        *,
        ca_bundle: str = "",
        environ: Mapping[str, str] | None = None,
        proxy_url: str = "",
        proxy_headers: tuple[tuple[str, str], ...] = (),
        addresses: Callable[[str, int], Addresses] | None = None,
    ) -> None:
        self._trust = Trust(ca_bundle, environ or {})
        self._proxy = Url(proxy_url) if proxy_url else None
        self._proxy_headers = proxy_headers
        self._idle: Idle = {}
        self._lock = allocate_lock()
        self._addresses = addresses
        self._connected: dict[tuple[str, int], object] = {}  # the last address by host and port

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
    ) -> HttpResponse:
        """Send one request and read the complete response.

        Args:
            url: the server; its path is not used.
            method: such as `POST`.
            target: encoded path and query.
            headers: all headers except `content-length`.
            body: the payload.
            timeout: seconds for the whole exchange, except name resolution.
            direct: bypass the proxy, as for credentials from this host.

        Raises:
            TransportError: no complete response arrived.
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
        key = (url.scheme, url.host, url.port, direct)
        idle = self._idle
        connection = self._take(idle, key) or self._connect(url, proxy, deadline)
        try:
            connection.send(request, deadline)
            response = connection.receive(method, deadline)
        except BaseException:
            connection.close()
            # If the server has closed one idle connection, it has probably closed the others too.
            self._close_all(idle.pop(key, []))
            raise
        if proxy and response.status == 407:
            connection.close()
            raise _proxy_error(proxy, response.status)
        if not (connection.is_reusable and self._keep(idle, key, connection)):
            connection.close()
        return response

    def close(self) -> None:
        """Close idle connections now, and the others when their responses are complete."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in list(idle.values()):
            self._close_all(connections)

    def _take(self, idle: Idle, key: tuple[str, str, int, bool]) -> Connection | None:
        with self._lock:
            connections = idle.get(key)
            return connections.pop() if connections else None

    def _keep(self, idle: Idle, key: tuple[str, str, int, bool], connection: Connection) -> bool:
        with self._lock:
            if idle is not self._idle:
                return False  # `close` was called during the request
            idle.setdefault(key, []).append(connection)
            return True

    def _close_all(self, connections: list[Connection]) -> None:
        while True:
            with self._lock:
                if not connections:
                    return
                connection = connections.pop()
            connection.close()

    def _connect(self, url: Url, proxy: Url | None, deadline: float) -> Connection:
        if url.scheme == "http":
            return self._open(url, proxy, deadline)
        context = self._trust.context()
        try:
            return self._open(url, proxy, deadline, context)
        except DistrustError:
            if not self._trust.widen(context):
                raise
        return self._open(url, proxy, deadline, self._trust.context())

    def _open(
        self, url: Url, proxy: Url | None, deadline: float, context: _ssl._SSLContext | None = None
    ) -> Connection:
        first = proxy or url
        peer = f"{'proxy ' if proxy else ''}{first.host}:{first.port}"
        addresses = (self._addresses or resolve)(first.host, first.port)
        # One that accepts no connection takes its share of the time: each time, if it were first.
        last = self._connected.get((first.host, first.port))
        connection = Connection(sorted(addresses, key=lambda one: one[4] != last), peer, deadline)
        try:
            self._connected[first.host, first.port] = connection.address
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
        response = connection.receive("CONNECT", deadline)
        if not 200 <= response.status < 300:
            raise _proxy_error(proxy, response.status)

    def _fields_for_proxy(self, proxy: Url) -> list[tuple[str, str]]:
        fields = list(self._proxy_headers)
        names = [name.lower() for name, _ in fields]
        if proxy.user and "proxy-authorization" not in names:
            pair = f"{proxy.user}:{proxy.password}".encode()
            fields.append(
                (
                    "Proxy-Authorization",
                    f"Basic {b2a_base64(pair, newline=False).decode()}",
                )
            )
        return fields


def _head(first: str, fields: list[tuple[str, str]]) -> bytes:
    """Encode a request's head; reject a value that could end its line and inject a header."""
    for name, value in (("request line", first), *fields):
        if not (value.isascii() and value.isprintable() and name.isprintable()):
            raise TransportError(
                f"{name} contains characters that HTTP does not allow; remove them",
                is_final=True,
            )
    lines = [first, *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _proxy_error(proxy: Url, status: int) -> TransportError:
    remedy = PROXY_REMEDIES.get(status, PROXY_CHECK)
    return TransportError(
        f"proxy {proxy.host}:{proxy.port} answered {status}; {remedy}",
        is_final=400 <= status < 500 and status not in (408, 429),
    )
