"""One HTTP/1.1 connection; rejects every response that two parsers could read differently."""

from __future__ import annotations

from . import tls
from .errors import BETWEEN, CUT, SLOW
from .messages import HttpResponse
from .sockets import (
    NO_TLS,
    DistrustError,
    TransportError,
    cause_of,
    dial,
    distrust_of,
    seconds_left,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ssl
    from collections.abc import Mapping

    from .sockets import Addresses, Stream

LARGEST_HEAD_BYTES = 64 * 1024
LARGEST_BODY_BYTES = 16 * 1024 * 1024  # a deployed configuration has 4 MB at most
_READ_BYTES = 64 * 1024
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")


class Connection:
    """One open connection, and the bytes received but not yet consumed.

    Deadlines are times of `time.monotonic`.

    Attributes:
        is_reusable: whether another request may follow the last response.
    """

    def __init__(self, addresses: Addresses, peer: str, deadline: float) -> None:
        self._peer = peer  # as errors name it
        self._outer = dial(addresses, peer, deadline)
        self._socket: Stream = self._outer
        self._buffer = b""
        self.is_reusable = True

    @property
    def address(self) -> object:
        """The address that it is connected to, as `socket.getpeername` returns it; None if lost."""
        try:
            return self._outer.getpeername()
        except OSError:  # the peer has closed the connection at once
            return None

    def start_tls(self, context: _ssl._SSLContext, host: str, deadline: float) -> None:
        """Start TLS with `host`, and verify its certificate."""
        if self._buffer:
            # It arrived unprotected, but would be read as the first response inside TLS.
            raise self.protocol_error("more than a response to CONNECT")
        self._socket.settimeout(seconds_left(deadline, self._peer))
        try:
            self._socket = tls.start(context, self._outer, host)
        except (OSError, ValueError) as error:
            if reason := getattr(error, "verify_message", ""):
                raise DistrustError(distrust_of(host, reason)) from None
            cause = cause_of(error)
            remedy = "; check the endpoint or proxy URL" if cause == NO_TLS else ""
            raise TransportError(f"no TLS with {host} ({cause}){remedy}") from None

    def send(self, data: bytes, deadline: float) -> None:
        """Send all of `data`."""
        self._socket.settimeout(seconds_left(deadline, self._peer))
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise TransportError(
                f"{self._peer} did not accept the request ({cause_of(error)})"
            ) from None

    def receive(self, method: str, deadline: float) -> HttpResponse:
        """Read the whole response to a request of `method`.

        Raises:
            TransportError: no response arrived, or it violates HTTP/1.1.
        """
        version, status, headers = self._head(deadline)
        while status == 100 or 102 <= status < 200:  # interim: the final response follows
            version, status, headers = self._head(deadline)
        if status == 101:
            raise self.protocol_error("a switch to another protocol")
        options = [option.strip().lower() for option in headers.get("connection", "").split(",")]
        self.is_reusable = version == "HTTP/1.1" and "close" not in options
        has_body = not (method in ("CONNECT", "HEAD") or status in (204, 304))
        try:
            body = self._body(headers, deadline) if has_body else b""
            if self._buffer and method != "CONNECT":
                self.is_reusable = False  # the next request would read these bytes
                if self._buffer.strip(b"\r\n"):
                    # Unless it is JSON, a truncated document would pass for a complete one.
                    raise self.protocol_error("more than it announced")
        except TransportError as error:
            error.headers = headers
            raise
        return HttpResponse(status, headers, body)

    def close(self) -> None:
        """Close the connection; idempotent."""
        self._socket.close()

    def protocol_error(self, what: str, *, is_final: bool = False) -> TransportError:
        """Return the error for a response that violates HTTP/1.1."""
        return TransportError(f"{self._peer} sent {what}; {BETWEEN}", is_final=is_final)

    def _oversized(self) -> TransportError:
        # Final: another attempt would transfer as much, and fail again.
        return self.protocol_error("a body that is too large", is_final=True)

    def _head(self, deadline: float) -> tuple[str, int, dict[str, str]]:
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > LARGEST_HEAD_BYTES:
                raise self.protocol_error("headers that do not end")
            self._fill(deadline)
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        code, space = rest[:3], rest[3:4]
        is_code = len(code) == 3 and code.isascii() and code.isdigit() and code >= "100"
        is_line = is_code and space in ("", " ") and not any(char in first for char in "\r\n\0")
        if version not in ("HTTP/1.1", "HTTP/1.0") or not is_line:
            raise self.protocol_error("no HTTP status line")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            is_token = name and name.isascii() and name.isprintable() and " " not in name
            if not colon or not is_token or any(char in value for char in "\r\n\0"):
                raise self.protocol_error("an invalid header line")
            name, value = name.lower(), value.strip(" \t")
            if name in headers and name in ("content-length", "transfer-encoding"):
                raise self.protocol_error(f"a duplicate {name} header")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return version, int(code), headers

    def _body(self, headers: Mapping[str, str], deadline: float) -> bytes:
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if coding is not None:
            if coding.lower() != "chunked" or length is not None:
                raise self.protocol_error("a body of ambiguous length")
            return self._chunks(deadline)
        if length is None:
            self.is_reusable = False
            return self._until_closed(deadline)
        if not (length.isascii() and length.isdigit()):
            raise self.protocol_error("a Content-Length that is not a number")
        if len(length) > 18 or int(length) > LARGEST_BODY_BYTES:
            raise self._oversized()
        return self._exactly(int(length), deadline)

    def _exactly(self, size: int, deadline: float) -> bytes:
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
            digits = self._line(deadline).partition(b";")[0].rstrip(b" \t")
            if not digits or len(digits) > 8 or not _HEX_DIGITS.issuperset(digits):
                raise self.protocol_error("a chunk without a size")
            size = int(digits, 16)
            if len(body) + size > LARGEST_BODY_BYTES:
                raise self._oversized()
            if size == 0:
                break
            body += self._exactly(size, deadline)
            if self._line(deadline):
                raise self.protocol_error("a chunk that is longer than its size")
        trailers = 0
        while line := self._line(deadline):
            trailers += len(line)
            if trailers > LARGEST_HEAD_BYTES:
                raise self.protocol_error("trailers that do not end")
        return bytes(body)

    def _line(self, deadline: float) -> bytes:
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > LARGEST_HEAD_BYTES:
                raise self.protocol_error("a line that does not end")
            self._fill(deadline)
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _until_closed(self, deadline: float) -> bytes:
        body = bytearray(self._buffer)
        self._buffer = b""
        while len(body) <= LARGEST_BODY_BYTES:
            try:
                self._fill(deadline)
            except _ClosedError:
                return bytes(body)
            body += self._buffer
            self._buffer = b""
        raise self._oversized()

    def _fill(self, deadline: float) -> None:
        self._socket.settimeout(seconds_left(deadline, self._peer))
        try:
            data = self._socket.recv(_READ_BYTES)
        except TimeoutError:
            raise TransportError(
                f"connected, but no response from {self._peer} in time; {SLOW}"
            ) from None
        except OSError as error:
            cause = cause_of(error)
            raise TransportError(f"connection to {self._peer} broke ({cause}); {CUT}") from None
        if not data:
            raise _ClosedError(
                f"{self._peer} closed the connection before the response was complete; {CUT}"
            )
        self._buffer += data


class _ClosedError(TransportError):
    """The peer closed the connection: the end of a body without a length, else an error."""
