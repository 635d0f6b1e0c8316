"""A poll without news costs its call: the same work whatever the size of the documents."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from appconfig_env._helper.helper import Helper

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

    from ..support.fake_aws import FakeAws

NOW = 1_700_000_000.0
INTERVAL = 60.0


def calls_of(work: Callable[[], object]) -> int:
    """How many functions `work` calls in this thread."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        del frame, argument
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def polled(aws: FakeAws, folder: Path, flags: int) -> tuple[int, int]:
    """The calls that a poll without news takes, and the bytes that it writes."""
    name = f"app{flags}"
    aws.put_profile("shop", "prod", name, {f"n{i}": {"enabled": True} for i in range(flags)})
    aws.put_parameter(f"/shop/{name}/host", "h" * flags)
    environ = {
        **aws.environ(),
        "APPCONFIG_ENV_SOURCES": f"appconfig:shop/prod/{name} ssm:/shop/{name}/?ttl=45",
        "APPCONFIG_ENV_SNAPSHOT": str(folder / f"{name}.json"),
    }
    time = [NOW]
    helper = Helper(environ, now=lambda: time[0], jitter=lambda: 0.0)
    assert helper.get("N0_ENABLED") == "true"
    aws.forward(INTERVAL)
    time[0] += INTERVAL
    helper.get("N0_ENABLED")  # the parameter is read again, and equal
    aws.forward(INTERVAL)
    time[0] += INTERVAL
    before = (folder / f"{name}.json").read_bytes()
    calls = calls_of(lambda: helper.get("N0_ENABLED"))
    assert helper.status()[f"appconfig:shop/prod/{name}"]["age"] == 0
    assert aws.received[f"shop/prod/{name}"] == 1
    assert (folder / f"{name}.json").read_bytes() == before
    return calls, (folder / f"{name}.json.state").stat().st_size


def test_the_work_of_a_poll_without_news_does_not_depend_on_the_documents(
    fake_aws: FakeAws, tmp_path: Path
) -> None:
    small, large = polled(fake_aws, tmp_path, 10), polled(fake_aws, tmp_path, 4000)

    assert abs(large[0] - small[0]) < 0.05 * small[0]
    assert abs(large[1] - small[1]) < 10
