"""Plans the calls that read resources: one job per profile, path and batch, one deadline."""

from __future__ import annotations

from ..._config.sources import APPCONFIG, SECRETS_MANAGER, SSM
from ..system import THIS_SYSTEM
from . import appconfig as profiles
from . import secretsmanager as secrets
from . import ssm as parameters
from .executor import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..._config.aws import AwsSettings
    from ..._config.sources import Resource
    from ..base import Outcome, Request
    from ..calls import Call
    from ..system import System
    from .client import Client
    from .retry import Policy

    Named = dict[str, list[Resource]]  # several resources may share a name: their formats differ


class AwsBackend:
    """Reads resources from AWS; see `base.Backend`.

    Args:
        client: makes the calls.
        connections: how many calls of one service are made at the same time, at most.
        settings: the Regions and roles of calls, see `executor.Run`; None for the defaults.
        system: time and threads.
        policy: the retries; None for the default.
        client_calls: where the client records its calls for credentials; None to record only
            the calls that fail.
    """

    def __init__(
        self,
        client: Client,
        connections: int,
        *,
        settings: AwsSettings | None = None,
        system: System = THIS_SYSTEM,
        policy: Policy | None = None,
        client_calls: list[Call] | None = None,
    ) -> None:
        self._client = client
        self._connections = connections
        self._settings = settings
        self._system = system
        self._policy = policy
        self._client_calls = client_calls
        self._run: Run | None = None  # the call under way

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        """Return an outcome for each request, by reference, after `timeout` seconds at most."""
        self._run = run = Run(
            self._client,
            timeout,
            self._connections,
            needed={request.resource.reference for request in requests if request.is_required},
            settings=self._settings,
            system=self._system,
            policy=self._policy,
            records_all=self._client_calls is not None,
        )
        _plan(run, requests)
        run.wait()
        outcomes = self._with_calls(dict(run.outcomes), run)  # later ones are not used
        self._run = None
        self._client.close()
        for request in requests:
            if request.resource.reference not in outcomes:
                outcomes[request.resource.reference] = run.late(request.resource)
        return outcomes

    def count_read(self) -> int:
        """Return how many resources the call under way has read so far."""
        run = self._run  # read once: the call may end meanwhile
        return len(run.outcomes) if run is not None else 0

    def _with_calls(self, outcomes: dict[str, Outcome], run: Run) -> dict[str, Outcome]:
        """Return `outcomes`, with the calls that were recorded if there are any."""
        calls = [*(self._client_calls or ()), *run.calls]
        if not calls:
            return outcomes
        if self._client_calls:
            self._client_calls.clear()
        from ..calls import Outcomes  # only for the log, see calls

        return Outcomes(outcomes, calls)


def _plan(run: Run, requests: list[Request]) -> None:
    names: dict[str, Named] = {}
    named_secrets: dict[str, Named] = {}
    versions: dict[tuple[str, str, str], list[Resource]] = {}
    _plan_profiles(run, [request for request in requests if request.resource.scheme == APPCONFIG])
    for resource in (request.resource for request in requests):
        if resource.scheme == APPCONFIG:
            continue
        if resource.is_path:
            run.add("ssm", [resource], parameters.read_path, resource)
        elif resource.scheme == SSM:
            names.setdefault(resource.arn_region, {}).setdefault(resource.name, []).append(resource)
        elif resource.scheme != SECRETS_MANAGER:
            raise ValueError(f"no call to AWS reads {resource.scheme}:")
        elif resource.stage or resource.version:  # which no batch can name
            which = resource.name, resource.stage, resource.version
            versions.setdefault(which, []).append(resource)
        else:
            group = named_secrets.setdefault(resource.arn_region, {})
            group.setdefault(resource.name, []).append(resource)
    for same in versions.values():
        run.add("secretsmanager", same, secrets.read_one, same)
    _plan_batches(run, names, named_secrets)


def _plan_batches(run: Run, names: dict[str, Named], named_secrets: dict[str, Named]) -> None:
    for region, named in names.items():
        for batch in parameters.batches(named):
            run.add("ssm", _all(batch), parameters.read_names, batch, region)
    for region, named in named_secrets.items():
        for batch in secrets.batches(named):
            run.add("secretsmanager", _all(batch), secrets.read_batch, batch, region)


def _plan_profiles(run: Run, requests: list[Request]) -> None:
    sessions: dict[tuple[str, ...], list[Request]] = {}
    for request in requests:
        sessions.setdefault(request.resource.parts, []).append(request)
    for shared in sessions.values():
        run.add("appconfigdata", [one.resource for one in shared], profiles.poll, shared)


def _all(batch: Named) -> list[Resource]:
    return [resource for resources in batch.values() for resource in resources]
