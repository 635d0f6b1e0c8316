"""The fields of a model, and the variables that each is read from; knows no values; pure."""

from __future__ import annotations

import dataclasses
import types
import typing

from .._content.type_forms import plain_type, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

# Between a nested model's own name and those of its fields: as our sources join names, and as
# pydantic-settings and .NET do.
SEPARATORS = ("_", "__")
# What the variables of a model's fields begin with, and the separator of its nested models; empty
# where both are still to be tried.
Prefix = tuple[str, str]


class Field(typing.NamedTuple):
    """A field of a model.

    Attributes:
        name: the attribute.
        key: what the model takes it by.
        variables: where its value is: the first that is set.
        kind: its type.
        is_required: whether it has no default.
        model: the nested model, if that is its type.
        outer: the variables that may have the models around it as JSON, the innermost first.
    """

    name: str
    key: str
    variables: tuple[str, ...]
    kind: Any
    is_required: bool
    model: Model | None
    outer: tuple[str, ...]

    def all_variables(self) -> tuple[str, ...]:
        """Return the variables of the field, and of those of its nested model."""
        return (*self.variables, *(self.model.variables() if self.model is not None else ()))

    def read_from(self) -> tuple[str, ...]:
        """Return every variable that may have the field's value, or a part of it; its own first."""
        return (*self.all_variables(), *self.outer)


class Model(typing.NamedTuple):
    """A dataclass or pydantic model.

    Attributes:
        of: the class.
        is_pydantic: whether pydantic validates it as a whole.
        fields: its fields.
    """

    of: type
    is_pydantic: bool
    fields: tuple[Field, ...]

    def variables(self) -> tuple[str, ...]:
        """Return every variable that a value may be in."""
        return tuple(name for field in self.fields for name in field.all_variables())


def is_model(kind: object) -> bool:
    """Whether `kind` is a dataclass or a pydantic model with fields."""
    return isinstance(kind, type) and (
        is_pydantic(kind) or hasattr(kind, "__dataclass_fields__")
    )  # fmt: skip


def is_pydantic(kind: type) -> bool:
    """Whether `kind` is a pydantic model or a pydantic dataclass."""
    return hasattr(kind, "__pydantic_fields__") and not getattr(
        kind, "__pydantic_root_model__", False
    )


def model_of(kind: type, prefix: str = "") -> Model:
    """Return a class as a model.

    Args:
        kind: a dataclass or pydantic model.
        prefix: what the names of its variables begin with.

    Raises:
        TypeError: a field's type or its variable is not known.
    """
    return _model(kind, ((prefix, ""),), (), within=())


def _model(
    kind: type, prefixes: tuple[Prefix, ...], outer: tuple[str, ...], *, within: tuple[type, ...]
) -> Model:
    within = (*within, kind)
    pydantic = is_pydantic(kind)
    found = _of_pydantic(kind) if pydantic else _of_dataclass(kind)
    fields = []
    for name, type_, given, is_required in found:
        starts = _starts(prefixes, given, name, is_top=not outer, pydantic=pydantic)
        variables = tuple(dict.fromkeys(start for start, _ in starts))
        inner = nested(type_)
        model = None
        if inner is not None and inner not in within:
            below = [
                (start + separator, separator)
                for start, fixed in starts
                for separator in ((fixed,) if fixed else SEPARATORS)
            ]
            model = _model(inner, tuple(below), (*variables, *outer), within=within)
        key = given.names[0] if pydantic and given.names else name
        fields.append(Field(name, key, variables, type_, is_required, model, outer))
    return Model(kind, pydantic, tuple(fields))


class Given(typing.NamedTuple):
    """The names that a model gives to one of its fields.

    Attributes:
        names: instead of the field's own.
        or_own: whether the field's own name is accepted too.
    """

    names: tuple[str, ...] = ()
    or_own: bool = False


def _starts(
    prefixes: tuple[Prefix, ...], given: Given, name: str, *, is_top: bool, pydantic: bool
) -> list[Prefix]:
    """Return the names of a field's variables, each with the separator below it."""
    own = (name.upper(),) if given.or_own or not given.names else ()
    names = given.names
    if pydantic:
        names = (*names, *(one.upper() for one in names))
    if pydantic and not is_top:  # an alias in a nested model is a part of a name
        own, names = (*(one.upper() for one in given.names), *own), ()
    return [
        *((one, "") for one in names),
        *((prefix + one, separator) for prefix, separator in prefixes for one in own),
    ]


def nested(kind: Any) -> type | None:
    """Return the model that a field's type is, or is optionally; None for any other type."""
    kind = plain_type(kind)
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kinds = [plain_type(one) for one in typing.get_args(kind) if one is not type(None)]
        kind = kinds[0] if len(kinds) == 1 else None
    return kind if is_model(kind) else None


# A field's attribute, its type, the names that it is given, and whether it is required.
Found = tuple[str, typing.Any, Given, bool]


def _of_dataclass(kind: type) -> Iterator[Found]:
    fields: Mapping[str, dataclasses.Field[Any]] = kind.__dataclass_fields__  # type: ignore[attr-defined]
    hints = _hints(kind)
    for field in fields.values():
        hint = hints[field.name]
        if not field.init or typing.get_origin(hint) is typing.ClassVar or hint is typing.ClassVar:
            continue
        missing = dataclasses.MISSING
        is_required = field.default is missing and field.default_factory is missing
        type_ = hint.type if isinstance(hint, dataclasses.InitVar) else hint
        yield field.name, type_, Given(_given_names(kind, field)), is_required


def _hints(kind: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind, include_extras=True)
    except (NameError, TypeError, SyntaxError) as error:
        problem = f"{type(error).__name__}: {error}"
    raise TypeError(
        f"{type_name(kind)}: its types are not known at run time ({problem}); import them outside "
        "of TYPE_CHECKING, in the module of the class"
    )


def _given_names(kind: type, field: dataclasses.Field[Any]) -> tuple[str, ...]:
    """Return the variables that a dataclass's field names itself, `metadata={"env": NAME}`."""
    given = field.metadata.get("env", ())
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, (tuple, list)) or not all(isinstance(one, str) for one in names):
        got = type(given).__name__
        raise TypeError(
            f"{type_name(kind)}.{field.name}: expected the name of a variable, or a tuple of "
            f'names, as "env" in its metadata, got {got}; correct the metadata'
        )
    return tuple(names)


def _of_pydantic(kind: Any) -> Iterator[Found]:
    for name, given in pydantic_names(kind):
        field = kind.__pydantic_fields__[name]
        yield name, field.annotation, given, field.is_required()


def pydantic_names(kind: Any) -> Iterator[tuple[str, Given]]:
    """Yield the fields that a pydantic model takes, and the names that it gives to them.

    Raises:
        TypeError: a field has an alias that does not name a variable.
    """
    config: Mapping[str, Any] = getattr(kind, "model_config", None) or getattr(
        kind, "__pydantic_config__", {}
    )
    by_alias = config.get("validate_by_alias", True) is not False
    by_name = bool(config.get("populate_by_name") or config.get("validate_by_name"))
    for name, field in kind.__pydantic_fields__.items():
        if getattr(field, "init", None) is not False:
            aliases = _aliases(kind, name, field.validation_alias) if by_alias else ()
            yield name, Given(aliases, by_name)


def _aliases(kind: type, name: str, alias: Any) -> tuple[str, ...]:
    """Return the names of pydantic's alias, or of its `AliasChoices`."""
    if alias is None or isinstance(alias, str):
        return () if alias is None else (alias,)
    found = tuple(one for one in getattr(alias, "choices", ()) if isinstance(one, str))
    if not found:
        raise TypeError(
            f"{type_name(kind)}.{name}: an AliasPath does not name a variable; use a name, "
            "AliasChoices with a name, or a nested model"
        )
    return found
