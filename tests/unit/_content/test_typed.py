"""Types with parts, as `type=` takes them: lists, objects, unions, dataclasses."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import (
    Collection,
    Iterable,
    Mapping,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
)
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any, Literal, NewType, Optional, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.convert import converted
from appconfig_env.errors import ConversionError

CANARY = "c4n4ry"
UserId = NewType("UserId", int)


class Colour(Enum):
    RED = "red"


@dataclass
class Server:
    host: str
    port: int = 80
    tags: list[str] = field(default_factory=list)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("a, b ,c", list, ["a", "b", "c"]),
        ("a,b", list[str], ["a", "b"]),
        ("a", list[str], ["a"]),
        ("", list[str], []),
        (" ", tuple, ()),
        ('["a,b", "c"]', list[str], ["a,b", "c"]),
        ("[1, 2.50, true, null]", list, [1, 2.5, True, None]),
        ("[1.50, 2]", list[str], ["1.50", "2"]),
        ("1,2", list[int], [1, 2]),
        ('[1, "2"]', list[int], [1, 2]),
        ("1,2,2", set[int], {1, 2}),
        ("1,2,2", frozenset[int], frozenset({1, 2})),
        ("1,2", AbstractSet[int], frozenset({1, 2})),
        ("1,2", Sequence[int], [1, 2]),
        ("1,2", Iterable[int], [1, 2]),
        ("1,2", Collection[int], [1, 2]),
        ("1,2", MutableSequence[int], [1, 2]),
        ("1,2", MutableSet[int], {1, 2}),
        ("1,2", deque[int], deque([1, 2])),
        ("1,2,3", tuple[int, ...], (1, 2, 3)),
        ("5,x", tuple[int, str], (5, "x")),
        ("5s,1m", list[timedelta], [timedelta(seconds=5), timedelta(minutes=1)]),
        ("red,RED", list[Colour], [Colour.RED, Colour.RED]),
        ("[[1], [2, 3]]", list[list[int]], [[1], [2, 3]]),
        ('{"a": 1, "b": [1.5]}', dict, {"a": 1, "b": [1.5]}),
        ('{"a": "1"}', dict[str, int], {"a": 1}),
        ('{"1": "5m"}', dict[int, timedelta], {1: timedelta(minutes=5)}),
        ('{"a": 1}', MutableMapping[str, int], {"a": 1}),
        ('{"a": {"b": 1}}', Mapping[str, dict[str, int]], {"a": {"b": 1}}),
        ("7", int | None, 7),
        ("", int | None, None),
        ("null", Optional[int], None),  # noqa: UP045 # as older programs write it
        ("x", Union[int, str], "x"),  # noqa: UP007 # the same
        ("7", str | int, 7),
        ("", str | None, ""),
        ("null", str | None, "null"),
        ("a", Literal["a", "b"], "a"),
        ("7", Annotated[int, "a note"], 7),
        ("7", UserId, 7),
        ("7", Any, "7"),
        ('{"host": "h", "port": "81"}', Server, Server("h", 81)),
        ('[{"host": "h", "tags": ["x"]}]', list[Server], [Server("h", tags=["x"])]),
    ],
)
def test_a_text_is_converted(text: str, kind: Any, value: object) -> None:
    found = converted("NAME", text, kind)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (f"1,{CANARY}", list[int], "a valid list[int] (item 2 is not a valid int)"),
        (f"[{CANARY}", list[str], "a valid list[str]"),
        (f'{{"a": "{CANARY}"}}', list, None),
        (CANARY, dict, "a valid dict (a JSON object)"),
        (f'["{CANARY}"]', dict[str, int], "a valid dict[str, int] (a JSON object)"),
        (
            f'{{"{CANARY}": "{CANARY}"}}',
            dict[str, int],
            "a valid dict[str, int] (member 1 is not a valid int)",
        ),
        (
            f'{{"{CANARY}": 1}}',
            dict[int, int],
            "a valid dict[int, int] (key 1 is not a valid int)",
        ),
        (f'{{"a": 1, "a": "{CANARY}"}}', dict, "a valid dict (a JSON object)"),
        (f"1,{CANARY}", tuple[int, int, int], "a tuple[int, int, int], which has 3 items"),
        (f'["{CANARY}", []]', set, "a set, whose items are hashable"),
        (CANARY, int | float, "a valid int | float"),
        (CANARY, Literal["a", "b"], "one of 'a', 'b'"),
        (CANARY, list[Colour], "a valid list[Colour] (item 1 is not one of Colour: RED)"),
        (
            f'{{"host": "h", "port": "{CANARY}"}}',
            Server,
            "a valid Server (its port is not a valid int)",
        ),
        (f'{{"x": "{CANARY}"}}', Server, "a valid Server (a JSON object with its fields)"),
        ("[" * 101 + "]" * 101, list, "a valid list"),
    ],
)  # fmt: skip
def test_a_text_that_is_rejected_is_an_error_without_it(
    text: str, kind: Any, reason: str | None
) -> None:
    if reason is None:
        assert converted("NAME", text, kind) == [text]
        return
    with pytest.raises(ConversionError) as caught:
        converted("NAME", text, kind)

    expected = f"NAME: the value is not {reason}; correct the value or the type"
    assert str(caught.value) == expected
    assert CANARY not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("kind", ["int", 3, None, [int]])
def test_what_is_neither_a_type_nor_a_function_is_an_error(kind: Any) -> None:
    with pytest.raises(TypeError, match=r"^NAME: expected a type or a function, got .*; pass the"):
        converted("NAME", CANARY, kind)


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(DATA))
def test_a_json_array_is_the_list_that_it_was(data: list[object]) -> None:
    assert converted("NAME", json.dumps(data), list) == data


@given(st.lists(st.integers()))
def test_commas_and_json_mean_the_same_numbers(numbers: list[int]) -> None:
    text = ",".join(map(str, numbers))

    assert converted("NAME", text, list[int]) == converted("NAME", f"[{text}]", list[int])


KINDS: list[Any] = [
    list[int], dict[str, int], set[str], tuple[int, int], int | None, Server, timedelta, Colour,
    Literal["a"], list[list[int]], dict[str, Server],
]  # fmt: skip


@given(st.text() | DATA.map(json.dumps), st.sampled_from(KINDS))
def test_a_text_is_converted_or_rejected_without_another_error(text: str, kind: Any) -> None:
    with suppress(ConversionError):
        converted("NAME", text, kind)
