"""What a fault is: its name, what it does on the wire, and what is expected of it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket
    import threading
    from collections.abc import Callable

    from .wire import Does

# Questions that errors end in.
NO_ROUTE = "is there a route to AWS"
BETWEEN = "a proxy or gateway"
SLOW = "health.aws.amazon.com"

SOURCES = ("session", "poll", "path", "name", "secret")
SHORT_SECONDS = 1.0  # the deadline where one is waited for
LONG_SECONDS = 8.0  # the deadline that a function has, where nothing should come near it


class Ending(Enum):
    """What becomes of a call that meets a fault."""

    WELL = "the call succeeds"
    PASSING = "tried again; then a fallback stands in"
    LASTING = "not tried again; a fallback stands in"
    REFUSED = "not tried again; no fallback stands in: that was an answer"


class Fault(NamedTuple):
    """One fault.

    Attributes:
        name: what it is called here and in the documentation.
        happens: what happens on the wire.
        ending: what becomes of it.
        says: what each error holds, the remedy last; `{code}` is the AWS code of its service.
        does: to a call.
        meets: what it does to a connection before TLS.
        certificate: see `proxy.context`.
        endpoint: what stands in the proxy's place: `nobody`, a `nameless` host, or a `full` queue.
        skew: seconds that AWS's clock is off.
        sources: those that meet it.
        status: of the answer, where it decides the code.
        is_named: whether an answer came that names the request.
        is_slow: whether it takes time, so that the deadline is short.
        heals: whether a refresh is well too, with its few attempts and short time.
    """

    name: str
    happens: str
    ending: Ending
    says: tuple[str, ...] = ()
    does: Does | None = None
    meets: Callable[[socket.socket, threading.Event], bool] | None = None
    certificate: str = "good"
    endpoint: str = ""
    skew: float = 0.0
    sources: tuple[str, ...] = SOURCES
    status: int = 0
    is_named: bool = False
    is_slow: bool = False
    heals: bool = True

    @property
    def deadline(self) -> float:
        """Seconds that a start has, and a refresh."""
        return SHORT_SECONDS if self.is_slow else LONG_SECONDS
