"""Many environments that go on polling: whether they do so in step, after a start and an outage."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._cache.load import load
from appconfig_env._config.settings import from_environ

from .account import Account, Client, Quotas
from .world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appconfig_env._cache.snapshot import Snapshot

EPOCH = 1_000_000.0
INTERVAL = 45.0  # AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS, unless it is set
ENOUGH = Quotas(1e9, 1e9, 1e9)


class Crowd(NamedTuple):
    """What polls, and how.

    Attributes:
        environments: how many, each busy: it polls as soon as a poll is due.
        within: seconds, in which they start.
        seconds: how long to look.
        is_spread: whether each takes its jitter.
        outage: from when until when AWS answers 500.
    """

    environments: int = 1000
    within: float = 1.0
    seconds: float = 1800.0
    is_spread: bool = True
    outage: tuple[float, float] = (0.0, 0.0)


def simulate(crowd: Crowd, seed: int = 1) -> list[int]:
    """The calls of each second."""
    world = World(seed)
    account = Account(world, ENOUGH)
    for _ in range(crowd.environments):
        world.at(crowd.within * world.jitter(), _live, (world, account, crowd))
    since, until = crowd.outage
    if until:
        world.at(since, _set_down, (account, True))
        world.at(until, _set_down, (account, False))
    world.run()
    counts = [0] * int(crowd.seconds)
    for moment in account.calls:
        if moment < len(counts):
            counts[int(moment)] += 1
    return counts


def peak(counts: Sequence[int]) -> float:
    """The busiest second's calls, over the mean of all."""
    return max(counts) * len(counts) / sum(counts)


def _live(world: World, account: Account, crowd: Crowd) -> None:
    settings = from_environ(
        {
            "AWS_REGION": "eu-west-1",
            "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app",
        }
    )
    fetch = AwsBackend(Client(account), settings.aws.max_connections, system=world)
    snapshot: Snapshot | None = None
    while world.now() < crowd.seconds:
        snapshot = load(
            settings,
            fetch,
            EPOCH + world.now(),
            snapshot,
            timeout=settings.poll_timeout_seconds,
            jitter=world.jitter() if crowd.is_spread else 0.0,
        )
        refresh_at = min(entry.refresh_at for entry in snapshot.entries.values())
        world.sleep(max(0.001, refresh_at - EPOCH - world.now()))


def _set_down(account: Account, is_down: bool) -> None:  # noqa: FBT001 - a job's argument
    account.is_down = is_down
