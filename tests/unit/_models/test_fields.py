"""Which variables a model's fields are read from; pydantic's in test_pydantic_model.py."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Optional

import pytest

from appconfig_env._models.fields import is_model, model_of, nested

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Pool:
    size: int = 5


@dataclass(frozen=True, slots=True)
class Database:
    host: str
    pool: Pool | None = None


@dataclass(kw_only=True)
class Settings:
    db: Database
    log_level: str
    limit: int = field(metadata={"env": "MAX_LIMIT"})
    key: str = field(metadata={"env": ("API_KEY", "KEY")})
    salt: InitVar[str] = ""
    count: ClassVar[int] = 0
    computed: int = field(init=False, default=0)


def variables(kind: type, prefix: str = "") -> dict[str, tuple[str, ...]]:
    return {one.name: one.all_variables() for one in model_of(kind, prefix).fields}


def test_a_field_is_read_from_its_name_in_upper_case_or_from_a_given_one() -> None:
    assert variables(Settings) == {
        "db": (
            "DB", "DB_HOST", "DB__HOST", "DB_POOL", "DB__POOL", "DB_POOL_SIZE", "DB__POOL__SIZE",
        ),
        "log_level": ("LOG_LEVEL",),
        "limit": ("MAX_LIMIT",),
        "key": ("API_KEY", "KEY"),
        "salt": ("SALT",),
    }  # fmt: skip


def test_a_prefix_is_for_the_names_that_no_field_gives() -> None:
    found = variables(Settings, "SHOP_")

    assert found["log_level"] == ("SHOP_LOG_LEVEL",)
    assert found["db"][:3] == ("SHOP_DB", "SHOP_DB_HOST", "SHOP_DB__HOST")
    assert found["limit"] == ("MAX_LIMIT",)


def test_a_field_is_required_without_a_default() -> None:
    required = [one.name for one in model_of(Settings).fields if one.is_required]

    assert required == ["db", "log_level", "limit", "key"]


@dataclass
class Outer:
    inner: Database = field(metadata={"env": "DATABASE"})


def test_the_fields_of_a_nested_model_follow_its_given_name() -> None:
    assert variables(Outer)["inner"][:3] == ("DATABASE", "DATABASE_HOST", "DATABASE__HOST")


@dataclass
class Node:
    name: str
    next: Node | None = None


def test_a_model_within_itself_is_one_variable() -> None:
    assert variables(Node) == {"name": ("NAME",), "next": ("NEXT",)}


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        (Database, Database),
        (Database | None, Database),
        (Optional[Database], Database),  # noqa: UP045 # as older programs write it
        (Annotated[Database | None, "a note"], Database),
        (Annotated[Database, "a note"] | None, Database),
        (Database | Pool, None),
        (list[Database], None),
        (str, None),
    ],
)
def test_a_model_is_nested_if_the_type_is_one_or_optionally_one(
    kind: Any, model: type | None
) -> None:
    assert nested(kind) is model


@pytest.mark.parametrize("kind", [int, dict, 3, None, Database("h"), list[Database]])
def test_what_is_not_a_class_with_fields_is_not_a_model(kind: object) -> None:
    assert not is_model(kind)


def with_unknown_type() -> type:
    @dataclass
    class Unknown:
        path: Nowhere  # type: ignore[name-defined] # noqa: F821

    return Unknown


def with_metadata(given: object) -> type:
    @dataclass
    class Wrong:
        limit: int = field(metadata={"env": given})

    return Wrong


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (with_unknown_type, r"^Unknown: its types are not known .* \(NameError: .*; import"),
        (lambda: with_metadata(3), r'^Wrong\.limit: .* "env" in its metadata, got int; correct'),
        (lambda: with_metadata((3,)), r"got tuple; correct the metadata$"),
    ],
)  # fmt: skip
def test_a_class_whose_variables_are_not_known_is_an_error(
    make: Callable[[], type], error: str
) -> None:
    with pytest.raises(TypeError, match=error):
        model_of(make())
