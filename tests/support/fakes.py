"""Hand-written fakes for the seams: the clock, the backend, exec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appconfig_env._content.document import Document
from appconfig_env._wrapper.main import main
from appconfig_env.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appconfig_env._backends.base import Outcome, Request

NO_ANSWER = SourceError("-", "no answer", unreachable=True)


class Clock:
    """Returns a time that the test sets."""

    def __init__(self, at: float = 1_000_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def tick(self, seconds: float) -> None:
        self.at += seconds


def steadily() -> float:
    """Return the jitter that leaves every interval unchanged."""
    return 0.0


def wrapped(environ: Mapping[str, str], clock: Clock) -> dict[str, str]:
    """Run the wrapper, and return the environment that it passes to exec."""
    passed: dict[str, str] = {}

    def keep(path: str, words: list[str], result: dict[str, str]) -> None:
        del path, words
        passed.update(result)

    lines: list[str] = []
    code = main(["/bin/x"], environ, now=clock, execve=keep, jitter=steadily, say=lines.append)
    assert code == 0, lines
    return passed


class FakeBackend:
    """Returns `documents` by reference: bytes, a document or an error; records the requests."""

    def __init__(self, documents: dict[str, bytes | Outcome]) -> None:
        self.documents = documents
        self.requests: list[Request] = []

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        assert timeout > 0
        self.requests += requests
        return {request.resource.reference: self._answer(request) for request in requests}

    def _answer(self, request: Request) -> Outcome:
        outcome = self.documents.get(request.resource.reference, NO_ANSWER)
        return Document(request.resource, outcome) if isinstance(outcome, bytes) else outcome

    def asked(self) -> list[tuple[str, str]]:
        """The resources and tokens requested since the last call of this method."""
        requested = [(request.resource.reference, request.token) for request in self.requests]
        self.requests.clear()
        return requested
