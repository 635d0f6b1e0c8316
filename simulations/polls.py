"""Many environments that keep polling: whether in step, after a cold start and after an outage."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._cache.load import load
from appconfig_env._config.settings import from_environ

from .account import Account, Client, Quotas
from .starts import EPOCH
from .world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appconfig_env._cache.snapshot import Snapshot

INTERVAL = 45.0  # AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS by default


class Crowd(NamedTuple):
    """What polls, and how.

    Attributes:
        environments: how many, each busy: it polls as soon as its profile is stale.
        within: seconds, in which they start.
        seconds: how long to look.
        is_spread: whether jitter spreads the polls.
        outage: from when until when AWS responds with 500.
    """

    environments: int = 1000
    within: float = 1.0
    seconds: float = 1800.0
    is_spread: bool = True
    outage: tuple[float, float] = (0.0, 0.0)


def simulate(crowd: Crowd, seed: int = 1) -> list[int]:
    """Return the calls of each second."""
    world = World(seed)
    account = Account(world, Quotas(1e9, 1e9, 1e9))
    settings = from_environ(
        {"AWS_REGION": "eu-west-1", "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app"}
    )

    def live() -> None:
        fetch = AwsBackend(Client(account), settings.aws.max_connections, system=world)
        snapshot: Snapshot | None = None
        timeout = settings.poll_timeout_seconds
        while world.now() < crowd.seconds:
            jitter = world.jitter() if crowd.is_spread else 0.0
            now = EPOCH + world.now()
            snapshot = load(settings, fetch, now, snapshot, timeout=timeout, jitter=jitter)
            refresh_at = min(entry.refresh_at for entry in snapshot.entries.values())
            world.sleep(max(0.001, refresh_at - EPOCH - world.now()))

    for _ in range(crowd.environments):
        world.at(crowd.within * world.jitter(), live, ())
    if crowd.outage[1]:
        for moment, is_down in zip(crowd.outage, (True, False), strict=True):
            world.at(moment, setattr, (account, "is_down", is_down))
    world.run()
    counts = [0] * int(crowd.seconds)
    for moment in account.calls:
        if moment < len(counts):
            counts[int(moment)] += 1
    return counts


def peak(counts: Sequence[int]) -> float:
    """Return the busiest second's calls over the mean of all."""
    return max(counts) * len(counts) / sum(counts)
