"""TCP connections, opened by a deadline; and how what goes wrong below HTTP is told."""

from __future__ import annotations

import _socket  # socket itself brings enum and selectors, see tls.py
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    # As `socket.getaddrinfo` gives them.
    Places = Sequence[tuple[int, int, int, str, tuple[Any, ...]]]

    class Stream(Protocol):
        """What of a socket is used once it is connected, with and without TLS."""

        def settimeout(self, seconds: float, /) -> None:
            """Let each of the others wait so long."""

        def recv(self, most: int, /) -> bytes:
            """Some bytes; none where the other side has closed."""

        def sendall(self, data: bytes, /) -> None:
            """Send all of it."""

        def close(self) -> None:
            """Close it, whatever its entry."""


class TransportError(OSError):
    """No whole answer came; the message says what happened where.

    Attributes:
        is_final: whether the same request would end in the same way a moment later.
        headers: the answer's, where they came before it broke.
    """

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        self.is_final = is_final
        self.headers: Mapping[str, str] = {}
        super().__init__(message)


class Socket(_socket.socket):
    """A socket that TLS can be put on: it is held there by a weak reference."""

    __slots__ = ("__weakref__",)


class DistrustError(TransportError):
    """The server's certificate is not accepted: not signed by anybody trusted, or of another."""

    def __init__(self, message: str) -> None:
        super().__init__(message, is_final=True)


def seconds_left(deadline: float, named: str) -> float:
    """The seconds until `deadline`, a moment on `time.monotonic`'s clock.

    Raises:
        TransportError: there are none.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise late(named)
    return left


def late(named: str) -> TransportError:
    """The error for an answer that did not come in time."""
    return TransportError(f"no answer from {named} in time")


def resolve(host: str, port: int) -> Places:
    """The addresses of `host`, in the order in which they are to be tried."""
    try:
        # As bytes: text would load the codec for names that are not ASCII, which costs 5 ms.
        return _socket.getaddrinfo(host.encode("ascii"), port, type=_socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransportError(f"no address for {host} ({cause_of(error)})") from None


def dial(places: Places, named: str, deadline: float) -> Socket:
    """A TCP connection to the first address that takes one; silence leaves time for the next."""
    why = ""
    for index, (family, kind, protocol, _, address) in enumerate(places):
        share = seconds_left(deadline, named) / (len(places) - index)
        try:
            opened = Socket(family, kind, protocol)
        except OSError as error:  # a family that this host does not have
            why = cause_of(error)
            continue
        try:
            opened.settimeout(share)
            opened.connect(address)
            opened.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        except OSError as error:
            opened.close()
            why = cause_of(error)
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    raise TransportError(f"no connection to {named} ({why})")


def cause_of(error: Exception) -> str:
    """What an error of the operating system or of TLS says, in a word or two."""
    if isinstance(error, TimeoutError):
        return "timed out"
    # A TLS error's strerror holds OpenSSL's file and line too; its reason is the readable part.
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    if not (isinstance(reason, str) and reason):
        return type(error).__name__
    if reason == "UNEXPECTED_EOF_WHILE_READING" or reason.startswith("EOF occurred"):
        return "the other side cut it off"
    if reason == "WRONG_VERSION_NUMBER":
        return "what answers there speaks no TLS; is the endpoint's or the proxy's URL right?"
    return reason


def distrust_of(said: str) -> str:
    """What is wrong with a certificate, and what to do about it.

    Args:
        said: OpenSSL's words for it.
    """
    if "expired" in said or "not yet valid" in said:
        hint = "is this clock right, and is it AWS who answers, no proxy?"
    elif "mismatch" in said or "other host" in said:
        hint = "is AWS_ENDPOINT_URL right, and is it AWS who answers, no proxy?"
    else:
        hint = "is AWS_CA_BUNDLE right?"
    return f"certificate not accepted: {said.rstrip('.')}; {hint}"
