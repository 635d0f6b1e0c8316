"""YAML to the data that JSON knows, bounded in size; the one place that imports PyYAML; pure."""

from __future__ import annotations

from ._json import DEEPEST
from ._names import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A few lines of anchors can stand for billions of values.
MOST_VALUES = 100_000


class YamlError(ValueError):
    """A text that is no YAML, or YAML that JSON could not say; holds no part of it but keys."""


def parse(text: str) -> object:
    """The text as dict, list, str, int, float, bool or None; dates as text.

    Raises:
        YamlError: it is something else.
        ImportError: PyYAML is not there.
    """
    import yaml  # an extra, imported where a document is YAML

    class Loader(yaml.SafeLoader):
        """PyYAML lets the last of two equal keys win, silently."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
            seen = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                    if key.value in seen:
                        raise YamlError(f"the key {quoted(key.value)} stands twice in one mapping")
                    seen.add(key.value)
            return dict(super().construct_mapping(node, deep))

    try:
        data = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    except YamlError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1} column {mark.column + 1})" if mark else ""
        raise YamlError(f"want YAML, got something else{where}") from None
    # PyYAML raises all of these for tags whose text is not what the tag says.
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
        raise YamlError("want YAML, got something else") from None
    return _Plain().of(data, 0)


class _Plain:
    """Turns what only YAML knows into what JSON knows, and counts."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def of(self, data: object, depth: int) -> object:
        self._left -= 1
        if self._left < 0:
            raise YamlError(f"want YAML of {MOST_VALUES} values at most, aliases resolved")
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
        found: dict[str, object] = {}
        for key, value in data.items():
            name = self._key(key)
            if name in found:
                raise YamlError(f"the key {quoted(name)} stands twice in one mapping")
            found[name] = self.of(value, depth + 1)
        return found

    @staticmethod
    def _key(key: object) -> str:
        if isinstance(key, bool) or key is None:
            return {True: "true", False: "false", None: "null"}[key]
        if isinstance(key, (tuple, bytes, frozenset)):
            raise YamlError("want YAML whose keys are text")
        return str(key)
