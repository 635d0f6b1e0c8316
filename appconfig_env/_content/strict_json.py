"""Parses strict JSON: no duplicate keys, no NaN, bounded depth and numbers; pure."""

from __future__ import annotations

from .._config.wording import quoted, repeated
from . import fast_json
from .document import DocumentError
from .fast_json import NumberText

# Deeper documents would exceed the recursion limit when they are flattened or encoded again.
DEEPEST = 100
# int() rejects more than sys.get_int_max_str_digits() digits.
TOO_LONG = "a JSON number has too many digits", "write it as a string"
TOO_DEEP = f"expected JSON nested at most {DEEPEST} levels deep", "flatten the document"


class JsonError(DocumentError):
    """A text that is not accepted as JSON."""


class JsonSyntaxError(JsonError):
    """A text that is not JSON at all."""


def parse(text: str) -> object:
    """Parse `text` into dict, list, str, int, NumberText, bool or None.

    A NumberText is a number that another spelling would be equal to; an int has one spelling.

    Raises:
        JsonSyntaxError: `text` is not JSON.
        JsonError: `text` is JSON that this package does not accept.
    """
    try:
        # The one integer with two spellings; a hook for all integers would be slow.
        data: object = (_decode_zero if "-0" in text else _decode)(text)
        if text.count("{") + text.count("[") > DEEPEST:
            reject_deep(data)
    except (RecursionError, ValueError) as error:
        raise _translated(text, error) from None
    return data


def _translated(text: str, error: Exception) -> JsonError:
    """Return the error with the line of its cause."""
    from . import json_lines  # only errors pay for it

    if isinstance(error, RecursionError) or error.args == TOO_DEEP:
        summary, hint = TOO_DEEP
        return JsonError(f"{summary} (line {json_lines.line_of_depth(text, DEEPEST)})", hint)
    line, column = getattr(error, "lineno", None), getattr(error, "colno", None)
    if line is None:
        rejected = error if isinstance(error, JsonError) else JsonError(*TOO_LONG)
        where = json_lines.line_of_rejected(text)
        return JsonError(f"{rejected.summary} (line {where})", rejected.hint)
    if not text.strip():
        return JsonSyntaxError("expected JSON, got an empty document", "write {} for no values")
    return JsonSyntaxError(f"invalid JSON at line {line} column {column}", "correct it")


def reject_deep(data: object) -> None:
    """Reject what is nested deeper than every Python's recursion limit allows.

    Raises:
        JsonError: it is.
    """
    level = [data]
    for _ in range(DEEPEST):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return
    raise JsonError(*TOO_DEEP)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonError(
            f"duplicate key {quoted(repeated(name for name, _ in pairs))} in a JSON object",
            "remove one",
        )
    return members


def _finite(text: str) -> NumberText:
    if float(text) in (float("inf"), float("-inf")):
        raise JsonError("a JSON number is too large", "write it as a string")
    return NumberText(text)


def _integer(text: str) -> object:
    return NumberText(text) if text == "-0" else int(text)


def _constant(text: str) -> object:
    raise JsonError(f"{text} is not valid JSON", "write null or a string")


_decode = fast_json.decoder(
    object_pairs_hook=_object, parse_float=_finite, parse_constant=_constant
)
_decode_zero = fast_json.decoder(
    object_pairs_hook=_object,
    parse_float=_finite,
    parse_int=_integer,
    parse_constant=_constant,
)
