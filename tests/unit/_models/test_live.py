"""A bound object: it is one of its class, and its attributes are those of the instance."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._models.bind import bind_to

from .world import World

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "c4n4ry"


@dataclass
class Settings:
    host: str = "localhost"
    port: int = 5432
    tags: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.host}:{self.port}"

    def is_local(self) -> bool:
        return self.host == "localhost"

    def __len__(self) -> int:
        return len(self.tags)


@dataclass(frozen=True, slots=True, order=True)
class Frozen:
    host: str = "localhost"


class Base:
    def __init__(self) -> None:
        raise AssertionError("a bound object is not initialized")


@dataclass
class Derived(Base):
    host: str = "localhost"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, {}, HOST="h", TAGS="a,b")


def test_a_bound_object_is_one_of_its_class(world: World) -> None:
    settings = bind_to(world.helper, Settings)

    assert isinstance(settings, Settings)
    assert settings.__class__ is Settings
    assert settings == Settings("h", tags=["a", "b"])
    assert Settings("h", tags=["a", "b"]) == settings
    match settings:
        case Settings(host=host):
            assert host == "h"


def test_attributes_methods_and_operators_are_those_of_the_current_values(world: World) -> None:
    settings = bind_to(world.helper, Settings)

    assert (settings.host, settings.url, settings.is_local(), len(settings)) == (
        "h", "h:5432", False, 2,
    )  # fmt: skip
    world.change(HOST="localhost", PORT="1")
    assert (settings.host, settings.url, settings.is_local(), len(settings)) == (
        "localhost", "localhost:1", True, 0,
    )  # fmt: skip


def test_a_method_sees_the_values_of_one_moment(world: World) -> None:
    settings = bind_to(world.helper, Settings)
    is_local = settings.is_local

    world.change(HOST="localhost")

    assert not is_local(), "the method was taken before the change"
    assert settings.is_local()


@pytest.mark.parametrize("model", [Settings, Frozen, Derived])
def test_every_kind_of_dataclass_is_bound(world: World, model: type) -> None:
    settings: Any = bind_to(world.helper, model)
    assert settings.host == "h"

    world.change(HOST="other")

    assert settings.host == "other"
    assert not hasattr(settings, "no_such_attribute")


def test_what_takes_dataclasses_takes_a_bound_one(world: World) -> None:
    settings = bind_to(world.helper, Settings)

    assert dataclasses.asdict(settings) == {"host": "h", "port": 5432, "tags": ["a", "b"]}
    assert dataclasses.astuple(settings) == ("h", 5432, ["a", "b"])
    assert dataclasses.replace(settings, host="x") == Settings("x", tags=["a", "b"])
    assert [one.name for one in dataclasses.fields(settings)] == ["host", "port", "tags"]


def test_a_frozen_one_is_hashed_and_ordered_by_its_values(world: World) -> None:
    settings = bind_to(world.helper, Frozen)

    assert hash(settings) == hash(Frozen("h"))
    assert Frozen("g") < settings < Frozen("i")


def test_a_copy_is_a_plain_object_of_this_moment(world: World) -> None:
    settings = bind_to(world.helper, Settings)

    copies = [
        copy.copy(settings),
        copy.deepcopy(settings),
        pickle.loads(pickle.dumps(settings)),  # noqa: S301 # its own
        dataclasses.replace(settings),
    ]
    world.change(HOST="other")

    assert [(type(one), one.host) for one in copies] == [(Settings, "h")] * 4


@pytest.mark.parametrize("model", [Settings, Frozen])
def test_a_bound_object_is_read_only(world: World, model: type) -> None:
    settings: Any = bind_to(world.helper, model)

    error = r"a bound object is read-only; change the source, or in a test use testing\.override"
    with pytest.raises(AttributeError, match=error):
        settings.host = "x"
    with pytest.raises(AttributeError, match=error):
        settings.other = "x"
    with pytest.raises(AttributeError, match=error):
        del settings.host
    assert settings.host == "h"


def test_the_repr_has_no_values(tmp_path: Path) -> None:
    settings = bind_to(World(tmp_path, {}, HOST=CANARY).helper, Settings)

    assert repr(settings) == str(settings) == f"{settings}" == "<Settings bound by appconfig_env>"
    assert settings.host == CANARY
