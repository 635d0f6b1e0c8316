"""One fetch while it runs: its deadline, its workers and the outcomes so far; knows no service."""

from __future__ import annotations

from ...errors import Failure
from ..system import THIS_SYSTEM
from .errors import INVALID_RESPONSE, UNREACHABLE, AwsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from typing import Any

    from ..._config.sources import Resource
    from ..base import Outcome
    from ..system import System
    from .errors import Client
    from .retry import Policy

    Work = Callable[..., None]  # takes the Run, then what was given to `add`

# A first attempt that hangs leaves time for another one within the eight seconds of a start.
ATTEMPT_SECONDS = 5.0


class Run:
    """What is done for one fetch, and what came of it.

    Args:
        client: makes the calls.
        timeout: seconds for all of them.
        connections: how many workers a service has at most.
        needed: the texts of the resources of which nothing good is known, and for which a start
            therefore is patient where AWS throttles.
        system: time and threads.
        policy: the retries; None for the real one.

    Attributes:
        outcomes: by resource's text.
    """

    def __init__(
        self,
        client: Client,
        timeout: float,
        connections: int,
        *,
        needed: Collection[str] = (),
        system: System = THIS_SYSTEM,
        policy: Policy | None = None,
    ) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._client = client
        self._timeout = timeout
        self._system = system
        self._began = system.now()
        self._deadline = self._began + timeout
        self._connections = connections
        self._needed = needed
        self._policy = policy
        self._queues: dict[str, _Queue] = {}
        self._failures: dict[str, AwsError] = {}  # the last one, by resource's text
        self._under_way: dict[str, str] = {}  # the operation, likewise
        self._lock = system.lock()
        self._holders = 1  # the workers, and whoever waits for them
        self._finished = system.lock()
        self._finished.acquire()

    @property
    def elapsed(self) -> float:
        """Seconds since the fetch began: services count from their answers, callers from then.

        No more than the fetch may take: beyond that this was frozen, and the answer is of before.
        """
        return min(self._system.now() - self._began, self._timeout)

    def add(
        self, service: str, resources: Iterable[Resource], work: Work, *arguments: object
    ) -> None:
        """Have `work` done by one of the service's workers; if it fails, so do `resources`."""
        with self._lock:
            queue = self._queues.setdefault(service, _Queue())
            queue.jobs.append((list(resources), work, arguments))
            if queue.workers >= self._connections:
                return
            queue.workers += 1
            self._holders += 1
        try:
            self._system.start(self._work, (queue,))
        except RuntimeError:  # the process has no room for another thread
            self._work(queue)

    def wait(self) -> None:
        """Wait until all is done, or until the deadline."""
        self._release()
        self._finished.acquire(timeout=max(0.0, self._deadline - self._system.now()))

    def call(
        self,
        operation: str,
        parameters: dict[str, Any],
        resources: Iterable[Resource],
        region: str = "",
    ) -> dict[str, Any]:
        """Make the call, again where that may help, until the deadline.

        Raises:
            AwsError: the last attempt's failure.
        """
        everyone = list(resources)
        self._under_way.update((resource.reference, operation) for resource in everyone)

        def attempt() -> dict[str, Any]:
            left = self._deadline - self._system.now()
            if left <= 0:
                raise AwsError(operation, UNREACHABLE, self._why_no_time())
            timeout = min(left, ATTEMPT_SECONDS)
            try:
                return self._client.call(operation, parameters, timeout=timeout, region=region)
            except AwsError as error:
                for resource in everyone:
                    self._failures[resource.reference] = error
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
            is_required = any(resource.reference in self._needed for resource in everyone)
            return again(
                attempt,
                error,
                self._deadline,
                is_required=is_required,
                system=self._system,
                policy=self._policy,
            )

    def fail(self, resources: Iterable[Resource], error: AwsError) -> None:
        """Record the same failure for each of `resources`."""
        for resource in resources:
            self.outcomes[resource.reference] = error.failure

    def late(self, resource: Resource) -> Failure:
        """Return the outcome of a resource that has none at the deadline."""
        last = self._failures.get(resource.reference)
        operation = self._under_way.get(resource.reference)
        summary = f"no answer within {self._timeout:g} s"
        if last is not None:
            earlier = last.failure
            fields = earlier.fields()
            # Once the time is over, nothing says that AWS would refuse the call.
            fields["kind"] = earlier.kind if earlier.is_unavailable else "unavailable"
            fields["summary"] = f"{summary} after {earlier.summary}"
            return Failure(**fields)
        if operation is not None:
            return AwsError(operation, UNREACHABLE, summary).failure
        return Failure("unavailable", f"{summary}: {self._why_no_time()}", code=UNREACHABLE)

    def _why_no_time(self) -> str:
        """Return why a call was not even begun: what took so long before it."""
        earlier = next(reversed(self._failures.values()), None)
        if earlier is not None:
            return f"not attempted before the deadline; an earlier call failed: {earlier.reason}"
        return "not attempted before the deadline; raise AWS_APPCONFIG_EXTENSION_MAX_CONNECTIONS"

    def _work(self, queue: _Queue) -> None:
        while True:
            with self._lock:
                if not queue.jobs:
                    queue.workers -= 1
                    break
                resources, work, arguments = queue.jobs.pop(0)
            try:
                work(self, *arguments)
            except AwsError as error:
                self.fail(resources, error)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not look like a slow AWS
                self.fail(
                    resources,
                    AwsError("Fetch", INVALID_RESPONSE, f"unexpected {type(error).__name__}"),
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
        self.jobs: list[tuple[list[Resource], Work, tuple[object, ...]]] = []
        self.workers = 0
