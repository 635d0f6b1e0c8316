"""A traced start as values: its spans, and what can be computed of them; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# In the order in which they are told. `read` is all that one request took, with what came between
# its attempts; only the latter is told, as `wait`.
KINDS = (
    "interpreter", "our imports", "library imports", "package imports", "settings", "files",
    "credentials", "boto3 client", "DNS", "connect", "trust anchors", "TLS", "call", "wait",
    "parse", "render", "write",
)  # fmt: skip
READ, WAIT = "read", "wait"
LEAST_WAIT_MS = 0.5  # what a request itself takes beside its call is less
IMPORTS = ("our imports", "library imports", "package imports")


class Span(NamedTuple):
    """Something that took time.

    Attributes:
        kind: one of KINDS, or READ.
        names: what it was about: of a call the operation, of a read the operation and the sources.
        began, ended: milliseconds since the interpreter was started.
        thread: a number that its thread shares with no other one.
        parent: which span of the trace it is part of; -1 for none.
        failed: how it failed, such as AWS's code; empty where it did not.
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
        """What it was about, fit for one line."""
        return clean(" ".join(self.names))


class Trace(NamedTuple):
    """One start.

    Attributes:
        spans: in the order in which they began.
        total: milliseconds until the exec, or until the start failed.
        succeeded: whether it came to the exec.
        lines: what it said.
        awaited: the sources on which the start waits, by their canonical text.
        left: those that are `env=no`.
        thread: the main one.
        can_overlap: whether `env=no` takes a source off the start here.
    """

    spans: tuple[Span, ...]
    total: float
    succeeded: bool = True
    lines: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    thread: int = 0
    can_overlap: bool = True


def from_told(
    told: Mapping[str, Any], spawned_ns: int, awaited: Iterable[str], left: Iterable[str]
) -> Trace:
    """The trace that the process told, without the time in which the tracer got ready."""
    away = told["ready"] - told["began"]

    def ms(moment_ns: int) -> float:
        return float(moment_ns - spawned_ns - away) / 1e6

    interpreter = Span("interpreter", (), 0.0, ms(told["ready"]), told["thread"])
    # One more stands before them.
    spans = [
        Span(
            one["kind"], tuple(one["names"]), ms(one["began"]), ms(one["ended"]), one["thread"],
            one["parent"] + 1 if one["parent"] >= 0 else -1, one["failed"],
        )
        for one in told["spans"]
    ]  # fmt: skip
    return Trace(
        (interpreter, *spans),
        ms(told["ended"]),
        bool(told["executed"]) and told["code"] == 0,
        tuple(told["lines"]),
        tuple(awaited),
        tuple(left),
        told["thread"],
    )


def clean(text: str) -> str:
    """`text` fit for one line of a terminal or of XML: other signs replaced."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def own_times(spans: Sequence[Span]) -> list[list[tuple[float, float]]]:
    """For each span the stretches in which nothing within it was going on."""
    inside: list[list[tuple[float, float]]] = [[] for _ in spans]
    for span in spans:
        if 0 <= span.parent < len(spans):
            inside[span.parent].append((span.began, span.ended))
    return [
        without((span.began, span.ended), taken) for span, taken in zip(spans, inside, strict=True)
    ]


def without(
    whole: tuple[float, float], taken: Iterable[tuple[float, float]]
) -> list[tuple[float, float]]:
    """What is left of a stretch."""
    left = []
    at, end = whole
    for began, ended in sorted(taken):
        if began > at:
            left.append((at, min(began, end)))
        at = max(at, ended)
    if at < end:
        left.append((at, end))
    return [(began, ended) for began, ended in left if ended > began]


def covered(stretches: Iterable[tuple[float, float]]) -> float:
    """How long at least one of them was going on."""
    length, until = 0.0, float("-inf")
    for began, ended in sorted(stretches):
        length += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return length


def waits_of(own: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The pauses between a request's attempts, of its own times."""
    return [(began, ended) for began, ended in own if ended - began >= LEAST_WAIT_MS]


def by_kind(trace: Trace) -> dict[str, float]:
    """How long each kind was going on somewhere, without what was within it; and all the rest."""
    found: dict[str, list[tuple[float, float]]] = {}
    everything: list[tuple[float, float]] = []
    for span, own in zip(trace.spans, own_times(trace.spans), strict=True):
        kind, pieces = (WAIT, waits_of(own)) if span.kind == READ else (span.kind, own)
        found.setdefault(kind, []).extend(pieces)
        everything.extend(pieces)
    lengths = {kind: covered(found[kind]) for kind in KINDS if kind in found}
    return {**lengths, "other": max(0.0, trace.total - covered(everything))}


def arrivals(trace: Trace) -> dict[str, float]:
    """When the last request for each source ended, by its text; the last to arrive comes first."""
    found: dict[str, float] = {}
    for span in trace.spans:
        for source in span.names[1:] if span.kind == READ else ():
            found[source] = max(span.ended, found.get(source, 0.0))
    return dict(sorted(found.items(), key=lambda item: -item[1]))
