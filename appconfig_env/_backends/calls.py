"""The calls to AWS that a backend reports for the log, as data; pure.

Loaded only at the log levels `debug` and `trace`, and after a failed call.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..errors import Failure
    from .base import Outcome

    Base = dict[str, Outcome]
else:
    Base = dict


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


class Outcomes(Base):
    """Outcomes, and the calls that were made for them.

    Attributes:
        calls: those that failed; all of them if the log level is `debug` or below.
    """

    __slots__ = ("calls",)

    def __init__(self, outcomes: Mapping[str, Outcome], calls: Sequence[Call] = ()) -> None:
        super().__init__(outcomes)
        self.calls = calls
