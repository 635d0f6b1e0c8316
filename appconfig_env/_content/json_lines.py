"""Finds the lines of what strict_json rejects, for its errors; pure.

The C code that parses JSON passes neither line nor column to its hooks. Only errors load this.
"""

from __future__ import annotations

import math
import re

from . import fast_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CONSTANTS = ("NaN", "Infinity", "-Infinity")
# As the parser finds them: of `NaNx` and `1e999x`, it passes the beginning to its hook.
TOKEN = re.compile(
    r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")|NaN|-?Infinity'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)|[^ \t\n\r]"
)


class _Object:
    """The keys of an object that has not ended yet."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self.repeated_at = 0

    def add(self, key: str, line: int) -> None:
        if key in self._keys and not self.repeated_at:
            self.repeated_at = line
        self._keys.add(key)


def line_of_rejected(text: str) -> int:
    """Return the line of the first duplicate key, constant or number that is not accepted.

    Duplicate keys are found where their object ends, as by the parser, so that both find the same.

    Args:
        text: JSON, at least up to there.
    """
    line, previous = 1, ""
    containers: list[_Object | None] = []  # None for a list
    for line, match in _tokens(text):
        part = match[0]
        if part in ("{", "["):
            containers.append(_Object() if part == "{" else None)
        elif part in ("}", "]"):
            ended = containers.pop()
            if ended is not None and ended.repeated_at:
                return ended.repeated_at
        elif match["string"]:
            if previous in ("{", ",") and (inside := containers[-1]) is not None:
                inside.add(fast_json.loads(part), line)
        elif part in CONSTANTS or (match["number"] and not _is_accepted(part)):
            return line
        previous = part
    return line


def line_of_depth(text: str, depth: int) -> int:
    """Return the line on which JSON is nested more than `depth` levels deep; 0 if it is not.

    Args:
        text: JSON, at least up to there.
        depth: the levels that are accepted.
    """
    level = 0
    for line, match in _tokens(text):
        level += (match[0] in ("{", "[")) - (match[0] in ("}", "]"))
        if level > depth:
            return line
    return 0


def _tokens(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield each token of JSON with its line; of words, each letter."""
    line, end = 1, 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", end, match.start())
        end = match.start()
        yield line, match


def _is_accepted(number: str) -> bool:
    if not number.lstrip("-").isdigit():
        return math.isfinite(float(number))
    try:
        int(number)
    except ValueError:  # it has more than sys.get_int_max_str_digits() digits
        return False
    return True
