"""A backend for tests, not in the layer: returns documents from memory and records requests."""

from __future__ import annotations

from .._content.document import Document
from ..errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .base import Outcome, Request

NO_RESPONSE = Failure("unavailable", "no response", "add it to the documents of this backend")


class FakeBackend:
    """See `base.Backend`.

    Attributes:
        documents: by reference: bytes, or an outcome; the rest is unavailable.
        requests: all requests, in order.
    """

    def __init__(self, documents: dict[str, bytes | Outcome] | None = None) -> None:
        self.documents = documents or {}
        self.requests: list[Request] = []

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        """Return an outcome for each request."""
        assert timeout > 0  # noqa: S101 # nosec B101 # of the caller, in a test
        self.requests += requests
        return {request.resource.reference: self._outcome(request) for request in requests}

    def asked(self) -> list[tuple[str, str]]:
        """Return the references and tokens of the requests since the last call."""
        asked = [(request.resource.reference, request.token) for request in self.requests]
        self.requests.clear()
        return asked

    def _outcome(self, request: Request) -> Outcome:
        outcome = self.documents.get(request.resource.reference, NO_RESPONSE)
        return Document(outcome) if isinstance(outcome, bytes) else outcome
