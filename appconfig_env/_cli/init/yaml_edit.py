"""Inserts members into a YAML text: comments, quotes and order stay as they are written."""

from __future__ import annotations

import json
from typing import NamedTuple

import yaml
from yaml import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from .starter import RefusedError

STEP = 2  # of indentation, where the text has no example


class Member(NamedTuple):
    """A member of a mapping: the nodes of its key and of its value."""

    key: Node
    value: Node


class Insertion(NamedTuple):
    """Text to insert before the character at `place`; of several there, the deepest first."""

    place: int
    text: str
    depth: int = 0


class YamlText:
    """A YAML document as text, with the places of its parts; its last line ends.

    Args:
        text: the document.

    Raises:
        RefusedError: it is not YAML, or not a mapping in block style.
    """

    def __init__(self, text: str) -> None:
        self._end = "\r\n" if "\r\n" in text else "\n"
        self.text = text if text.endswith("\n") else text + self._end
        self._insertions: list[Insertion] = []
        try:
            root = yaml.compose(text, yaml.SafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f" at line {mark.line + 1}" if mark else ""
            raise RefusedError(f"invalid YAML{place}", "correct it") from None
        if not isinstance(root, MappingNode) or root.flow_style:
            raise RefusedError("expected a YAML mapping with a key on each line", "convert it")
        self.root = root

    def find(self, *keys: str) -> Member | None:
        """Return the member with this path; None if there is none."""
        found: Member | None = None
        node: Node = self.root
        for key in keys:
            found = member(node, key)
            if found is None:
                return None
            node = found.value
        return found

    def add_member(self, mapping: Node, lines: list[str]) -> None:
        """Add lines, indented here, at the end of a mapping in block style."""
        last = [*mapping.value][-1]
        indent = " " * mapping.value[0][0].start_mark.column
        lines = [indent + line for line in lines]
        self._add_lines(self._last_line(*last), lines, 2 * len(indent))

    def add_item(self, sequence: SequenceNode, lines: list[str]) -> None:
        """Add an item at the end of a sequence; its first line is after the dash."""
        if sequence.flow_style:
            self.add_in_flow(sequence, " ".join(lines))
            return
        indent = " " * sequence.start_mark.column
        last = sequence.value[-1]
        dashed = [f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]
        # A dash may be below the first letter of a key, and is deeper even so.
        depth = 2 * len(indent) + 1
        self._add_lines(self._last_line(last, last), [indent + line for line in dashed], depth)

    def add_in_flow(self, node: CollectionNode, text: str) -> None:
        """Add text before the bracket that closes a collection in flow style."""
        at = node.end_mark.index - 1
        inside = self.text[node.start_mark.index + 1 : at]
        end = len(inside.rstrip())
        comma = ", " if node.value and not inside.rstrip().endswith(",") else ""
        self._insertions.append(Insertion(at - len(inside) + end, comma + text))

    def edited(self) -> str:
        """Return the text with all additions."""
        parts, at = [], 0
        for one in sorted(self._insertions, key=lambda it: (it.place, -it.depth)):
            parts += [self.text[at : one.place], one.text]
            at = one.place
        return "".join([*parts, self.text[at:]])

    def step(self, parent: Member) -> int:
        """Return how much deeper the members of a mapping are than its own key."""
        if not isinstance(parent.value, MappingNode) or not parent.value.value:
            return STEP
        inner: int = parent.value.value[0][0].start_mark.column
        outer: int = parent.key.start_mark.column
        return max(inner - outer, 1)

    def _add_lines(self, after: int, lines: list[str], depth: int) -> None:
        """Add lines after the line with this number, counted from 0."""
        starts = self.text.splitlines(keepends=True)
        place = sum(map(len, starts[: after + 1]))
        text = "".join(line + self._end for line in lines)
        self._insertions.append(Insertion(place, text, depth))

    def _last_line(self, key: Node, value: Node) -> int:
        """Return the last line of a member or item, without what follows it."""
        if value.start_mark.index < key.start_mark.index:  # an alias, whose node is elsewhere
            return int(key.end_mark.line)
        is_block = isinstance(value, (MappingNode, SequenceNode)) and not value.flow_style
        if isinstance(value, MappingNode) and is_block and value.value:
            return self._last_line(*value.value[-1])
        if isinstance(value, SequenceNode) and is_block and value.value:
            return self._last_line(value.value[-1], value.value[-1])
        if isinstance(value, ScalarNode) and value.style in ("|", ">"):
            return self._last_line_of_block(value)
        return int(value.end_mark.line)

    def _last_line_of_block(self, value: Node) -> int:
        lines = self.text.splitlines()
        last: int = value.end_mark.line
        if last >= len(lines) or value.end_mark.column <= len(lines[last]) - len(
            lines[last].lstrip()
        ):
            last -= 1
        while last > value.start_mark.line and not lines[last].strip():
            last -= 1
        return last


def member(node: Node, key: str) -> Member | None:
    """Return a member of a mapping; None if `node` is not one, or has no such key."""
    if isinstance(node, MappingNode):
        for name, value in node.value:
            if isinstance(name, ScalarNode) and name.value == key:
                return Member(name, value)
    return None


def is_block(node: Node, kind: type[CollectionNode]) -> bool:
    """Whether `node` is a collection of this kind in block style, with something in it."""
    return isinstance(node, kind) and not node.flow_style and bool(node.value)


def scalar(text: str) -> str:
    """Return a text as a YAML scalar, in quotes only if it needs them."""
    try:
        is_plain = "\n" not in text and yaml.safe_load(f"key: {text}") == {"key": text}
    except yaml.YAMLError:
        is_plain = False
    return text if is_plain else quoted(text)


def quoted(text: str) -> str:
    """Return a text as a YAML scalar in double quotes."""
    # JSON's escape of a character beyond U+FFFF is two of YAML.
    in_json = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in in_json)
