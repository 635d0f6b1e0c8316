"""Converts a value's text to a type without parts: an enumeration, a duration, a date; pure."""

from __future__ import annotations

import datetime as dt
import enum
import typing

from .._config.options import yes_or_no
from .durations import seconds_of
from .fast_json import NumberText
from .rejections import USUAL, RejectedError
from .type_forms import type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def scalar(data: object, kind: type) -> Any:
    expected = f"a valid {type_name(kind)}"
    if kind is type(None):
        if data is None or (isinstance(data, str) and data.strip() in ("", "null")):
            return None
        raise RejectedError("empty or null")
    if issubclass(kind, bool):
        return _bool(data)
    if issubclass(kind, enum.Enum):
        return _member(data, kind)
    if isinstance(data, NumberText):
        data = str(data)
    elif data is True or data is False or data is None or isinstance(data, (list, dict)):
        raise RejectedError(expected)
    text = str(data)
    if issubclass(kind, dt.timedelta):
        return _timedelta(text)
    if kind in (dt.datetime, dt.date, dt.time):
        return called(kind.fromisoformat, text.strip(), expected)
    if kind is bytes:
        return text.encode()
    return called(kind, text, expected)


def called(kind: Callable[[Any], Any], argument: object, expected: str) -> Any:
    """Call a converter; what it usually raises is a rejection.

    Raises:
        RejectedError: it rejects the argument.
        Exception: what else it raises.
    """
    try:
        return kind(argument)
    except USUAL:
        pass
    # Not in the handler: the converter's own error contains the value.
    raise RejectedError(expected)


def _bool(data: object) -> bool:
    word = data if isinstance(data, bool) else None
    if isinstance(data, str):
        word = yes_or_no(data.strip())
    if word is None:
        raise RejectedError("a valid bool (true/false, yes/no, on/off or 1/0)")
    return word


def _timedelta(text: str) -> dt.timedelta:
    seconds = seconds_of(text)
    try:
        if seconds is not None:
            return dt.timedelta(seconds=seconds)
    except OverflowError:
        pass
    raise RejectedError("a valid timedelta (90, 90s, 1h30m, PT90S, 1:30:00)")


def _member(data: object, kind: type[enum.Enum]) -> Any:
    """Return the member of an enumeration by its value, or else by its name."""
    text = data.strip() if isinstance(data, str) else _text(data)
    for member in kind:
        if _text(member.value) == text:
            return member
    if text in kind.__members__:
        return kind.__members__[text]
    # The class may accept more: upper case, say.
    return called(kind, text, f"one of {type_name(kind)}: {', '.join(kind.__members__)}")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def literal(data: object, kind: Any) -> object:
    options = typing.get_args(kind)
    for option in options:
        value = option.value if isinstance(option, enum.Enum) else option
        if data == value or (isinstance(data, str) and data.strip() == _text(value)):
            return option
    raise RejectedError(f"one of {', '.join(map(repr, options))}")
