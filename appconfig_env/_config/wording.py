"""Formats keys and names for messages, and finds duplicates; pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LONGEST_SHOWN = 100
MOST_LISTED = 10


def quoted(name: str) -> str:
    """Quote a key or name for a message, shortened to LONGEST_SHOWN characters."""
    return repr(name if len(name) <= LONGEST_SHOWN else name[: LONGEST_SHOWN - 1] + "…")


def one_line(text: str) -> str:
    """`text` with a question mark in place of each character that could end or forge a line."""
    return text if text.isprintable() else "".join([c if c.isprintable() else "?" for c in text])


def one_line_each(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields of a log line, whose texts may be a document's names, each as one line."""
    return {name: _one_line_of(value) for name, value in fields.items()}


def _one_line_of(value: object) -> object:
    if isinstance(value, str):
        return one_line(value)
    return list(map(_one_line_of, value)) if isinstance(value, (list, tuple)) else value


def printable(text: str, longest: int = 400) -> str:
    """`text` for one log line: without control characters, at most `longest` characters long."""
    line = one_line(text[: longest + 1])
    return line if len(line) <= longest else line[: longest - 1] + "…"


def counted(number: int, noun: str) -> str:
    """Return `1 source`, `2 sources`: for nouns whose plural only adds an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def enumerated(names: Sequence[str]) -> str:
    """Return `A`, `A and B`, or `A, B and C`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def listed(names: Iterable[str], *wanted: str) -> str:
    """List up to MOST_LISTED names for a message, those that are most like one `wanted` first."""
    from difflib import get_close_matches  # only an error pays for it

    known = sorted(dict.fromkeys(names))
    near = [one for name in wanted for one in get_close_matches(name, known, n=3, cutoff=0.5)]
    ordered = list(dict.fromkeys([*near, *known]))
    shown = ", ".join(map(quoted, ordered[:MOST_LISTED]))
    more = len(ordered) - MOST_LISTED
    return f"{shown} and {more} more" if more > 0 else shown or "none"


def nearest(name: str, known: Iterable[str]) -> str:
    """The one of `known` that is most like `name`, in any case; empty if none is like it."""
    from difflib import get_close_matches  # only an error pays for it

    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[near[0]] if near else ""


def nearest_note(name: str, known: Iterable[str]) -> str:
    """` (nearest: NAME)`, which follows a wrong name in an error; empty if none is like it."""
    near = nearest(name, known)
    return f" (nearest: {near})" if near else ""


def alternatives(words: Iterable[str]) -> str:
    """List words as alternatives: `json, dotenv or text`."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def repeated(names: Iterable[str]) -> str:
    """The first duplicate in `names`; empty if there is none."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""
