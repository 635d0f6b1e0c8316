"""JSON as strictly as its standard: no key twice, no NaN, bounded in depth and numbers; pure."""

from __future__ import annotations

from .._config.wording import quoted, repeated
from . import fast_json as _json_codec

# Deeper documents would end the recursion that flattens them, or writes them as JSON again.
DEEPEST = 100


class JsonError(ValueError):
    """A text that is not taken as JSON; the message holds no part of it but keys."""


class JsonSyntaxError(JsonError):
    """A text that is no JSON at all."""


def parse(text: str) -> object:
    """The text as dict, list, str, int, float, bool or None.

    Raises:
        JsonSyntaxError: it is no JSON.
        JsonError: it is JSON that this package does not take.
    """
    try:
        data: object = _decode(text)
    except JsonError:
        raise
    except RecursionError:
        raise JsonError(f"want JSON nested {DEEPEST} levels deep at most") from None
    except ValueError as error:
        raise _refusal(text, error) from None
    if text.count("{") + text.count("[") > DEEPEST:
        _refuse_deep(data)
    return data


def _refusal(text: str, error: ValueError) -> JsonError:
    line, column = getattr(error, "lineno", None), getattr(error, "colno", None)
    if line is None:  # int() refuses more than sys.get_int_max_str_digits() digits
        return JsonError("want JSON, got a number with too many digits")
    what = f"line {line} column {column}" if text.strip() else "it is empty"
    return JsonSyntaxError(f"want JSON, got something else ({what})")


def _refuse_deep(data: object) -> None:
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
    raise JsonError(f"want JSON nested {DEEPEST} levels deep at most")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonError(
            f"the key {quoted(repeated(name for name, _ in pairs))} stands twice in one JSON object"
        )
    return found


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise JsonError("want JSON, got a number that is too large")
    return number


def _constant(text: str) -> object:
    raise JsonError(f"want JSON, which has no {text}")


_decode = _json_codec.decoder(
    object_pairs_hook=_object, parse_float=_finite, parse_constant=_constant
)
