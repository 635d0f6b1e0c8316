"""Keys and names as messages show them, and which of them come twice; pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_SHOWN = 100


def quoted(name: str) -> str:
    """A key or name as messages show it."""
    return repr(name if len(name) <= LONGEST_SHOWN else name[: LONGEST_SHOWN - 1] + "…")


def printable(text: str, longest: int = 400) -> str:
    """`text` fit for one line of a log: control signs replaced, not longer than `longest`."""
    line = "".join(sign if sign.isprintable() else "?" for sign in text[: longest + 1])
    return line if len(line) <= longest else line[: longest - 1] + "…"


def repeated(names: Iterable[str]) -> str:
    """The first of `names` that comes a second time; empty where none does."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""
