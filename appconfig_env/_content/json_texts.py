"""JSON, and lists with commas, in a variable's text; pure."""

from __future__ import annotations

from .fast_json import NumberText
from .rejections import RejectedError
from .strict_json import JsonError, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def listed(text: str, kind: str = "list") -> Sequence[object]:
    """Return the items of a JSON array, or of a list with commas between them.

    Raises:
        RejectedError: it begins like an array, and is not one.
    """
    if text.lstrip().startswith("["):
        items: Any = json_of(text, f"a valid {kind}")
        return items  # type: ignore[no-any-return]
    return [item.strip() for item in text.split(",")] if text.strip() else []


def plain_json(text: str, expected: str) -> object:
    """Return the data of JSON text, with numbers as Python's json returns them.

    Raises:
        RejectedError: it is not JSON, or not as strict as documents are.
    """
    return plain_data(json_of(text, expected))


def json_of(text: str, expected: str) -> object:
    """Return the data of JSON text, with numbers as their document spells them.

    Raises:
        RejectedError: as for `plain_json`.
    """
    try:
        return parse(text)
    except JsonError:
        pass
    # Not in the handler: the error of the JSON may contain a key.
    raise RejectedError(expected)


def plain_data(data: object) -> Any:
    """Return data as Python's json returns it: the text of a number becomes the number."""
    if isinstance(data, NumberText):
        try:
            return int(data)
        except ValueError:
            return float(data)
    if isinstance(data, list):
        return [plain_data(item) for item in data]
    if isinstance(data, dict):
        return {key: plain_data(item) for key, item in data.items()}
    return data
