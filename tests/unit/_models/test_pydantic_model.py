"""Pydantic models: their variables, what pydantic makes of texts, and its errors."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass as pydantic_dataclass

from appconfig_env._models.bind import bind_to
from appconfig_env._models.build import build
from appconfig_env._models.fields import is_model, model_of
from appconfig_env._models.problem import InvalidError

from .world import World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

CANARY = "c4n4ry"


@dataclass
class Pool:
    size: int = 5


@pydantic_dataclass
class Limits:
    low: Annotated[int, Field(ge=0)] = 0


class Cat(BaseModel):
    lives: int


class Dog(BaseModel):
    name: str


class Database(BaseModel):
    host: str
    tags: set[str] = set()
    password: SecretStr = SecretStr("")


class Settings(BaseModel):
    db: Database
    limit: Annotated[int, Field(gt=0)] = 10
    hosts: list[str] = []
    rates: dict[str, float] = {}
    server: str = Field("s", validation_alias=AliasChoices("SERVER", "host", AliasPath("x", 0)))
    api_key: SecretStr = Field(SecretStr(""), alias="apiKey")
    pool: Pool = Pool()
    limits: Limits | None = None
    pet: Cat | Dog | None = None
    even: int = 0

    @field_validator("even")
    @classmethod
    def is_even(cls, even: int) -> int:
        if even % 2:
            raise ValueError(even)
        return even

    @model_validator(mode="after")
    def fits(self) -> Self:
        if self.limit > 1000:
            raise RuntimeError(self.limit)
        if self.limit > 100:
            raise ValueError(self.limit)
        return self


def built(**texts: str) -> Any:
    return build(model_of(Settings), texts)


def variables(kind: type, prefix: str = "") -> dict[str, tuple[str, ...]]:
    return {one.name: one.all_variables() for one in model_of(kind, prefix).fields}


def test_an_alias_is_the_name_of_the_variable() -> None:
    found = variables(Settings, "SHOP_")

    assert found["limit"] == ("SHOP_LIMIT",)
    assert found["server"] == ("SERVER", "host", "HOST")
    assert found["api_key"] == ("apiKey", "APIKEY")
    assert found["pool"] == ("SHOP_POOL", "SHOP_POOL_SIZE", "SHOP_POOL__SIZE")


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)
    host_name: str = ""
    inner: Cat | None = None


class OuterCamel(BaseModel):
    db: Camel


class ByName(BaseModel):
    model_config = ConfigDict(validate_by_alias=False, validate_by_name=True)
    host: str = Field(alias="server")


def test_the_name_of_a_field_is_its_variable_too_if_pydantic_accepts_it() -> None:
    assert variables(Camel, "X_")["host_name"] == ("hostName", "HOSTNAME", "X_HOST_NAME")
    assert variables(ByName) == {"host": ("HOST",)}
    assert build(model_of(ByName), {"HOST": "h"}).host == "h"


@pydantic_dataclass
class Computed:
    low: int
    high: int = Field(init=False, default=9)


def test_a_field_that_a_class_does_not_take_has_no_variable() -> None:
    assert variables(Computed) == {"low": ("LOW",)}
    assert build(model_of(Computed), {"LOW": "1", "HIGH": "2"}) == Computed(low=1)


def test_an_alias_in_a_nested_model_follows_the_outer_name() -> None:
    found = variables(OuterCamel)["db"]

    assert {"DB_HOSTNAME", "DB__HOSTNAME", "DB_HOST_NAME"} <= {*found}
    assert build(model_of(OuterCamel), {"DB_HOSTNAME": "h"}).db.host_name == "h"


class Indexed(BaseModel):
    first: str = Field(validation_alias=AliasPath("items", 0))


def test_an_alias_that_is_not_a_name_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"^Indexed\.first: an AliasPath does not name a"):
        model_of(Indexed)


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    limit: int
    cat: Cat


def test_texts_are_converted_for_a_strict_model_too() -> None:
    found = build(model_of(Strict), {"LIMIT": "3", "CAT_LIVES": "9"})

    assert found == Strict(limit=3, cat=Cat(lives=9))


def test_a_root_model_has_no_fields() -> None:
    assert not is_model(RootModel[int])


@pytest.mark.parametrize(
    ("texts", "changes"),
    [
        ({"HOSTS": "a, b"}, {"hosts": ["a", "b"]}),
        ({"HOSTS": '["a"]'}, {"hosts": ["a"]}),
        ({"RATES": '{"x": 1.5}'}, {"rates": {"x": 1.5}}),
        ({"LIMIT": "3"}, {"limit": 3}),
        ({"HOST": "x"}, {"SERVER": "x"}),
        ({"apiKey": "k"}, {"apiKey": "k"}),
        ({"POOL_SIZE": "7"}, {"pool": Pool(7)}),
        ({"LIMITS_LOW": "7"}, {"limits": Limits(7)}),
        ({"LIMITS": '{"low": 7}'}, {"limits": Limits(7)}),
        ({"PET": '{"lives": 9}'}, {"pet": Cat(lives=9)}),
    ],
)
def test_a_model_is_built_from_texts(texts: Mapping[str, str], changes: Mapping[str, Any]) -> None:
    found = built(DB_HOST="h", DB_TAGS="a,b", DB_PASSWORD=CANARY, **texts)

    db = Database(host="h", tags={"a", "b"}, password=SecretStr(CANARY))
    assert found == Settings.model_validate({"db": db, **changes})


@pytest.mark.parametrize(
    ("texts", "problems"),
    [
        ({}, {"db.host": ""}),
        (
            {"DB_HOST": "h", "LIMIT": "0", "HOSTS": f"[{CANARY}"},
            {
                "limit": "valid (input should be greater than 0)",
                "hosts": "valid (input should be a valid list)",
            },
        ),
        ({"LIMIT": CANARY}, {"db.host": "", "limit": "valid (input should be a valid"}),
        ({"DB_HOST": "h", "RATES": f'{{"{CANARY}": "x"}}'}, {"rates": "valid (input should be a"}),
        ({"DB_HOST": "h", "DB_TAGS": f'["a", ["{CANARY}"]]'}, {"db.tags": "valid (item 2: input"}),
        ({"DB_HOST": "h", "EVEN": "7182373"}, {"even": "valid (rejected by a validator: "}),
        ({"DB_HOST": "h", "LIMIT": "718"}, {"": "valid (rejected by a validator: "}),
        ({"DB_HOST": "h", "LIMIT": "7182"}, {"": "accepted by Settings (RuntimeError at "}),
        ({"DB": CANARY}, {"db": "a valid Database (a JSON object)"}),
        ({"DB_HOST": "h", "POOL_SIZE": CANARY}, {"pool.size": "valid (input should be"}),
        ({"DB_HOST": "h", "PET": CANARY}, {"pet": "valid (input should be a valid dictionary"}),
    ],
)  # fmt: skip
def test_all_problems_are_reported_without_the_values(
    texts: Mapping[str, str], problems: Mapping[str, str]
) -> None:
    with pytest.raises(InvalidError) as caught:
        built(**texts)

    found = {".".join(one.path): one.reason for one in caught.value.problems}
    assert found.keys() == problems.keys()
    for path, reason in problems.items():
        assert found[path].startswith(reason)
        assert (found[path] == "") == (reason == "")
    assert CANARY not in str(found)
    assert "7182" not in str(found)
    assert caught.value.__context__ is None


@dataclass
class Outer:
    db: Database
    limits: Limits


def test_a_pydantic_model_within_a_dataclass_is_validated_by_pydantic() -> None:
    found = build(model_of(Outer), {"DB_HOST": "h", "LIMITS_LOW": "3"})
    with pytest.raises(InvalidError) as caught:
        build(model_of(Outer), {"DB": "{}", "LIMITS_LOW": "-3"})

    assert found == Outer(Database(host="h"), Limits(3))
    assert [".".join(one.path) for one in caught.value.problems] == ["db.host", "limits.low"]


def test_a_bound_model_is_one_of_pydantics(tmp_path: Path) -> None:
    world = World(tmp_path, {}, LIVES="9")
    cat = bind_to(world.helper, Cat)
    assert isinstance(cat, Cat)
    assert cat.model_dump() == {"lives": 9}
    assert cat == Cat(lives=9)
    assert repr(cat) == "<Cat bound by appconfig_env>"

    world.change(LIVES="8")

    assert (cat.lives, dict(cat), cat.model_dump_json()) == (8, {"lives": 8}, '{"lives":8}')
    copies = [copy.copy(cat), copy.deepcopy(cat), cat.model_copy()]
    assert [type(one) for one in copies] == [Cat] * 3
    assert Owner.model_validate({"pet": cat}).model_dump() == {"pet": {"lives": 8}}


class Owner(BaseModel):
    pet: Cat
