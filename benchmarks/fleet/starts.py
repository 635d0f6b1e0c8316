"""Many environments that start within a time: how many get their values, how long they take."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from appconfig_env._backends.aws.backend import Fetcher
from appconfig_env._backends.aws.executor import Run
from appconfig_env._backends.aws.retry import POLICY
from appconfig_env._backends.aws.ssm import read_names
from appconfig_env._cache.load import load
from appconfig_env._config.settings import from_environ

from .account import Account, Client, Quotas
from .world import World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appconfig_env._backends.aws.retry import Policy
    from appconfig_env._backends.base import Fetch, Outcome, Request
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
        parameters: how many stand below each path.
        quotas: the account's.
        policy: the retries.
        jitter: the most seconds that each waits before its first call.
        is_batched: whether names share calls.
        has_fallback: whether the function ships a snapshot of all its sources.
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
    """How one start went.

    Attributes:
        seconds: how long it took to read everything.
        is_fresh: whether every source was read.
        errors: for a start that failed, why, a text for each source.
    """

    seconds: float
    is_fresh: bool
    errors: tuple[str, ...]


class Starts(NamedTuple):
    """How the starts of a fleet went, and what they asked of AWS."""

    starts: Sequence[Start]
    calls: int
    refused: int

    @property
    def fresh(self) -> float:
        """The share of starts that read everything."""
        return sum(start.is_fresh for start in self.starts) / len(self.starts)

    @property
    def started(self) -> float:
        """The share of starts that went on to the runtime."""
        return sum(not start.errors for start in self.starts) / len(self.starts)

    def seconds(self, share: float) -> float:
        """How long the given share of starts took at most."""
        times = sorted(start.seconds for start in self.starts)
        return times[max(0, math.ceil(share * len(times)) - 1)]


class _Burst:
    """A fleet while it starts."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self.fleet = fleet
        self.world = World(seed)
        self.account = Account(self.world, fleet.quotas, fleet.parameters)
        self.settings = from_environ(
            {
                "AWS_REGION": "eu-west-1",
                "APPCONFIG_ENV_SOURCES": fleet.sources,
                "APPCONFIG_ENV_DEADLINE_SECONDS": str(fleet.deadline),
            }
        )
        self.fallback = _snapshot(self.settings, fleet) if fleet.has_fallback else None
        self.starts: list[Start] = []

    def run(self) -> Starts:
        """Let every environment start, at its own moment."""
        for _ in range(self.fleet.environments):
            self.world.at(self.fleet.within * self.world.jitter(), self._start, ())
        self.world.run()
        return Starts(self.starts, len(self.account.calls), self.account.refused)

    def _start(self) -> None:
        world, fleet = self.world, self.fleet
        began = world.now()
        if fleet.jitter:
            world.sleep(fleet.jitter * world.jitter())
        client, connections = Client(self.account), self.settings.aws.max_connections
        fetch: Fetch = Fetcher(client, connections, system=world, policy=fleet.policy)
        if not fleet.is_batched:
            fetch = _one_by_one(client, connections, world, fleet.policy)
        snapshot = load(
            self.settings,
            fetch,
            EPOCH + world.now(),
            timeout=fleet.deadline - (world.now() - began),
            jitter=world.jitter(),
            fallback=lambda: self.fallback,
        )
        is_fresh = not any(entry.error for entry in snapshot.entries.values())
        errors = tuple(str(error) for error in snapshot.missing())
        self.starts.append(Start(world.now() - began, is_fresh, errors))


def simulate(fleet: Fleet, seed: int = 1) -> Starts:
    """Let the fleet start; the same seed gives the same figures."""
    return _Burst(fleet, seed).run()


def _one_by_one(client: Client, connections: int, world: World, policy: Policy) -> Fetch:
    """A fetch that asks for each name in a call of its own, as many others do."""

    def fetch(requests: list[Request], timeout: float) -> Mapping[str, Outcome]:
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

    return fetch


def _snapshot(settings: Settings, fleet: Fleet) -> Snapshot:
    """What `appconfig-env bake` would have written."""
    world = World()
    account = Account(world, Quotas(1e9, 1e9, 1e9), fleet.parameters)
    found: list[Snapshot] = []

    def bake() -> None:
        fetch = Fetcher(Client(account), settings.aws.max_connections, system=world)
        found.append(load(settings, fetch, EPOCH, timeout=60.0))

    world.start(bake, ())
    world.run()
    return found[0]
