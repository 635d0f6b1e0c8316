"""Runs one fetch: deadline, workers, retries, outcomes; independent of the services."""

from __future__ import annotations

from ..._config.aws import AwsSettings
from ...errors import Failure
from ..system import THIS_SYSTEM
from .errors import INVALID_RESPONSE, REPORT, UNREACHABLE, AwsError
from .services import SERVICES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from typing import Any

    from ..._config.sources import Resource
    from ..base import Outcome
    from ..calls import Call
    from ..system import System
    from .client import Client
    from .retry import Policy

    Work = Callable[..., None]  # takes the Run, then the arguments of `add`

# A first attempt that hangs leaves time for another one within the 8 s of a cold start.
ATTEMPT_SECONDS = 5.0
LEAST_SECONDS = 0.1  # with less left, a call that got no response was ended by the deadline
MOST_OF = 0.9  # of the time that was left: an attempt that used it was ended by the deadline


class Run:
    """One fetch: its jobs and their outcomes.

    Args:
        client: makes the calls.
        timeout: seconds for all of them.
        connections: how many workers a service has at most.
        needed: the references of the resources without any good value. For these a throttled call
            is retried until the deadline.
        settings: the Regions of calls, where the reference does not name another one, and the
            roles for them; None for the defaults.
        system: time and threads.
        policy: the retries; None for the default.
        records_all: whether to record all calls, not only those that fail.

    Attributes:
        outcomes: by reference.
        calls: those that were recorded, in the order in which they ended.
    """

    def __init__(
        self,
        client: Client,
        timeout: float,
        connections: int,
        *,
        needed: Collection[str] = (),
        settings: AwsSettings | None = None,
        system: System = THIS_SYSTEM,
        policy: Policy | None = None,
        records_all: bool = False,
    ) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.calls: list[Call] = []
        self._records_all = records_all
        self._client = client
        self._timeout = timeout
        self._system = system
        self._began = system.now()
        self._deadline = self._began + timeout
        self._connections = connections
        self._needed = needed
        self._settings = settings or AwsSettings()
        self._policy = policy
        self._queues: dict[str, _Queue] = {}
        # Both by reference: how the last attempt of the last call failed, and which operation it
        # is. A call that succeeds, or is followed by another one, explains nothing any more.
        self._failures: dict[str, AwsError] = {}
        self._under_way: dict[str, str] = {}
        self._lost_seconds: dict[str, float] = {}  # by reference: in attempts that failed
        self._lock = system.lock()
        self._holders = 1  # the workers, and the thread in `wait`
        self._finished = system.lock()
        self._finished.acquire()

    @property
    def elapsed(self) -> float:
        """Seconds since the fetch began: services count from their responses, callers from then.

        At most the fetch's timeout: beyond that the process was frozen, after the response.
        """
        return min(self._system.now() - self._began, self._timeout)

    def read_seconds(self, resource: Resource) -> float:
        """Seconds since the fetch began, without those that `resource` lost to failed attempts.

        To the millisecond: an entry keeps it, and so does a file.
        """
        return round(max(0.0, self.elapsed - self._lost_seconds.get(resource.reference, 0.0)), 3)

    def has_ended(self, error: AwsError) -> bool:
        """Whether the deadline is the reason for `error`: calls end a moment before it."""
        left = self._deadline - self._system.now()
        return error.code == UNREACHABLE and left <= LEAST_SECONDS

    def add(
        self, service: str, resources: Iterable[Resource], work: Work, *arguments: object
    ) -> None:
        """Queue `work` for one of the service's workers; if it fails, so do `resources`."""
        concerned = list(resources)
        if self._under_way:
            for resource in concerned:  # the batch that `work` replaces, if any, is over
                self._under_way.pop(resource.reference, None)
        with self._lock:
            queue = self._queues.setdefault(service, _Queue())
            queue.jobs.append((concerned, work, arguments))
            if queue.workers >= self._connections:
                return
            queue.workers += 1
            self._holders += 1
        try:
            self._system.start(self._work, (queue,))
        except RuntimeError:  # the process cannot start another thread
            self._work(queue)

    def wait(self) -> None:
        """Wait until all jobs are done, or until the deadline."""
        self._release()
        self._finished.acquire(timeout=max(0.0, self._deadline - self._system.now()))

    def call(
        self,
        operation: str,
        parameters: dict[str, Any],
        resources: Iterable[Resource],
        region: str = "",
    ) -> dict[str, Any]:
        """Make the call, and retry transient failures until the deadline.

        Raises:
            AwsError: the failure of the last attempt that the deadline did not cut short.
        """
        references = [resource.reference for resource in resources]
        self._begin(operation, references)
        earlier: AwsError | None = None
        first = self._system.now()

        def attempt() -> dict[str, Any]:
            nonlocal earlier
            began = self._system.now()
            left = self._deadline - began
            if left <= 0:
                reason, hint = self._why_no_time()
                raise AwsError(operation, UNREACHABLE, reason, hint=hint)
            timeout = min(left, ATTEMPT_SECONDS)
            try:
                response = self._client.call(operation, parameters, timeout=timeout, region=region)
            except AwsError as error:
                self._note_failure(error, references, region, began)
                had_time = self._system.now() - began < MOST_OF * left
                known = earlier
                if known is None or had_time or error.code != UNREACHABLE:
                    earlier = error
                    self._failures.update(dict.fromkeys(references, error))
                    raise
            else:
                if self._failures or self._records_all:
                    self._note_success(operation, references, response, began, began - first)
                return response
            # An attempt that the deadline ended tells less than one before it that had its time.
            raise known.bare()

        try:
            return attempt()
        except AwsError as error:
            if not error.is_transient:
                raise
            try:
                from .retry import again  # only a failure pays for tenacity (28 ms)
            except ImportError:  # an interpreter without this package's dependencies
                only = error.bare()
                only.is_untried = True
                raise only from None
            is_required = any(reference in self._needed for reference in references)
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
            self.outcomes[resource.reference] = self._failure(resource, error)

    def late(self, resource: Resource) -> Failure:
        """Return the outcome of a resource that has none at the deadline."""
        operation = self._under_way.get(resource.reference)
        last = self._failures.get(resource.reference)
        summary = f"no response within {self._timeout:g} s"
        if operation is None:
            reason, hint = self._why_no_time()
            return Failure("unavailable", f"{summary}: {reason}", hint, code=UNREACHABLE)
        if last is None:
            return self._failure(resource, AwsError(operation, UNREACHABLE, summary))
        earlier = self._failure(resource, last)
        fields = earlier.fields()
        # After the deadline it is unknown whether AWS would refuse the call.
        fields["kind"] = earlier.kind if earlier.is_unavailable else "unavailable"
        fields["summary"] = f"{summary} after {earlier.summary}"
        return Failure(**fields)

    def _failure(self, resource: Resource, error: AwsError) -> Failure:
        """Return the failure of `resource`, located also if no client made the error."""
        self._locate(error, resource.arn_region)
        return error.failure_of(resource)

    def _locate(self, error: AwsError, region: str) -> None:
        if not error.region:
            access = self._settings.access(SERVICES.get(error.operation, ""))
            error.locate(region or access.region, access)

    def _begin(self, operation: str, references: list[str]) -> None:
        if self._failures:
            self._forget_failures(references)
        self._under_way.update(dict.fromkeys(references, operation))

    def _forget_failures(self, references: list[str]) -> None:
        for reference in references:
            self._failures.pop(reference, None)

    def _note_success(
        self,
        operation: str,
        references: list[str],
        response: dict[str, Any],
        began: float,
        lost_seconds: float,
    ) -> None:
        """Forget how earlier attempts failed, but not the time that they took; record the call."""
        if self._failures:
            self._forget_failures(references)
            for reference in references:
                lost = self._lost_seconds.get(reference, 0.0)
                self._lost_seconds[reference] = lost + lost_seconds
        if self._records_all:
            from .recording import succeeded  # only for debug and trace

            region = self._settings.access(SERVICES.get(operation, "")).region
            seconds = self._system.now() - began
            self.calls.append(succeeded(operation, references, response, region, seconds))

    def _note_failure(
        self, error: AwsError, references: list[str], region: str, began: float
    ) -> None:
        from .recording import failed  # only after a failure

        self._locate(error, region)
        call = failed(error, references, self._system.now() - began)
        if call is not None:
            self.calls.append(call)

    def _why_no_time(self) -> tuple[str, str]:
        """Return why a call was not attempted before the deadline, and what to do."""
        reason = "not attempted before the deadline"
        failures = list(self._failures.values())
        if not failures:
            return reason, "raise AWS_APPCONFIG_EXTENSION_MAX_CONNECTIONS"
        earlier = failures[-1].failure
        return f"{reason}; an earlier call failed: {earlier.problem}", earlier.hint

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
            except Exception as error:  # noqa: BLE001 - our own bug must not look like a slow AWS
                self.fail(
                    resources,
                    AwsError("", INVALID_RESPONSE, f"unexpected {type(error).__name__}; {REPORT}"),
                )
        self._release()

    def _release(self) -> None:
        with self._lock:
            self._holders -= 1
            if not self._holders:
                self._finished.release()


class _Queue:
    """The jobs for one service, and the number of its workers."""

    def __init__(self) -> None:
        self.jobs: list[tuple[list[Resource], Work, tuple[object, ...]]] = []
        self.workers = 0
