"""Timestamps as W3C's note on date and time formats has them; pure.

`datetime` is not imported: it takes milliseconds, and knows the time, which pure code must not.
"""

from __future__ import annotations

import re

_TIMESTAMP = re.compile(
    r"([0-9]{4})(?:T|-([0-9]{2})(?:T?|-([0-9]{2})(?:T?"
    r"|T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,20}))?)?(Z|[+-][0-9]{2}:[0-9]{2}))))"
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SECOND = 1_000_000_000


class Moment:
    """A moment; an interval such as a month is its beginning, in UTC unless it has an offset.

    Attributes:
        nanoseconds: since 1970.
    """

    __slots__ = ("nanoseconds",)

    def __init__(self, nanoseconds: int) -> None:
        self.nanoseconds = nanoseconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and self.nanoseconds == other.nanoseconds

    def __hash__(self) -> int:
        return hash(self.nanoseconds)

    def __str__(self) -> str:
        """Return it in UTC, as `2024-01-31T12:00:00Z`, with a fraction if it has one."""
        seconds, fraction = divmod(self.nanoseconds, _SECOND)
        days, second = divmod(seconds, 86_400)
        year, month, day = _date(days)
        part = f".{fraction:09d}".rstrip("0").rstrip(".")
        hour, minute = second // 3600, second // 60 % 60
        return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second % 60:02d}{part}Z"


def moment(text: str) -> Moment | None:
    """Return the moment that a text is: `2024-01`, `2012-03-04`, `2012-03-04T05:06:07-08:00`.

    A year needs a `T`, and a time an offset; None for other texts, and for days that there are not.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    hour, minute, second = (int(found[number] or 0) for number in (4, 5, 6))
    if not (year and 1 <= month <= 12 and 1 <= day <= _days_in(year, month)):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    offset = _offset(found[8] or "Z")
    if offset is None:
        return None
    seconds = _days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
    return Moment(seconds * _SECOND + int((found[7] or "")[:9].ljust(9, "0")))


def _offset(text: str) -> int | None:
    """Return the seconds of `Z` or `+01:00`; None if there is no such offset."""
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 3600 + minutes * 60) * (-1 if text[0] == "-" else 1)


def _days_in(year: int, month: int) -> int:
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and is_leap else _DAYS[month - 1]


def _days(year: int, month: int, day: int) -> int:
    """Return the days since 1970. A year begins with March, so that a leap day is its last one."""
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    leaps = year // 4 - year // 100 + year // 400
    return year * 365 + leaps + (153 * month + 2) // 5 + day - 1 - 719_468


def _date(days: int) -> tuple[int, int, int]:
    """Return year, month and day; the inverse of `_days`."""
    era, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    return era * 400 + year + (month >= 10), month + (3 if month < 10 else -9), day + 1
