"""`bind`: which classes it takes, and what it raises."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import pytest

import appconfig_env
from appconfig_env import BindError, SettingsError
from appconfig_env._helper.helper import Helper
from appconfig_env._models.bind import bind_to
from appconfig_env.errors import FieldProblem
from appconfig_env.testing import override

from ...support.paths import ROOT
from .world import World

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Settings:
    host: str
    port: int = 5432


class Pair(NamedTuple):
    host: str


class Shape(TypedDict):
    host: str


class Stage(Enum):
    PROD = "prod"


def test_the_packages_function_binds_to_the_processs_helper() -> None:
    with override({"HOST": "h"}):
        settings = appconfig_env.bind(Settings)
        assert (settings.host, settings.port) == ("h", 5432)


def test_a_prefix_is_before_the_names(tmp_path: Path) -> None:
    world = World(tmp_path, {}, SHOP_HOST="h", HOST="other")

    assert bind_to(world.helper, Settings, "SHOP_").host == "h"


@pytest.mark.parametrize(
    ("model", "got"),
    [
        (int, "the class int"),
        (Stage, "the class Stage"),
        (Pair, "the class Pair"),
        (Shape, "the class Shape"),
        (Settings("h"), "Settings"),
        ("Settings", "str"),
        (None, "NoneType"),
        (list[Settings], "GenericAlias"),
    ],
)
def test_what_is_not_a_model_is_an_error(model: Any, got: str) -> None:
    error = rf"^bind: expected a dataclass, or a pydantic .*, got {got}; pass such a class$"
    with pytest.raises(TypeError, match=error):
        appconfig_env.bind(model)


def test_invalid_settings_are_an_error() -> None:
    helper = Helper({"APPCONFIG_ENV_ON_ERROR": "perhaps"})

    with pytest.raises(SettingsError):
        bind_to(helper, Settings)


def test_an_invalid_model_can_be_caught_as_a_value_error() -> None:
    with (
        override({"PORT": "x", "HOST": None}),
        pytest.raises(ValueError, match=r"^Settings\.") as e,
    ):
        appconfig_env.bind(Settings)

    assert isinstance(e.value, BindError)
    assert all(isinstance(one, FieldProblem) for one in e.value.problems)
    assert [one.variable for one in e.value.problems] == ["HOST", "PORT"]


LIGHT = """
import sys
from dataclasses import dataclass
import appconfig_env
@dataclass
class Settings:
    host: str
    port: int = 1
settings = appconfig_env.bind(Settings)
print(settings.host, *[name for name in ("pydantic", "pydantic_settings") if name in sys.modules])
"""


def test_a_dataclass_is_bound_without_pydantic() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIGHT],
        cwd=ROOT,
        env={"HOST": "h"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "h\n"
