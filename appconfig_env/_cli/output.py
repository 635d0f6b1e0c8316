"""Writes a verb's result: lines with colours on a terminal, or JSON for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from .._config.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

# What lines mean, and how rich shows it.
STYLES = {
    "": "",
    "error": "bold red",
    "good": "green",
    "quiet": "dim",
    "title": "bold",
    "warn": "yellow",
}


class Line(NamedTuple):
    """One line of a result.

    Attributes:
        text: without a line feed.
        style: one of STYLES.
    """

    text: str
    style: str = ""


def table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], styles: Sequence[str] = ()
) -> list[Line]:
    """Return aligned columns under `heads`.

    Args:
        heads: the columns' names.
        rows: a text for each column.
        styles: of each row; by default none has one.
    """
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]

    def aligned(row: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        return "  ".join(padded).rstrip()

    lines = [Line(aligned(heads), "title")]
    for number, row in enumerate(cells):
        lines.append(Line(aligned(row), styles[number] if styles else ""))
    return lines


def has_colours(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to use colours: on a terminal, unless NO_COLOR is set (no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


class Output:
    """Where a verb writes.

    Args:
        stream: standard output or standard error.
        environ: has NO_COLOR and TERM.
    """

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        self._stream = stream
        self._has_colours = has_colours(stream, environ)

    def lines(self, lines: Iterable[Line]) -> None:
        """Write lines; what could end or forge one is a question mark."""
        found = [Line(one_line(line.text), line.style) for line in lines]
        if not self._has_colours:
            self.text("".join(f"{line.text}\n" for line in found))
            return
        from rich.console import Console  # 60 ms, which a pipe does not need
        from rich.text import Text

        console = Console(file=self._stream, force_terminal=True, highlight=False)
        for line in found:
            console.print(Text(line.text, STYLES[line.style]), soft_wrap=True)

    def line(self, text: str, style: str = "") -> None:
        """Write one line."""
        self.lines([Line(text, style)])

    def json(self, data: object) -> None:
        """Write `data` as JSON."""
        self.text(json.dumps(data, indent=2, ensure_ascii=False) + "\n")

    def text(self, text: str) -> None:
        """Write `text` as it is."""
        self._stream.write(text)
        self._stream.flush()
