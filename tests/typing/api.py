"""The public API as a type checker sees it: read by mypy and pyright, never run.

The second half holds errors. Each has an ignore, and both checkers report one that is not needed.
"""

# The OpenFeature SDK is a namespace package, and pyright finds no py.typed in one.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, assert_type

import pytest
from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings

import appconfig_env
from appconfig_env import (
    AmbiguousFlagError,
    AppConfigEnvError,
    BindError,
    ConversionError,
    Flag,
    LoadError,
    MissingKeyError,
    SettingsError,
    SourceError,
    UnevaluatedFlagError,
)
from appconfig_env.errors import FieldProblem
from appconfig_env.openfeature import AppConfigProvider
from appconfig_env.testing import Clock, isolated, override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from openfeature.provider import AbstractProvider

    from appconfig_env.pytest_plugin import AppConfig


class Colour(Enum):
    RED = "red"


def words(text: str) -> list[str]:
    return text.split(",")


# get: with a default, with a converter, with both.
assert_type(appconfig_env.get("DB_HOST"), str | None)
assert_type(appconfig_env.get("DB_HOST", "localhost"), str)
assert_type(appconfig_env.get("DB_HOST", default="localhost"), str)
assert_type(appconfig_env.get("DB_HOST", None), str | None)
assert_type(appconfig_env.get("DB_PORT", 5432), str | int)
assert_type(appconfig_env.get("DB_PORT", type=int), int | None)
assert_type(appconfig_env.get("DB_PORT", 5432, type=int), int)
assert_type(appconfig_env.get("DB_PORT", 5432, int), int)
assert_type(appconfig_env.get("DB_PORT", None, type=int), int | None)
assert_type(appconfig_env.get("DEBUG", False, type=bool), bool)
assert_type(appconfig_env.get("HOSTS", type=words), list[str] | None)
assert_type(appconfig_env.get("HOSTS", (), type=words), list[str] | tuple[()])
assert_type(appconfig_env.get("HOSTS", type=list[str]), list[str] | None)
assert_type(appconfig_env.get("LIMITS", None, type=dict[str, int]), dict[str, int] | None)
assert_type(appconfig_env.get("TIMEOUT", type=timedelta), timedelta | None)
assert_type(appconfig_env.get("COLOUR", Colour.RED, type=Colour), Colour)
assert_type(appconfig_env.get("PORT", type=int | None), int | None)
assert_type(
    appconfig_env.get("STAGE", type=Literal["test", "prod"]), Literal["test", "prod"] | None
)
assert_type(appconfig_env.get("PORT", 80, type=Annotated[int, Field(gt=0)]), int)

# require: as get, but without None.
assert_type(appconfig_env.require("DB_HOST"), str)
assert_type(appconfig_env.require("DB_PORT", type=int), int)
assert_type(appconfig_env.require("HOSTS", words), list[str])
assert_type(appconfig_env.require("HOSTS", type=list[str]), list[str])
assert_type(appconfig_env.require("COLOUR", Colour), Colour)


@dataclass
class Shop:
    host: str
    port: int = 80


class Database(BaseModel):
    host: str


class Configured(BaseSettings):
    host: str


# bind: the class that it is given, whichever kind it is.
assert_type(appconfig_env.bind(Shop), Shop)
assert_type(appconfig_env.bind(Shop).port, int)
assert_type(appconfig_env.bind(Shop, "SHOP_").host, str)
assert_type(appconfig_env.bind(Database, prefix="DB_"), Database)
assert_type(appconfig_env.bind(Configured), Configured)

# load, document, refresh, status.
assert_type(appconfig_env.load(), frozenset[str])
assert_type(appconfig_env.document("appconfig:shop/prod/app"), Any)
assert_type(appconfig_env.refresh(), frozenset[str])
assert_type(appconfig_env.status(), dict[str, dict[str, Any]])
assert_type(appconfig_env.__version__, str)

# flag, and what it returns.
assert_type(appconfig_env.flag("checkout"), Flag)
assert_type(appconfig_env.flag("checkout", default=True), Flag)
assert_type(appconfig_env.flag("checkout", source="appconfig:shop/prod/flags"), Flag)
assert_type(appconfig_env.flag("checkout", context={"plan": "beta", "age": 42}), Flag)
people: Mapping[str, int] = {"age": 42}
assert_type(appconfig_env.flag("checkout", default=True, context=people), Flag)
flag = Flag("checkout", enabled=True, attributes={"limit": 3}, variant="beta")
assert_type(flag.name, str)
assert_type(flag.enabled, bool)
assert_type(flag.attributes, dict[str, Any])
assert_type(flag.variant, str | None)
assert_type(bool(flag), bool)


# on_change, as a decorator and as a function: what it takes keeps its type.
@appconfig_env.on_change
def reconnect(names: frozenset[str]) -> int:
    return len(names)


assert_type(reconnect(frozenset({"DB_HOST"})), int)
callback: Callable[[frozenset[str]], None] = appconfig_env.on_change(lambda _: None)
appconfig_env.on_change(set[str]().update)

# testing.override, with whatever mappings a test has.
values: Mapping[str, int | str] = {"LIMIT": 3, "DB_HOST": "localhost"}
with override(values, documents={"appconfig:shop/prod/app": {"limit": 3}}) as nothing:
    assert_type(nothing, None)
with override(flags={"checkout": True, "search": {"limit": 3}}):
    pass


# testing.isolated and its clock, and the pytest plugin's fixture.
clock = Clock()
assert_type(clock(), float)
with isolated(clock):
    clock.tick(45)
with isolated():
    pass


@pytest.mark.appconfig({"LIMIT": 3}, flags={"checkout": True})
def test_with_the_plugin(appconfig: AppConfig) -> None:
    appconfig.override({"LIMIT": 3}, documents={"appconfig:shop/prod/app": {"limit": 3}})
    appconfig.tick(45)
    assert_type(appconfig.clock, Clock)


@override({"LIMIT": 3})
def test_of_a_user(limit: int) -> str:
    return str(limit)


assert_type(test_of_a_user(3), str)

# The errors: one base, and what each carries.
every: tuple[type[AppConfigEnvError], ...] = (
    AmbiguousFlagError,
    BindError,
    ConversionError,
    LoadError,
    MissingKeyError,
    SettingsError,
    SourceError,
    UnevaluatedFlagError,
)
key_error: type[KeyError] = MissingKeyError
value_errors: tuple[type[ValueError], ...] = (ConversionError, BindError)
try:
    appconfig_env.get("DB_HOST")
except LoadError as load_error:
    assert_type(load_error.errors, tuple[SourceError, ...])
    assert_type(load_error.errors[0].source, str)
    assert_type(load_error.errors[0].reason, str)
    assert_type(load_error.errors[0].unreachable, bool)
except UnevaluatedFlagError as flag_error:
    assert_type(flag_error.is_of_context, bool)
except SettingsError as settings_error:
    assert_type(settings_error.problems, tuple[str, ...])
except BindError as bind_error:
    assert_type(bind_error.problems, tuple[FieldProblem, ...])
    assert_type(bind_error.problems[0].variable, str)

# The OpenFeature provider.
provider: AbstractProvider = AppConfigProvider()
assert_type(AppConfigProvider("appconfig:shop/prod/flags"), AppConfigProvider)
assert_type(AppConfigProvider().resolve_boolean_details("checkout", False).value, bool)
assert_type(AppConfigProvider().resolve_string_details("checkout.colour", "red").value, str)
assert_type(AppConfigProvider().resolve_integer_details("checkout.limit", 3).value, int)
assert_type(AppConfigProvider().resolve_float_details("checkout.share", 0.5).value, float)

# From here on, every line is an error.
appconfig_env.gett("DB_HOST")  # type: ignore[attr-defined]
appconfig_env.get()  # type: ignore[call-overload]
appconfig_env.get(b"DB_HOST")  # type: ignore[call-overload]
appconfig_env.get("DB_PORT", 5432, 3)  # type: ignore[call-overload]
appconfig_env.get("DB_PORT", 5432, int, None)  # type: ignore[call-overload]
appconfig_env.get("DB_HOST").upper()  # type: ignore[union-attr]
port: int = appconfig_env.get("DB_PORT", 5432)  # type: ignore[assignment]
maybe: int = appconfig_env.get("DB_PORT", type=int)  # type: ignore[assignment]
appconfig_env.require()  # type: ignore[call-overload]
appconfig_env.require("DB_PORT", 5432)  # type: ignore[call-overload]
appconfig_env.require("DB_PORT", default=5432)  # type: ignore[call-overload]
appconfig_env.bind(Shop("h"))  # type: ignore[arg-type]
appconfig_env.bind("Shop")  # type: ignore[arg-type]
appconfig_env.bind(Shop, 3)  # type: ignore[arg-type]
str(appconfig_env.bind(Shop).prot)  # type: ignore[attr-defined]
appconfig_env.load("DB_HOST")  # type: ignore[call-arg]
appconfig_env.document()  # type: ignore[call-arg]
appconfig_env.flag("checkout", "appconfig:shop/prod/flags")  # type: ignore[call-arg, arg-type]
appconfig_env.flag("checkout", context="beta")  # type: ignore[arg-type]
appconfig_env.flag("checkout", context=[("plan", "beta")])  # type: ignore[arg-type]
bool(appconfig_env.flag("checkout").on)  # type: ignore[attr-defined]
appconfig_env.refresh("DB_HOST")  # type: ignore[call-arg]
str(appconfig_env.status().version)  # type: ignore[attr-defined]
Flag("checkout", True)  # type: ignore[call-arg]
Flag("checkout").colour = "red"  # type: ignore[attr-defined]
override({"LIMIT": 3}, {"appconfig:shop/prod/app": {}})  # type: ignore[call-arg]
isolated("1")  # type: ignore[arg-type]
clock.tick("45")  # type: ignore[arg-type]
override(flags={"checkout": "on"})  # type: ignore[dict-item]
AppConfigProvider(["appconfig:shop/prod/flags"])  # type: ignore[arg-type]
AppConfigProvider().resolve_integer_details("checkout.limit", "3")  # type: ignore[arg-type]


@appconfig_env.on_change  # type: ignore[type-var]
def takes_no_names() -> None: ...


@appconfig_env.on_change  # type: ignore[type-var]
def takes_a_list(names: list[str]) -> None: ...
