"""Hand-written stand-ins for the seams: the clock, the fetch, exec."""

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
    """Tells the time it was told."""

    def __init__(self, at: float = 1_000_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def tick(self, seconds: float) -> None:
        self.at += seconds


def steadily() -> float:
    """Give the jitter that makes every interval last exactly as long as it is."""
    return 0.0


def wrapped(environ: Mapping[str, str], clock: Clock) -> dict[str, str]:
    """Give the environment that the wrapper hands over to the runtime."""
    found: dict[str, str] = {}

    def keep(path: str, words: list[str], result: dict[str, str]) -> None:
        del path, words
        found.update(result)

    said: list[str] = []
    assert (
        main(["/bin/x"], environ, now=clock, execve=keep, jitter=steadily, say=said.append) == 0
    ), said
    return found


class FakeBackend:
    """Answers from `documents`, by resource text: bytes, a document, an error; records requests."""

    def __init__(self, documents: dict[str, bytes | Outcome]) -> None:
        self.documents = documents
        self.requests: list[Request] = []

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        assert timeout > 0
        self.requests += requests
        return {request.resource.reference: self._answer(request) for request in requests}

    def _answer(self, request: Request) -> Outcome:
        found = self.documents.get(request.resource.reference, NO_ANSWER)
        return Document(request.resource, found) if isinstance(found, bytes) else found

    def asked(self) -> list[tuple[str, str]]:
        """The resources and tokens since the last call of this."""
        made = [(request.resource.reference, request.token) for request in self.requests]
        self.requests.clear()
        return made
