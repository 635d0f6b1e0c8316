"""The rows of a waterfall: assigns spans to labelled lines; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .span import IMPORTS, READ, WAIT, Span, clean, covered, own_times, waits_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .span import Trace

    Stretches = list[tuple[float, float]]

# Kinds whose spans share one row, in this order before and after the workers' lanes.
BEFORE = ("interpreter", *IMPORTS, "settings", "files")
AFTER = ("parse", "render", "write")


class Bar(NamedTuple):
    """One piece of a row.

    Attributes:
        began, ended: in milliseconds.
        kind: the span's.
        title: its full text.
        is_own: False if the time belongs to nested spans, which have rows of their own.
    """

    began: float
    ended: float
    kind: str
    title: str
    is_own: bool = True


class Row(NamedTuple):
    """One line of the picture.

    Attributes:
        label: its name.
        depth: the indentation level of its name.
        bars: its own ones come last.
        ms: its duration; None for a heading.
        failed: how it failed; empty if it did not.
    """

    label: str
    depth: int = 0
    bars: tuple[Bar, ...] = ()
    ms: float | None = None
    failed: str = ""


def rows(trace: Trace) -> list[Row]:
    """Return all rows, from the interpreter to the write of the snapshot file."""
    owns = own_times(trace.spans)
    by_kind = {kind: _collected(kind, trace.spans, owns) for kind in (*BEFORE, *AFTER)}
    return [
        *(row for kind in BEFORE for row in by_kind[kind]),
        *_lanes(trace.spans, owns),
        *(row for kind in AFTER for row in by_kind[kind]),
    ]


def end_of(trace: Trace, all_rows: Sequence[Row]) -> float:
    """Return the end of the time axis in milliseconds; never 0, so that it can be a divisor."""
    return max([0.001, trace.total, *(bar.ended for row in all_rows for bar in row.bars)])


def _collected(kind: str, spans: Sequence[Span], owns: Sequence[Stretches]) -> list[Row]:
    """Return the one row of a kind, if it has any spans."""
    chosen = [(span, own) for span, own in zip(spans, owns, strict=True) if span.kind == kind]
    if not chosen:
        return []
    bars = [
        Bar(*piece, kind, _titled(span.title or kind, span))
        for span, own in chosen
        for piece in own
    ]
    label = f"{kind} ({len(chosen)})" if len(chosen) > 1 else kind
    failed = next((span.failed for span, _ in chosen if span.failed), "")
    duration = covered((bar.began, bar.ended) for bar in bars)
    return [Row(label, 0, tuple(bars), duration, clean(failed))]


def _lanes(spans: Sequence[Span], owns: Sequence[Stretches]) -> list[Row]:
    """Return the workers' rows, under a heading for each worker."""
    lanes: dict[tuple[int, str], list[int]] = {}
    services: list[str] = []
    for number, span in enumerate(spans):
        service = services[span.parent] if 0 <= span.parent < number else ""
        service = service or (_service_of(span) if span.kind == READ else "")
        services.append(service)
        if span.kind not in (*BEFORE, *AFTER):
            lanes.setdefault((span.thread, service), []).append(number)
    counts: dict[str, int] = {}
    lane_rows = []
    for (_, service), numbers in lanes.items():
        name = service or "other"
        counts[name] = counts.get(name, 0) + 1
        lane_rows.append(Row(f"{name}, worker {counts[name]}"))
        pages: dict[str, int] = {}
        lane = [row for number in numbers for row in _lane_rows(number, spans, owns, pages)]
        lane_rows += sorted(lane, key=lambda row: min(bar.began for bar in row.bars))
    return lane_rows


def _lane_rows(
    number: int, spans: Sequence[Span], owns: Sequence[Stretches], pages: dict[str, int]
) -> Iterable[Row]:
    span, own = spans[number], owns[number]
    if span.kind == READ:
        if waits := waits_of(own):
            bars = [Bar(*piece, WAIT, "wait before the next attempt") for piece in waits]
            yield Row(WAIT, 1, tuple(bars), covered(waits))
        return
    label = f"{span.kind} {span.title}".rstrip()
    if span.kind == "call":
        label = _call_label(span, spans, pages)
    title = _titled(label, span)
    whole = (span.began, span.ended)
    bars = [Bar(*piece, span.kind, title) for piece in own]
    if own != [whole]:
        bars.insert(0, Bar(*whole, span.kind, title, is_own=False))
    depth = 1 + _depth(span, spans)
    yield Row(label, depth, tuple(bars), span.ended - span.began, clean(span.failed))


def _call_label(span: Span, spans: Sequence[Span], pages: dict[str, int]) -> str:
    """Return the operation, and the sources that it reads if its request is known."""
    if not 0 <= span.parent < len(spans) or spans[span.parent].kind != READ:
        return span.title
    sources = spans[span.parent].names[1:]
    target = clean(sources[0].partition(":")[2]) if len(sources) == 1 else f"{len(sources)} names"
    if span.title == "GetParametersByPath" and not span.failed:
        pages[target] = pages.get(target, 0) + 1
        if pages[target] > 1:
            target += f" page {pages[target]}"
    return f"{span.title} {target}"


def _depth(span: Span, spans: Sequence[Span]) -> int:
    depth, parent = 0, span.parent
    while 0 <= parent < len(spans) and depth < 4:
        depth += spans[parent].kind != READ
        parent = min(spans[parent].parent, parent - 1)  # prevents cycles in invalid input
    return depth


def _service_of(span: Span) -> str:
    return clean(span.names[1].partition(":")[0]) if len(span.names) > 1 else ""


def _titled(label: str, span: Span) -> str:
    """Return a tooltip: label, duration and failure."""
    failed = f", {span.failed}" if span.failed else ""
    duration = f"{span.ended - span.began:.2f} ms from {span.began:.2f}"
    return clean(f"{label}: {duration}{failed}")
