"""Converts a value's text for `get`; errors never contain the value; pure."""

from __future__ import annotations

from .._config.options import yes_or_no
from ..errors import ConversionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CALLED = (str, int, float)  # types that need nothing but a call
_OF_FORMS = (
    "types",
    "typing",
    "typing_extensions",
)  # where the classes of `list[int]` and such are


def converted(name: str, value: str, kind: Any) -> Any:
    """Convert `value` to the type `kind`, or with the function `kind`.

    `bool` accepts true/false, yes/no, on/off, 1/0; `typed.convert` has the other types.

    Raises:
        ConversionError: `kind` rejects `value`.
        TypeError: `kind` is neither a type nor a function.
    """
    if kind is bool:
        word = yes_or_no(value.strip())
        if word is None:
            raise ConversionError(
                f"{name}: the value is not a valid bool; use true/false, yes/no, on/off or 1/0"
            )
        return word
    if kind not in _CALLED and is_type(kind):
        from . import typed  # 5 ms, and few handlers ask for more than a number

        return typed.converted(name, value, kind)
    if not callable(kind):
        got = type(kind).__name__
        raise TypeError(
            f"{name}: expected a type or a function, got one of type {got}; pass the type itself, "
            "such as type=int"
        )
    try:
        return kind(value)
    except Exception as error:  # noqa: BLE001 - a converter may raise its library's own error
        from .rejections import rejected  # only a failure needs it

        problem = rejected(kind, error)
    # Not in the handler: the converter's own error contains the value.
    raise ConversionError(f"{name}: the value is not {problem}; correct the value or the type")


def is_type(kind: object) -> bool:
    """Whether `kind` is a type, such as `list[int]` or `int | None`, and not a function."""
    return isinstance(kind, type) or type(kind).__module__ in _OF_FORMS
