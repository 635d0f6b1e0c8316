"""A clock that the helper and the fake AWS share, and what threads do at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from appconfig_env._helper.helper import Helper

from ...support import fakes
from ...support.fakes import steadily, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...support.fake_aws import FakeAws


APP = "appconfig:shop/prod/app"


class Clock(fakes.Clock):
    """A clock that only the test moves, together with the fake AWS's."""

    def __init__(self, aws: FakeAws) -> None:
        super().__init__()
        self.aws = aws

    def tick(self, seconds: float) -> None:
        super().tick(seconds)
        self.aws.forward(seconds)


def unhurried(environ: dict[str, str], clock: Clock) -> Helper:
    """A helper started by the wrapper, whose calls may take longer than any test does."""
    patience = {
        "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": "60s",
        "APPCONFIG_ENV_DEADLINE_SECONDS": "60",
    }
    return Helper(wrapped(environ | patience, clock), now=clock, jitter=steadily)


def operations(aws: FakeAws) -> list[str]:
    return sorted(call.operation for call in aws.calls)


def together(
    work: Callable[[], object], times: int = 8, during: Callable[[], None] = lambda: None
) -> list[object]:
    """Return the results of `work` in this many threads at once; call `during` meanwhile."""
    found: list[object] = []
    began = threading.Barrier(times + 1, timeout=30)

    def run() -> None:
        began.wait()
        found.append(work())

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    began.wait()
    during()
    for thread in threads:
        thread.join()
    return found
