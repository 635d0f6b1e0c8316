"""A waterfall as text of so many columns: rows in, lines out; pure."""

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


class Signs(NamedTuple):
    """What a picture is made of.

    Attributes:
        eighths: how much of its cell a bar fills, from one eighth to all.
        within: time that is shown in other rows.
        failed: time of what failed.
        cut: stands for what did not fit.
    """

    eighths: str
    within: str
    failed: str
    cut: str


BLOCKS = Signs("▏▎▍▌▋▊▉█", "░", "▒", "…")
ASCII = Signs("||######", ".", "x", "~")


def picture(trace: Trace, width: int = 100, signs: Signs = BLOCKS) -> str:
    """The waterfall and what it says, no line wider than `width` (at least LEAST_WIDTH)."""
    width = max(width, LEAST_WIDTH)
    all_rows = rows(trace)
    widest = max([len(_indented(row)) for row in all_rows], default=0)
    label_width = min(widest, (width - MS_WIDTH) * 45 // 100)
    columns = width - MS_WIDTH - label_width
    end = end_of(trace, all_rows)
    scale = columns / end
    lines = [*wrapped(headline(trace), width), "", _axis(end, columns, label_width)]
    for row in all_rows:
        label = shortened(_indented(row), label_width, signs.cut).ljust(label_width)
        took = "" if row.ms is None else f"{row.ms:.1f}"
        lines.append(f"{label}{took:>{MS_WIDTH - 1}} {_bars(row, columns, scale, signs)}".rstrip())
    lines.append("")
    for paragraph in report(trace):
        lines += wrapped(paragraph, width)
    return "\n".join(lines) + "\n"


def _indented(row: Row) -> str:
    return "  " * row.depth + row.label


def step_of(end: float, most: float) -> float:
    """A round number of milliseconds (1, 2 or 5 times a power of ten) for at most so many ticks."""
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


def _bars(row: Row, columns: int, scale: float, signs: Signs) -> str:
    cells = [" "] * columns
    for bar in row.bars:
        if not bar.is_own:
            first, last = _cells(bar, columns, scale)
            cells[first : last + 1] = signs.within * (last + 1 - first)
    shares: dict[int, float] = {}
    for bar in row.bars:
        if bar.is_own:
            first, last = _cells(bar, columns, scale)
            for at in range(first, last + 1):
                part = min(bar.ended * scale, at + 1.0) - max(bar.began * scale, float(at))
                shares[at] = shares.get(at, 0.0) + max(0.0, part)
    for at, share in shares.items():
        eighth = min(7, max(0, round(share * 8) - 1))
        if eighth < 2 and cells[at] == signs.within:
            continue  # nearly all of it belongs to others
        cells[at] = signs.failed if row.failed else signs.eighths[eighth]
    line = "".join(cells).rstrip()
    if not row.failed:
        return line
    before = len(line) - len(line.lstrip())
    if len(line) + 1 >= columns - len(row.failed) and before > columns - len(line):
        note = cut(row.failed, before - 1, signs.cut)
        return note.rjust(before - 1) + line[before - 1 :]
    return cut(f"{line} {row.failed}", columns, signs.cut)


def _cells(bar: Bar, columns: int, scale: float) -> tuple[int, int]:
    """The first and the last cell that it touches."""
    first = min(columns - 1, max(0, int(bar.began * scale)))
    return first, min(columns - 1, max(first, int(bar.ended * scale - 1e-9)))


def cut(text: str, width: int, sign: str = "…") -> str:
    """`text`, with a sign in the place of what does not fit."""
    if len(text) <= width:
        return text
    return text[: max(0, width - len(sign))] + sign if width > 0 else ""


def shortened(text: str, width: int, sign: str = "…") -> str:
    """`text`, with a sign in the place of its middle where it does not fit."""
    if len(text) <= width:
        return text
    tail = (width - len(sign)) * 3 // 5
    return cut(text[:-1], width - tail, sign) + text[len(text) - tail :] if tail > 0 else ""


def wrapped(text: str, width: int) -> list[str]:
    """`text` in lines, the later ones indented; a word that does not fit is broken."""
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
