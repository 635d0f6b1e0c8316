"""Strict JSON: what it accepts, and the errors, which contain no value."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from appconfig_env._content.parse import parse, plain
from appconfig_env._content.strict_json import DEEPEST

from .parsing import error_of, json_data

JSON = "application/json"


@given(json_data)
def test_json_survives_a_round_trip(data: object) -> None:
    assert plain(parse(json.dumps(data).encode(), JSON)) == data


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"", "got an empty document"),
        (b" \n", "got an empty document"),
        (b'{"a": ', "line 1 column 7"),
        (b'{"a": 1,}', "line 1 column"),
        (b"{'a': 1}", "line 1 column 2"),
        (b"[NaN]", "NaN is not valid JSON (line 1)"),
        (b"[-Infinity]", "-Infinity is not valid JSON"),
        (b"[\n1e999]", "too large (line 2)"),
        (b"[-1e999]", "too large"),
        (b"[\n\n" + b"9" * 5000 + b"]", "too many digits (line 3)"),
        (b'{"a": 1, "a": 2}', "duplicate key 'a' in a JSON object (line 1)"),
        (b'{"x": {"": 1, "": 2}}', "duplicate key ''"),
        (b"[\n" * 100_000, f"levels deep (line {DEEPEST + 1})"),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "levels deep"),
        (b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1), "levels deep"),
    ],
)
def test_json_that_is_not_strict_is_an_error(body: bytes, part: str) -> None:
    assert part in error_of(body, JSON)


def test_nested_documents_and_large_numbers_are_accepted_up_to_the_limits() -> None:
    depth = b"[" * DEEPEST + b"]" * DEEPEST
    assert isinstance(parse(depth, JSON), list)
    braces = json.dumps("{" * 1000).encode()
    assert parse(braces, JSON) == "{" * 1000
    many = json.dumps([{}] * 1000).encode()
    assert parse(many, JSON) == [{}] * 1000
    assert parse(str(10**300).encode(), JSON) == 10**300


def test_an_error_shows_only_the_beginning_of_a_long_key() -> None:
    key = json.dumps("k" * 10_000)
    assert len(error_of(f"{{{key}: 1, {key}: 2}}".encode())) < 200
