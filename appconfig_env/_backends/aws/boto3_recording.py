"""Records the calls for the log that boto3 makes itself: those that assume a role.

Loaded only at the log levels `debug` and `trace`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..._config.wording import printable
from ..calls import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def record_role(
    client: Any, calls: list[Call], monotonic: Callable[[], float] = time.monotonic
) -> None:
    """Append each successful call of an STS client to `calls`.

    Args:
        client: boto3's client, which has made no call yet.
        calls: those that were recorded.
        monotonic: seconds.
    """
    began = 0.0

    def begin(**_: object) -> None:
        nonlocal began
        began = monotonic()

    def end(parsed: dict[str, Any], **_: object) -> None:
        if "Error" in parsed:
            return  # which the call that needs the credentials reports
        calls.append(
            Call(
                "AssumeRole",
                region=client.meta.region_name or "",
                seconds=monotonic() - began,
                request_id=request_id(parsed.get("ResponseMetadata") or {}),
            )
        )

    client.meta.events.register("before-call", begin)
    client.meta.events.register("after-call", end)


def request_id(metadata: Mapping[str, Any]) -> str:
    """Return AWS's ID of the request from a response's metadata; empty if it has none."""
    return printable(str(metadata.get("RequestId") or ""))
