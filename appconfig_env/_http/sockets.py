"""TCP connections with deadlines, and the errors of TCP and TLS."""

from __future__ import annotations

import _socket  # socket itself imports enum and selectors, see tls.py
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    # As `socket.getaddrinfo` returns them.
    Addresses = Sequence[tuple[int, int, int, str, tuple[Any, ...]]]

    class Stream(Protocol):
        """The methods that are used of a connected socket, with and without TLS."""

        def settimeout(self, seconds: float, /) -> None:
            """Set how long each other method may wait."""

        def recv(self, most: int, /) -> bytes:
            """Receive some bytes; empty if the peer has closed the connection."""
            ...

        def sendall(self, data: bytes, /) -> None:
            """Send all of `data`."""

        def close(self) -> None:
            """Close it; idempotent."""


NO_TLS = "the server did not answer with TLS"


class TransportError(OSError):
    """No complete response arrived; the message has the cause and the host.

    Attributes:
        is_final: whether another attempt would fail in the same way.
        is_misconfigured: whether a setting is wrong, which the message begins with.
        headers: the response's, if they arrived before the failure.
    """

    def __init__(
        self, message: str, *, is_final: bool = False, is_misconfigured: bool = False
    ) -> None:
        self.is_final = is_final
        self.is_misconfigured = is_misconfigured
        self.headers: Mapping[str, str] = {}
        super().__init__(message)


class Socket(_socket.socket):
    """A socket that supports the weak reference that `_ssl` keeps to it."""

    __slots__ = ("__weakref__",)


class DistrustError(TransportError):
    """The server's certificate is not accepted: untrusted issuer, another host, or expired."""

    def __init__(self, message: str) -> None:
        super().__init__(message, is_final=True)


def seconds_left(deadline: float, peer: str) -> float:
    """Return the seconds until `deadline`, a time of `time.monotonic`.

    Raises:
        TransportError: the deadline has passed.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TransportError(f"no response from {peer} in time")
    return left


def resolve(host: str, port: int) -> Addresses:
    """Return the addresses of `host`, in the order to try them."""
    try:
        # As bytes: text would load the IDNA codec, which costs 5 ms.
        return _socket.getaddrinfo(host.encode("ascii"), port, type=_socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransportError(f"no address for {host} ({cause_of(error)})") from None


def dial(addresses: Addresses, peer: str, deadline: float) -> Socket:
    """Connect to the first address that accepts; each gets an equal share of the time left."""
    cause = ""
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        share = seconds_left(deadline, peer) / (len(addresses) - index)
        try:
            opened = Socket(family, kind, protocol)
        except OSError as error:  # an address family that this host does not support
            cause = cause_of(error)
            continue
        try:
            opened.settimeout(share)
            opened.connect(address)
            opened.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        except OSError as error:
            opened.close()
            cause = cause_of(error)
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    raise TransportError(f"no connection to {peer} ({cause})")


def cause_of(error: Exception) -> str:
    """Describe an error of the operating system or of TLS in a few words."""
    if isinstance(error, TimeoutError):
        return "timed out"
    # A TLS error's strerror includes OpenSSL's file and line; its reason is the readable part.
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    if not (isinstance(reason, str) and reason):
        return type(error).__name__
    if reason == "UNEXPECTED_EOF_WHILE_READING" or reason.startswith("EOF occurred"):
        return "the peer closed the connection unexpectedly"
    if reason == "WRONG_VERSION_NUMBER":
        return NO_TLS
    return reason


def distrust_of(host: str, reason: str) -> str:
    """Describe why the certificate of `host` is not accepted, and the remedy.

    Args:
        host: as the error names it.
        reason: OpenSSL's message.
    """
    if "expired" in reason or "not yet valid" in reason:
        hint = "a proxy may have answered instead of AWS; check it and this machine's clock"
    elif "mismatch" in reason or "other host" in reason:
        hint = "a proxy may have answered instead of AWS; check it and AWS_ENDPOINT_URL"
    else:
        hint = "check AWS_CA_BUNDLE, which must include the issuer"
    return f"no TLS with {host} (certificate not accepted: {reason.rstrip('.')}); {hint}"
