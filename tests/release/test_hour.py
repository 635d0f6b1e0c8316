"""An hour of a sandbox in virtual time: the calls to AWS, each of them counted.

A cold start with two profiles, twenty parameters below one path and one secret, then a request each
second in each of N workers (helpers with one snapshot file), which read all of it; in the middle
one profile is deployed again. docs/performance.md compares it with other tools.
"""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest

from appconfig_env._helper.helper import Helper
from appconfig_env._wrapper.main import main

from ..support.fake_aws import FakeAws
from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ..support.fake_aws import Call

PAGE = ROOT / "docs" / "performance.md"
# Dollars; docs/performance.md says where they come from.
REQUEST, RECEIVED, SECRET_CALL = 0.2e-6, 0.8e-3, 0.05 / 10_000
START = {
    "GetLatestConfiguration": 2,
    "GetParametersByPath": 2,
    "GetSecretValue": 1,
    "StartConfigurationSession": 2,
}


class Life(NamedTuple):
    start: dict[str, int]  # calls by operation
    calls: dict[str, int]
    received: int
    oldest: dict[str, float]  # seconds for which the oldest value was used, by operation

    @property
    def dollars(self) -> float:
        """Of 1,000 such lives."""
        polls, secrets = self.calls["GetLatestConfiguration"], self.calls["GetSecretValue"]
        return 1000 * (polls * REQUEST + self.received * RECEIVED + secrets * SECRET_CALL)


def live(folder: Path, workers: int, seconds: int = 3600, secure_parameters: int = 0) -> Life:
    # Whole seconds, so that sums are exact. AWS's clock stands still except for `forward`;
    # signatures are made at the real time and good for 5 minutes.
    began = now = float(int(time.time()))
    with FakeAws(clock=lambda: began) as aws:
        aws.put_profile("shop", "prod", "app", {"greeting": "first"})
        aws.put_profile("shop", "prod", "flags", {"checkout": {"enabled": True, "limit": 10}})
        for number in range(20):
            kind = "SecureString" if number < secure_parameters else "String"
            aws.put_parameter(f"/shop/prod/p{number}", f"value {number}", type=kind)
        aws.put_secret("prod/db", '{"password": "s3cret"}')
        handed_over: dict[str, str] = {}
        environ = {
            **aws.environ(),
            "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app appconfig:shop/prod/flags "
            "ssm:/shop/prod/ secretsmanager:prod/db",
            "APPCONFIG_ENV_SNAPSHOT": str(folder / f"{workers}-{seconds}.json"),
            "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "error",
        }

        def keep(path: str, words: list[str], result: dict[str, str]) -> None:
            del path, words
            handed_over.update(result)

        assert not main(["/bin/true"], environ, now=lambda: now, execve=keep, jitter=middle)
        start = counted(aws.calls)
        helpers = [
            Helper(dict(handed_over), now=lambda: now, jitter=middle) for _ in range(workers)
        ]
        greetings: set[object] = set()
        for second in range(1, seconds + 1):
            aws.forward(1)
            now = began + second
            if second == seconds // 2 + 1:  # in an hour's, just after a poll every 45 seconds
                aws.put_profile("shop", "prod", "app", {"greeting": "second"})
            greetings = {helper.get("GREETING") for helper in helpers}
        assert greetings == {"second"}, "every worker has the deployment"
        assert not aws.problems
        found = aws.calls
        return Life(start, counted(found), aws.received.total(), oldest(found, began, seconds))


def middle() -> float:
    """What jitter gives on average: how early the first poll comes."""
    return 0.5


def counted(calls: Iterable[Call]) -> dict[str, int]:
    return dict(sorted(Counter(call.operation for call in calls).items()))


def oldest(calls: list[Call], began: float, seconds: int) -> dict[str, float]:
    operations = ("GetLatestConfiguration", "GetParametersByPath", "GetSecretValue")
    found: dict[str, float] = {}
    for operation in operations:
        asked = {round(call.at - began) for call in calls if call.operation == operation}
        times = sorted({0, seconds + 1, *asked})
        found[operation] = max(b - 1 - a for a, b in pairwise(times))
    return found


@pytest.mark.parametrize("workers", [1, 4, 16])
def test_an_hour_costs_what_is_on_the_page(tmp_path: Path, workers: int) -> None:
    found = live(tmp_path, workers)

    assert found.start == START
    # No file may hold a secret, so each worker reads it itself.
    assert found.calls == {
        "GetLatestConfiguration": 2 + 2 * (3600 // 45),
        "GetParametersByPath": 2 + 2 * (3600 // 300),
        "GetSecretValue": 1 + workers * (3600 // 300),
        "StartConfigurationSession": 2,
    }
    assert found.received == 2 + 1, "each profile once, and the one that was deployed again"
    assert list(found.oldest.values()) == [44, 299, 299]
    row = (
        "appconfig-env",
        str(workers),
        str(sum(found.calls.values())),
        str(found.received),
        "0",
        f"{max(found.oldest.values()):g}",
        "yes",
        f"{found.dollars:.2f}",
    )
    assert f"| {' | '.join(row)} |" in PAGE.read_text()


def test_a_path_with_a_secure_string_is_read_by_each_worker(tmp_path: Path) -> None:
    found = live(tmp_path, 4, 300, secure_parameters=1)

    assert found.calls["GetParametersByPath"] == 2 + 4 * 2
    # The first poll comes a third of the interval early, in the middle of what jitter may draw.
    assert found.calls["GetLatestConfiguration"] == 2 + 2 * (1 + (300 - 30) // 45)
