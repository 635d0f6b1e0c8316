"""The syntax of regular expressions, as far as RE2 and Python's `re` read it the same; pure."""

from __future__ import annotations

import re

from .nodes import PlacedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Ranges = tuple[tuple[str, str], ...]

LONGEST = 1_000  # characters
DEEPEST = 20  # groups in groups
_MOST_REPEATED = 1_000  # as RE2 has it

# Kinds of elements: a character, a place, a sequence, alternatives, and one that is repeated.
ONE, ASSERT, CAT, EITHER, REPEAT = range(5)

_DIGITS: Ranges = (("0", "9"),)
_WORD: Ranges = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
_SPACE: Ranges = (("\t", "\n"), ("\f", "\r"), (" ", " "))
_CLASSES: dict[str, Ranges] = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PLACES = {"A": "begin", "b": "edge", "B": "inside"}
_REPEATED = re.compile(r"\{([0-9]{1,6})(,?)([0-9]{0,6})\}")
_GROUP = re.compile(r"\?(?:P?<[A-Za-z_][A-Za-z0-9_]*>|([ims]*)(?:-([ims]+))?([:)]))")
_HEX = re.compile(r"x([0-9a-fA-F]{2})")
_PLAIN = "write it in the syntax that RE2 and Python's re have in common"


class Element:
    """One part of a pattern.

    Attributes:
        kind: one of the kinds above.
        parts: the parts of a sequence, the alternatives, or what is repeated.
        ranges: the characters that are accepted, by first and last.
        is_negated: whether all others are accepted instead.
        ignores_case: whether a letter is accepted in any case.
        place: `begin` or `end` of the text, or of a `line`, or the `edge` or `inside` of a word.
        least: how often it is repeated at least.
        most: how often at most; None for any number.
    """

    __slots__ = ("ignores_case", "is_negated", "kind", "least", "most", "parts", "place", "ranges")

    def __init__(
        self,
        kind: int,
        parts: Sequence[Element] = (),
        *,
        ranges: Ranges = (),
        is_negated: bool = False,
        ignores_case: bool = False,
        place: str = "",
        least: int = 0,
        most: int | None = None,
    ) -> None:
        self.kind = kind
        self.parts = parts
        self.ranges = ranges
        self.is_negated = is_negated
        self.ignores_case = ignores_case
        self.place = place
        self.least = least
        self.most = most

    def accepts(self, character: str) -> bool:
        """Whether it is one of the element's characters."""
        forms = {character}
        if self.ignores_case:
            forms |= {form for form in (character.lower(), character.upper()) if len(form) == 1}
        is_in = any(first <= form <= last for first, last in self.ranges for form in forms)
        return is_in is not self.is_negated

    def holds(self, text: str, at: int) -> bool:
        """Whether the place is the element's."""
        if self.place == "begin":
            return at == 0
        if self.place == "end":
            return at == len(text)
        if self.place == "begin of line":
            return at == 0 or text[at - 1] == "\n"
        if self.place == "end of line":
            return at == len(text) or text[at] == "\n"
        is_edge = _is_word(text[at - 1 : at] if at else "") is not _is_word(text[at : at + 1])
        return is_edge is (self.place == "edge")


def _is_word(character: str) -> bool:
    return character == "_" or (character.isascii() and character.isalnum())


def parsed(pattern: str) -> Element:
    """Return a pattern's parts as one element.

    Raises:
        PlacedError: it has what is not supported, or is too long.
    """
    if len(pattern) > LONGEST:
        raise PlacedError(f"it has more than {LONGEST} characters", "shorten it", 0)
    return _Reader(pattern).whole()


class _Reader:
    """Reads one pattern from its beginning to its end."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._flags: frozenset[str] = frozenset()

    def whole(self) -> Element:
        """Return the whole pattern."""
        element = self._alternatives(0)
        if self._at < len(self._pattern):
            raise self._wrong(") without its beginning", "write \\) for the character")
        return element

    def _wrong(self, summary: str, hint: str) -> PlacedError:
        """Return the error for what is at the present place."""
        return PlacedError(summary, hint, self._at)

    def _next(self, text: str) -> bool:
        """Whether `text` is next; then it is read."""
        is_next = self._pattern.startswith(text, self._at)
        self._at += len(text) if is_next else 0
        return is_next

    def _read(self) -> str:
        character = self._pattern[self._at : self._at + 1]
        if not character:
            raise self._wrong("it ends too early", "complete it")
        self._at += 1
        return character

    def _alternatives(self, depth: int) -> Element:
        if depth > DEEPEST:
            raise self._wrong(f"more than {DEEPEST} groups in groups", "flatten it")
        found = [self._sequence(depth)]
        while self._next("|"):
            found.append(self._sequence(depth))
        return found[0] if len(found) == 1 else Element(EITHER, found)

    def _sequence(self, depth: int) -> Element:
        parts = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            part = self._part(depth)
            if part is not None:
                parts.append(self._repeated(part))
        return parts[0] if len(parts) == 1 else Element(CAT, parts)

    def _part(self, depth: int) -> Element | None:
        """Read one part; None if it only sets flags."""
        character = self._read()
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escape()
        if character in "*+?":
            self._at -= 1
            raise self._wrong(
                f"{character} that follows nothing", f"write \\{character} for the character"
            )
        if character == "{":
            self._at -= 1
            if _REPEATED.match(self._pattern, self._at):
                raise self._wrong("{ that follows nothing", "write \\{ for the character")
            self._at += 1
        if character == ".":
            newline: Ranges = () if "s" in self._flags else (("\n", "\n"),)
            return Element(ONE, ranges=newline, is_negated=True)
        if character in "^$":
            place = "begin" if character == "^" else "end"
            return Element(ASSERT, place=place + (" of line" if "m" in self._flags else ""))
        return self._one(((character, character),))

    def _one(self, ranges: Ranges, *, is_negated: bool = False) -> Element:
        return Element(ONE, ranges=ranges, is_negated=is_negated, ignores_case="i" in self._flags)

    def _repeated(self, part: Element) -> Element:
        counted = _REPEATED.match(self._pattern, self._at)
        least, most = 0, None
        if counted:
            least = int(counted[1])
            most = int(counted[3]) if counted[3] else None if counted[2] else least
            if max(least, most or 0) > _MOST_REPEATED or (most is not None and most < least):
                raise self._wrong("a wrong number of repetitions", "correct it")
            self._at = counted.end()
        elif self._next("+"):
            least = 1
        elif self._next("?"):
            most = 1
        elif self._pattern.startswith("{,", self._at):
            raise self._wrong("{, which RE2 and Python read differently", "write {0,")
        elif not self._next("*"):
            return part
        self._next("?")  # the shortest match: what matches is the same
        if self._pattern[self._at : self._at + 1] in ("*", "+", "?") or _REPEATED.match(
            self._pattern, self._at
        ):
            raise self._wrong("a repetition of a repetition", _PLAIN)
        return Element(REPEAT, [part], least=least, most=most)

    def _group(self, depth: int) -> Element | None:
        before = self._flags
        if self._pattern.startswith("?", self._at):
            found = _GROUP.match(self._pattern, self._at)
            if found is None:
                raise self._wrong("a group of a kind that is not supported", _PLAIN)
            self._at = found.end()
            if found[3]:
                self._flags = (before | set(found[1] or "")) - set(found[2] or "")
            if found[3] == ")":
                return None  # until the end of the group around it
        inside = self._alternatives(depth + 1)
        if not self._next(")"):
            raise self._wrong("( is not closed", "close it with )")
        self._flags = before
        return inside

    def _escape(self) -> Element:
        character = self._read()
        if character in _PLACES:
            return Element(ASSERT, place=_PLACES[character])
        if character in "zZ":
            self._at -= 2
            raise self._wrong("\\z and \\Z, which not all versions read the same", "write $")
        ranges, is_negated = self._escaped(character)
        return self._one(ranges, is_negated=is_negated)

    def _escaped(self, character: str) -> tuple[Ranges, bool]:
        """Return the characters that an escape stands for, and whether it is all others."""
        if character.lower() in _CLASSES:
            return _CLASSES[character.lower()], character.isupper()
        if character in _CONTROLS:
            character = _CONTROLS[character]
        elif found := _HEX.match(self._pattern, self._at - 1):
            self._at = found.end()
            character = chr(int(found[1], 16))
        elif character.isalnum() or not character.isascii():
            self._at -= 2
            raise self._wrong("an escape that is not supported", _PLAIN)
        return ((character, character),), False

    def _class(self) -> Element:
        start = self._at - 1
        is_negated = self._next("^")
        ranges: list[tuple[str, str]] = []
        is_first = True
        while is_first or not self._next("]"):
            if self._at >= len(self._pattern):
                self._at = start
                raise self._wrong("[ is not closed", "close it with ]")
            if self._pattern.startswith(("[:", "[.", "[=", "&&", "||", "~~", "--"), self._at):
                raise self._wrong(
                    "characters in [] that RE2 and Python read differently", "escape them with \\"
                )
            ranges += self._item()
            is_first = False
        return self._one(tuple(ranges), is_negated=is_negated)

    def _item(self) -> Ranges:
        """Read a character, a range or a class inside of []."""
        first, is_negated = self._class_character()
        if is_negated:
            return _others(first)
        is_range = self._pattern.startswith("-", self._at) and not self._pattern.startswith(
            "-]", self._at
        )
        if not is_range:
            return first
        self._at += 1
        last, is_negated = self._class_character()
        if is_negated or len(first) != 1 or len(last) != 1 or last[0][0] < first[0][0]:
            raise self._wrong("a wrong range of characters", "correct it, or write \\-")
        return ((first[0][0], last[0][0]),)

    def _class_character(self) -> tuple[Ranges, bool]:
        character = self._read()
        if character != "\\":
            return ((character, character),), False
        character = self._read()
        if character == "b":
            self._at -= 2
            raise self._wrong("\\b in [], which RE2 does not have", "write \\x08")
        return self._escaped(character)


def _others(ranges: Ranges) -> Ranges:
    """Return all characters but these."""
    found, begin = [], 0
    for first, last in ranges:
        if begin < ord(first):
            found.append((chr(begin), chr(ord(first) - 1)))
        begin = ord(last) + 1
    return (*found, (chr(begin), "\U0010ffff"))
