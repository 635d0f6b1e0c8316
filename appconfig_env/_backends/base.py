"""The interface of backends: for each request an outcome, and which calls were made; pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._config.sources import Resource
    from .._content.document import Document
    from ..errors import Failure

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


class Call:
    """One call to AWS, as the log reports it: without parameters and result, which hold values.

    Attributes:
        operation: as AWS's API has it.
        references: of the resources that it was to read; empty if it was for credentials.
        region: where it was made.
        seconds: how long it took.
        request_id: AWS's; empty if there is none.
        failure: how it failed; None for a success.
    """

    __slots__ = ("failure", "operation", "references", "region", "request_id", "seconds")

    def __init__(
        self,
        operation: str,
        references: Sequence[str] = (),
        *,
        region: str = "",
        seconds: float = 0.0,
        request_id: str = "",
        failure: Failure | None = None,
    ) -> None:
        self.operation = operation
        self.references = references
        self.region = region
        self.seconds = seconds
        self.request_id = request_id
        self.failure = failure

    def __repr__(self) -> str:
        return f"<Call {self.operation} failure {self.failure}>"


class Outcomes(dict[str, "Outcome"]):
    """Outcomes, and the calls that were made for them: data for the log, which no backend has.

    Attributes:
        calls: those that failed; all of them if the log level is `debug` or below.
    """

    __slots__ = ("calls",)

    def __init__(self, outcomes: Mapping[str, Outcome], calls: Sequence[Call] = ()) -> None:
        super().__init__(outcomes)
        self.calls = calls


def calls_of(outcomes: Mapping[str, Outcome]) -> Sequence[Call]:
    """Return the calls to AWS that were made for `outcomes`; none if they are from this machine."""
    return outcomes.calls if isinstance(outcomes, Outcomes) else ()


if TYPE_CHECKING:
    Outcome = Document | Unchanged | Failure
