"""The values that rules compare: those of a context, made alike and compared; pure."""

from __future__ import annotations

import re

from ..._config.wording import quoted
from ..document import DocumentError
from .moments import Moment, moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    Scalar = str | bool | int | float | Moment
    Operand = Scalar | tuple[Scalar, ...]

LONGEST_NUMBER = 400  # characters of a text that is read as a number
_MOST_BITS = 1_024  # of an integer; Python refuses to write those of more than 4,300 digits
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False}
_ALLOWED = "pass text, a number, a boolean, a datetime with a time zone, or a list of them"


class ContextError(DocumentError):
    """A value of a context that no rule can use; the message has its key and its type only."""


def operand(key: str, value: object) -> Operand | None:
    """Return a context's value as rules see it; None for None.

    Args:
        key: its key.
        value: text, a number, a boolean, a date, a datetime with a time zone, or a list of them.

    Raises:
        ContextError: it is something else.
    """
    if value is None:
        return None
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(_scalar(key, one, " in a list") for one in value if one is not None)
    return _scalar(key, value)


def _scalar(key: str, value: object, where: str = "") -> Scalar:
    if isinstance(value, (bool, Moment)):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # of an enum's member, its value
    found = _number(value) if hasattr(value, "as_integer_ratio") else _moment(value)
    if found is not None:
        return found
    kind = type(value).__name__
    if kind == "datetime":
        raise ContextError(
            f"the context's {quoted(key)} has a datetime without a time zone{where}",
            "pass one with a time zone",
        )
    raise ContextError(f"the context's {quoted(key)} has the type {kind}{where}", _ALLOWED)


def _number(value: object) -> int | float | None:
    """Return an int, float, Decimal or Fraction as an int or a float."""
    if isinstance(value, float):
        return float(value)
    try:
        above, below = value.as_integer_ratio()  # type: ignore[attr-defined]
        number = int(above) if below == 1 else above / below
    except (ValueError, OverflowError):  # a Decimal that is not finite, or too small
        return None
    return None if isinstance(number, int) and number.bit_length() > _MOST_BITS else number


def _moment(value: object) -> Moment | None:
    """Return a date or a datetime, by their own texts."""
    write = getattr(value, "isoformat", None)
    return moment(str(write())) if callable(write) and not isinstance(value, type) else None


def text_of(value: Scalar) -> str:
    """Return a value as text: as a rule would have it without quotes."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return str(value)


def is_equal(one: Operand, other: Operand) -> bool:
    """Whether two values are equal; a text equals what it is the text of."""
    if isinstance(one, tuple) or isinstance(other, tuple):
        return (
            isinstance(one, tuple)
            and isinstance(other, tuple)
            and len(one) == len(other)
            and all(map(is_equal, one, other))
        )
    alike = _alike(one, other)
    return alike is not None and alike[0] == alike[1]


def order(one: Operand, other: Operand) -> int | None:
    """Return a number below, equal to or above 0, as `one` is; None if they have no order."""
    if isinstance(one, tuple) or isinstance(other, tuple):
        return None
    alike = _alike(one, other)
    if alike is None:
        return None
    first, second = alike
    if isinstance(first, Moment) and isinstance(second, Moment):
        return _sign(first.nanoseconds, second.nanoseconds)
    if isinstance(first, str) and isinstance(second, str):
        return (first > second) - (first < second)
    if isinstance(first, bool) or isinstance(second, bool):
        return None
    if isinstance(first, (int, float)) and isinstance(second, (int, float)):
        return _sign(first, second)
    return None


def _sign(one: float, other: float) -> int | None:
    """Return the order of two numbers; None if one of them is NaN."""
    if one == other:
        return 0
    return (one > other) - (one < other) or None


def _alike(one: Scalar, other: Scalar) -> tuple[Scalar, Scalar] | None:
    """Return both as values of one type; None if they have none in common."""
    kinds = kind(one), kind(other)
    if kinds[0] == kinds[1]:
        return one, other
    read: Scalar | None
    if isinstance(one, str):
        read = _read(one, kinds[1])
        return None if read is None else (read, other)
    if isinstance(other, str):
        read = _read(other, kinds[0])
        return None if read is None else (one, read)
    return None


def kind(value: Scalar) -> str:
    """Return `text`, `boolean`, `number` or `timestamp`."""
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "boolean"
    return "timestamp" if isinstance(value, Moment) else "number"


def _read(text: str, wanted: str) -> Scalar | None:
    """Return a text as a value of another kind; None if it is not the text of one."""
    if wanted == "boolean":
        return _BOOLEANS.get(text)
    if wanted == "timestamp":
        return moment(text)
    if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return None
    return int(text) if text.lstrip("+-").isdigit() else float(text)
