"""Describes a trace in words: durations, kinds, and which source to defer; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._config.wording import counted, enumerated
from .span import IMPORTS, arrivals, by_kind, clean, own_times

if TYPE_CHECKING:
    from .span import Trace

LEAST_MS = 0.05  # shorter durations are omitted
WORTH_MS = 1.0  # a smaller gain is not worth deferring a source
MOST_IMPORTS = 6
MOST_SOURCES = 12


def headline(trace: Trace) -> str:
    """Return one line: how long the cold start took."""
    calls = sum(span.kind == "call" for span in trace.spans)
    resources = counted(len(trace.awaited) + len(trace.deferred), "resource")
    end = "until the exec" if trace.succeeded else "until startup failed"
    return f"{trace.total:.1f} ms {end}: {resources}, {counted(calls, 'call')}"


def report(trace: Trace) -> list[str]:
    """Return the paragraphs below the picture, the advice first."""
    paragraphs = [advice(trace), f"in ms: {_joined(by_kind(trace))}"]
    if slowest := _slowest_imports(trace):
        paragraphs.append(f"slowest imports: {_joined(slowest)}")
    return [clean(text) for text in [*paragraphs, *_sources(trace), *_log_lines(trace)]]


def advice(trace: Trace) -> str:
    """Return which source delays startup, and by how much: computed, not measured."""
    if not trace.succeeded:
        return "no advice: startup failed"
    ends = arrivals(trace)
    if len(ends) < 2:
        return "no advice: fewer than two AWS sources to compare"
    (last, end), *others = ends.items()
    together = [last, *(source for source, when in others if when == end)]  # of one call
    names = _enumerated(together)
    verb = "is" if len(together) == 1 else "are"
    earlier = [when for _, when in others if when < end]
    if all(source in trace.deferred for source in together):
        return f"no advice: {names} arrived last, but {verb} already deferred (env=no)"
    if not earlier:
        return f"no advice: one call returned {names}"
    gain = end - max(earlier)
    if gain <= WORTH_MS:
        return f"no advice: the last two sources arrived within {gain:.1f} ms of each other"
    if not trace.can_defer:
        return (
            f"{names} {verb} the last to arrive, by {gain:.1f} ms; env=no has no effect with "
            "SnapStart or AWS_LAMBDA_MAX_CONCURRENCY"
        )
    return (
        f"{names} {verb} the last to arrive: with env=no startup would take about "
        f"{gain:.1f} ms less"
    )


def _sources(trace: Trace) -> list[str]:
    ends = arrivals(trace)
    paragraphs = []
    if ends:
        shown = dict(list(ends.items())[:MOST_SOURCES])
        more = f" and {len(ends) - len(shown)} earlier" if len(ends) > len(shown) else ""
        labelled = {
            f"{name} (env=no)" if name in trace.deferred else name: shown[name] for name in shown
        }
        paragraphs.append(f"arrived at: {_joined(labelled)}{more}")
    unread = [source for source in trace.deferred if source not in ends]
    if unread:
        paragraphs.append(f"deferred (env=no): {_enumerated(unread)}")
    return paragraphs


def _slowest_imports(trace: Trace) -> dict[str, float]:
    durations: dict[str, float] = {}
    for span, own in zip(trace.spans, own_times(trace.spans), strict=True):
        if span.kind in IMPORTS:
            durations[span.title] = durations.get(span.title, 0.0) + sum(
                ended - began for began, ended in own
            )
    slowest = sorted(durations.items(), key=lambda item: -item[1])[:MOST_IMPORTS]
    return {name: ms for name, ms in slowest if ms >= LEAST_MS}


def _log_lines(trace: Trace) -> list[str]:
    return [f"log: {line}" for line in trace.lines]


def _joined(lengths: dict[str, float]) -> str:
    return ", ".join(f"{name} {ms:.1f}" for name, ms in lengths.items() if ms >= LEAST_MS)


def _enumerated(names: list[str]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return enumerated(names)
