"""The rows of a waterfall: which spans stand in which line, under which name; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .span import IMPORTS, READ, WAIT, Span, clean, covered, own_times, waits_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .span import Trace

    Stretches = list[tuple[float, float]]

# Of these all spans of a kind stand in one row, and in this order around the workers' lanes.
BEFORE = ("interpreter", *IMPORTS, "settings", "files")
AFTER = ("parse", "render", "write")


class Bar(NamedTuple):
    """One piece of a row.

    Attributes:
        began, ended: in milliseconds.
        kind: as the span's.
        title: what it shows, in full.
        is_own: False where the time is that of other rows: what went on within it.
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
        depth: how far its name is indented.
        bars: those that are its own come last.
        ms: how long it took; None for a heading.
        failed: how it failed, or empty.
    """

    label: str
    depth: int = 0
    bars: tuple[Bar, ...] = ()
    ms: float | None = None
    failed: str = ""


def rows(trace: Trace) -> list[Row]:
    """All rows, from the interpreter to the snapshot's file."""
    owns = own_times(trace.spans)
    made = {kind: _collected(kind, trace.spans, owns) for kind in (*BEFORE, *AFTER)}
    return [
        *(row for kind in BEFORE for row in made[kind]),
        *_lanes(trace.spans, owns),
        *(row for kind in AFTER for row in made[kind]),
    ]


def end_of(trace: Trace, made: Sequence[Row]) -> float:
    """Where the picture ends, in milliseconds; never at once, so that all can be divided by it."""
    return max([0.001, trace.total, *(bar.ended for row in made for bar in row.bars)])


def _collected(kind: str, spans: Sequence[Span], owns: Sequence[Stretches]) -> list[Row]:
    """The one row of a kind, if there is any span of it."""
    chosen = [(span, own) for span, own in zip(spans, owns, strict=True) if span.kind == kind]
    if not chosen:
        return []
    bars = [
        Bar(*piece, kind, _titled(span.title or kind, span))
        for span, own in chosen
        for piece in own
    ]
    counted = f"{kind} ({len(chosen)})" if len(chosen) > 1 else kind
    failed = next((span.failed for span, _ in chosen if span.failed), "")
    took = covered((bar.began, bar.ended) for bar in bars)
    return [Row(counted, 0, tuple(bars), took, clean(failed))]


def _lanes(spans: Sequence[Span], owns: Sequence[Stretches]) -> list[Row]:
    """What the workers did, one after the other, under a heading for each."""
    lanes: dict[tuple[int, str], list[int]] = {}
    services: list[str] = []
    for number, span in enumerate(spans):
        service = services[span.parent] if 0 <= span.parent < number else ""
        service = service or (_service_of(span) if span.kind == READ else "")
        services.append(service)
        if span.kind not in (*BEFORE, *AFTER):
            lanes.setdefault((span.thread, service), []).append(number)
    counts: dict[str, int] = {}
    found = []
    for (_, service), numbers in lanes.items():
        name = service or "other"
        counts[name] = counts.get(name, 0) + 1
        found.append(Row(f"{name}, worker {counts[name]}"))
        pages: dict[str, int] = {}
        lane = [row for number in numbers for row in _lane_rows(number, spans, owns, pages)]
        found += sorted(lane, key=lambda row: min(bar.began for bar in row.bars))
    return found


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
    """The operation, and what it reads where a request is around it."""
    if not 0 <= span.parent < len(spans) or spans[span.parent].kind != READ:
        return span.title
    sources = spans[span.parent].names[1:]
    what = clean(sources[0].partition(":")[2]) if len(sources) == 1 else f"{len(sources)} names"
    if span.title == "GetParametersByPath" and not span.failed:
        pages[what] = pages.get(what, 0) + 1
        if pages[what] > 1:
            what += f" page {pages[what]}"
    return f"{span.title} {what}"


def _depth(span: Span, spans: Sequence[Span]) -> int:
    depth, parent = 0, span.parent
    while 0 <= parent < len(spans) and depth < 4:
        depth += spans[parent].kind != READ
        parent = min(spans[parent].parent, parent - 1)  # whatever it says: not in circles
    return depth


def _service_of(span: Span) -> str:
    return clean(span.names[1].partition(":")[0]) if len(span.names) > 1 else ""


def _titled(label: str, span: Span) -> str:
    """A label with the time it took and how it failed, for a tooltip."""
    failed = f", {span.failed}" if span.failed else ""
    took = f"{span.ended - span.began:.2f} ms from {span.began:.2f}"
    return clean(f"{label}: {took}{failed}")
