"""Converts a value's text to a type: lists and objects by their parts; pure."""

from __future__ import annotations

import collections
import types
import typing
from collections import abc

from ..errors import ConversionError
from .json_texts import json_of, listed, plain_data
from .rejections import RejectedError, UnsupportedTypeError, rejected
from .scalars import called, literal, scalar
from .type_forms import plain_type, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LISTS: abc.Mapping[Any, Callable[[abc.Iterable[Any]], Any]] = {
    list: list, abc.MutableSequence: list, abc.Sequence: list, abc.Collection: list,
    abc.Iterable: list, tuple: tuple, collections.deque: collections.deque,
    set: set, abc.MutableSet: set, frozenset: frozenset, abc.Set: frozenset,
}  # fmt: skip
OBJECTS = (dict, abc.MutableMapping, abc.Mapping)


def converted(name: str, text: str, kind: Any) -> Any:
    """Convert the value of the variable `name` to `kind`.

    Raises:
        ConversionError: it is not of that type.
        TypeError: no text can be converted to `kind`.
    """
    try:
        return value_of(text, kind)
    except RejectedError as error:
        problem = str(error)
    # Not in the handler: what it was raised from contains the value.
    raise ConversionError(f"{name}: the value is not {problem}; correct the value or the type")


def value_of(data: object, kind: Any) -> Any:
    """Convert a variable's text, or a part of its JSON; by pydantic if the type is pydantic's.

    Raises:
        RejectedError: it is not of that type.
        UnsupportedTypeError: no text can be converted to `kind`.
    """
    try:
        return _by_pydantic(data, kind) if is_for_pydantic(kind) else convert(data, kind)
    except (RejectedError, UnsupportedTypeError):
        raise
    except Exception as error:  # noqa: BLE001 - a converter may raise its library's own error
        problem = rejected(plain_type(kind), error)
    # Not in the handler: the converter's own error contains the value.
    raise RejectedError(problem)


def _by_pydantic(data: object, kind: Any) -> Any:
    try:
        from . import pydantic_types  # only programs that use it have it
    except ImportError:
        pydantic_types = None  # type: ignore[assignment]
    if pydantic_types is None:
        raise UnsupportedTypeError(
            f"{type_name(plain_type(kind))}: only pydantic converts to this type, and it is not "
            "installed; install pydantic, or choose another type"
        )
    return pydantic_types.convert(data, kind)


def is_for_pydantic(kind: Any) -> bool:
    """Whether a part of `kind` is pydantic's: a model, a type, or a constraint."""
    if typing.get_origin(kind) is typing.Annotated:
        kind, *constraints = typing.get_args(kind)
        if any(_is_of_pydantic(one) for one in constraints):
            return True
    kind = plain_type(kind)
    parts = typing.get_args(kind) if typing.get_origin(kind) is not typing.Literal else ()
    return (
        _is_of_pydantic(kind)
        # `typing.is_typeddict` does not know those of typing_extensions.
        or (isinstance(kind, type) and issubclass(kind, dict) and hasattr(kind, "__total__"))
        or (isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"))
        or any(map(is_for_pydantic, parts))
    )


def _is_of_pydantic(one: object) -> bool:
    module = getattr(one, "__module__", None) or type(one).__module__
    return module.partition(".")[0] in ("annotated_types", "pydantic") or any(
        hasattr(one, name) for name in ("__get_pydantic_core_schema__", "__pydantic_validator__")
    )


def convert(data: object, kind: Any) -> Any:
    """Convert a variable's text, or a part of its JSON, to `kind`.

    Raises:
        RejectedError: it is not of that type.
        Exception: `kind` is a class whose own code is wrong.
    """
    kind = plain_type(kind)
    origin = typing.get_origin(kind) or kind
    if origin is typing.Any or origin is object:
        return plain_data(data)
    if origin is typing.Union or origin is types.UnionType:
        return _union(data, kind)
    if origin is typing.Literal:
        return literal(data, kind)
    if origin in LISTS:
        return _list(data, kind, origin)
    if origin in OBJECTS:
        return _object(data, kind)
    if hasattr(origin, "__dataclass_fields__"):
        return _dataclass(data, origin)
    return scalar(data, origin)


def _union(data: object, kind: Any) -> Any:
    """Return the first type's value that accepts it; `str`, which accepts every text, is last."""
    members = sorted(typing.get_args(kind), key=lambda one: one in (str, typing.Any, object))
    if str in members and isinstance(data, str):  # an empty text is a text
        members = [one for one in members if one is not type(None)]
    for member in members:
        try:
            return convert(data, member)
        except RejectedError:
            continue
    raise RejectedError(f"a valid {type_name(kind)}")


def _list(data: object, kind: Any, origin: Any) -> Any:
    name = type_name(kind)
    items = listed(data, name) if isinstance(data, str) else data
    if not isinstance(items, list):
        raise RejectedError(f"a valid {name}")
    types_of_items = typing.get_args(kind)
    if origin is tuple and types_of_items and types_of_items[-1] is not Ellipsis:
        if len(items) != len(types_of_items):
            raise RejectedError(f"a {name}, which has {len(types_of_items)} items")
    else:
        types_of_items = (types_of_items[:1] or (typing.Any,)) * len(items)
    found = [
        _part(item, one, f"a valid {name} (item {number}")
        for number, (item, one) in enumerate(zip(items, types_of_items, strict=True), 1)
    ]
    return called(LISTS[origin], found, f"a {name}, whose items are hashable")


def _object(data: object, kind: Any) -> dict[Any, Any]:
    valid = f"a valid {type_name(kind)}"
    expected = f"{valid} (a JSON object)"
    data = json_of(data, expected) if isinstance(data, str) else data
    if not isinstance(data, dict):
        raise RejectedError(expected)
    key_type, value_type = typing.get_args(kind) or (str, typing.Any)
    return {
        # A key is a part of the value: it is not named.
        _part(key, key_type, f"{valid} (key {number}"): _part(
            item, value_type, f"{valid} (member {number}"
        )
        for number, (key, item) in enumerate(data.items(), 1)
    }


def _dataclass(data: object, kind: type) -> Any:
    import dataclasses  # the class has loaded it

    valid = f"a valid {type_name(kind)}"
    expected = f"{valid} (a JSON object with its fields)"
    data = json_of(data, expected) if isinstance(data, str) else data
    if not isinstance(data, dict):
        raise RejectedError(expected)
    hints = typing.get_type_hints(kind, include_extras=True)
    given = {
        field.name: _part(data[field.name], hints[field.name], f"{valid} (its {field.name}")
        for field in dataclasses.fields(kind)
        if field.init and field.name in data
    }
    return called(lambda fields: kind(**fields), given, expected)


def _part(data: object, kind: Any, whole: str) -> Any:
    """Convert an item, a key or a member; its rejection names the whole and the place."""
    try:
        return convert(data, kind)
    except RejectedError as error:
        reason = str(error)
    raise RejectedError(f"{whole} is not {reason})")
