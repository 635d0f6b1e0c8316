"""Types of pydantic: converted by it, and its errors without the value."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any, NamedTuple

import pytest
from pydantic import BaseModel, Field, HttpUrl, Json, SecretStr, field_validator
from pydantic.dataclasses import dataclass
from typing_extensions import TypeAliasType, TypedDict

from appconfig_env._content.convert import converted
from appconfig_env._content.pydantic_types import OF_PYDANTIC, WITHOUT_VALUE, reason
from appconfig_env._content.type_forms import plain_type
from appconfig_env.errors import ConversionError

from ...support.paths import ROOT

CANARY = "c4n4ry"
Port = Annotated[int, Field(gt=0, lt=65536)]


class Server(BaseModel):
    host: str
    port: Port = 80

    @field_validator("host")
    @classmethod
    def has_no_space(cls, host: str) -> str:
        if " " in host:
            raise ValueError(host)
        return host


@dataclass
class Limits:
    low: int = 0


class Pair(NamedTuple):
    left: int
    right: int


class Shape(TypedDict):
    sides: int


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("5432", Port, 5432),
        ("1,2", list[Port], [1, 2]),
        ("[1, 2]", list[Port], [1, 2]),
        ("", Annotated[list[str], Field(max_length=3)], []),
        ("a, b", Annotated[set[str], Field(min_length=1)], {"a", "b"}),
        ("PT5M", Annotated[int, Field(gt=0)] | str, "PT5M"),
        ('{"host": "h"}', Server, Server(host="h")),
        ('[{"host": "h", "port": 1}]', list[Server], [Server(host="h", port=1)]),
        ('{"a": {"host": "h"}}', dict[str, Server], {"a": Server(host="h")}),
        ("pw", SecretStr, SecretStr("pw")),
        ("5", Annotated[int, Field(strict=True)], 5),
        ('{"a": 1}', Json[dict[str, int]], {"a": 1}),
        ('{"low": "1"}', Limits, Limits(1)),
        ("[1, 2]", Pair, Pair(1, 2)),
        ("1,2", Pair, Pair(1, 2)),
        ('{"sides": "3"}', Shape, {"sides": 3}),
        ("https://example.com", HttpUrl, HttpUrl("https://example.com")),
    ],
)
def test_a_text_is_converted(text: str, kind: Any, value: object) -> None:
    assert converted("NAME", text, kind) == value


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("0", Port, "a valid int (input should be greater than 0)"),
        (f"1,{CANARY}", list[Port], "item 2: input should be a valid integer, unable to parse"),
        (f"{{{CANARY}", Server, "valid JSON"),
        (CANARY, Server, "a valid Server (input should be a valid dictionary or instance of"),
        (f'{{"{CANARY}": 1}}', Server, "a valid Server (host: field required)"),
        (f'{{"host": "{CANARY} x"}}', Server, "host: rejected by a validator: ValueError at "),
        (f'{{"{CANARY}": "x"}}', dict[str, Port], "input should be a valid integer"),
        (CANARY, HttpUrl, "a valid HttpUrl (rejected by pydantic: url_parsing)"),
        ("ftp://x", HttpUrl, "URL scheme should be 'http' or 'https'"),
        (f"{{{CANARY}", Json, "rejected by pydantic: json_invalid"),
    ],
)  # fmt: skip
def test_a_text_that_is_rejected_is_an_error_without_it(text: str, kind: Any, reason: str) -> None:
    with pytest.raises(ConversionError) as caught:
        converted("NAME", text, kind)

    assert reason in str(caught.value)
    assert str(caught.value).endswith("; correct the value or the type")
    assert CANARY not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_alias_of_a_type_is_that_type() -> None:
    assert plain_type(TypeAliasType("Hosts", list[str])) == list[str]
    assert converted("NAME", "a,b", TypeAliasType("Hosts", list[str])) == ["a", "b"]


class Unknown:
    """What pydantic cannot convert to."""


def test_a_type_that_pydantic_cannot_convert_to_is_an_error_of_the_program() -> None:
    with pytest.raises(TypeError, match=r"; choose another type, or a function that converts$"):
        converted("NAME", CANARY, Annotated[Unknown, Field(title="x")])


def test_a_type_that_cannot_be_hashed_is_converted_too() -> None:
    assert converted("NAME", "5", Annotated[int, Field(gt=0), ["a note"]]) == 5


WITHOUT_PYDANTIC = """
import sys
sys.modules["pydantic"] = None  # as where it is not installed
from typing import NamedTuple
from appconfig_env._content.convert import converted
class Pair(NamedTuple):
    left: int
print(converted("NAME", "1,2", list[int]))
try:
    converted("NAME", "1", Pair)
except TypeError as error:
    print(error)
"""


def test_without_pydantic_a_type_of_its_own_is_an_error_that_says_so() -> None:
    command = [sys.executable, "-c", WITHOUT_PYDANTIC]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == (
        "[1, 2]\n"
        "Pair: only pydantic converts to this type, and it is not installed; install pydantic, or "
        "choose another type\n"
    )


def test_an_error_whose_text_may_have_the_value_is_not_repeated() -> None:
    doubtful = {
        "value_error", "assertion_error", "json_invalid", "uuid_parsing", "url_parsing",
        "union_tag_invalid", "extra_forbidden", "time_delta_parsing", "too_long",
    }  # fmt: skip

    assert doubtful <= OF_PYDANTIC - WITHOUT_VALUE


def test_an_error_that_a_program_has_named_is_not_repeated() -> None:
    assert reason({"type": CANARY, "msg": CANARY, "loc": ()}) == "rejected by a validator"
