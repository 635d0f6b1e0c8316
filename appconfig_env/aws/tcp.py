"""TCP connections, opened by a deadline; and how what goes wrong below HTTP is told."""

from __future__ import annotations

import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    # As `socket.getaddrinfo` gives them.
    Places = Sequence[tuple[int, int, int, str, tuple[Any, ...]]]


class TransportError(OSError):
    """No whole answer came; the message says what happened where.

    Attributes:
        is_final: whether the same request would end in the same way a moment later.
    """

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        self.is_final = is_final
        super().__init__(message)


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
        # As bytes: text would load the codec for names that are not ASCII, which costs 2 ms.
        return socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransportError(f"no address for {host} ({cause_of(error)})") from None


def dial(places: Places, named: str, deadline: float) -> socket.socket:
    """A TCP connection to the first address that takes one; silence leaves time for the next."""
    why = ""
    for index, (family, kind, protocol, _, address) in enumerate(places):
        share = seconds_left(deadline, named) / (len(places) - index)
        try:
            opened = socket.socket(family, kind, protocol)
        except OSError as error:  # a family that this host does not have
            why = cause_of(error)
            continue
        try:
            opened.settimeout(share)
            opened.connect(address)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
    return reason if isinstance(reason, str) and reason else type(error).__name__
