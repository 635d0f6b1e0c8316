"""A fault: its name, what it does on the wire, and what is expected of the package."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket
    import threading
    from collections.abc import Callable

    from .wire import OnCall

# Remedies that errors end with.
NO_ROUTE = "check the Region and the route to AWS"
BETWEEN = "a proxy or gateway"
SLOW = "health.aws.amazon.com"

SOURCES = ("session", "poll", "path", "name", "secret")
SHORT_SECONDS = 1.0  # the deadline of tests that wait for it
LONG_SECONDS = 8.0  # the default deadline, where nothing should come close to it


# In the errors of calls that only a deadline ends.
ENDLESS = frozenset({"timed out", "in time", "pages"})


class Outcome(Enum):
    """What becomes of a call that meets a fault."""

    SUCCESS = "the call succeeds"
    TRANSIENT = "retried; then the fallback is used"
    PERMANENT = "not retried; the fallback is used"
    REFUSED = "not retried; the fallback is not used, because AWS has answered"


class Fault(NamedTuple):
    """One fault.

    Attributes:
        name: its name here and in the documentation.
        on_the_wire: what happens on the wire.
        outcome: what becomes of the call.
        error_parts: what each error contains, the remedy last; `{code}` is its service's AWS code.
        on_call: what it does to a call.
        on_connect: what it does to a connection before TLS.
        certificate: see `certificates.context`.
        endpoint: replaces the proxy: a `closed` port, an `unresolvable` host or a `full` queue.
        skew: the error of AWS's clock in seconds.
        sources: the sources that meet it.
        status: the response's status, if it decides the code.
        has_request_id: whether a response with a request ID arrived.
        is_slow: whether it takes time, so that the deadline is short.
        recovers: whether a refresh succeeds too, with its few attempts and short time.
    """

    name: str
    on_the_wire: str
    outcome: Outcome
    error_parts: tuple[str, ...] = ()
    on_call: OnCall | None = None
    on_connect: Callable[[socket.socket, threading.Event], bool] | None = None
    certificate: str = "good"
    endpoint: str = ""
    skew: float = 0.0
    sources: tuple[str, ...] = SOURCES
    status: int = 0
    has_request_id: bool = False
    is_slow: bool = False
    recovers: bool = True

    @property
    def deadline(self) -> float:
        """The deadline of a cold start, in seconds."""
        return SHORT_SECONDS if self.is_slow else LONG_SECONDS

    @property
    def refresh_deadline(self) -> float:
        """The deadline of a refresh, in seconds.

        Its few attempts end soon, each with the fault's own error. A short deadline could end the
        last one of every situation, and then no error would name the fault.
        """
        is_endless = not ENDLESS.isdisjoint(self.error_parts)
        return self.deadline if is_endless else LONG_SECONDS
