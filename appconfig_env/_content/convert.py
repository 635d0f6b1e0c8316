"""How `get` converts a value's text, and says that it cannot without saying the value; pure."""

from __future__ import annotations

from ..errors import ConversionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_WORDS = {
    "true": True, "yes": True, "on": True, "1": True,
    "false": False, "no": False, "off": False, "0": False,
}  # fmt: skip


def converted(name: str, value: str, kind: Callable[[str], Any]) -> Any:
    """`value` as `kind` has it; `bool` knows true/false, yes/no, on/off, 1/0.

    Raises:
        ConversionError: `kind` does not take it.
    """
    if kind is bool:
        try:
            return _WORDS[value.strip().lower()]
        except KeyError:
            wanted = "true/false, yes/no, on/off or 1/0"
            raise ConversionError(f"{name}: want {wanted}, got something else") from None
    try:
        return kind(value)
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError):
        wanted = getattr(kind, "__name__", repr(kind))
        # "from None": the converter's own message holds the value.
        raise ConversionError(f"{name}: want what {wanted} takes, got something else") from None
