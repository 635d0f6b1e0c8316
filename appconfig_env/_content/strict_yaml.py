"""Parses YAML into JSON's data types, and describes its errors; pure."""

from __future__ import annotations

from .strict_json import DEEPEST
from .yaml_dialect import MOST_VALUES, TOO_MANY, YamlError, reject_old_line_breaks

INDICATORS = "!&*@`%|>?"  # a plain text cannot begin with one


def parse(text: str) -> object:
    """Parse `text` into dict, list, str, int, NumberText, float, bool or None: see yaml_dialect.

    Raises:
        YamlError: `text` is not YAML, or not expressible as JSON.
        ImportError: PyYAML is not installed.
    """
    import yaml  # an extra; only YAML documents need it and its loader

    from .yaml_loader import Loader

    reject_old_line_breaks(text)
    try:
        data = yaml.load(text, Loader)  # noqa: S506 # nosec B506 # a SafeLoader
    except YamlError:
        raise
    except (
        yaml.YAMLError, ValueError, TypeError, AttributeError, ArithmeticError, LookupError,
        RecursionError,
    ) as error:  # fmt: skip
        raise _translated(text, error) from None
    return _Counted().copy(data, 0)


def _translated(text: str, error: Exception) -> YamlError:
    """Return PyYAML's error without the document's text, and with the remedy for its kind."""
    mark = getattr(error, "problem_mark", None)
    if mark is None and (index := getattr(error, "position", None)) is not None:
        return YamlError(
            f"YAML with a control character (line {text.count(chr(10), 0, index) + 1})",
            "write it as an escape in double quotes",
        )
    if mark is None:  # such as a RecursionError, deep in the caller's stack
        return YamlError("invalid YAML", "correct it")
    position = f"line {mark.line + 1} column {mark.column + 1}"
    if getattr(error, "context", None) == "expected a single document in the stream":
        return YamlError(f"expected one YAML document, got another at {position}", "remove it")
    found = text[mark.index : mark.index + 1]
    hint = "correct it"
    if found == "\t":
        hint = "use spaces instead of the tab"
    elif found and found in INDICATORS:
        hint = f"quote a text that begins with {found}, or correct it"
    return YamlError(f"invalid YAML at {position}", hint)


class _Counted:
    """Copies data with aliases resolved, and counts values."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def copy(self, data: object, depth: int) -> object:
        self._left -= 1
        if self._left < 0:
            raise YamlError(*TOO_MANY)
        if depth > DEEPEST:  # by aliases; also if an anchor contains itself
            raise YamlError(f"expected YAML nested at most {DEEPEST} levels deep", "flatten it")
        if isinstance(data, dict):
            return {key: self.copy(value, depth + 1) for key, value in data.items()}
        if isinstance(data, list):
            return [self.copy(item, depth + 1) for item in data]
        return data
