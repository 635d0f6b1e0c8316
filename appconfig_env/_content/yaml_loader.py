"""PyYAML's safe loader, restricted to the dialect of yaml_dialect and bounded in size; pure.

PyYAML reads YAML 1.1 and accepts more than it describes. What it reads otherwise than YAML 1.2 is
an error here. Everything is checked and counted while it loads, so that an oversized document is
never built. Only YAML documents load this module.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import yaml

from .._config.wording import quoted
from .fast_json import NumberText
from .strict_json import DEEPEST
from .yaml_dialect import (
    JSON_NUMBER,
    LIST_TAGS,
    LONGEST_NUMBER,
    MAPPING_TAGS,
    MERGE_TAG,
    MOST_VALUES,
    NUMBER_TAGS,
    PLAIN_TAGS,
    SCALARS,
    TAG,
    TEXT_TAG,
    TOO_MANY,
    VALUE_TAG,
    YamlError,
    paired,
    reject_tag,
    unknown_tag,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

SPACE = "\0 \t\r\n"  # PyYAML's text ends in a NUL
AFTER_ANCHOR = SPACE + ",[]{}"
# What a comment may follow: `"x"#y` has none in YAML, but would in PyYAML.
BEFORE_COMMENT = " \t\r\n\ufeff"


class Loader(yaml.SafeLoader):
    """Loads one document; keys are text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes_left = 2 * MOST_VALUES  # keys and values
        self._merged_left = MOST_VALUES
        self._merges = 0  # depth of nested merges in progress
        self._depth = 0
        self._flat: set[yaml.MappingNode] = set()  # mappings whose << is already merged

    # Characters: errors name their position as PyYAML's own do.

    def check_key(self) -> bool:
        """Whether `?` begins a key: not in `{?a: 1}`, where PyYAML would drop it."""
        return bool(super().check_key()) and self.peek(1) in SPACE

    def scan_to_next_token(self) -> None:
        """Skip spaces and comments."""
        if (
            self.peek() == "#"
            and self.pointer
            and self.buffer[self.pointer - 1] not in BEFORE_COMMENT
        ):
            raise yaml.MarkedYAMLError(problem_mark=self.get_mark())
        super().scan_to_next_token()

    def scan_anchor(self, TokenClass: Any) -> Any:  # noqa: N803 - PyYAML's name
        """Read an anchor or alias to its end: PyYAML would read `&a:b c` as the text `:b c`."""
        token = super().scan_anchor(TokenClass)  # type: ignore[no-untyped-call]
        if self.peek() not in AFTER_ANCHOR:
            raise yaml.MarkedYAMLError(problem_mark=self.get_mark())
        return token

    def fetch_flow_scalar(self, style: str) -> None:
        """Read a quoted scalar; an escape can be beyond Unicode."""
        start = self.get_mark()
        try:
            super().fetch_flow_scalar(style)
        except (ValueError, OverflowError):
            raise yaml.MarkedYAMLError(problem_mark=start) from None

    # Nodes: depth, number and tags.

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node, unless it is too deep or one too many."""
        self._nodes_left = _less(self._nodes_left, 1)
        event = self._next_event()
        self._depth += 1
        if self._depth > DEEPEST and isinstance(event, yaml.CollectionStartEvent):
            raise YamlError(
                f"expected YAML nested at most {DEEPEST} levels deep (line {_line(event)})",
                "flatten it",
            )
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        """Compose a scalar with its tag checked."""
        event = self._next_event()
        if event.tag == "!" and (event.value or event.style):  # text, which PyYAML ignores
            event.tag = TEXT_TAG
        elif event.tag is not None:
            reject_tag(event.tag, event.value, _line(event))
        if event.style == '"':
            event.value = paired(event.value)
        return super().compose_scalar_node(anchor)

    def compose_sequence_node(self, anchor: Any) -> yaml.SequenceNode:
        """Compose a list with its tag checked."""
        if (event := self._next_event()).tag not in LIST_TAGS:
            raise unknown_tag(_line(event))
        return super().compose_sequence_node(anchor)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose a mapping with its tag checked."""
        if (event := self._next_event()).tag not in MAPPING_TAGS:
            raise unknown_tag(_line(event))
        return super().compose_mapping_node(anchor)

    def _next_event(self) -> Any:
        return self.peek_event()  # type: ignore[no-untyped-call]

    # Values.

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge the mappings of <<, and reject duplicate keys: in PyYAML the last one wins."""
        if node not in self._flat:
            self._flat.add(node)
            _reject_duplicates(key for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        # Not left to PyYAML: since 6.0.4, a mapping that was merged into already passes on the
        # value that it had overridden.
        self._merges += 1
        for base in _take_bases(node):
            self.flatten_mapping(base)
            node.value = base.value + node.value
        self._merges -= 1
        self._merged_left = _less(self._merged_left, len(node.value) if self._merges else 0)

    def construct_scalar(self, node: Any) -> Any:
        """Return a scalar's text."""
        if node.tag in NUMBER_TAGS and len(node.value) > LONGEST_NUMBER:
            raise YamlError(
                f"expected numbers of at most {LONGEST_NUMBER} characters (line {_line(node)})",
                "quote longer ones",
            )
        return super().construct_scalar(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        """Return a mapping whose keys are the texts that are written."""
        self.flatten_mapping(node)
        node.value = [(_as_text(key), value) for key, value in node.value]
        return super().construct_mapping(node, deep)


def _construct_int(loader: Any, node: yaml.ScalarNode) -> object:
    """Return the number, or its text if there is another spelling of the same number."""
    text: str = loader.construct_scalar(node)
    return NumberText(text) if text == "-0" else int(text)


def _construct_float(loader: Any, node: yaml.ScalarNode) -> object:
    """Return the number's text, with the zero before a leading point that JSON requires."""
    text: str = loader.construct_scalar(node)
    number = float(text)
    if not math.isfinite(number):
        raise YamlError(f"a YAML number is too large (line {_line(node)})", "write it as a string")
    spelled = text.replace(".", "0.", 1) if text.startswith((".", "-.")) else text
    return NumberText(spelled) if JSON_NUMBER.fullmatch(spelled) else number


# In place of PyYAML's rules for plain scalars, which are YAML 1.1's.
Loader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in SCALARS:
    Loader.add_implicit_resolver(TAG + _kind, re.compile(f"(?:{_pattern})\\Z"), list(_first))
Loader.add_constructor(f"{TAG}int", _construct_int)
Loader.add_constructor(f"{TAG}float", _construct_float)


def _take_bases(node: yaml.MappingNode) -> list[yaml.MappingNode]:
    """Remove << from a mapping; return the mappings to merge, the one whose values win first."""
    merges = [value for key, value in node.value if key.tag == MERGE_TAG]
    node.value = [pair for pair in node.value if pair[0].tag != MERGE_TAG]
    bases: list[Any] = []
    for merge in reversed(merges):
        bases += merge.value if isinstance(merge, yaml.SequenceNode) else [merge]
    for base in bases:
        if not isinstance(base, yaml.MappingNode):
            raise yaml.MarkedYAMLError(problem_mark=base.start_mark)
    return bases


def _as_text(key: Any) -> Any:
    """Return a key as text: else 1 and true would be equal. The node may also be a value."""
    if key.tag not in PLAIN_TAGS and key.tag != VALUE_TAG:
        return key
    return yaml.ScalarNode(TEXT_TAG, key.value, key.start_mark, key.end_mark, key.style)


def _reject_duplicates(keys: Iterable[yaml.ScalarNode]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key.value in seen:
            raise YamlError(
                f"duplicate key {quoted(key.value)} in a mapping (line {_line(key)})", "remove one"
            )
        if key.tag != MERGE_TAG:
            seen.add(key.value)


def _line(found: Any) -> int:
    """Return the line of an event or a node."""
    line: int = found.start_mark.line
    return line + 1


def _less(left: int, taken: int) -> int:
    if taken > left:
        raise YamlError(*TOO_MANY)
    return left - taken
