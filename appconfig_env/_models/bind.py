"""`bind`: a dataclass or pydantic model whose attributes are refreshed values."""

from __future__ import annotations

import sys
import typing

from .._helper.helper import PROCESS_HELPER, sealed
from .binding import Binding
from .fields import is_model
from .live import live

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._helper.helper import Helper
    from .binding import Bindable

T = typing.TypeVar("T")


def bind(model: type[T], prefix: str = "") -> T:
    """Return an object of the class `model` whose attributes are the values in use.

    Reading an attribute refreshes stale sources first, as `get` does. All fields are validated at
    once, here. A refresh that makes a field invalid logs a warning, once, and the field keeps its
    last valid value; if the model rejects the values together, all fields keep theirs.

    A field is read from the variable with its name in upper case; that of a nested model with the
    outer name before it, `DB_HOST` or `DB__HOST`. A dataclass names another variable with
    `field(metadata={"env": "NAME"})`, a pydantic model with an alias. A pydantic-settings model has
    its own rules, and its other sources.

    Args:
        model: a dataclass, or a pydantic or pydantic-settings model.
        prefix: what the names of variables begin with, except those that a field names itself; of a
            pydantic-settings model, instead of its `env_prefix`.

    Raises:
        BindError: fields are missing or invalid, or their sources could not be read; it lists all.
        SettingsError: the settings are invalid; only without the wrapper, which would have
            reported them.
        TypeError: `model` is not such a class, or it is not known what a field is read from.
    """
    return bind_to(PROCESS_HELPER, model, prefix)


def bind_to(helper: Helper, model: type[T], prefix: str = "") -> T:
    """Return what `bind` does, with the values of `helper`.

    Raises:
        BindError, SettingsError, TypeError: as `bind`.
    """
    _check(model)
    return typing.cast("T", sealed(lambda: live(model, _bound(model, prefix, helper))))


def _check(model: Any) -> None:
    if not is_model(model):
        got = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise TypeError(
            f"bind: expected a dataclass, or a pydantic or pydantic-settings model, got {got}; "
            "pass such a class"
        )


def _bound(model: type, prefix: str, helper: Helper) -> Binding:
    return Binding(helper, _bindable(model, prefix), model.__name__)


def _bindable(model: type, prefix: str) -> Bindable:
    # Only a program that has imported it can have such a model.
    pydantic_settings = sys.modules.get("pydantic_settings")
    if pydantic_settings is not None and issubclass(model, pydantic_settings.BaseSettings):
        from .settings_model import SettingsModel  # imports pydantic-settings

        return SettingsModel(model, prefix)
    from .plain_model import PlainModel  # a pydantic-settings model does not need it

    return PlainModel(model, prefix)
