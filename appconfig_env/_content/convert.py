"""Converts a value's text for `get`; errors never contain the value; pure."""

from __future__ import annotations

from .._config.environ import yes_or_no
from ..errors import ConversionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def converted(name: str, value: str, kind: Callable[[str], Any]) -> Any:
    """Convert `value` with `kind`; `bool` accepts true/false, yes/no, on/off, 1/0.

    Raises:
        ConversionError: `kind` rejects `value`.
    """
    if kind is bool:
        word = yes_or_no(value.strip())
        if word is None:
            raise ConversionError(
                f"{name}: the value is not a valid bool; use true/false, yes/no, on/off or 1/0"
            )
        return word
    try:
        return kind(value)
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError):
        kind_name = getattr(kind, "__name__", repr(kind))
        expected = (
            f"a valid {kind_name}" if isinstance(kind, type) else f"accepted by {kind_name}()"
        )
        # "from None": the converter's own message contains the value.
        raise ConversionError(
            f"{name}: the value is not {expected}; correct the value or the type"
        ) from None
