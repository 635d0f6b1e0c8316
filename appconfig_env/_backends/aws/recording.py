"""What is recorded of a call for the log: neither its parameters nor its result; pure.

Loaded only at the log levels `debug` and `trace`, and after a failure.
"""

from __future__ import annotations

from ..calls import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .errors import AwsError


def succeeded(
    operation: str,
    references: Sequence[str],
    response: dict[str, Any],
    region: str,
    seconds: float,
) -> Call:
    """Return a call that succeeded, and take what the client has added for it out of `response`.

    Args:
        operation: as AWS's API has it.
        references: of the resources that it was to read.
        response: the result, with the metadata of `client.Client`, if the client records calls.
        region: where calls are made if the client does not tell.
        seconds: how long it took.
    """
    metadata = response.pop("ResponseMetadata", None) or {}
    return Call(
        operation,
        references,
        region=metadata.get("Region") or region,
        seconds=seconds,
        request_id=metadata.get("RequestId") or "",
    )


def failed(error: AwsError, references: Sequence[str], seconds: float) -> Call | None:
    """Return a call that failed; None if `error` was raised before any call."""
    if not error.operation:
        return None
    failure = error.failure
    return Call(
        error.operation,
        references,
        region=failure.region,
        seconds=seconds,
        request_id=failure.request_id,
        failure=failure,
    )
