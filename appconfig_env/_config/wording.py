"""Formats keys and names for messages, and finds duplicates; pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_SHOWN = 100


def quoted(name: str) -> str:
    """Quote a key or name for a message, shortened to LONGEST_SHOWN characters."""
    return repr(name if len(name) <= LONGEST_SHOWN else name[: LONGEST_SHOWN - 1] + "…")


def printable(text: str, longest: int = 400) -> str:
    """`text` for one log line: without control characters, at most `longest` characters long."""
    line = "".join(char if char.isprintable() else "?" for char in text[: longest + 1])
    return line if len(line) <= longest else line[: longest - 1] + "…"


def repeated(names: Iterable[str]) -> str:
    """The first duplicate in `names`; empty if there is none."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""
