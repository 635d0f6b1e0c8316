"""Why a value was rejected, without the value; and where in a program's own code; pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What converters raise for a text that they reject.
USUAL = (ValueError, TypeError, ArithmeticError, LookupError, RecursionError)


class RejectedError(Exception):
    """A value is not of a type; the text states why, without the value, to follow "is not "."""


class UnsupportedTypeError(TypeError):
    """A type that no text can be converted to."""


def rejected(kind: Any, error: Exception) -> str:
    """Return what a value is not if a call of `kind` raises `error`."""
    kind_name = getattr(kind, "__name__", repr(kind))
    expected = f"a valid {kind_name}" if isinstance(kind, type) else f"accepted by {kind_name}()"
    return expected if isinstance(error, USUAL) else f"{expected} ({name_and_place(error)})"


def name_and_place(error: BaseException) -> str:
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
