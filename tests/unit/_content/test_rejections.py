"""Why a value was rejected, without the value."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest

from appconfig_env._content.rejections import name_and_place, rejected

CANARY = "c4n4ry"


def own_code() -> None:
    raise OSError(CANARY)


@pytest.mark.parametrize(
    ("kind", "error", "problem"),
    [
        (int, ValueError(CANARY), "a valid int"),
        (Decimal, InvalidOperation(CANARY), "a valid Decimal"),
        (str.split, TypeError(CANARY), "accepted by split()"),
        (int, OSError(CANARY), "a valid int (OSError)"),
    ],
)
def test_the_type_of_an_error_is_named_if_converters_do_not_usually_raise_it(
    kind: Any, error: Exception, problem: str
) -> None:
    assert rejected(kind, error) == problem


def test_an_error_is_named_with_its_place() -> None:
    with pytest.raises(OSError, match=CANARY) as caught:
        own_code()

    found = name_and_place(caught.value)

    assert re.fullmatch(r"OSError at test_rejections\.py:\d+", found)
