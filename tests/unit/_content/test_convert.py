"""Converting a value's text; errors name the variable, never the value."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._content.convert import converted
from appconfig_env.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "c4n4ry"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("7", int, 7),
        ("1.5", float, 1.5),
        ("[1]", json.loads, [1]),
        ("a,b", lambda text: text.split(","), ["a", "b"]),
        ("True", bool, True),
        (" yes ", bool, True),
        ("ON", bool, True),
        ("1", bool, True),
        ("false", bool, False),
        ("No", bool, False),
        ("off", bool, False),
        ("0", bool, False),
    ],
)
def test_a_text_is_converted(text: str, kind: Callable[[str], Any], value: object) -> None:
    assert converted("NAME", text, kind) == value


def fails(text: str) -> object:
    raise LookupError(text)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (int, "the value is not a valid int; correct the value or the type"),
        (Decimal, "the value is not a valid Decimal; correct the value or the type"),
        (bool, "the value is not a valid bool; use true/false, yes/no, on/off or 1/0"),
        (json.loads, "the value is not accepted by loads(); correct the value or the type"),
        (fails, "the value is not accepted by fails(); correct the value or the type"),
    ],
)
def test_a_text_that_is_rejected_is_an_error_without_it(
    kind: Callable[[str], Any], expected: str
) -> None:
    with pytest.raises(ConversionError) as caught:
        converted("NAME", CANARY, kind)
    assert str(caught.value) == f"NAME: {expected}"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def of_a_library(text: str) -> object:
    raise OSError(text)


def mistaken(text: str) -> object:
    return text.no_such_method()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "error"), [(of_a_library, "OSError"), (mistaken, "AttributeError")]
)
def test_an_error_that_is_not_pythons_own_for_a_text_is_located(
    kind: Callable[[str], Any], error: str
) -> None:
    line = kind.__code__.co_firstlineno + 1

    with pytest.raises(ConversionError) as caught:
        converted("NAME", CANARY, kind)

    where = f"{error} at test_convert.py:{line}"
    assert str(caught.value) == (
        f"NAME: the value is not accepted by {kind.__name__}() ({where}); "
        "correct the value or the type"
    )
    assert caught.value.__context__ is None
