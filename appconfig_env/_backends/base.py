"""The interface of backends: for each request an outcome, and which calls were made; pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._config.sources import Resource
    from .._content.document import Document
    from ..errors import Failure
    from .calls import Call

    # Reads several resources at once, within a number of seconds; never raises. Outcomes are by the
    # resources' references, see `calls_of`.
    Backend = Callable[[list["Request"], float], Mapping[str, "Outcome"]]


class Request:
    """One resource to be read.

    Attributes:
        resource: what to read.
        token: the token of its session; empty for none.
        is_required: whether there is no good value of it, so that waiting is worthwhile.
    """

    __slots__ = ("is_required", "resource", "token")

    def __init__(self, resource: Resource, token: str = "", *, is_required: bool = True) -> None:
        self.resource = resource
        self.token = token
        self.is_required = is_required

    def __repr__(self) -> str:
        return f"<Request {self.resource.reference}>"


class Unchanged:
    """The confirmation that the document of the request's token is still the newest.

    Attributes:
        token: the token for the next poll.
        poll_seconds: the minimum time until then, from the start of the fetch; None if the service
            has no minimum.
        is_early: whether the service refused the poll as too early: the token remains valid.
    """

    __slots__ = ("is_early", "poll_seconds", "token")

    def __init__(
        self, token: str, poll_seconds: float | None = None, *, is_early: bool = False
    ) -> None:
        self.token = token
        self.poll_seconds = poll_seconds
        self.is_early = is_early

    def __repr__(self) -> str:
        return "<Unchanged early>" if self.is_early else "<Unchanged>"


def calls_of(outcomes: Mapping[str, Outcome]) -> Sequence[Call]:
    """Return the calls to AWS that were recorded for `outcomes`, see `calls.Outcomes`."""
    calls: Sequence[Call] = getattr(outcomes, "calls", ())  # most outcomes are a plain dict
    return calls


if TYPE_CHECKING:
    Outcome = Document | Unchanged | Failure
