"""A page's marked parts: what a tool fills in between `<!-- KIND:NAME -->` and its end mark.

All else of a page is written in the page. A mark at the start of a line holds whole lines, any
other one a few words of a sentence.
"""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

NOTE_SECONDS = 10
_MARKED = r"(<!-- {0}:([\w-]+) -->)(.*?)(<!-- /{0}:\2 -->)"


MISSED, SLOW = "**MISSED**", "see its ratio"
TIMES = ("ms", "µs")


class Figure(NamedTuple):
    """What was found, and what it must be at most, or at least. Ratios have the unit `x`."""

    name: str
    value: float
    unit: str
    target: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.value >= self.target if self.at_least else self.value <= self.target

    def verdict(self, *, is_slow: bool = False) -> str:
        """Whether it is met; on a slow machine a time does not show that, but a ratio does."""
        if self.is_met:
            return "met"
        return SLOW if is_slow and self.unit in TIMES else MISSED

    def row(self, *, is_slow: bool = False) -> tuple[str, ...]:
        """Return its row of the table."""
        bound = "at least" if self.at_least else "at most"
        target = f"{bound} {self.target:g} {self.unit}"
        found = f"{self.value:.2f} {self.unit}"
        return self.name, found, target, self.verdict(is_slow=is_slow)


class Findings(NamedTuple):
    """What a run found: texts by mark, by file name what draws a picture, and its figures."""

    marked: Mapping[str, str]
    pictures: Mapping[str, Callable[[Path], None]] = {}
    figures: Sequence[Figure] = ()
    is_slow: bool = False  # whether this machine is slower than the one that times refer to


def marks(text: str, kind: str = "bench") -> list[tuple[str, str]]:
    """Return the names of a page's marks, and what each of them holds."""
    found = re.finditer(_MARKED.format(kind), text, re.DOTALL)
    return [(one[2], one[3].strip("\n")) for one in found]


def fill(text: str, marked: Mapping[str, str], kind: str = "bench") -> str:
    """Return the page with new texts in the marks that `marked` names.

    Raises:
        KeyError: one of them is not in the page.
    """
    if missing := marked.keys() - dict(marks(text, kind)).keys():
        raise KeyError(f"the page has no mark {', '.join(sorted(missing))}")

    def filled(found: re.Match[str]) -> str:
        begin, name, before, end = found.groups()
        if name not in marked:
            return found[0]
        around = "\n" if before.startswith("\n") else ""
        return f"{begin}{around}{marked[name]}{around}{end}"

    return re.sub(_MARKED.format(kind), filled, text, flags=re.DOTALL)


def write(found: Findings, page: Path) -> None:
    """Fill the page, and draw its pictures into the folder next to it that has its name."""
    folder = page.with_suffix("")
    folder.mkdir(exist_ok=True)
    for name, draw in found.pictures.items():
        draw(folder / f"{name}.svg")
    page.write_text(fill(page.read_text(), found.marked))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, rule: str = "---:") -> str:
    """Return a Markdown table; `rule` aligns all but its first column, by default to the right."""
    rules = ["---", *(rule for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rules, *rows))


def number(value: float | None, digits: int = 1) -> str:
    """Return it with at most so many decimal places; empty for None."""
    return "" if value is None else f"{value:,.{digits}f}".removesuffix("." + digits * "0")


def targets(figures: Sequence[Figure], *, is_slow: bool = False) -> dict[str, str]:
    """Return the page's table of targets, and the sentence before it."""
    missed = [one.name for one in figures if one.verdict(is_slow=is_slow) == MISSED]
    rows = [figure.row(is_slow=is_slow) for figure in figures]
    return {
        "missed": f"Missed: {'; '.join(missed)}." if missed else "All are met.",
        "targets": table(("", "found", "target", ""), rows),
    }


class Progress:
    """Lines on stderr that tell how far a run has come."""

    def __init__(
        self,
        total: int,
        show: Callable[[str], object] = sys.stderr.write,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total, self._show, self._now = total, show, now
        self._count, self._text, self._began, self._shown = 0, "", now(), 0.0

    def step(self, text: str) -> None:
        """Count one more of the total."""
        self._count, self._text = self._count + 1, text
        self._line(text, self._now())

    def note(self, text: str) -> None:
        """Show how far the step has come, unless the last line is less than ten seconds old."""
        now = self._now()
        if now - self._shown >= NOTE_SECONDS:
            self._line(f"{self._text}, {text}", now)

    def _line(self, text: str, now: float) -> None:
        self._shown = now
        minutes, seconds = divmod(round(now - self._began), 60)
        self._show(f"[{self._count}/{self._total}] {minutes}:{seconds:02d} {text}\n")
