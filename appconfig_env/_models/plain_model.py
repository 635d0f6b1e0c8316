"""A dataclass or pydantic model as `binding.Binding` needs it: its variables, and instances."""

from __future__ import annotations

from .build import build
from .fields import model_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any


class PlainModel:
    """A dataclass or pydantic model; `settings_model.SettingsModel` has the same methods.

    Args:
        of: the program's class.
        prefix: what the names of its variables begin with.

    Raises:
        TypeError: a field's type or its variable is not known.
    """

    def __init__(self, of: type, prefix: str) -> None:
        self._model = model_of(of, prefix)
        self._variables = self._model.variables()
        self._by_name = {field.name: field.all_variables() for field in self._model.fields}

    def names(self, known: Collection[str]) -> list[str]:
        """Return the variables that a field could read."""
        del known
        return [*self._variables]

    def variables_of(self, attribute: str) -> tuple[str, ...] | None:
        """Return the variables of one attribute; None if that is not a field."""
        return self._by_name.get(attribute)

    def build(self, texts: Mapping[str, str]) -> Any:
        """Return an instance.

        Args:
            texts: the values of variables.

        Raises:
            InvalidError: of all fields that are missing or not valid.
        """
        return build(self._model, texts)
