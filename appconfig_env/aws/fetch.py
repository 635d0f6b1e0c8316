"""Which calls read which sources: one job for each profile, path and batch, in one deadline."""

from __future__ import annotations

from .._machine import THIS_MACHINE
from .._reference import APPCONFIG, SSM
from . import parameters, profiles, secrets
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._load import Outcome, Request
    from .._machine import Machine
    from .._reference import Locator
    from .port import Client
    from .retry import Policy

    Named = dict[str, list[Locator]]  # several locators may share a name: their formats differ


class Fetcher:
    """Reads locators from AWS; see `_load.load` for what `fetch(requests, timeout)` promises."""

    def __init__(
        self,
        client: Client,
        connections: int,
        *,
        machine: Machine = THIS_MACHINE,
        policy: Policy | None = None,
    ) -> None:
        self._client = client
        self._connections = connections
        self._machine = machine
        self._policy = policy

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        """An outcome for each request, by its locator's text, after `timeout` seconds at most."""
        run = Run(
            self._client,
            timeout,
            self._connections,
            needed={request.locator.text for request in requests if request.is_needed},
            machine=self._machine,
            policy=self._policy,
        )
        _plan(run, requests)
        run.wait()
        outcomes = dict(run.outcomes)  # what comes later belongs to nobody
        self._client.close()
        for request in requests:
            if request.locator.text not in outcomes:
                outcomes[request.locator.text] = run.late(request.locator)
        return outcomes


def _plan(run: Run, requests: list[Request]) -> None:
    names: dict[str, Named] = {}
    named_secrets: dict[str, Named] = {}
    _plan_profiles(run, [request for request in requests if request.locator.scheme == APPCONFIG])
    for locator in (request.locator for request in requests):
        if locator.scheme == APPCONFIG:
            continue
        if locator.is_path:
            run.add("ssm", [locator], parameters.read_path, locator)
        elif locator.scheme == SSM:
            names.setdefault(locator.arn_region, {}).setdefault(locator.name, []).append(locator)
        elif locator.stage:
            run.add("secretsmanager", [locator], secrets.read_one, [locator])
        else:
            group = named_secrets.setdefault(locator.arn_region, {})
            group.setdefault(locator.name, []).append(locator)
    for region, named in names.items():
        for batch in parameters.batches(named):
            run.add("ssm", _all(batch), parameters.read_names, batch, region)
    for region, named in named_secrets.items():
        for batch in secrets.batches(named):
            run.add("secretsmanager", _all(batch), secrets.read_batch, batch, region)


def _plan_profiles(run: Run, requests: list[Request]) -> None:
    sessions: dict[tuple[str, ...], list[Request]] = {}
    for request in requests:
        sessions.setdefault(request.locator.parts, []).append(request)
    for shared in sessions.values():
        run.add("appconfigdata", [one.locator for one in shared], profiles.poll, shared)


def _all(batch: Named) -> list[Locator]:
    return [locator for locators in batch.values() for locator in locators]
