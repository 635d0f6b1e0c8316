"""The AWS account of `life`: what there is to read in it, and what its log of calls tells."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.support.fake_aws import Call, FakeAws

T = TypeVar("T")
DEFAULT_INTERVAL_SECONDS = 60  # a session's that asks for none
SERVICES = {
    "GetLatestConfiguration": "appconfig",
    "GetParametersByPath": "ssm",
    "GetSecretValue": "secretsmanager",
}


def fill(aws: FakeAws, secure_parameters: int = 0) -> None:
    """What there is to be read."""
    deploy(aws, "first")
    aws.put_profile("shop", "prod", "flags", {"checkout": {"enabled": True, "limit": 10}})
    for number in range(20):
        kind = "SecureString" if number < secure_parameters else "String"
        aws.put_parameter(f"/shop/prod/p{number}", f"value {number}", type=kind)
    aws.put_secret("prod/db", json.dumps({"password": "s3cret"}))


def deploy(aws: FakeAws, greeting: str) -> None:
    """Deploy one of the profiles."""
    aws.put_profile("shop", "prod", "app", {"greeting": greeting})


def deployed_at(seconds: int) -> int:
    """In which second the new version is there: just after a poll every 45 seconds in an hour's."""
    return seconds // 2 + 1


def counted(calls: Iterable[Call]) -> dict[str, int]:
    """How many of each operation."""
    return dict(sorted(Counter(call.operation for call in calls).items()))


def too_early(calls: Iterable[Call], sessions: int) -> int:
    """How many polls came before the interval of their session, of so many for each profile."""
    intervals: dict[str, float] = {}
    polls = defaultdict[str, list[float]](list)
    for call in calls:
        if call.operation == "StartConfigurationSession":
            least = call.params.get("RequiredMinimumPollIntervalInSeconds")
            intervals[call.resource] = least or DEFAULT_INTERVAL_SECONDS
        elif call.operation == "GetLatestConfiguration":
            polls[call.resource].append(call.at)
    # The sessions of one profile poll in turns.
    return sum(
        after - before < intervals[profile]
        for profile, times in polls.items()
        for before, after in _pairwise(times, sessions)
    )


def oldest(calls: Iterable[Call], began: float, seconds: int) -> dict[str, float]:
    """By service, how long before a request its value had been asked for, at most."""
    asked: dict[str, set[int]] = {service: {0} for service in SERVICES.values()}
    for call in calls:
        if call.operation in SERVICES:
            asked[SERVICES[call.operation]].add(round(call.at - began))
    return {
        service: max(
            (after - 1 - before for before, after in _pairwise([*sorted(times), seconds + 1])),
            default=0,
        )
        for service, times in asked.items()
    }


def _pairwise(values: Sequence[T], distance: int = 1) -> Iterable[tuple[T, T]]:
    """Each value with the one so far after it."""
    return zip(values, values[distance:], strict=False)
