"""Reads Amazon Ion text, in which rules and flags with variants are written; pure.

Sources: Ion's specification (amazon-ion.github.io/ion-docs), as far as AppConfig's documents use
it, and the examples in the AppConfig User Guide, which also leave out the commas of a list and the
`T` of a month. What is not used there (blobs, clobs, operators such as `+` as names) is an error.

No text of the document is part of an error, except names.
"""

from __future__ import annotations

import math
import re

from ..._config.wording import quoted
from .moments import moment
from .nodes import Node, PlacedError
from .texts import unescaped

DEEPEST = 32  # levels of nesting; AWS's longest example has 3
LONGEST_NUMBER = 400  # characters; a float has at most 309 digits before its point

_SPACE = re.compile(r"(?:[ \t\n\r\v\f]+|//[^\n\r]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_WORD = re.compile(r"[-+.:A-Za-z0-9_$]+")  # a number or a timestamp, with all that touches it
_FLOAT = re.compile(
    r"-?(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?(?:[eEdD][+-]?[0-9]+)?"
)
_INTEGER = re.compile(
    r"-?(?:0[xX][0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0[bB][01]+(?:_[01]+)*|0|[1-9][0-9]*(?:_[0-9]+)*)"
)
_NULL = re.compile(r"null(?:\.[a-z]+)?(?![A-Za-z0-9_$.])")
_QUOTED = re.compile(r"'((?:[^'\\\n\r]|\\.)*)'", re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\\n\r]|\\.)*)"', re.DOTALL)
_LONG = re.compile(r"'''((?:[^'\\]|\\.|'(?!''))*)'''", re.DOTALL)
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_KINDS = {"[": "list", "(": "sexp", "{": "struct"}
_BOOLEANS = {"true": True, "false": False}


def parse(text: str) -> list[Node]:
    """Return the values of an Ion text.

    Raises:
        PlacedError: it is not Ion text, or has what is not read here.
    """
    return _Reader(text).values()


class _Open:
    """A container that has not been closed yet; the outermost one is the text itself."""

    def __init__(self, sign: str, start: int, annotations: tuple[str, ...]) -> None:
        self.sign = sign
        self.start = start
        self.annotations = annotations
        self.items: list[Node] = []
        self.fields: dict[str, Node] = {}
        self.field: str | None = None
        self.may_have_comma = False

    def add(self, node: Node) -> None:
        if self.field is None:
            self.items.append(node)
        else:
            self.fields[self.field] = node
            self.field = None
        self.may_have_comma = True


class _Reader:
    """Reads one text from its beginning to its end, without recursion."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._open = [_Open("", 0, ())]
        self._annotations: list[str] = []
        self._annotated_at = 0

    def values(self) -> list[Node]:
        text = self._text
        while self._skip_space() < len(text):
            sign = text[self._at]
            if sign in ")]}":
                self._close(sign)
            elif sign == ",":
                self._comma()
            elif self._open[-1].sign == "{" and self._open[-1].field is None:
                self._read_field()
            elif sign in _CLOSING:
                self._begin(sign)
            else:
                self._read_value(sign)
        if self._annotations:
            raise self._wrong("a name with :: but without a value", "write one", self._annotated_at)
        inner = self._open[-1]
        if inner.sign:
            closing = _CLOSING[inner.sign]
            raise self._wrong(
                f"{inner.sign} is not closed", f"close it with {closing}", inner.start
            )
        return inner.items

    def _skip_space(self) -> int:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _wrong(self, summary: str, hint: str, offset: int | None = None) -> PlacedError:
        """Return the error for what is at a place; by default, at the present one."""
        return PlacedError(summary, hint, self._at if offset is None else offset)

    def _close(self, sign: str) -> None:
        inner = self._open[-1]
        if not inner.sign:
            raise self._wrong(f"{sign} without its beginning", "remove it")
        if _CLOSING[inner.sign] != sign:
            expected = _CLOSING[inner.sign]
            raise self._wrong(f"expected {expected}, got {sign}", "correct it")
        if self._annotations or inner.field is not None:
            raise self._wrong(f"expected a value, got {sign}", "write one before it")
        self._open.pop()
        self._at += 1
        value: object = inner.fields if inner.sign == "{" else inner.items
        kind = _KINDS[inner.sign]
        self._open[-1].add(Node(kind, value, inner.annotations, inner.start, self._at))

    def _comma(self) -> None:
        inner = self._open[-1]
        if inner.sign not in ("[", "{") or not inner.may_have_comma or self._annotations:
            raise self._wrong("a comma that follows no value of a list", "remove it")
        inner.may_have_comma = False
        self._at += 1

    def _begin(self, sign: str) -> None:
        if self._text.startswith("{{", self._at):
            raise self._wrong("binary data ({{ }})", "remove it")
        if len(self._open) > DEEPEST:
            raise self._wrong(f"more than {DEEPEST} levels of nesting", "flatten it")
        self._open.append(_Open(sign, self._at, self._taken()))
        self._at += 1

    def _taken(self) -> tuple[str, ...]:
        annotations = tuple(self._annotations)
        self._annotations.clear()
        return annotations

    def _read_field(self) -> None:
        inner = self._open[-1]
        if inner.fields and inner.may_have_comma:
            raise self._wrong("expected a comma after a field", "write it")
        start = self._at
        name = self._name() if self._text[start] != '"' else self._string()
        self._skip_space()
        text = self._text
        if name is None or text[self._at : self._at + 1] != ":" or text.startswith("::", self._at):
            raise self._wrong("expected a field's name with a colon", "write it", start)
        if name in inner.fields:
            raise self._wrong(f"duplicate field {quoted(name)}", "remove one", start)
        self._at += 1
        inner.field = name

    def _read_value(self, sign: str) -> None:
        start = self._at
        if sign == '"' or self._text.startswith("'''", start):
            node = Node("text", self._string() if sign == '"' else self._long_string())
        elif sign == "'" or _NAME.match(self._text, start):
            found = self._named(sign)
            if found is None:
                return  # an annotation, or Ion's version
            node = found
        else:
            node = self._number()
        node.annotations, node.start, node.end = self._taken(), start, self._at
        self._open[-1].add(node)

    def _named(self, sign: str) -> Node | None:
        """Read a name, a boolean or null; None if it is not a value."""
        start = self._at
        null = _NULL.match(self._text, start)
        if null:
            self._at = null.end()
            return Node("null", None)
        name = self._name()
        if name is None:
            raise self._wrong("' is not closed", "close it in the same line")
        end = self._at
        if self._text.startswith("::", self._skip_space()):
            if not self._annotations:
                self._annotated_at = start
            self._annotations.append(name)
            self._at += 2
            return None
        self._at = end
        if sign != "'" and name in _BOOLEANS:
            return Node("boolean", _BOOLEANS[name])
        if len(self._open) == 1 and name == "$ion_1_0" and not self._annotations:
            return None
        return Node("name", name, is_quoted=sign == "'")

    def _name(self) -> str | None:
        """Read a name with or without quotes; None if there is none."""
        found = _NAME.match(self._text, self._at)
        if found:
            self._at = found.end()
            return found[0]
        found = _QUOTED.match(self._text, self._at)
        if found is None:
            return None
        name = unescaped(found[1], found.start(1))
        self._at = found.end()
        return name

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None:
            raise self._wrong('" is not closed', "close it in the same line")
        text = unescaped(found[1], found.start(1))
        self._at = found.end()
        return text

    def _long_string(self) -> str:
        """Read one or several `'''texts'''` that follow one another, which are one text."""
        parts, end = [], self._at
        while self._text.startswith("'''", self._at):
            found = _LONG.match(self._text, self._at)
            if found is None:
                raise self._wrong("''' is not closed", "close it with '''")
            parts.append(unescaped(found[1], found.start(1)))
            self._at = end = found.end()
            self._skip_space()
        self._at = end
        return "".join(parts)

    def _number(self) -> Node:
        found = _WORD.match(self._text, self._at)
        word = found[0] if found else ""
        node = _number_of(word) if len(word) <= LONGEST_NUMBER else None
        if node is None:
            what = "/* is not closed" if self._text.startswith("/*", self._at) else _UNKNOWN
            raise self._wrong(what, _FIX_UNKNOWN)
        self._at += len(word)
        return node


_UNKNOWN = "expected a value, got something that is not a number, a timestamp, a text or a name"
_FIX_UNKNOWN = "correct it, or put a text in double quotes"


def _number_of(word: str) -> Node | None:
    if _INTEGER.fullmatch(word):
        return Node("integer", int(word, 0))
    if _FLOAT.fullmatch(word):
        number = float(word.replace("d", "e").replace("D", "e"))
        return Node("float", number) if math.isfinite(number) else None
    found = moment(word)
    return None if found is None else Node("timestamp", found)
