"""What a traced start says in words: how long, of what kind, and which source to move; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .span import IMPORTS, arrivals, by_kind, clean, own_times

if TYPE_CHECKING:
    from .span import Trace

LEAST_MS = 0.05  # below, the picture says nothing of it
WORTH_MS = 1.0  # below, moving a source is not worth a change
MOST_IMPORTS = 6
MOST_SOURCES = 12


def headline(trace: Trace) -> str:
    """One line: how long the start took."""
    calls = sum(span.kind == "call" for span in trace.spans)
    counts = (
        f"{_counted(len(trace.awaited) + len(trace.left), 'source')}, {_counted(calls, 'call')}"
    )
    end = "until the exec" if trace.succeeded else "until the start failed"
    return f"{trace.total:.1f} ms {end}: {counts}"


def report(trace: Trace) -> list[str]:
    """Everything below the picture, a paragraph each; the advice comes first."""
    paragraphs = [advice(trace), f"in ms: {_joined(by_kind(trace))}"]
    if slowest := _slowest_imports(trace):
        paragraphs.append(f"slowest imports: {_joined(slowest)}")
    return [clean(text) for text in [*paragraphs, *_sources(trace), *_said(trace)]]


def advice(trace: Trace) -> str:
    """Which source holds the start up, and by how much: computed, not measured."""
    if not trace.succeeded:
        return "no advice: the start failed"
    ends = arrivals(trace)
    if len(ends) < 2:
        return "nothing stands out: there are not two sources of AWS's to compare"
    (last, end), *others = ends.items()
    together = [last, *(source for source, when in others if when == end)]  # one call read them
    named = _all_of(together)
    earlier = [when for _, when in others if when < end]
    if all(source in trace.left for source in together):
        return f"{named} arrived last, and is env=no already"
    if not earlier:
        return f"nothing stands out: {named} came with one call"
    gain = end - max(earlier)
    if gain <= WORTH_MS:
        return f"nothing stands out: the last two sources arrived within {gain:.1f} ms"
    verb = "is" if len(together) == 1 else "are"
    if not trace.can_overlap:
        return (
            f"{named} {verb} the last to arrive, by {gain:.1f} ms: no env=no would help under "
            "SnapStart or with AWS_LAMBDA_MAX_CONCURRENCY"
        )
    least = f"the start would take about {gain:.1f} ms less"
    return f"{named} {verb} the last to arrive: with env=no {least}"


def _sources(trace: Trace) -> list[str]:
    ends = arrivals(trace)
    paragraphs = []
    if ends:
        shown = dict(list(ends.items())[:MOST_SOURCES])
        more = f" and {len(ends) - len(shown)} earlier" if len(ends) > len(shown) else ""
        named = {f"{name} (env=no)" if name in trace.left else name: shown[name] for name in shown}
        paragraphs.append(f"arrived at: {_joined(named)}{more}")
    unread = [source for source in trace.left if source not in ends]
    if unread:
        paragraphs.append(f"not read by the start: {_all_of(unread)} (env=no already)")
    return paragraphs


def _slowest_imports(trace: Trace) -> dict[str, float]:
    took: dict[str, float] = {}
    for span, own in zip(trace.spans, own_times(trace.spans), strict=True):
        if span.kind in IMPORTS:
            took[span.title] = took.get(span.title, 0.0) + sum(
                ended - began for began, ended in own
            )
    slowest = sorted(took.items(), key=lambda item: -item[1])[:MOST_IMPORTS]
    return {name: ms for name, ms in slowest if ms >= LEAST_MS}


def _said(trace: Trace) -> list[str]:
    return [f"said: {line}" for line in trace.lines]


def _joined(lengths: dict[str, float]) -> str:
    return ", ".join(f"{name} {ms:.1f}" for name, ms in lengths.items() if ms >= LEAST_MS)


def _all_of(names: list[str]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
