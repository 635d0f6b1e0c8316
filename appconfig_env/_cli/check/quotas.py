"""Whether AWS's quotas are enough for a number of environments at the same time.

The model is that of docs/fleet.md: a quota is a bucket that holds the calls of one second and is
filled evenly. Quotas are AWS's defaults; an account may have others.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from ..._backends.aws import secretsmanager, ssm
from ..._config.sources import APPCONFIG, SECRETS_MANAGER
from ..._config.wording import counted, enumerated
from .findings import WARN, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..._cache.snapshot import Snapshot
    from ..._config.settings import Settings
    from ..._config.sources import Resource

    Calls = Mapping[str, int]  # by operation

# Lambda Developer Guide, "Lambda function scaling": environments of one function in 10 s.
SCALING_ENVIRONMENTS, SCALING_SECONDS = 1000, 10.0
# AWS General Reference, "AWS AppConfig endpoints and quotas": configurations received by clients
# other than AWS's agent.
RECEIVED_PER_DAY = 1_000_000


class Quota(NamedTuple):
    """One quota of an account and Region.

    Attributes:
        operations: those that share it.
        per_second: AWS's default.
        remedy: what to do if it is not enough.
    """

    operations: tuple[str, ...]
    per_second: int
    remedy: str


RAISE = "raise the quota, read less, or set APPCONFIG_ENV_FALLBACK"
# Sources: AWS General Reference, endpoints and quotas of AppConfig and of Systems Manager; Secrets
# Manager User Guide, "Quotas".
QUOTAS = (
    Quota(("StartConfigurationSession",), 500, RAISE),
    Quota(("GetLatestConfiguration",), 1000, RAISE),
    Quota(
        ("GetParameters", "GetParametersByPath"),
        40,
        "enable Parameter Store's higher throughput, read less, or set APPCONFIG_ENV_FALLBACK",
    ),
    Quota(("BatchGetSecretValue",), 100, "name one secret with several keys, or read less"),
    Quota(("GetSecretValue",), 10_000, "read less"),
)


def calls(settings: Settings, snapshot: Snapshot | None = None) -> dict[str, int]:
    """Return the calls that a cold start makes, by operation.

    Args:
        settings: the sources.
        snapshot: has the number of parameters below each path; without it, one page is assumed.
    """
    resources = [
        sources[0].resource
        for sources in settings.resources().values()
        if not (sources[0].resource.is_local or settings.local_dir)
    ]
    found: dict[str, int] = {}

    def add(operation: str, number: int = 1) -> None:
        if number:
            found[operation] = found.get(operation, 0) + number

    profiles = {one.parts for one in resources if one.scheme == APPCONFIG}
    add("StartConfigurationSession", len(profiles))
    add("GetLatestConfiguration", len(profiles))
    others = [one for one in resources if one.scheme != APPCONFIG]
    for path in (one for one in others if one.is_path):
        add("GetParametersByPath", _pages(path, snapshot))
    secrets = [one for one in others if one.scheme == SECRETS_MANAGER]
    versions = [one for one in secrets if one.stage or one.version]
    add("GetSecretValue", len({(one.name, one.stage, one.version) for one in versions}))
    names = [one for one in others if not one.is_path and one.scheme != SECRETS_MANAGER]
    for group in _by_region(names):
        add("GetParameters", len(ssm.batches(group)))
    for group in _by_region([one for one in secrets if one not in versions]):
        for batch in secretsmanager.batches(group):
            add("GetSecretValue" if len(batch) == 1 else "BatchGetSecretValue")
    return found


def _by_region(resources: list[Resource]) -> list[dict[str, list[Resource]]]:
    """Return the resources by name, for each Region that ARNs name: no call reads two Regions."""
    groups: dict[str, dict[str, list[Resource]]] = {}
    for one in resources:
        groups.setdefault(one.arn_region, {}).setdefault(one.name, []).append(one)
    return list(groups.values())


def _pages(path: Resource, snapshot: Snapshot | None) -> int:
    entry = snapshot.entries.get(path.reference) if snapshot is not None else None
    document = entry.document if entry is not None else None
    parameters = document.parameters if document is not None else None
    return max(1, ceil(len(parameters or ()) / ssm.NAMES_PER_CALL))


def exceeded(
    settings: Settings, concurrency: int, snapshot: Snapshot | None = None
) -> list[Finding]:
    """Return which quotas `concurrency` environments of one function exceed.

    Args:
        settings: the sources.
        concurrency: how many environments there are at the same time.
        snapshot: see `calls`.
    """
    at_start = calls(settings, snapshot)
    return [
        *_of_cold_starts(
            settings, concurrency, at_start, "" if _is_exact(settings, snapshot) else "at least "
        ),
        *_of_refreshes(settings, concurrency, snapshot),
        *_received(concurrency, at_start),
    ]


def _is_exact(settings: Settings, snapshot: Snapshot | None) -> bool:
    """Whether the number of pages of each path is known."""
    entries = snapshot.entries if snapshot is not None else {}
    return all(
        reference in entries and entries[reference].document is not None
        for reference, sources in settings.resources().items()
        if sources[0].resource.is_path
    )


def _of_cold_starts(
    settings: Settings, concurrency: int, at_start: Calls, at_least: str
) -> Iterator[Finding]:
    """Yield which quotas are not enough for all cold starts until the last deadline."""
    seconds = SCALING_SECONDS * concurrency / SCALING_ENVIRONMENTS
    for quota in QUOTAS:
        used = [operation for operation in quota.operations if operation in at_start]
        needed = concurrency * sum(at_start[operation] for operation in used)
        room = int(quota.per_second * (1 + seconds + settings.deadline_seconds))
        if needed > room:
            yield Finding(
                WARN,
                f"{counted(concurrency, 'cold start')} within {seconds:g} s make "
                f"{at_least}{needed:,} calls of {enumerated(used)}, but the default quota of "
                f"{quota.per_second:,} a second has room for {room:,} before the last deadline; "
                f"{quota.remedy}",
            )


def _of_refreshes(
    settings: Settings, concurrency: int, snapshot: Snapshot | None
) -> Iterator[Finding]:
    """Yield which quotas are not enough for the refreshes of all environments."""
    rates: dict[str, float] = {}
    for sources in settings.resources().values():
        resource = sources[0].resource
        if resource.is_local or settings.local_dir:
            continue
        if resource.scheme == APPCONFIG:
            operation, number = "GetLatestConfiguration", 1.0
        elif resource.is_path:
            operation, number = "GetParametersByPath", float(_pages(resource, snapshot))
        elif resource.scheme == SECRETS_MANAGER:
            operation, number = "BatchGetSecretValue", 1 / secretsmanager.SECRETS_PER_CALL
        else:
            operation, number = "GetParameters", 1 / ssm.NAMES_PER_CALL
        interval = max(settings.interval(sources), 1.0)
        rates[operation] = rates.get(operation, 0.0) + concurrency * number / interval
    for quota in QUOTAS:
        used = [operation for operation in quota.operations if operation in rates]
        rate = sum(rates[operation] for operation in used)
        if rate > quota.per_second:
            yield Finding(
                WARN,
                f"{counted(concurrency, 'environment')} that serve requests all the time refresh "
                f"with {rate:,.0f} calls of {enumerated(used)} a second, but the default quota is "
                f"{quota.per_second:,}; set longer intervals, or raise the quota",
            )


def _received(concurrency: int, at_start: Calls) -> Iterator[Finding]:
    received = concurrency * at_start.get("GetLatestConfiguration", 0)
    if received > RECEIVED_PER_DAY:
        yield Finding(
            WARN,
            f"{counted(concurrency, 'cold start')} receive {received:,} configurations, but an "
            f"account may receive {RECEIVED_PER_DAY:,} a day without AWS's agent; use one profile "
            "in place of several, or ask AWS Support to raise it",
        )
