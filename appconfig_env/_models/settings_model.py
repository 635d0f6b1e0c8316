"""Builds a pydantic-settings model, whose own sources read our variables instead of os.environ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pydantic
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError
from pydantic_settings.sources.types import EnvNoneType

from .._content import pydantic_types
from .._content.rejections import name_and_place
from .fields import nested, pydantic_names
from .problem import InvalidError, Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pydantic.fields import FieldInfo
    from pydantic_settings import PydanticBaseSettingsSource


class _Environment(EnvSettingsSource):
    """Reads our variables as pydantic-settings reads those of the environment.

    Args:
        settings_cls: the model.
        usual: the source that it replaces.
        prefix: instead of that source's prefix; empty for that.
        texts: the values of variables.
        unparsed: to which the names of fields are added whose JSON is not valid.
    """

    def __init__(
        self,
        settings_cls: type[BaseSettings],
        usual: EnvSettingsSource,
        prefix: str,
        texts: Mapping[str, str],
        unparsed: list[str],
    ) -> None:
        super().__init__(
            settings_cls,
            usual.case_sensitive,
            prefix or usual.env_prefix,
            env_nested_delimiter=usual.env_nested_delimiter,
            env_nested_max_split=usual.env_nested_max_split,
            env_ignore_empty=usual.env_ignore_empty,
            env_parse_none_str=usual.env_parse_none_str,
            env_parse_enums=usual.env_parse_enums,
        )
        self._unparsed = unparsed
        none = usual.env_parse_none_str
        self.env_vars = {
            name if usual.case_sensitive else name.lower(): (
                EnvNoneType(text) if none is not None and text == none else text
            )
            for name, text in texts.items()
            if text or not usual.env_ignore_empty
        }

    def prepare_field_value(
        self,
        field_name: str,
        field: FieldInfo,
        value: Any,
        value_is_complex: bool,  # noqa: FBT001 - as pydantic-settings calls it
    ) -> Any:
        """Return the field's value; None, and a note, if its JSON is not valid.

        Otherwise pydantic-settings would raise an error for the first such field alone.
        """
        try:
            return super().prepare_field_value(field_name, field, value, value_is_complex)
        except ValueError:
            self._unparsed.append(field_name)
            return None


class SettingsModel:
    """A program's `BaseSettings`, in which our variables replace the environment's.

    Its prefix, nested delimiter, case, aliases, dotenv files and other sources stay as they are.

    Args:
        of: the program's class.
        prefix: instead of the `env_prefix` of its configuration; empty for that.
    """

    def __init__(self, of: type[BaseSettings], prefix: str) -> None:
        config = of.model_config
        self._prefix = prefix
        self._delimiter = str(config.get("env_nested_delimiter") or "")
        self._is_exact = bool(config.get("case_sensitive"))
        self._texts: Mapping[str, str] = {}
        self._unparsed: list[str] = []
        start = prefix or str(config.get("env_prefix") or "")
        self._names = {
            name: tuple(map(self._shown, (*given.names, *((start + name,) * own))))
            for name, given in pydantic_names(of)
            for own in (given.or_own or not given.names,)
        }
        self._class = self._derived(of)

    def names(self, known: Collection[str]) -> list[str]:
        """Return those of the `known` names that a field could read."""
        return [name for name in known if any(self._reads(one, name) for one in self._names)]

    def variables_of(self, attribute: str) -> tuple[str, ...] | None:
        """Return the variables of one attribute; None if that is not a field."""
        return self._names.get(attribute)

    def build(self, texts: Mapping[str, str]) -> Any:
        """Return an instance.

        Args:
            texts: the values of variables.

        Raises:
            InvalidError: of all fields that are missing or not valid.
        """
        self._texts, self._unparsed = texts, []
        details: list[Mapping[str, Any]] = []
        problems: list[Problem] = []
        settings = None
        try:
            settings = self._class()
        except pydantic.ValidationError as error:
            details = pydantic_types.details(error)
        except SettingsError as error:  # of a dotenv file, say; it names the field and the source
            problems = [Problem((), tuple(texts), f"accepted by pydantic-settings ({error})")]
        except Exception as error:  # noqa: BLE001 - a validator of the model may raise anything
            reason = f"accepted by {self._class.__name__} ({name_and_place(error)})"
            problems = [Problem((), tuple(texts), reason)]
        finally:
            self._texts = {}
        problems += self._problems(details, texts)
        if problems:
            raise InvalidError(problems)
        return settings

    def _derived(self, of: type[BaseSettings]) -> type[BaseSettings]:
        model = self

        class Derived(of):  # type: ignore[misc, valid-type]
            @classmethod
            def settings_customise_sources(
                cls,
                settings_cls: type[BaseSettings],
                init_settings: PydanticBaseSettingsSource,
                env_settings: PydanticBaseSettingsSource,
                dotenv_settings: PydanticBaseSettingsSource,
                file_secret_settings: PydanticBaseSettingsSource,
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                usual = cast("EnvSettingsSource", env_settings)
                ours = _Environment(
                    settings_cls, usual, model._prefix, model._texts, model._unparsed
                )
                found: tuple[PydanticBaseSettingsSource, ...] = super().settings_customise_sources(
                    settings_cls,
                    init_settings=init_settings,
                    env_settings=ours,
                    dotenv_settings=dotenv_settings,
                    file_secret_settings=file_secret_settings,
                )
                return found

        Derived.__name__, Derived.__qualname__ = of.__name__, of.__qualname__
        Derived.__module__, Derived.__doc__ = of.__module__, of.__doc__
        return Derived

    def _problems(
        self, details: list[Mapping[str, Any]], texts: Mapping[str, str]
    ) -> list[Problem]:
        reasons: dict[tuple[str, ...], list[str]] = {
            (name,): ["it is not JSON"] for name in self._unparsed
        }
        for detail in details:
            path = self._path(detail["loc"])
            if path[:1] and path[0] in self._unparsed:
                continue  # its text was left out, so it is missing
            within = detail["loc"][len(path) :]
            is_missing = detail["type"] == "missing" and path and not within
            where = pydantic_types.place({"loc": within})
            text = "" if is_missing else f"{where}{pydantic_types.reason(detail)}"
            reasons.setdefault(path, []).append(text)
        return [
            Problem(path, self._variables(path, texts), f"valid ({text})" if text else "")
            for path, found in reasons.items()
            for text in ("; ".join(dict.fromkeys(filter(None, found))),)
        ]

    def _path(self, place: tuple[Any, ...]) -> tuple[str, ...]:
        """Return the names of the fields on the way to an error; none for the whole model."""
        path: list[str] = []
        kind: Any = self._class
        for key in place:
            fields = dict(pydantic_names(kind)) if hasattr(kind, "__pydantic_fields__") else {}
            name = next((n for n, given in fields.items() if key in (n, *given.names)), None)
            if name is None:
                break
            path.append(name)
            kind = nested(kind.__pydantic_fields__[name].annotation)
        return tuple(path)

    def _variables(self, path: tuple[str, ...], texts: Mapping[str, str]) -> tuple[str, ...]:
        """Return the variables that a field's value is in, or may be in if there is none."""
        if not path:
            return tuple(texts)
        set_ = tuple(name for name in texts if self._reads(path[0], name))
        if not self._delimiter or len(path) == 1:
            return set_ or self._names[path[0]]
        whole = self._delimiter.join((self._names[path[0]][-1], *path[1:]))
        own = tuple(name for name in set_ if self._cased(name) == self._cased(whole))
        return own or (self._shown(whole), *set_)

    def _reads(self, field: str, variable: str) -> bool:
        """Whether a field's value, or a part of it, may be in a variable."""
        cased, delimiter = self._cased(variable), self._cased(self._delimiter)
        return any(
            cased == one or (delimiter and cased.startswith(one + delimiter))
            for one in map(self._cased, self._names[field])
        )

    def _cased(self, name: str) -> str:
        return name if self._is_exact else name.lower()

    def _shown(self, name: str) -> str:
        return name if self._is_exact else name.upper()
