"""JSON text to data and back by the C code under the json package, without what that brings; pure.

`import json` loads re and enum too: 6 ms of a cold start, where `_json` costs 0.5. Where `_json` is
missing or other than CPython 3.11 to 3.13 have it, and wherever a text is wrong, json does the
work.
"""

from __future__ import annotations

try:
    import _json as accelerator
except ImportError:
    accelerator = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

SPACE = " \t\n\r"  # as JSON has it
_CONSTANTS = {"-Infinity": float("-inf"), "Infinity": float("inf"), "NaN": float("nan")}


class _Options:
    """The attributes of a json.JSONDecoder that the scanner reads."""

    strict = True
    object_hook = None
    parse_int = int

    def __init__(
        self,
        object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None,
        parse_float: Callable[[str], Any],
        parse_constant: Callable[[str], Any],
    ) -> None:
        self.object_pairs_hook = object_pairs_hook
        self.parse_float = parse_float
        self.parse_constant = parse_constant


def decoder(
    *,
    object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None,
    parse_float: Callable[[str], Any] = float,
    parse_constant: Callable[[str], Any] = _CONSTANTS.__getitem__,
    native: ModuleType | None = accelerator,
) -> Callable[[str], Any]:
    """A function that decodes a text as `json.loads` with these options does, errors included.

    Args:
        object_pairs_hook: as json's.
        parse_float: likewise.
        parse_constant: likewise.
        native: the C code; None for json itself.
    """

    def by_json(text: str) -> Any:
        import json  # a wrong text or a Python that is not known pays for it

        return json.loads(
            text,
            object_pairs_hook=object_pairs_hook,
            parse_float=parse_float,
            parse_constant=parse_constant,
        )

    try:
        # None has no such attribute either.
        scan = native.make_scanner(_Options(object_pairs_hook, parse_float, parse_constant))  # type: ignore[union-attr]
    except (AttributeError, TypeError):
        return by_json

    def decode(text: str) -> Any:
        try:
            data, end = scan(text, len(text) - len(text.lstrip(SPACE)))
            if end == len(text) or not text[end:].strip(SPACE):
                return data
        except (StopIteration, SystemError):
            pass  # no value begins there; or a wrong text, of which C cannot tell without json
        return by_json(text)

    return decode


_decode = decoder()


def loads(text: str | bytes) -> Any:
    """As `json.loads`, for text or bytes in UTF-8."""
    return _decode(text if isinstance(text, str) else text.decode("utf-8", "surrogatepass"))


def dumps(
    value: object,
    *,
    sort_keys: bool = False,
    compact: bool = False,
    ascii_only: bool = True,
    native: ModuleType | None = accelerator,
) -> str:
    """As `json.dumps`.

    Args:
        value: what JSON knows; a circle ends in a RecursionError.
        sort_keys: as json's.
        compact: without spaces.
        ascii_only: with escapes for all other signs.
        native: the C code; None for json itself.
    """
    item, key = (",", ":") if compact else (", ", ": ")
    try:
        quote = native.encode_basestring_ascii if ascii_only else native.encode_basestring  # type: ignore[union-attr]
        encode = native.make_encoder(  # type: ignore[union-attr]
            None, _refuse, quote, None, key, item, sort_keys, False, True  # noqa: FBT003 - it takes no names
        )  # fmt: skip
    except (AttributeError, TypeError):
        import json  # a Python that is not known pays for it

        return json.dumps(
            value, sort_keys=sort_keys, separators=(item, key), ensure_ascii=ascii_only
        )
    return "".join(encode(value, 0))


def _refuse(value: object) -> object:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
