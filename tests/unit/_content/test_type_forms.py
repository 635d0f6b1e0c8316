"""Types as programs write them."""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import Annotated, Any, Literal, NewType

import pytest

from appconfig_env._content.type_forms import plain_type, type_name

Port = NewType("Port", int)


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (int, "int"),
        (list[int], "list[int]"),
        (int | None, "int | None"),
        (dict[str, Colour], "dict[str, Colour]"),
        (list[dt.timedelta], "list[timedelta]"),
        (Literal["a"], "Literal['a']"),
    ],
)
def test_a_type_is_named_as_a_program_writes_it(kind: Any, name: str) -> None:
    assert type_name(kind) == name


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        (int, int),
        (Port, int),
        (Annotated[int, "a note"], int),
        (Annotated[Port, "a note"], int),
        (Annotated[list[int], "a note"], list[int]),
    ],
)
def test_what_is_behind_an_alias_is_the_type(kind: Any, plain: Any) -> None:
    assert plain_type(kind) == plain
