"""Decodes and encodes JSON with the C code of the json package, without importing json; pure.

`import json` also loads re and enum: 6 ms of a cold start; `_json` alone takes 0.5. If `_json` is
missing or differs from that of CPython 3.11 to 3.15, and for every invalid text, json does the
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

SPACE = " \t\n\r"  # as JSON defines it
_CONSTANTS = {"-Infinity": float("-inf"), "Infinity": float("inf"), "NaN": float("nan")}


class NumberText(str):
    """A number as its document spells it, such as `1.50` or `1e2`."""

    __slots__ = ()


class _Options:
    """The attributes of a json.JSONDecoder that the scanner reads."""

    strict = True
    object_hook = None
    array_hook = None  # read from 3.15 on

    def __init__(
        self,
        object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None,
        parse_float: Callable[[str], Any],
        parse_int: Callable[[str], Any],
        parse_constant: Callable[[str], Any],
    ) -> None:
        self.object_pairs_hook = object_pairs_hook
        self.parse_float = parse_float
        self.parse_int = parse_int
        self.parse_constant = parse_constant


def decoder(
    *,
    object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None,
    parse_float: Callable[[str], Any] = float,
    parse_int: Callable[[str], Any] = int,
    parse_constant: Callable[[str], Any] = _CONSTANTS.__getitem__,
    native: ModuleType | None = accelerator,
) -> Callable[[str], Any]:
    """Return a function that decodes like `json.loads` with these options, errors included.

    Args:
        object_pairs_hook: as json's.
        parse_float: as json's.
        parse_int: as json's.
        parse_constant: as json's.
        native: the C code; None for json itself.
    """

    def by_json(text: str) -> Any:
        import json  # only an invalid text or an unknown Python pays for this

        return json.loads(
            text,
            object_pairs_hook=object_pairs_hook,
            parse_float=parse_float,
            parse_int=parse_int,
            parse_constant=parse_constant,
        )

    options = _Options(object_pairs_hook, parse_float, parse_int, parse_constant)
    try:
        # If `native` is None, this raises an AttributeError too.
        scan = native.make_scanner(options)  # type: ignore[union-attr]
    except (AttributeError, TypeError):
        return by_json

    def decode(text: str) -> Any:
        try:
            data, end = scan(text, len(text) - len(text.lstrip(SPACE)))
            if end == len(text) or not text[end:].strip(SPACE):
                return data
        except (StopIteration, SystemError):
            pass  # no value, or an invalid text, which the C code cannot report without json
        return by_json(text)

    return decode


_decode = decoder()


def loads(text: str | bytes) -> Any:
    """Decode like `json.loads`: text, or bytes in UTF-8."""
    return _decode(text if isinstance(text, str) else text.decode("utf-8", "surrogatepass"))


def dumps(
    value: object,
    *,
    sort_keys: bool = False,
    compact: bool = False,
    ascii_only: bool = True,
    native: ModuleType | None = accelerator,
) -> str:
    """Encode like `json.dumps`: `encoder`, for one value.

    Args:
        value: JSON data; a circular reference raises a RecursionError.
        sort_keys: as json's.
        compact: omit spaces.
        ascii_only: escape all other characters.
        native: the C code; None for json itself.
    """
    return encoder(sort_keys=sort_keys, compact=compact, ascii_only=ascii_only, native=native)(
        value
    )


def encoder(
    *,
    sort_keys: bool = False,
    compact: bool = False,
    ascii_only: bool = True,
    native: ModuleType | None = accelerator,
) -> Callable[[object], str]:
    """Return what encodes values like `dumps`: for many values, this takes half the time.

    Args:
        sort_keys: as json's.
        compact: omit spaces.
        ascii_only: escape all other characters.
        native: the C code; None for json itself.
    """
    item, key = (",", ":") if compact else (", ", ": ")
    try:
        quote = native.encode_basestring_ascii if ascii_only else native.encode_basestring  # type: ignore[union-attr]
        encode = native.make_encoder(  # type: ignore[union-attr]
            None, _reject, quote, None, key, item, sort_keys, False, True  # noqa: FBT003 - positional only
        )  # fmt: skip
    except (AttributeError, TypeError):
        import json  # only an unknown Python pays for this

        return json.JSONEncoder(
            sort_keys=sort_keys, separators=(item, key), ensure_ascii=ascii_only
        ).encode
    return lambda value: "".join(encode(value, 0))


def dumps_exact(value: object, *, native: ModuleType | None = accelerator) -> str:
    """Encode without spaces and escapes, with each NumberText as it is."""

    def quote(text: str) -> str:
        return str(text) if type(text) is NumberText else native.encode_basestring(text)  # type: ignore[union-attr]

    try:
        encode = native.make_encoder(  # type: ignore[union-attr]
            None, _reject, quote, None, ":", ",", False, False, True  # noqa: FBT003 - positional only
        )  # fmt: skip
    except (AttributeError, TypeError):
        return _dumps_exact(value)
    return "".join(encode(value, 0))


def _dumps_exact(value: object) -> str:
    if type(value) is NumberText:
        return str(value)
    if isinstance(value, dict):
        pairs = (f"{_dumps_exact(key)}:{_dumps_exact(item)}" for key, item in value.items())
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_dumps_exact, value))}]"
    return dumps(value, ascii_only=False, native=None)


def _reject(value: object) -> object:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
