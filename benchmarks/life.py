"""What a sandbox's life costs in calls and dollars: the real code of each tool in virtual time.

The life: a start with two profiles, twenty parameters below one path and one secret, then an hour
with a request each second in each of N workers (processes of one sandbox), which reads all of it;
in the middle one profile is deployed anew. `measure` gives one `Life` for each tool and number of
workers; the tests' strict fake of AWS counts, and answers "unchanged" where nothing is new.

This tool runs as N Helpers with one snapshot file, which holds no secret: each worker reads secrets
itself, and a path with a SecureString in it. Powertools has a cache in each worker: its real
code runs under time_machine for one worker, and its figures for N are N times those, which
`measure_powertools` with two workers shows to be exact. The wrapper with boto3 reads at the start
only; it runs as `boto3_wrapper`, and its one secret, which that does not read, is added.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .life_account import counted, deploy, deployed_at, fill, oldest, too_early

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tests.support.fake_aws import Call, FakeAws

ROOT = Path(__file__).resolve().parent.parent
HOUR = 3600
# Dollars, gathered in 2026-11 from texts that tell AWS's prices; they name no Region and are taken
# for us-east-1. AWS's own lists, to compare with:
PRICE_PAGES = ("aws.amazon.com/systems-manager/pricing", "aws.amazon.com/secrets-manager/pricing")
PRICES_OF = "us-east-1 in 2026-11"
# AppConfig's two: repost.aws/questions/QUevHYubJ-TESBPlUxRyujmg, which cites AWS's list.
APPCONFIG_REQUEST = 0.2e-6  # for each GetLatestConfiguration
APPCONFIG_RECEIVED = 0.8e-3  # for each configuration that was not empty
# aaronstuyvenberg.com/posts/ultimate-lambda-secrets-guide, and AWS's example for the parameters.
SECRET_CALL = 0.05 / 10_000
PARAMETER_RETURNED = 0.05 / 10_000  # with higher throughput turned on; else it is free

OURS, CLASSIC = "appconfig-env", "boto3 at the start only"
POWERTOOLS = {
    "Powertools, default 5 s": (5, 5),
    "Powertools, 45 s / 300 s": (45, 300),
}


class Life(NamedTuple):
    """One sandbox's life with one tool.

    Attributes:
        tool: its name.
        workers: how many processes answer requests.
        start_calls: by operation, before the first request.
        calls: by operation, of the whole life.
        configurations: received from AppConfig in the whole life; each is billed.
        parameters: received from Parameter Store, likewise; billed with higher throughput only.
        too_early: polls of AppConfig before the session's own interval had passed. They are
            answered here; the service has refused such ("Request too early": issue 1506 of
            powertools-lambda-python), and then the caller gets an error and no value.
        oldest_seconds: by service: when the oldest value that a request got had been asked for.
        sees_deployment: whether every worker had the new version in the end.
    """

    tool: str
    workers: int
    start_calls: dict[str, int]
    calls: dict[str, int]
    configurations: int
    parameters: int
    too_early: int
    oldest_seconds: dict[str, float]
    sees_deployment: bool

    @property
    def dollars(self) -> float:
        """Of 1,000 such lives, with Parameter Store's standard throughput, which is free."""
        return 1000 * (
            self.calls.get("GetLatestConfiguration", 0) * APPCONFIG_REQUEST
            + self.configurations * APPCONFIG_RECEIVED
            + self.calls.get("GetSecretValue", 0) * SECRET_CALL
        )

    @property
    def dollars_higher_throughput(self) -> float:
        """Of 1,000 such lives, where the account has higher throughput turned on."""
        return self.dollars + 1000 * self.parameters * PARAMETER_RETURNED

    def of_workers(self, number: int) -> Life:
        """The same with so many workers that share nothing, from one that was measured alone."""

        def times(counts: dict[str, int]) -> dict[str, int]:
            return {name: number * count for name, count in counts.items()}

        return self._replace(
            workers=number,
            start_calls=times(self.start_calls),
            calls=times(self.calls),
            configurations=number * self.configurations,
            parameters=number * self.parameters,
            too_early=number * self.too_early,
        )


def measure(workers: Sequence[int] = (1, 4, 16), seconds: int = HOUR) -> list[Life]:
    """A row for each tool and each number of workers; needs Powertools and time_machine."""
    ours = [measure_ours(number, seconds) for number in workers]
    classic = measure_classic(seconds)
    peers = measure_powertools(1, seconds)
    return [
        *ours,
        *(classic._replace(workers=number) for number in workers),  # one start, whoever comes after
        *(one.of_workers(number) for one in peers for number in workers),
    ]


def measure_ours(workers: int, seconds: int = HOUR, *, secure_parameters: int = 0) -> Life:
    """The wrapper's `main`, then so many Helpers with one snapshot file.

    Args:
        workers: how many.
        seconds: how long they get requests.
        secure_parameters: how many of the twenty are SecureStrings, which no file may hold.
    """
    from appconfig_env._helper.helper import Helper
    from appconfig_env._wrapper.main import main
    from tests.support.fake_aws import FakeAws

    # Whole seconds, so that sums are exact. AWS's clock stands but for `forward`; signatures are
    # made at the real time and good for 5 minutes.
    began = now = float(int(time.time()))
    with (
        FakeAws(clock=lambda: began) as aws,
        tempfile.TemporaryDirectory(prefix="appconfig-env-") as folder,
    ):
        fill(aws, secure_parameters)
        handed_over: dict[str, str] = {}
        environ = {
            **aws.environ(),
            "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app appconfig:shop/prod/flags "
            "ssm:/shop/prod/ secretsmanager:prod/db",
            "APPCONFIG_ENV_SNAPSHOT": str(Path(folder) / "snapshot.json"),
            "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "error",
        }

        def keep(path: str, words: list[str], result: dict[str, str]) -> None:
            del path, words
            handed_over.update(result)

        if main(["/bin/true"], environ, now=lambda: now, execve=keep, jitter=_middle):
            raise RuntimeError("the wrapper failed")
        start = list(aws.calls)
        helpers = [
            Helper(dict(handed_over), now=lambda: now, jitter=_middle) for _ in range(workers)
        ]
        greetings: set[str | None] = set()
        for second in range(1, seconds + 1):
            aws.forward(1)
            now = began + second
            if second == deployed_at(seconds):
                deploy(aws, "second")
            greetings = {helper.get("GREETING") for helper in helpers}
        if aws.problems:
            raise RuntimeError(f"AWS would have refused: {aws.problems[0]}")
        return life(OURS, workers, aws, start, began=began, seconds=seconds, greetings=greetings)


def _middle() -> float:
    """What jitter gives on average: how early the first poll comes."""
    return 0.5


def measure_classic(seconds: int = HOUR) -> Life:
    """The wrapper with boto3, run once; after it nothing is asked."""
    from tests.support.fake_aws import FakeAws

    began = float(int(time.time()))
    with FakeAws(clock=lambda: began) as aws:
        fill(aws)
        environ = {
            "PATH": os.defpath,
            **aws.environ(),
            "PREFETCH_PROFILES": "shop/prod/app shop/prod/flags",
            "PREFETCH_PATH": "/shop/prod/",
        }
        launch = "from benchmarks.boto3_wrapper import main; main()"
        command = (sys.executable, "-c", launch, "/bin/true")
        subprocess.run(command, cwd=ROOT, env=environ, check=True)
        found = life(CLASSIC, 1, aws, aws.calls, began=began, seconds=seconds)
    calls = {**found.calls, "GetSecretValue": 1}
    return found._replace(start_calls=calls, calls=calls)


def measure_powertools(workers: int, seconds: int = HOUR) -> list[Life]:
    """Powertools with each of its settings, in processes of their own, which run together."""
    processes = [
        subprocess.Popen(
            (sys.executable, "-m", "benchmarks.life_powertools", tool, str(workers), str(seconds)),
            cwd=ROOT,
            env={"PATH": os.defpath},
            stdout=subprocess.PIPE,
            text=True,
        )
        for tool in POWERTOOLS
    ]
    told = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError("the life with Powertools failed")
    return [Life(**json.loads(text)) for text in told]


def life(
    tool: str,
    workers: int,
    aws: FakeAws,
    start: Iterable[Call],
    *,
    began: float,
    seconds: int,
    greetings: Collection[object] = (),
    sessions: int = 1,
) -> Life:
    """What `aws` has seen of one life, in which each profile had so many sessions."""
    calls = aws.calls
    counts = counted(calls)
    return Life(
        tool,
        workers,
        start_calls=counted(start),
        calls=counts,
        configurations=aws.received.total(),
        parameters=10 * counts["GetParametersByPath"],  # full pages, all of them
        too_early=too_early(calls, sessions),
        oldest_seconds=oldest(calls, began, seconds),
        sees_deployment=set(greetings) == {"second"},
    )
