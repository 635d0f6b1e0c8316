"""Many environments that start within a time: how many get their values, and how fast."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.aws.executor import Run
from appconfig_env._backends.aws.retry import POLICY
from appconfig_env._backends.aws.ssm import read_names
from appconfig_env._cache.load import load
from appconfig_env._config.settings import from_environ
from appconfig_env.errors import Failure

from .account import Account, Client, Quotas
from .world import World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appconfig_env._backends.aws.retry import Policy
    from appconfig_env._backends.base import Backend, Outcome, Request
    from appconfig_env._cache.snapshot import Snapshot
    from appconfig_env._config.settings import Settings

EPOCH = 1_000_000.0  # virtual time's beginning as wall clock
PATH = "ssm:/shop/prod/"


class Fleet(NamedTuple):
    """What starts, how, and against what.

    Attributes:
        environments: how many.
        within: seconds; each starts at a random moment of them.
        sources: as in APPCONFIG_ENV_SOURCES.
        parameters: how many there are below each path.
        quotas: the account's.
        policy: the retries.
        jitter: the most seconds that each waits before its first call.
        is_batched: whether names share calls.
        has_fallback: whether to load once more what was read, with a fallback for all sources.
        deadline: seconds, as in APPCONFIG_ENV_DEADLINE_SECONDS.
    """

    environments: int
    within: float
    sources: str = PATH
    parameters: int = 10
    quotas: Quotas = Quotas()
    policy: Policy = POLICY
    jitter: float = 0.0
    is_batched: bool = True
    has_fallback: bool = False
    deadline: float = 8.0


class Start(NamedTuple):
    """One start: its seconds, whether every source was read, and why it fails.

    A text for each source that has no value, without and with a fallback for all sources.
    """

    seconds: float
    is_fresh: bool
    errors: tuple[str, ...]
    errors_with_fallback: tuple[str, ...]


class Starts(NamedTuple):
    """The starts of a fleet, and the calls they made."""

    starts: Sequence[Start]
    calls: int
    refused: int

    @property
    def fresh(self) -> float:
        """The share of cold starts that read everything."""
        return sum(start.is_fresh for start in self.starts) / len(self.starts)

    @property
    def started(self) -> float:
        """The share of cold starts that continued to the runtime."""
        return sum(not start.errors for start in self.starts) / len(self.starts)

    @property
    def started_with_fallback(self) -> float:
        """The share of cold starts that continued, if the function ships a fallback."""
        return sum(not start.errors_with_fallback for start in self.starts) / len(self.starts)

    def seconds(self, share: float) -> float:
        """Return how long the given share of cold starts took at most."""
        times = sorted(start.seconds for start in self.starts)
        return times[max(0, math.ceil(share * len(times)) - 1)]


def simulate(fleet: Fleet, seed: int = 1) -> Starts:
    """Let the fleet start; the same seed gives the same figures."""
    world = World(seed)
    account = Account(world, fleet.quotas, fleet.parameters)
    settings = from_environ(
        {
            "AWS_REGION": "eu-west-1",
            "APPCONFIG_ENV_SOURCES": fleet.sources,
            "APPCONFIG_ENV_DEADLINE_SECONDS": str(fleet.deadline),
        }
    )
    fallback = _baked(settings, fleet) if fleet.has_fallback else None
    starts: list[Start] = []
    covered: set[frozenset[tuple[str, str]]] = set()  # failures that the fallback makes up for

    def start() -> None:
        began = world.now()
        if fleet.jitter:
            world.sleep(fleet.jitter * world.jitter())
        client, connections = Client(account), settings.aws.max_connections
        backend: Backend = AwsBackend(client, connections, system=world, policy=fleet.policy)
        if not fleet.is_batched:
            backend = _one_by_one(client, connections, world, fleet.policy)
        outcomes: Mapping[str, Outcome] = {}

        def fetch_once(requests: list[Request], timeout: float) -> Mapping[str, Outcome]:
            nonlocal outcomes
            outcomes = outcomes or backend(requests, timeout)
            return outcomes

        now, jitter = EPOCH + world.now(), world.jitter()
        timeout = fleet.deadline - (world.now() - began)
        snapshot = load(settings, fetch_once, now, timeout=timeout, jitter=jitter)
        errors = with_fallback = tuple(str(error) for error in snapshot.missing(settings))
        if errors and fleet.has_fallback:  # the same outcomes once more
            failed = frozenset(
                (reference, outcome.kind)
                for reference, outcome in outcomes.items()
                if isinstance(outcome, Failure)
            )
            with_fallback = ()
            if failed not in covered:
                other = load(settings, fetch_once, now, timeout=0, fallback=lambda: fallback)
                with_fallback = tuple(str(error) for error in other.missing(settings))
                if not with_fallback:
                    covered.add(failed)
        client.close()
        is_fresh = not any(entry.failure for entry in snapshot.entries.values())
        starts.append(Start(world.now() - began, is_fresh, errors, with_fallback))

    for _ in range(fleet.environments):
        world.at(fleet.within * world.jitter(), start, ())
    world.run()
    return Starts(starts, len(account.calls), account.refused)


def _one_by_one(client: Client, connections: int, world: World, policy: Policy) -> Backend:
    """Return a backend that makes one call for each name, as many other tools do."""

    def read(requests: list[Request], timeout: float) -> Mapping[str, Outcome]:
        texts = {request.resource.reference for request in requests}
        run = Run(client, timeout, connections, needed=texts, system=world, policy=policy)
        for request in requests:
            resource = request.resource
            run.add("ssm", [resource], read_names, {resource.name: [resource]}, "")
        run.wait()
        outcomes = dict(run.outcomes)
        for request in requests:
            if request.resource.reference not in outcomes:
                outcomes[request.resource.reference] = run.late(request.resource)
        return outcomes

    return read


def _baked(settings: Settings, fleet: Fleet) -> Snapshot:
    """Return what `appconfig-env bake` would have written."""
    world = World()
    account = Account(world, Quotas(1e9, 1e9, 1e9), fleet.parameters)
    found: list[Snapshot] = []

    def bake() -> None:
        backend = AwsBackend(Client(account), settings.aws.max_connections, system=world)
        found.append(load(settings, backend, EPOCH, timeout=60.0))

    world.start(bake, ())
    world.run()
    return found[0]
