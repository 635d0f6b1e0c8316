"""A trace as values: its spans, and what can be computed from them; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# In the order of the report. `read` is a whole request with all attempts; only the pauses between
# its attempts are reported, as `wait`.
KINDS = (
    "interpreter", "our imports", "library imports", "package imports", "settings", "files",
    "credentials", "boto3 client", "DNS", "connect", "trust anchors", "TLS", "call", "wait",
    "parse", "render", "write",
)  # fmt: skip
READ, WAIT = "read", "wait"
LEAST_WAIT_MS = 0.5  # a request's own overhead around its call is shorter
IMPORTS = ("our imports", "library imports", "package imports")


class Span(NamedTuple):
    """A timed operation.

    Attributes:
        kind: one of KINDS, or READ.
        names: a call's operation, or a read's operation and sources.
        began, ended: milliseconds since the start of the interpreter.
        thread: its thread's unique number.
        parent: the number of the enclosing span; -1 for none.
        failed: how it failed, such as AWS's code; empty if it did not.
    """

    kind: str
    names: tuple[str, ...]
    began: float
    ended: float
    thread: int = 0
    parent: int = -1
    failed: str = ""

    @property
    def title(self) -> str:
        """The names as one line."""
        return clean(" ".join(self.names))


class Trace(NamedTuple):
    """One traced cold start.

    Attributes:
        spans: in the order in which they began.
        total: milliseconds until the exec, or until the failure.
        succeeded: whether it reached the exec.
        lines: its log lines.
        awaited: references of the resources that startup waits for.
        deferred: references of the other resources, whose sources are all `env=no`.
        thread: the main thread.
        can_defer: whether sources can be deferred in this environment.
    """

    spans: tuple[Span, ...]
    total: float
    succeeded: bool = True
    lines: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    thread: int = 0
    can_defer: bool = True


def from_recording(
    recording: Mapping[str, Any],
    spawned_ns: int,
    awaited: Iterable[str],
    deferred: Iterable[str],
) -> Trace:
    """Return the trace of a process's recording, without the tracer's own set-up time."""
    setup_ns = recording["ready"] - recording["began"]

    def ms(moment_ns: int) -> float:
        return float(moment_ns - spawned_ns - setup_ns) / 1e6

    interpreter = Span("interpreter", (), 0.0, ms(recording["ready"]), recording["thread"])
    # Parents' numbers shift by one, because `interpreter` comes first.
    spans = [
        Span(
            one["kind"], tuple(one["names"]), ms(one["began"]), ms(one["ended"]), one["thread"],
            one["parent"] + 1 if one["parent"] >= 0 else -1, one["failed"],
        )
        for one in recording["spans"]
    ]  # fmt: skip
    return Trace(
        (interpreter, *spans),
        ms(recording["ended"]),
        bool(recording["executed"]) and recording["code"] == 0,
        tuple(recording["lines"]),
        tuple(awaited),
        tuple(deferred),
        recording["thread"],
    )


def clean(text: str) -> str:
    """Replace characters that are unfit for one line of a terminal or XML."""
    return "".join(char if char.isprintable() else "?" for char in text)


def own_times(spans: Sequence[Span]) -> list[list[tuple[float, float]]]:
    """Return the intervals of each span outside its nested spans."""
    nested: list[list[tuple[float, float]]] = [[] for _ in spans]
    for span in spans:
        if 0 <= span.parent < len(spans):
            nested[span.parent].append((span.began, span.ended))
    return [
        without((span.began, span.ended), inner) for span, inner in zip(spans, nested, strict=True)
    ]


def without(
    whole: tuple[float, float], removed: Iterable[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Subtract intervals from one interval."""
    rest = []
    at, end = whole
    for began, ended in sorted(removed):
        if began > at:
            rest.append((at, min(began, end)))
        at = max(at, ended)
    if at < end:
        rest.append((at, end))
    return [(began, ended) for began, ended in rest if ended > began]


def covered(intervals: Iterable[tuple[float, float]]) -> float:
    """Return the length of the union of `intervals`."""
    length, until = 0.0, float("-inf")
    for began, ended in sorted(intervals):
        length += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return length


def waits_of(own: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the pauses between a request's attempts, from its own times."""
    return [(began, ended) for began, ended in own if ended - began >= LEAST_WAIT_MS]


def by_kind(trace: Trace) -> dict[str, float]:
    """Return the time of each kind in any thread, without nested spans; the rest is `other`."""
    intervals: dict[str, list[tuple[float, float]]] = {}
    everything: list[tuple[float, float]] = []
    for span, own in zip(trace.spans, own_times(trace.spans), strict=True):
        kind, pieces = (WAIT, waits_of(own)) if span.kind == READ else (span.kind, own)
        intervals.setdefault(kind, []).extend(pieces)
        everything.extend(pieces)
    lengths = {kind: covered(intervals[kind]) for kind in KINDS if kind in intervals}
    return {**lengths, "other": max(0.0, trace.total - covered(everything))}


def arrivals(trace: Trace) -> dict[str, float]:
    """Return the end of the last request for each source, by reference; the last comes first."""
    ends: dict[str, float] = {}
    for span in trace.spans:
        for source in span.names[1:] if span.kind == READ else ():
            ends[source] = max(span.ended, ends.get(source, 0.0))
    return dict(sorted(ends.items(), key=lambda item: -item[1]))
