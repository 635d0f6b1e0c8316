"""Checks a flag's attributes by the constraints of its definition; pure.

Source: AppConfig User Guide, type reference `AWS.AppConfig.FeatureFlags`. AppConfig checks them
when a flag is stored; nothing does for a document of another kind, or a file.
"""

from __future__ import annotations

from ..._config.wording import quoted
from ..document import DocumentError
from .nodes import PlacedError
from .patterns import Pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_NAMES = {"array": "a list", "boolean": "a boolean", "number": "a number", "string": "a text"}


def problems(
    attributes: Mapping[str, Any], definitions: Mapping[str, Any], *, enabled: bool
) -> Iterator[DocumentError]:
    """Yield what is wrong with a flag's attributes; no error has a value.

    Args:
        attributes: values by name.
        definitions: the flag's definitions of attributes, by name.
        enabled: whether it is on: a flag that is off may be without its attributes.
    """
    for name, value in attributes.items():
        if _kind(value) is None:
            yield DocumentError(
                f"the attribute {quoted(name)} is not a text, a number, a boolean, or a list of "
                "texts or numbers",
                "correct it",
            )
    for name, definition in definitions.items():
        constraints = definition.get("constraints") if isinstance(definition, dict) else None
        if not isinstance(constraints, dict):
            continue
        if name in attributes:
            yield from _broken(f"the attribute {quoted(name)}", attributes[name], constraints)
        elif enabled and constraints.get("required") is True:
            yield DocumentError(f"no attribute {quoted(name)}, which is required", "add it")


def _kind(value: object) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    is_list = isinstance(value, list) and len({_kind(one) for one in value}) < 2
    is_flat = isinstance(value, list) and all(_kind(one) in ("string", "number") for one in value)
    return "array" if is_list and is_flat else None


def _broken(what: str, value: object, constraints: Mapping[str, Any]) -> Iterator[DocumentError]:
    wanted = constraints.get("type")
    if wanted in _NAMES and _kind(value) != wanted:
        yield DocumentError(f"{what} is not {_NAMES[wanted]}", "correct it")
    elif isinstance(value, list):
        elements = constraints.get("elements")
        for item in value if isinstance(elements, dict) else ():
            yield from _broken(f"an item of {what}", item, elements or {})
    elif isinstance(value, str):
        yield from _broken_text(what, value, constraints)
    elif isinstance(value, (int, float)):
        least, most = constraints.get("minimum"), constraints.get("maximum")
        if isinstance(least, (int, float)) and value < least:
            yield DocumentError(f"{what} is below its minimum, {least}", "correct it")
        if isinstance(most, (int, float)) and value > most:
            yield DocumentError(f"{what} is above its maximum, {most}", "correct it")


def _broken_text(what: str, value: str, constraints: Mapping[str, Any]) -> Iterator[DocumentError]:
    allowed, pattern = constraints.get("enum"), constraints.get("pattern")
    if isinstance(allowed, list) and value not in allowed:
        yield DocumentError(f"{what} is not one of its enum", "correct it")
    if isinstance(pattern, str) and not _has_pattern(value, pattern):
        yield DocumentError(f"{what} does not match its pattern", "correct it")


def _has_pattern(value: str, pattern: str) -> bool:
    try:
        return Pattern(pattern).is_found_in(value)
    except PlacedError:
        return True  # of a syntax that AppConfig has, and we do not
