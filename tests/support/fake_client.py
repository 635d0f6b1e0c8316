"""A fake AWS client that returns prepared responses, for tests of which calls are made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

Response = dict[str, Any] | Exception | Callable[[Mapping[str, Any]], dict[str, Any]]


class FakeClient:
    """Returns each operation's responses in order, then the last one; records the calls."""

    def __init__(self, **responses: Response | list[Response]) -> None:
        self.calls: list[tuple[str, dict[str, Any], str]] = []
        self.timeouts: list[float] = []
        self.closed = self.in_flight = self.peak_in_flight = 0
        self._responses = {k: list(v) if isinstance(v, list) else [v] for k, v in responses.items()}
        self._lock = threading.Lock()

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
    ) -> dict[str, Any]:
        with self._lock:
            self.calls.append((operation, dict(parameters), region))
            self.timeouts.append(timeout)
            queue = self._responses[operation]
            response = queue.pop(0) if len(queue) > 1 else queue[0]
            self.in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        try:
            if isinstance(response, Exception):
                raise response
            return response(parameters) if callable(response) else response
        finally:
            with self._lock:
                self.in_flight -= 1

    def close(self) -> None:
        self.closed += 1

    def operations(self) -> list[str]:
        return [operation for operation, _, _ in self.calls]
