"""One connection and the HTTP/1.1 on it: refuses what two readers could read differently."""

from __future__ import annotations

from . import tls
from .errors import BETWEEN, SLOW
from .messages import HttpAnswer
from .sockets import (
    DistrustError,
    TransportError,
    cause_of,
    dial,
    distrust_of,
    resolve,
    seconds_left,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _ssl
    from collections.abc import Mapping

    from .sockets import Stream

LARGEST_HEAD_BYTES = 64 * 1024
LARGEST_BODY_BYTES = 16 * 1024 * 1024  # a deployed configuration holds 4 MB at most
_READ_BYTES = 64 * 1024
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")


class Connection:
    """One open connection, and what was read from it and not used yet.

    Deadlines are moments on `time.monotonic`'s clock.

    Attributes:
        is_reusable: whether another request may follow the last answer.
    """

    def __init__(self, host: str, port: int, named: str, deadline: float) -> None:
        self._named = named
        self._outer = dial(resolve(host, port), named, deadline)
        self._socket: Stream = self._outer
        self._buffer = b""
        self.is_reusable = True

    def start_tls(self, context: _ssl._SSLContext, host: str, deadline: float) -> None:
        """Go on in TLS with `host`, whose certificate is verified."""
        if self._buffer:
            # Taken as the first answer inside of TLS, it would be anybody's words.
            raise self.garbled("more than an answer to CONNECT")
        self._socket.settimeout(seconds_left(deadline, self._named))
        try:
            self._socket = tls.start(context, self._outer, host)
        except (OSError, ValueError) as error:
            if said := getattr(error, "verify_message", ""):
                raise DistrustError(f"no TLS with {host} ({distrust_of(said)})") from None
            raise TransportError(f"no TLS with {host} ({cause_of(error)})") from None

    def send(self, data: bytes, deadline: float) -> None:
        """Send all of `data`."""
        self._socket.settimeout(seconds_left(deadline, self._named))
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise TransportError(
                f"{self._named} did not take the request ({cause_of(error)})"
            ) from None

    def receive(self, method: str, deadline: float) -> HttpAnswer:
        """Read the whole answer to a request of `method`.

        Raises:
            TransportError: none came, or one that is not HTTP/1.1 to the letter.
        """
        status = 100
        while status == 100 or 102 <= status < 200:  # interim: the answer follows
            version, status, headers = self._head(deadline)
        if status == 101:
            raise self.garbled("an answer in another protocol")
        options = [option.strip().lower() for option in headers.get("connection", "").split(",")]
        self.is_reusable = version == "HTTP/1.1" and "close" not in options
        has_body = not (method in ("CONNECT", "HEAD") or status in (204, 304))
        try:
            body = self._body(headers, deadline) if has_body else b""
            if self._buffer and method != "CONNECT":
                self.is_reusable = False  # nobody asked for what stands there
                if self._buffer.strip(b"\r\n"):
                    # Half a document would pass for a whole one, where it is no JSON.
                    raise self.garbled("more than it announced")
        except TransportError as error:
            error.headers = headers
            raise
        return HttpAnswer(status, headers, body)

    def close(self) -> None:
        """Close it, whatever its entry."""
        self._socket.close()

    def garbled(self, what: str, *, is_final: bool = False) -> TransportError:
        """The error for an answer that is not of the protocol."""
        return TransportError(f"{self._named} sent {what}; {BETWEEN}", is_final=is_final)

    def _oversized(self) -> TransportError:
        # For good: it would be too large again, and take as long.
        return self.garbled("a body that is too large", is_final=True)

    def _head(self, deadline: float) -> tuple[str, int, dict[str, str]]:
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > LARGEST_HEAD_BYTES:
                raise self.garbled("headers without end")
            self._fill(deadline)
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        code, space = rest[:3], rest[3:4]
        is_code = len(code) == 3 and code.isascii() and code.isdigit() and code >= "100"
        is_line = is_code and space in ("", " ") and not any(sign in first for sign in "\r\n\0")
        if version not in ("HTTP/1.1", "HTTP/1.0") or not is_line:
            raise self.garbled("no HTTP status line")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            is_token = name and name.isascii() and name.isprintable() and " " not in name
            if not colon or not is_token or any(sign in value for sign in "\r\n\0"):
                raise self.garbled("a line that is no header")
            name, value = name.lower(), value.strip(" \t")
            if name in headers and name in ("content-length", "transfer-encoding"):
                raise self.garbled(f"{name} twice")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return version, int(code), headers

    def _body(self, headers: Mapping[str, str], deadline: float) -> bytes:
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if coding is not None:
            if coding.lower() != "chunked" or length is not None:
                raise self.garbled("a body whose length is ambiguous")
            return self._chunks(deadline)
        if length is None:
            self.is_reusable = False
            return self._until_closed(deadline)
        if not (length.isascii() and length.isdigit()):
            raise self.garbled("a Content-Length that is no number")
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
                raise self.garbled("a chunk without a size")
            size = int(digits, 16)
            if len(body) + size > LARGEST_BODY_BYTES:
                raise self._oversized()
            if size == 0:
                break
            body += self._exactly(size, deadline)
            if self._line(deadline):
                raise self.garbled("a chunk that is longer than it says")
        trailers = 0
        while line := self._line(deadline):
            trailers += len(line)
            if trailers > LARGEST_HEAD_BYTES:
                raise self.garbled("trailers without end")
        return bytes(body)

    def _line(self, deadline: float) -> bytes:
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > LARGEST_HEAD_BYTES:
                raise self.garbled("a line without end")
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
        self._socket.settimeout(seconds_left(deadline, self._named))
        try:
            data = self._socket.recv(_READ_BYTES)
        except TimeoutError:
            raise TransportError(
                f"no answer from {self._named} in time, though the connection stands; {SLOW}"
            ) from None
        except OSError as error:
            why = cause_of(error)
            raise TransportError(f"connection to {self._named} broke ({why}); {BETWEEN}") from None
        if not data:
            raise _ClosedError(
                f"{self._named} closed the connection before its answer was whole; {BETWEEN}"
            )
        self._buffer += data


class _ClosedError(TransportError):
    """The other side closed, which is the end of a body without a length and an error elsewhere."""
