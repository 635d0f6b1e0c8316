"""Metrics of prefetches and refreshes: JSON lines on standard output, which CloudWatch extracts.

Loaded only with APPCONFIG_ENV_METRICS=emf. A line has names, numbers and times, never values.
Source: CloudWatch User Guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import posix  # os itself costs a cold start 1.5 ms
import sys

from .._content import fast_json as json
from .log_fields import filled, joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import TextIO

    from .snapshot import Snapshot

NAMESPACE = "appconfig-env"
PREFETCH_TIME = "PrefetchTime"
PREFETCH_FAILURES = "PrefetchFailures"
REFRESH_FAILURES = "RefreshFailures"
AGE = "Age"
UNITS = {
    PREFETCH_TIME: "Milliseconds",
    PREFETCH_FAILURES: "Count",
    REFRESH_FAILURES: "Count",
    AGE: "Seconds",
}
FUNCTION = "FunctionName"  # the dimension, named as in Lambda's own metrics


def prefetch_line(
    environ: Mapping[str, str], now: float, snapshot: Snapshot, seconds: float
) -> str:
    """Return the line about a prefetch.

    Args:
        environ: the environment, which has the function's name.
        now: Unix seconds.
        snapshot: all entries after the prefetch.
        seconds: how long it took.
    """
    failed = [reference for reference, entry in snapshot.entries.items() if entry.failure]
    numbers = {PREFETCH_TIME: round(1000 * seconds), PREFETCH_FAILURES: len(failed)}
    return _line(environ, now, numbers, snapshot, failed)


def refresh_line(
    environ: Mapping[str, str],
    now: float,
    previous: Snapshot,
    snapshot: Snapshot,
    also_read: Collection[str] = (),
) -> str:
    """Return the line about a refresh; empty if it has read nothing.

    Args:
        environ: as for `prefetch_line`.
        now: Unix seconds.
        previous: all entries before the refresh; those that it has read are replaced.
        snapshot: all entries after it.
        also_read: the references of resources that a background fetch has read.
    """
    read = {
        reference: entry
        for reference, entry in snapshot.entries.items()
        if entry is not previous.entries.get(reference) or reference in also_read
    }
    failed = [reference for reference, entry in read.items() if entry.failure]
    return _line(environ, now, {REFRESH_FAILURES: len(failed)}, snapshot, failed) if read else ""


def write(line: str) -> None:
    """Write one line to standard output, after what the program has written, without raising."""
    output = sys.stdout
    if not line or output is None:
        return
    text = f"{line}\n"
    try:
        output.flush()
        if (descriptor := _descriptor(output)) is None:
            output.write(text)
        else:  # at once, and nothing stays in a buffer that could make the program's exit fail
            posix.write(descriptor, text.encode())
    except Exception:  # noqa: BLE001, S110 # nosec B110 # it may be closed, or any object
        pass


def _descriptor(output: TextIO) -> int | None:
    """Return the descriptor of a file; None for an object in memory, as a test may have."""
    try:
        return output.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def write_before_exec(line: str) -> None:
    """Write one line to the descriptor itself: exec discards buffers, and an exit writes them."""
    if sys.stdout is None:  # closed by the parent: 1 may be another file, even a connection
        return
    try:  # noqa: SIM105 - contextlib would cost 4 ms
        posix.write(1, f"{line}\n".encode())
    except OSError:
        pass


def _line(
    environ: Mapping[str, str],
    now: float,
    numbers: Mapping[str, float],
    snapshot: Snapshot,
    failed: Iterable[str],
) -> str:
    ages = [
        now - entry.used_since
        for entry in snapshot.entries.values()
        if entry.used_since is not None
    ]
    if ages:
        numbers = {**numbers, AGE: round(max(0.0, *ages), 1)}
    dimensions = filled(**{FUNCTION: environ.get("AWS_LAMBDA_FUNCTION_NAME")})
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in numbers],
    }
    return json.dumps({
        "_aws": {"Timestamp": int(1000 * now), "CloudWatchMetrics": [directive]},
        **dimensions,
        **numbers,
        **filled(source=joined(failed)),  # as in log lines
    })  # fmt: skip
