"""Converts a value's text for `get`; errors never contain the value; pure."""

from __future__ import annotations

from .._config.options import yes_or_no
from ..errors import ConversionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# What converters raise for a text that they reject.
USUAL = (ValueError, TypeError, ArithmeticError, LookupError, RecursionError)


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
    except Exception as error:  # noqa: BLE001 - a converter may raise its library's own error
        problem = _rejected(kind, error)
    # Not in the handler: the converter's own error contains the value.
    raise ConversionError(f"{name}: the value is not {problem}; correct the value or the type")


def _rejected(kind: Callable[[str], Any], error: Exception) -> str:
    kind_name = getattr(kind, "__name__", repr(kind))
    expected = f"a valid {kind_name}" if isinstance(kind, type) else f"accepted by {kind_name}()"
    return expected if isinstance(error, USUAL) else f"{expected} ({name_and_place(error)})"


def name_and_place(error: Exception) -> str:
    """Return the type of an error in a program's own code, and where to look; its text has values.

    For example `ValueError at handler.py:12`.
    """
    place = ""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
        place = f" at {file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return type(error).__name__ + place
