"""Timestamps: which texts are one, and which moment they are, with datetime as the oracle."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.rules.moments import Moment, moment

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
ZONES = st.timezones() | st.just(dt.UTC)


@pytest.mark.parametrize(
    ("text", "in_utc"),
    [
        ("2012-03-04T05:06:07-08:00", "2012-03-04T13:06:07Z"),  # AWS's examples
        ("2024-01", "2024-01-01T00:00:00Z"),
        ("2024T", "2024-01-01T00:00:00Z"),
        ("2024-01T", "2024-01-01T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("2024-12-31T", "2024-12-31T00:00:00Z"),
        ("2024-01-01T10:00Z", "2024-01-01T10:00:00Z"),
        ("2024-01-01T10:00-00:00", "2024-01-01T10:00:00Z"),
        ("2024-01-01T00:30+01:00", "2023-12-31T23:30:00Z"),
        ("2024-01-01T10:00:00.50Z", "2024-01-01T10:00:00.5Z"),
        ("2024-01-01T10:00:00.1234567899Z", "2024-01-01T10:00:00.123456789Z"),
        ("1969-12-31T23:59:59.9Z", "1969-12-31T23:59:59.9Z"),
    ],
)
def test_a_timestamp_is_a_moment(text: str, in_utc: str) -> None:
    assert str(moment(text)) == in_utc
    assert moment(text) == moment(in_utc)


@pytest.mark.parametrize(
    "text",
    [
        "", "2024", "2024-1", "2024-13", "2024-00", "2023-02-29", "1900-02-29", "2024-04-31",
        "2024-01-00", "0000-01", "2024-01-01T10", "2024-01-01T10:00", "2024-01-01T24:00Z",
        "2024-01-01T10:60Z", "2024-01-01T10:00:60Z", "2024-01-01T10:00:00.Z",
        "2024-01-01T10:00+24:00", "2024-01-01T10:00+01:60", "2024-01-01T10:00+0100",
        "2024-01-01 10:00Z", "2024-01-01t10:00z", "x2024-01", "2024-01x", "٢٠٢٤-01",
    ],
)  # fmt: skip
def test_other_texts_are_not_timestamps(text: str) -> None:
    assert moment(text) is None


@given(st.datetimes(timezones=ZONES).filter(lambda one: one.utcoffset() is not None))
def test_a_datetime_is_the_moment_of_its_own_text(value: dt.datetime) -> None:
    offset = value.utcoffset()
    if offset is None or offset.total_seconds() % 60:
        return  # of the time before zones had whole minutes: not in W3C's note
    since = (value.replace(tzinfo=None) - EPOCH.replace(tzinfo=None)) - offset

    assert moment(value.isoformat()) == Moment(since // dt.timedelta(microseconds=1) * 1000)


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_a_moment_is_read_from_its_own_text(value: dt.datetime) -> None:
    found = moment(value.isoformat())

    assert found is not None
    assert moment(str(found)) == found
    assert hash(moment(str(found))) == hash(found)
    assert found != str(found)
