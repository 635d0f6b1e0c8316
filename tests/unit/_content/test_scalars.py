"""Types without parts: enumerations, durations, dates, and classes that are called."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import PurePosixPath
from typing import Literal

import pytest

from appconfig_env._content.fast_json import NumberText
from appconfig_env._content.rejections import RejectedError
from appconfig_env._content.scalars import literal, scalar

CANARY = "c4n4ry"


class Colour(Enum):
    RED = "red"
    DARK = "dark blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Stage(StrEnum):
    PROD = "prod"


class AnyCase(Enum):
    LOUD = "loud"

    @classmethod
    def _missing_(cls, value: object) -> AnyCase | None:
        return next((one for one in cls if one.value == str(value).lower()), None)


class Switch(Enum):
    ON = True


UTC = dt.timezone.utc  # noqa: UP017 # as a program writes it for every Python


@pytest.mark.parametrize(
    ("data", "kind", "value"),
    [
        ("red", Colour, Colour.RED),
        (" dark blue ", Colour, Colour.DARK),
        ("RED", Colour, Colour.RED),
        ("2", Level, Level.HIGH),
        (2, Level, Level.HIGH),
        ("LOW", Level, Level.LOW),
        ("prod", Stage, Stage.PROD),
        ("LoUd", AnyCase, AnyCase.LOUD),
        ("true", Switch, Switch.ON),
        ("1h", dt.timedelta, dt.timedelta(hours=1)),
        (90, dt.timedelta, dt.timedelta(seconds=90)),
        ("2026-11-29", dt.date, dt.date(2026, 11, 29)),
        ("2026-11-29T10:00:00+00:00", dt.datetime, dt.datetime(2026, 11, 29, 10, tzinfo=UTC)),
        ("10:30", dt.time, dt.time(10, 30)),
        ("é", bytes, b"\xc3\xa9"),
        (NumberText("1.50"), Decimal, Decimal("1.50")),
        (NumberText("1.50"), str, "1.50"),
        (5, str, "5"),
        ("yes", bool, True),
        (False, bool, False),
        ("", type(None), None),
        ("null", type(None), None),
        (None, type(None), None),
        ("/var/task", PurePosixPath, PurePosixPath("/var/task")),
        ("12345678123456781234567812345678", uuid.UUID, uuid.UUID("12345678" * 4)),
    ],
)  # fmt: skip
def test_data_is_converted(data: object, kind: type, value: object) -> None:
    assert scalar(data, kind) == value
    assert type(scalar(data, kind)) is type(value)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (int, "a valid int"),
        (Colour, "one of Colour: RED, DARK"),
        (AnyCase, "one of AnyCase: LOUD"),
        (dt.timedelta, "a valid timedelta (90, 90s, 1h30m, PT90S, 1:30:00)"),
        (dt.date, "a valid date"),
        (bool, "a valid bool (true/false, yes/no, on/off or 1/0)"),
        (type(None), "empty or null"),
    ],
)
def test_a_text_that_is_rejected_is_an_error_without_it(kind: type, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        scalar(CANARY, kind)

    assert str(caught.value) == reason
    assert caught.value.__context__ is None


@pytest.mark.parametrize("data", [True, None, [], {}])
@pytest.mark.parametrize("kind", [str, int, float, Decimal, bytes])
def test_data_that_is_neither_text_nor_a_number_is_rejected(data: object, kind: type) -> None:
    with pytest.raises(RejectedError):
        scalar(data, kind)


def test_a_duration_that_python_cannot_hold_is_rejected() -> None:
    with pytest.raises(RejectedError):
        scalar("9" * 30, dt.timedelta)


@pytest.mark.parametrize(
    ("data", "value"),
    [("a", "a"), (" a ", "a"), ("1", 1), (1, 1), ("true", True), ("red", Colour.RED)],
)
def test_one_of_several_literals_is_returned(data: object, value: object) -> None:
    assert literal(data, Literal["a", 1, True, Colour.RED]) == value


def test_what_is_not_a_literal_is_an_error_that_lists_them() -> None:
    with pytest.raises(RejectedError, match=r"^one of 'a', 1$"):
        literal(CANARY, Literal["a", 1])
