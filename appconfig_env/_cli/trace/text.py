"""Draws a waterfall as text of a given width; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .report import headline, report
from .rows import end_of, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rows import Bar, Row
    from .span import Trace

LEAST_WIDTH = 40
MS_WIDTH = 9  # " 12345.6 "


class Glyphs(NamedTuple):
    """The characters of a picture.

    Attributes:
        eighths: cells that a bar fills by one eighth to eight.
        within: time of nested spans, which have rows of their own.
        failed: time of a failed span.
        cut: marks omitted text.
    """

    eighths: str
    within: str
    failed: str
    cut: str


BLOCKS = Glyphs("▏▎▍▌▋▊▉█", "░", "▒", "…")
ASCII = Glyphs("||######", ".", "x", "~")


def picture(trace: Trace, width: int = 100, glyphs: Glyphs = BLOCKS) -> str:
    """Draw the waterfall and its report; no line exceeds `width` (at least LEAST_WIDTH)."""
    width = max(width, LEAST_WIDTH)
    all_rows = rows(trace)
    widest = max([len(_indented(row)) for row in all_rows], default=0)
    label_width = min(widest, (width - MS_WIDTH) * 45 // 100)
    columns = width - MS_WIDTH - label_width
    end = end_of(trace, all_rows)
    scale = columns / end
    lines = [*wrapped(headline(trace), width), "", _axis(end, columns, label_width)]
    for row in all_rows:
        label = shortened(_indented(row), label_width, glyphs.cut).ljust(label_width)
        ms = "" if row.ms is None else f"{row.ms:.1f}"
        lines.append(f"{label}{ms:>{MS_WIDTH - 1}} {_bars(row, columns, scale, glyphs)}".rstrip())
    lines.append("")
    for paragraph in report(trace):
        lines += wrapped(paragraph, width)
    return "\n".join(lines) + "\n"


def _indented(row: Row) -> str:
    return "  " * row.depth + row.label


def step_of(end: float, most: float) -> float:
    """Return a round tick step (1, 2 or 5 x a power of ten) for at most `most` ticks."""
    step = 0.0001
    while end / step > max(most, 1.0):
        for factor in (2.0, 2.5, 2.0):
            step *= factor
            if end / step <= max(most, 1.0):
                break
    return step


def _axis(end: float, columns: int, label_width: int) -> str:
    step = step_of(end, columns / 9)
    line = " " * label_width + "ms".rjust(MS_WIDTH - 1) + " "
    start = len(line)
    number = 0
    while number * step <= end:
        tick = f"{number * step:g}"
        at = start + int(number * step / end * columns)
        if at > len(line.rstrip()) and at + len(tick) <= start + columns:
            line = line.ljust(at) + tick
        number += 1
    return line.rstrip()


def _bars(row: Row, columns: int, scale: float, glyphs: Glyphs) -> str:
    cells = [" "] * columns
    for bar in row.bars:
        if not bar.is_own:
            first, last = _cells(bar, columns, scale)
            cells[first : last + 1] = glyphs.within * (last + 1 - first)
    shares: dict[int, float] = {}
    for bar in row.bars:
        if bar.is_own:
            first, last = _cells(bar, columns, scale)
            for at in range(first, last + 1):
                part = min(bar.ended * scale, at + 1.0) - max(bar.began * scale, float(at))
                shares[at] = shares.get(at, 0.0) + max(0.0, part)
    for at, share in shares.items():
        eighth = min(7, max(0, round(share * 8) - 1))
        if eighth < 2 and cells[at] == glyphs.within:
            continue  # nearly all of the cell belongs to nested spans
        cells[at] = glyphs.failed if row.failed else glyphs.eighths[eighth]
    line = "".join(cells).rstrip()
    if not row.failed:
        return line
    before = len(line) - len(line.lstrip())
    if len(line) + 1 >= columns - len(row.failed) and before > columns - len(line):
        note = cut(row.failed, before - 1, glyphs.cut)
        return note.rjust(before - 1) + line[before - 1 :]
    return cut(f"{line} {row.failed}", columns, glyphs.cut)


def _cells(bar: Bar, columns: int, scale: float) -> tuple[int, int]:
    """Return the first and the last cell that `bar` touches."""
    first = min(columns - 1, max(0, int(bar.began * scale)))
    return first, min(columns - 1, max(first, int(bar.ended * scale - 1e-9)))


def cut(text: str, width: int, mark: str = "…") -> str:
    """Truncate `text` to `width`, and end it with `mark`."""
    if len(text) <= width:
        return text
    return text[: max(0, width - len(mark))] + mark if width > 0 else ""


def shortened(text: str, width: int, mark: str = "…") -> str:
    """Shorten `text` to `width` by replacing its middle with `mark`."""
    if len(text) <= width:
        return text
    tail = (width - len(mark)) * 3 // 5
    return cut(text[:-1], width - tail, mark) + text[len(text) - tail :] if tail > 0 else ""


def wrapped(text: str, width: int) -> list[str]:
    """Wrap `text` into lines, all but the first indented; break words that are too long."""
    lines: list[str] = []
    line = ""
    for word in _words(text, width - 2):
        if not line:
            line = word
        elif len(line) + 1 + len(word) <= width:
            line += f" {word}"
        else:
            lines.append(line)
            line = f"  {word}"
    return [*lines, line]


def _words(text: str, width: int) -> Sequence[str]:
    return [word[at : at + width] for word in text.split() for at in range(0, len(word), width)]
