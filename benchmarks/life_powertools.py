"""A sandbox's life with Powertools' parameters, in virtual time: `life` starts this as a process.

`python -m benchmarks.life_powertools TOOL WORKERS SECONDS` prints the `Life` as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from .life import POWERTOOLS, life
from .life_account import deploy, deployed_at, fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.fake_aws import FakeAws


def worker(aws: FakeAws, profile_seconds: int, other_seconds: int) -> Callable[[], object]:
    """One process of the sandbox: a function that reads all and gives the greeting."""
    from aws_lambda_powertools.utilities.parameters import (
        AppConfigProvider,
        SecretsProvider,
        SSMProvider,
    )
    from boto3 import Session

    environ = aws.environ()
    session = Session(
        environ["AWS_ACCESS_KEY_ID"],
        environ["AWS_SECRET_ACCESS_KEY"],
        environ["AWS_SESSION_TOKEN"],
        environ["AWS_REGION"],
    )
    url = aws.url
    profiles = AppConfigProvider(
        "prod", "shop", boto3_client=session.client("appconfigdata", endpoint_url=url)
    )
    parameters = SSMProvider(boto3_client=session.client("ssm", endpoint_url=url))
    secrets = SecretsProvider(boto3_client=session.client("secretsmanager", endpoint_url=url))
    # Who sets an interval of one's own tells the service too; 15 is the least that it takes.
    own: dict[str, Any] = {}
    if profile_seconds >= 15:
        own["RequiredMinimumPollIntervalInSeconds"] = profile_seconds

    def read() -> object:
        found: Any = profiles.get("app", max_age=profile_seconds, transform="json", **own)
        profiles.get("flags", max_age=profile_seconds, transform="json", **own)
        parameters.get_multiple("/shop/prod/", max_age=other_seconds, recursive=True, decrypt=True)
        secrets.get("prod/db", max_age=other_seconds)
        return found["greeting"]

    return read


def main(tool: str, workers: int, seconds: int) -> None:
    """Live, and print what AWS has seen."""
    import time_machine

    from tests.support.fake_aws import FakeAws

    began = float(int(time.time()))
    with time_machine.travel(began, tick=False) as traveller, FakeAws() as aws:
        # A session that asks for no interval has 60 s. Whether the service refuses who polls it
        # more often is not documented; here it is counted and answered.
        aws.appconfig.enforces_interval = False
        fill(aws)
        readers = [worker(aws, *POWERTOOLS[tool]) for _ in range(workers)]
        greetings: set[object] = set()
        for second in range(1, seconds + 1):
            traveller.move_to(began + second)
            if second == deployed_at(seconds):
                deploy(aws, "second")
            greetings = {read() for read in readers}
        if aws.problems:
            raise RuntimeError(f"AWS would have refused: {aws.problems[0]}")
        found = life(
            tool,
            workers,
            aws,
            (),
            began=began,
            seconds=seconds,
            greetings=greetings,
            sessions=workers,
        )
    print(json.dumps(found._asdict()))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
