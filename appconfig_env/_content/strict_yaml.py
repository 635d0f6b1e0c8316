"""Parses YAML into JSON's data types, bounded in size; the only importer of PyYAML; pure."""

from __future__ import annotations

from .._config.wording import quoted, repeated
from .document import DocumentError
from .strict_json import DEEPEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    import yaml

# A few lines of anchors can expand to billions of values.
MOST_VALUES = 100_000
# PyYAML takes quadratic time for 1:59:59; and every Python can write numbers of this many digits in
# decimal, even if they are binary or hexadecimal here (sys.set_int_max_str_digits: 640 or more).
LONGEST_NUMBER = 500
TAG = "tag:yaml.org,2002:"
PLAIN_TAGS = frozenset(TAG + kind for kind in ("int", "float", "bool", "null", "timestamp"))
TOO_MANY = (
    f"expected YAML of at most {MOST_VALUES} values with aliases resolved",
    "split the document",
)


class YamlError(DocumentError):
    """Text that is not YAML, or not expressible as JSON."""


def parse(text: str) -> object:
    """Parse `text` into dict, list, str, int, float, bool or None; dates stay text.

    Raises:
        YamlError: `text` is not YAML, or not expressible as JSON.
        ImportError: PyYAML is not installed.
    """
    import yaml  # an extra; only YAML documents need it

    try:
        loader = _loader()
        data = yaml.load(text, loader)  # noqa: S506 # nosec B506 # a SafeLoader
    except YamlError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        position = f" at line {mark.line + 1} column {mark.column + 1}" if mark else ""
        raise YamlError(f"invalid YAML{position}", "correct it") from None
    # PyYAML raises all of these if a scalar's text does not fit its tag.
    except (
        yaml.YAMLError, ValueError, TypeError, AttributeError, ArithmeticError, LookupError,
        RecursionError,
    ):  # fmt: skip
        raise YamlError("invalid YAML", "correct it") from None
    return _Plain().of(data, 0)


def _loader() -> type[Any]:
    """Return a SafeLoader that rejects oversized YAML and duplicate keys."""
    import yaml  # an extra, which only YAML documents need and pay for

    flat: set[yaml.MappingNode] = set()  # mappings whose << is already merged

    class Loader(yaml.SafeLoader):
        """Keeps keys as text, and rejects duplicates: in PyYAML the last one wins.

        Counts while it loads, so that an oversized document is never built.
        """

        nodes_left = 2 * MOST_VALUES  # keys and values
        merged_left = MOST_VALUES
        merges = 0  # depth of nested merges in progress

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            self.nodes_left = _less(self.nodes_left, 1)
            return super().compose_node(parent, index)

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            if node not in flat:
                flat.add(node)
                _reject_duplicates(key for key, _ in node.value if isinstance(key, yaml.ScalarNode))
            # Not left to PyYAML: since 6.0.4, a mapping that was merged into already passes on
            # the value that it had overridden.
            self.merges += 1
            for base in _take_bases(node):
                self.flatten_mapping(base)
                node.value = base.value + node.value
            self.merges -= 1
            self.merged_left = _less(self.merged_left, len(node.value) if self.merges else 0)

        def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
            if node.tag in PLAIN_TAGS and len(node.value) > LONGEST_NUMBER:
                raise YamlError(
                    f"expected numbers of at most {LONGEST_NUMBER} characters", "quote longer ones"
                )
            return super().construct_scalar(node)

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
            self.flatten_mapping(node)
            for key, _ in node.value:
                if key.tag in PLAIN_TAGS:  # else 1 and true would be equal, and on would be true
                    key.tag = TAG + "str"
            return super().construct_mapping(node, deep)

    return Loader


def _take_bases(node: yaml.MappingNode) -> list[yaml.MappingNode]:
    """Remove << from a mapping; return the mappings to merge, the one whose values win first."""
    import yaml  # loaded already, by _loader

    merges = [value for key, value in node.value if key.tag == TAG + "merge"]
    node.value = [pair for pair in node.value if pair[0].tag != TAG + "merge"]
    for key, _ in node.value:
        if key.tag == TAG + "value":
            key.tag = TAG + "str"
    bases: list[Any] = []
    for merge in reversed(merges):
        bases += merge.value if isinstance(merge, yaml.SequenceNode) else [merge]
    for base in bases:
        if not isinstance(base, yaml.MappingNode):
            raise yaml.MarkedYAMLError(problem_mark=base.start_mark)
    return bases


def _reject_duplicates(keys: Iterable[Any]) -> None:
    if duplicate := repeated(key.value for key in keys if key.tag != TAG + "merge"):
        raise YamlError(f"duplicate key {quoted(duplicate)} in a mapping", "remove one")


def _less(left: int, taken: int) -> int:
    if taken > left:
        raise YamlError(*TOO_MANY)
    return left - taken


class _Plain:
    """Converts YAML-only types into JSON's, and counts values."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def of(self, data: object, depth: int) -> object:
        self._left = _less(self._left, 1)
        if depth > DEEPEST:  # also if an anchor contains itself
            raise YamlError(f"expected YAML nested at most {DEEPEST} levels deep", "flatten it")
        if isinstance(data, float) and data - data != 0:
            raise YamlError("expected finite numbers, got .inf or .nan", "write null or a string")
        if isinstance(data, (str, int, float)) or data is None:  # bool is an int
            return data
        if isinstance(data, dict):
            return self._mapping(data, depth)
        if isinstance(data, (list, tuple)):
            return [self.of(item, depth + 1) for item in data]
        if isinstance(data, set):
            return [self.of(item, depth + 1) for item in sorted(data, key=str)]
        if isinstance(data, bytes):
            raise YamlError("expected YAML without binary values", "write them as base64 text")
        return str(data)

    def _mapping(self, data: dict[object, object], depth: int) -> dict[str, object]:
        if not all(isinstance(key, str) for key in data):
            raise YamlError("expected YAML whose keys are text", "quote the others")
        return {str(key): self.of(value, depth + 1) for key, value in data.items()}
