"""Builds a pydantic model from the data of its fields, and locates pydantic's errors; pure."""

from __future__ import annotations

import pydantic

from .._content import pydantic_types
from .._content.rejections import RejectedError, name_and_place
from .._content.type_forms import type_name
from .problem import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from .fields import Field, Model


def instance(
    model: Model, data: dict[str, Any], path: tuple[str, ...], problems: list[Problem]
) -> Any:
    """Return an instance, or None after adding to `problems`.

    Texts are given to pydantic as they are; where it wants a list or an object, the text's.
    """
    adapter = pydantic_types.adapter_of(model.of)
    is_parsed = False
    while True:
        try:
            return pydantic_types.validated(adapter, data)
        except pydantic.ValidationError as error:
            details = pydantic_types.details(error)
        except Exception as error:  # noqa: BLE001 - a validator of the model may raise anything
            reason = f"accepted by {type_name(model.of)} ({name_and_place(error)})"
            problems.append(Problem(path, model.variables(), reason))
            return None
        if is_parsed or not _parsed(model, data, details):
            break
        is_parsed = True
    problems += _problems(model, path, details)
    return None


def _parsed(model: Model, data: dict[str, Any], details: Sequence[Mapping[str, Any]]) -> bool:
    """Put the data of texts that pydantic wants as such into `data`; return whether any was."""
    is_changed = False
    for keys in dict.fromkeys(tuple(_keys(model, detail["loc"])) for detail in details):
        holder: Any = data
        for key in keys[:-1]:
            holder = holder.get(key) if isinstance(holder, dict) else None
        text = holder.get(keys[-1]) if keys and isinstance(holder, dict) else None
        if not isinstance(text, str):
            continue
        own = [detail for detail in details if detail["loc"][: len(keys)] == keys]
        try:
            parsed = pydantic_types.parsed_text(text, own)
        except RejectedError:
            continue  # what pydantic has reported stays
        if parsed is not None:
            holder[keys[-1]] = parsed[0]
            is_changed = True
    return is_changed


def located(model: Model, place: Sequence[Any]) -> list[Field]:
    """Return the fields on the way to an error: the outermost first; empty for a whole model."""
    found: list[Field] = []
    inner: Model | None = model
    for key in place:
        field = None
        if inner is not None:
            field = next((one for one in inner.fields if key in (one.key, one.name)), None)
        if field is None:
            break
        found.append(field)
        inner = field.model
    return found


def _keys(model: Model, place: Sequence[Any]) -> Sequence[Any]:
    return place[: len(located(model, place))]


def _problems(
    model: Model, path: tuple[str, ...], details: Sequence[Mapping[str, Any]]
) -> Iterator[Problem]:
    """Yield one problem for each field, with all that pydantic states about it."""
    reasons: dict[tuple[str, ...], list[str]] = {}
    variables: dict[tuple[str, ...], tuple[str, ...]] = {}
    for detail in details:
        fields = located(model, detail["loc"])
        place = (*path, *(field.name for field in fields))
        variables[place] = fields[-1].read_from() if fields else model.variables()
        within = detail["loc"][len(fields) :]
        is_missing = detail["type"] == "missing" and fields and not within
        where = pydantic_types.place({"loc": within})
        text = "" if is_missing else f"{where}{pydantic_types.reason(detail)}"
        reasons.setdefault(place, []).append(text)
    for place, texts in reasons.items():
        reason = "; ".join(dict.fromkeys(filter(None, texts)))
        yield Problem(place, variables[place], f"valid ({reason})" if reason else "")
