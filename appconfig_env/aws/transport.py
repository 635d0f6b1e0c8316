"""HTTP/1.1 over TCP, TLS and proxies, as small as AWS's answers allow: one request, one whole answer.

It exists for the cold start: http.client and urllib bring 27 ms of imports with them. Verification of
certificates and host names is always on.
"""

from __future__ import annotations

import socket
import time

from .._percent import decode
from .operations import HttpAnswer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

LARGEST_HEAD_BYTES = 64 * 1024
LARGEST_BODY_BYTES = 16 * 1024 * 1024  # a deployed configuration holds 4 MB at most
_CHUNK_BYTES = 64 * 1024


class TransportError(OSError):
    """No whole answer came; the message says what happened where."""


class Url:
    """A URL in parts: scheme, host, port, path without a slash at its end, user and password."""

    __slots__ = ("host", "password", "path", "port", "scheme", "user")

    def __init__(self, text: str) -> None:
        self.scheme, _, rest = text.partition("://")
        authority, _, path = rest.partition("/")
        userinfo, _, address = authority.rpartition("@")
        user, _, password = userinfo.partition(":")
        self.user, self.password = decode(user), decode(password)
        host, port = address, ""
        if not address.endswith("]"):  # an IPv6 address without a port ends so
            head, colon, tail = address.rpartition(":")
            host, port = (head, tail) if colon else (address, "")
        self.host = host.strip("[]")
        self.port = int(port) if port else (443 if self.scheme == "https" else 80)
        self.path = "/" + path.partition("?")[0].strip("/") if path.strip("/") else ""

    @property
    def authority(self) -> str:
        """The Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        own = 443 if self.scheme == "https" else 80
        return host if self.port == own else f"{host}:{self.port}"


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
        self._ca_bundle = ca_bundle
        self._proxy = Url(proxy_url) if proxy_url else None
        self._proxy_headers = proxy_headers
        self._context: ssl.SSLContext | None = None
        self._idle: dict[tuple[str, str, int], list[_Connection]] = {}

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
        lines = [f"{name}: {value}" for name, value in headers.items()]
        if proxy and url.scheme == "http":
            target = f"http://{url.authority}{target}"
            lines += [f"{name}: {value}" for name, value in self._headers_for_proxy(proxy)]
        if body or method == "POST":
            lines.append(f"content-length: {len(body)}")
        head = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""])
        where = (url.scheme, url.host, url.port)
        idle = self._idle.setdefault(where, [])
        try:
            connection = idle.pop()
        except IndexError:
            connection = self._connect(url, proxy, deadline)
        try:
            connection.send(head.encode("latin-1") + body, deadline)
            answer = connection.receive(method, deadline)
        except BaseException:
            connection.close()
            raise
        if connection.is_reusable:
            idle.append(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close the idle connections."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _connect(self, url: Url, proxy: Url | None, deadline: float) -> _Connection:
        first = proxy or url
        named = f"{'proxy ' if proxy else ''}{first.host}:{first.port}"
        try:
            plain = socket.create_connection((first.host, first.port), _left(deadline, named))
        except socket.gaierror as error:
            raise TransportError(f"no address for {first.host} ({error.strerror})") from None
        except OSError as error:
            raise TransportError(f"no connection to {named} ({_why(error)})") from None
        connection = _Connection(plain, named)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if url.scheme == "http":
                return connection
            if proxy:
                self._open_tunnel(connection, url, proxy, deadline)
            connection.start_tls(self._tls(), url.host, deadline)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_tunnel(self, connection: _Connection, url: Url, proxy: Url, deadline: float) -> None:
        host = f"[{url.host}]" if ":" in url.host else url.host
        lines = [f"CONNECT {host}:{url.port} HTTP/1.1", f"host: {host}:{url.port}"]
        lines += [f"{name}: {value}" for name, value in self._headers_for_proxy(proxy)]
        connection.send("\r\n".join([*lines, "", ""]).encode("latin-1"), deadline)
        answer = connection.receive("CONNECT", deadline)
        if answer.status != 200:
            raise TransportError(f"the proxy {proxy.host}:{proxy.port} answered {answer.status} to CONNECT")

    def _headers_for_proxy(self, proxy: Url) -> list[tuple[str, str]]:
        headers = list(self._proxy_headers)
        if proxy.user:
            import base64  # only for a proxy with a password

            pair = base64.b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
            headers.append(("Proxy-Authorization", f"Basic {pair}"))
        return headers

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            import ssl  # 8 ms that a plain endpoint, as in tests, does not pay

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            try:
                if self._ca_bundle:
                    context.load_verify_locations(self._ca_bundle)
                else:
                    context.set_default_verify_paths()
            except (OSError, ssl.SSLError) as error:
                why = _why(error)
                raise TransportError(f"AWS_CA_BUNDLE: no trust anchors in {self._ca_bundle!r} ({why})") from None
            self._context = context
        return self._context


class _Connection:
    """One open connection, and what was read from it and not used yet."""

    def __init__(self, plain: socket.socket, named: str) -> None:
        self._socket = plain
        self._named = named
        self._buffer = b""
        self.is_reusable = True

    def start_tls(self, context: ssl.SSLContext, host: str, deadline: float) -> None:
        self._socket.settimeout(_left(deadline, self._named))
        try:
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
        except (OSError, ValueError) as error:
            raise TransportError(f"no TLS with {host} ({_why(error)})") from None

    def send(self, data: bytes, deadline: float) -> None:
        self._socket.settimeout(_left(deadline, self._named))
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise TransportError(f"connection to {self._named} broke while sending ({_why(error)})") from None

    def receive(self, method: str, deadline: float) -> HttpAnswer:
        status = 100
        while 100 <= status < 200:  # 1xx are interim: the answer follows
            version, status, headers = self._head(deadline)
        self.is_reusable = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        if method == "CONNECT" or method == "HEAD" or status in (204, 304):
            return HttpAnswer(status, headers, b"")
        return HttpAnswer(status, headers, self._body(headers, deadline))

    def close(self) -> None:
        self._socket.close()

    def _head(self, deadline: float) -> tuple[str, int, dict[str, str]]:
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > LARGEST_HEAD_BYTES:
                raise self._garbled("headers without end")
            self._fill(deadline)
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        code = rest[:3]
        if not version.startswith("HTTP/1.") or not (code.isascii() and code.isdigit()):
            raise self._garbled("no HTTP status line")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return version, int(code), headers

    def _body(self, headers: Mapping[str, str], deadline: float) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunks(deadline)
        length = headers.get("content-length")
        if length is None:
            self.is_reusable = False
            return self._until_closed(deadline)
        if not (length.isascii() and length.isdigit()):
            raise self._garbled("a Content-Length that is no number")
        return self._exactly(int(length), deadline)

    def _exactly(self, size: int, deadline: float) -> bytes:
        if size > LARGEST_BODY_BYTES:
            raise self._garbled(f"a body of {size} bytes")
        parts = [self._buffer]
        have = len(self._buffer)
        while have < size:
            self._buffer = b""
            self._fill(deadline)
            parts.append(self._buffer)
            have += len(self._buffer)
        whole = b"".join(parts)
        self._buffer = whole[size:]
        return whole[:size]

    def _chunks(self, deadline: float) -> bytes:
        body = bytearray()
        while True:
            size_text = self._line(deadline).partition(b";")[0].strip()
            try:
                size = int(size_text, 16)
            except ValueError:
                raise self._garbled("a chunk without a size") from None
            if size < 0 or len(body) + size > LARGEST_BODY_BYTES:
                raise self._garbled("a body that is too large")
            if size == 0:
                while self._line(deadline):  # trailers
                    pass
                return bytes(body)
            body += self._exactly(size, deadline)
            if self._line(deadline):
                raise self._garbled("a chunk that is longer than it says")

    def _line(self, deadline: float) -> bytes:
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > LARGEST_HEAD_BYTES:
                raise self._garbled("a line without end")
            self._fill(deadline)
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _until_closed(self, deadline: float) -> bytes:
        body = bytearray(self._buffer)
        self._buffer = b""
        while len(body) <= LARGEST_BODY_BYTES:
            try:
                self._fill(deadline)
            except EOFError:
                return bytes(body)
            body += self._buffer
            self._buffer = b""
        raise self._garbled("a body that is too large")

    def _fill(self, deadline: float) -> None:
        self._socket.settimeout(_left(deadline, self._named))
        try:
            data = self._socket.recv(_CHUNK_BYTES)
        except OSError as error:
            raise TransportError(f"connection to {self._named} broke ({_why(error)})") from None
        if not data:
            raise _Closed(f"{self._named} closed the connection in the middle of an answer")
        self._buffer += data

    def _garbled(self, what: str) -> TransportError:
        return TransportError(f"{self._named} sent {what}; is something between here and AWS?")


class _Closed(TransportError, EOFError):
    """The other side closed, which is the end of a body without a length and an error elsewhere."""


def _left(deadline: float, named: str) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TransportError(f"no answer from {named} in time")
    return left


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "timed out"
    # TLS errors say what is wrong with a certificate here, and strerror only a number's text.
    verify = getattr(error, "verify_message", "")
    if verify:
        return f"certificate not accepted: {verify}"
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
