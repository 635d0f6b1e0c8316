"""YAML to the data that JSON knows, bounded in size; the one place that imports PyYAML; pure."""

from __future__ import annotations

from .._config.wording import quoted, repeated
from .strict_json import DEEPEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# A few lines of anchors can stand for billions of values.
MOST_VALUES = 100_000
# PyYAML's sum for 1:59:59 takes the square of the length; and no Python refuses to write numbers of
# so many digits, be they binary or hexadecimal here (sys.set_int_max_str_digits takes 640 or more).
LONGEST_NUMBER = 500
TAG = "tag:yaml.org,2002:"
PLAIN_TAGS = frozenset(TAG + kind for kind in ("int", "float", "bool", "null", "timestamp"))
TOO_MANY = f"want YAML of {MOST_VALUES} values at most, aliases resolved"


class YamlError(ValueError):
    """A text that is no YAML, or YAML that JSON could not say; holds no part of it but keys."""


def parse(text: str) -> object:
    """The text as dict, list, str, int, float, bool or None; dates as text.

    Raises:
        YamlError: it is something else.
        ImportError: PyYAML is not there.
    """
    import yaml  # an extra, imported where a document is YAML

    try:
        loader = _loader()
        data = yaml.load(text, loader)  # noqa: S506 # nosec B506 # a SafeLoader
    except YamlError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1} column {mark.column + 1})" if mark else ""
        raise YamlError(f"want YAML, got something else{where}") from None
    # PyYAML raises all of these for tags whose text is not what the tag says.
    except (
        yaml.YAMLError, ValueError, TypeError, AttributeError, ArithmeticError, LookupError,
        RecursionError,
    ):  # fmt: skip
        raise YamlError("want YAML, got something else") from None
    return _Plain().of(data, 0)


def _loader() -> type[Any]:
    """A SafeLoader that refuses what is too much, or no JSON."""
    import yaml

    flat: set[yaml.MappingNode] = set()  # what << names stands in them already

    class Loader(yaml.SafeLoader):
        """Takes keys as they are written, and none twice: PyYAML lets the last one win.

        Counts while it reads, since what is too much must not be there first.
        """

        nodes_left = 2 * MOST_VALUES  # keys and values
        merged_left = MOST_VALUES
        merges = 0  # that are under way, one inside of the other

        def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
            self.nodes_left = _less(self.nodes_left, 1)
            return super().compose_node(parent, index)

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            if node not in flat:
                flat.add(node)
                _refuse_twice(key for key, _ in node.value if isinstance(key, yaml.ScalarNode))
            self.merges += 1
            super().flatten_mapping(node)  # comes back here for each mapping that << names
            self.merges -= 1
            if self.merges:
                self.merged_left = _less(self.merged_left, len(node.value))

        def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
            if node.tag in PLAIN_TAGS and len(node.value) > LONGEST_NUMBER:
                raise YamlError(f"want numbers of {LONGEST_NUMBER} signs at most")
            return super().construct_scalar(node)

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
            self.flatten_mapping(node)
            for key, _ in node.value:
                if key.tag in PLAIN_TAGS:  # else 1 and true would be equal, and on be true
                    key.tag = TAG + "str"
            return super().construct_mapping(node, deep)

    return Loader


def _refuse_twice(keys: Iterable[Any]) -> None:
    if twice := repeated(key.value for key in keys if key.tag != TAG + "merge"):
        raise YamlError(f"the key {quoted(twice)} stands twice in one mapping")


def _less(left: int, taken: int) -> int:
    if taken > left:
        raise YamlError(TOO_MANY)
    return left - taken


class _Plain:
    """Turns what only YAML knows into what JSON knows, and counts."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def of(self, data: object, depth: int) -> object:
        self._left = _less(self._left, 1)
        if depth > DEEPEST:  # also where an anchor contains itself
            raise YamlError(f"want YAML nested {DEEPEST} levels deep at most")
        if isinstance(data, float) and data - data != 0:
            raise YamlError("want finite numbers, got .inf or .nan")
        if isinstance(data, (str, int, float)) or data is None:  # bool is an int
            return data
        if isinstance(data, dict):
            return self._mapping(data, depth)
        if isinstance(data, (list, tuple)):
            return [self.of(item, depth + 1) for item in data]
        if isinstance(data, set):
            return [self.of(item, depth + 1) for item in sorted(data, key=str)]
        if isinstance(data, bytes):
            raise YamlError("want YAML without binary values")
        return str(data)

    def _mapping(self, data: dict[object, object], depth: int) -> dict[str, object]:
        if not all(isinstance(key, str) for key in data):
            raise YamlError("want YAML whose keys are text")
        return {str(key): self.of(value, depth + 1) for key, value in data.items()}
