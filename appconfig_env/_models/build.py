"""Builds a dataclass or pydantic model from the texts of variables; pure."""

from __future__ import annotations

from .._content.json_texts import json_of, plain_data
from .._content.rejections import RejectedError, name_and_place
from .._content.type_forms import type_name
from .._content.typed import value_of
from .problem import InvalidError, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .fields import Field, Model

    Path = tuple[str, ...]


def build(model: Model, texts: Mapping[str, str]) -> Any:
    """Return an instance of `model`.

    Args:
        model: the model.
        texts: the values of variables.

    Raises:
        InvalidError: of all fields that are missing or not valid.
    """
    wholes: list[Problem] = []
    data = _gathered(model, texts, (), wholes)
    problems: list[Problem] = []
    instance = _instance(model, data, (), problems)
    # The fields of a model that is not an object are not missing.
    rejected = [whole.path for whole in wholes]
    problems = [one for one in problems if not any(one.path[: len(p)] == p for p in rejected)]
    if problems or wholes:
        raise InvalidError([*wholes, *problems])
    return instance


def _gathered(
    model: Model, texts: Mapping[str, str], path: Path, problems: list[Problem]
) -> dict[str, Any]:
    """Return the texts of fields by key; those of a nested model as an object, if there are any."""
    data: dict[str, Any] = {}
    for field in model.fields:
        text = next((texts[name] for name in field.variables if name in texts), None)
        if field.model is None:
            if text is not None:
                data[field.key] = text
            continue
        inner = _gathered(field.model, texts, (*path, field.name), problems)
        whole = _whole(field, text, (*path, field.name), problems)
        if inner or isinstance(whole, dict):
            data[field.key] = _merged(whole or {}, inner)
        elif text is None and field.is_required:
            data[field.key] = {}  # whose fields are reported as missing
        elif text is not None:
            data[field.key] = None
    return data


def _whole(field: Field, text: str | None, path: Path, problems: list[Problem]) -> Any:
    """Return a nested model's object that one variable has as JSON; None for an empty text."""
    if text is None or text.strip() in ("", "null"):
        return None
    reason = f"a valid {type_name(field.kind)} (a JSON object)"
    try:
        data = json_of(text, reason)
    except RejectedError:
        data = None
    if not isinstance(data, dict):
        problems.append(Problem(path, field.read_from(), reason))
        return {}
    return data


def _merged(whole: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    """Return `whole` with the members of `inner`, which take precedence at every level."""
    for key, item in inner.items():
        before = whole.get(key)
        both = isinstance(before, dict) and isinstance(item, dict)
        whole[key] = _merged(before, item) if both else item  # type: ignore[arg-type]
    return whole


def _instance(model: Model, data: dict[str, Any], path: Path, problems: list[Problem]) -> Any:
    """Return an instance, or None after adding to `problems`."""
    if model.is_pydantic:
        from . import pydantic_model  # the model has loaded pydantic

        return pydantic_model.instance(model, plain_data(data), path, problems)
    before = len(problems)
    values = {
        field.name: _value(field, data[field.key], (*path, field.name), problems)
        for field in model.fields
        if _is_given(field, data, path, problems)
    }
    if len(problems) > before:
        return None
    try:
        return model.of(**values)
    except Exception as error:  # noqa: BLE001 - the class's own __post_init__ may raise anything
        reason = f"accepted by {type_name(model.of)} ({name_and_place(error)})"
    # Not in the handler: the class's own error may contain a value.
    problems.append(Problem(path, model.variables(), reason))
    return None


def _is_given(field: Field, data: Mapping[str, Any], path: Path, problems: list[Problem]) -> bool:
    """Whether the field has a value; if it has neither that nor a default, add a problem."""
    if field.key not in data and field.is_required:
        problems.append(Problem((*path, field.name), field.read_from(), ""))
    return field.key in data


def _value(field: Field, data: Any, path: Path, problems: list[Problem]) -> Any:
    if field.model is not None and isinstance(data, dict):
        return _instance(field.model, data, path, problems)
    try:
        return value_of(data, field.kind)
    except RejectedError as error:
        reason = str(error)
    problems.append(Problem(path, field.read_from(), reason))
    return None
