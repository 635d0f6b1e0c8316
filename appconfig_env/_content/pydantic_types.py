"""Converts values with pydantic, and states its errors without the values; pure."""

from __future__ import annotations

import typing
from functools import lru_cache

import pydantic
from pydantic_core import core_schema

from .json_texts import listed, plain_data, plain_json
from .rejections import RejectedError, UnsupportedTypeError, name_and_place
from .type_forms import plain_type, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

# What pydantic reports for a text where a list or an object is expected.
WANTS_LIST = frozenset({
    "arguments_type", "deque_type", "frozen_set_type", "iterable_type", "list_type",
    "named_tuple_type", "sequence_str", "set_type", "tuple_type",
})  # fmt: skip
WANTS_OBJECT = frozenset({
    "counter_type", "dataclass_type", "dict_type", "frozen_dict_type", "mapping_type",
    "model_attributes_type", "model_type", "named_tuple_type", "ordered_dict_type",
})  # fmt: skip
# Errors whose text consists of words of pydantic's, and of what the model expects. The text of any
# other may contain the value, or a part of it.
WITHOUT_VALUE = WANTS_LIST | WANTS_OBJECT | frozenset({
    "bool_parsing", "bool_type", "bytes_too_long", "bytes_too_short", "bytes_type", "date_future",
    "date_past", "date_type", "datetime_future", "datetime_past", "datetime_type",
    "decimal_max_digits", "decimal_max_places", "decimal_parsing", "decimal_type",
    "decimal_whole_digits", "enum", "finite_number", "float_parsing", "float_type",
    "greater_than", "greater_than_equal", "int_from_float", "int_parsing", "int_parsing_size",
    "int_type", "is_instance_of", "json_type", "less_than", "less_than_equal", "literal_error",
    "missing", "multiple_of", "none_required", "string_not_ascii", "string_pattern_mismatch",
    "string_too_long", "string_too_short", "string_type", "time_delta_type", "time_type",
    "timezone_aware", "timezone_naive", "url_scheme", "url_type", "uuid_type",
})  # fmt: skip
OF_PYDANTIC = frozenset(typing.get_args(core_schema.ErrorType))


def convert(data: object, kind: Any) -> Any:
    """Convert a variable's text, or a part of its JSON, as pydantic does.

    Where it wants a list or an object, it has that of the text: JSON, or a list with commas.

    Raises:
        RejectedError: it is not of that type.
        UnsupportedTypeError: pydantic cannot convert to it.
    """
    adapter = adapter_of(kind)
    data = plain_data(data)
    while True:
        try:
            return validated(adapter, data)
        except pydantic.ValidationError as error:
            problems = details(error)
        replaced = parsed_text(data, problems) if isinstance(data, str) else None
        if replaced is None:
            break
        data = replaced[0]
    names = getattr(plain_type(kind), "__pydantic_fields__", {})
    reasons = [f"{place(problem, names)}{reason(problem)}" for problem in problems]
    raise RejectedError(f"a valid {type_name(plain_type(kind))} ({'; '.join(reasons)})")


def validated(adapter: pydantic.TypeAdapter[Any], data: object) -> Any:
    """Return what pydantic makes of `data`, even of text for a strict model: all values are text.

    Raises:
        pydantic.ValidationError: it rejects `data`.
    """
    return adapter.validate_python(data, strict=False)


def adapter_of(kind: Any) -> pydantic.TypeAdapter[Any]:
    """Return what converts to `kind`; kept, because it takes milliseconds to build.

    Raises:
        UnsupportedTypeError: pydantic cannot convert to it.
    """
    try:
        hash(kind)
    except TypeError:  # `Annotated` with a list, say
        return _new_adapter(kind)
    return _kept_adapter(kind)


def _new_adapter(kind: Any) -> pydantic.TypeAdapter[Any]:
    try:
        return pydantic.TypeAdapter(kind)
    except pydantic.PydanticUserError as error:
        problem = str(error).partition("\n")[0].rstrip(".")
    raise UnsupportedTypeError(f"{problem}; choose another type, or a function that converts")


_kept_adapter = lru_cache(maxsize=256)(_new_adapter)


def details(error: pydantic.ValidationError) -> list[Mapping[str, Any]]:
    """Return pydantic's errors without the values that they are about."""
    return [*error.errors(include_url=False, include_input=False)]


def parsed_text(text: str, problems: list[Mapping[str, Any]]) -> tuple[object] | None:
    """Return the data of a text that pydantic wants as a list or an object; None if it does not.

    Raises:
        RejectedError: it begins as JSON, and is not.
    """
    wanted = {problem["type"] for problem in problems}
    if wanted & (WANTS_OBJECT | WANTS_LIST) and text.lstrip().startswith(("{", "[")):
        return (plain_json(text, "valid JSON"),)
    return (listed(text),) if wanted & WANTS_LIST else None


def place(problem: Mapping[str, Any], names: Collection[str] = ()) -> str:
    """Return the place of an error within a value, such as `item 2: `.

    Args:
        problem: the error.
        names: of fields. Any other name may be a key of the value, and is left out.
    """
    found = [
        f"item {one + 1}" if isinstance(one, int) else one
        for one in problem["loc"]
        if isinstance(one, int) or one in names
    ]
    return f"{', '.join(found)}: " if found else ""


def reason(problem: Mapping[str, Any]) -> str:
    """Return what pydantic expects, in its own words if these cannot contain the value."""
    kind = problem["type"]
    if kind in WITHOUT_VALUE:
        text: str = problem["msg"]
        return text[:1].lower() + text[1:] if text[1:2].islower() else text
    raised = problem.get("ctx", {}).get("error")
    if isinstance(raised, Exception):
        return f"rejected by a validator: {name_and_place(raised)}"
    return f"rejected by pydantic: {kind}" if kind in OF_PYDANTIC else "rejected by a validator"
