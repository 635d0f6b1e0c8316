"""One fetch while it runs: its deadline, its workers and the outcomes so far; knows no service."""

from __future__ import annotations

import time
from _thread import allocate_lock, start_new_thread  # threading itself costs a cold start 4 ms

from ..errors import SourceError
from .port import GARBLED, UNREACHABLE, AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .._load import Outcome
    from .._reference import Locator
    from .port import Client

    Work = Callable[..., None]  # takes the Run, then what was given to `add`

# A first attempt that hangs leaves time for another one within the eight seconds of a start.
ATTEMPT_SECONDS = 5.0


class Run:
    """What is done for one fetch, and what came of it.

    Attributes:
        outcomes: by locator's text.
    """

    def __init__(self, client: Client, timeout: float, connections: int) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._client = client
        self._timeout = timeout
        self._began = time.monotonic()
        self._deadline = self._began + timeout
        self._connections = connections
        self._queues: dict[str, _Queue] = {}
        self._failures: dict[str, AwsError] = {}  # the last one, by locator's text
        self._lock = allocate_lock()
        self._holders = 1  # the workers, and whoever waits for them
        self._finished = allocate_lock()
        self._finished.acquire()

    @property
    def elapsed(self) -> float:
        """Seconds since the fetch began: services count from their answers, callers from then."""
        return time.monotonic() - self._began

    def add(
        self, service: str, locators: Iterable[Locator], work: Work, *arguments: object
    ) -> None:
        """Have `work` done by one of the service's workers; if it fails, so do `locators`."""
        with self._lock:
            queue = self._queues.setdefault(service, _Queue())
            queue.jobs.append((list(locators), work, arguments))
            if queue.workers >= self._connections:
                return
            queue.workers += 1
            self._holders += 1
        try:
            start_new_thread(self._work, (queue,))
        except RuntimeError:  # the process has no room for another thread
            self._work(queue)

    def wait(self) -> None:
        """Wait until all is done, or until the deadline."""
        self._release()
        self._finished.acquire(timeout=max(0.0, self._deadline - time.monotonic()))

    def call(
        self,
        operation: str,
        parameters: dict[str, Any],
        locators: Iterable[Locator],
        region: str = "",
    ) -> dict[str, Any]:
        """Make the call, again where that may help, until the deadline.

        Raises:
            AwsError: the last attempt's failure.
        """

        def attempt() -> dict[str, Any]:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise AwsError(operation, UNREACHABLE, "no time was left for it")
            timeout = min(left, ATTEMPT_SECONDS)
            try:
                return self._client.call(operation, parameters, timeout=timeout, region=region)
            except AwsError as error:
                for locator in locators:
                    self._failures[locator.text] = error
                raise

        try:
            return attempt()
        except AwsError as error:
            if not error.is_transient:
                raise
            try:
                from .retry import again  # only a failure pays for tenacity (28 ms)
            except ImportError:  # an interpreter that was not given what this package needs
                raise error from None
            return again(attempt, error, self._deadline)

    def fail(self, locators: Iterable[Locator], error: AwsError) -> None:
        """Note the same failure for each of `locators`."""
        for locator in locators:
            self.outcomes[locator.text] = SourceError(
                locator.text, error.reason, unreachable=error.is_unreachable
            )

    def late(self, locator: Locator) -> SourceError:
        """The outcome of a locator that has none at the deadline."""
        last = self._failures.get(locator.text)
        after = f" after {last.reason}" if last else ""
        reason = f"no answer within {self._timeout:g} s{after}"
        return SourceError(locator.text, reason, unreachable=True)

    def _work(self, queue: _Queue) -> None:
        while True:
            with self._lock:
                if not queue.jobs:
                    queue.workers -= 1
                    break
                locators, work, arguments = queue.jobs.pop(0)
            try:
                work(self, *arguments)
            except AwsError as error:
                self.fail(locators, error)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not look like a slow AWS
                self.fail(
                    locators, AwsError("Fetch", GARBLED, f"unexpected {type(error).__name__}")
                )
        self._release()

    def _release(self) -> None:
        with self._lock:
            self._holders -= 1
            if not self._holders:
                self._finished.release()


class _Queue:
    """What is to be done for one service, and how many work on it."""

    def __init__(self) -> None:
        self.jobs: list[tuple[list[Locator], Work, tuple[object, ...]]] = []
        self.workers = 0
