"""The profile that most tests read, and what threads do at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...support.fake_aws import FakeAws


APP = "appconfig:shop/prod/app"


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
