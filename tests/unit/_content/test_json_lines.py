"""The lines that errors of strict JSON name, compared with a document's own layout."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.json_lines import line_of_depth, line_of_rejected

from .parsing import json_data


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"a": 1,\n"a": 2,\n"a": 3}', 2),
        ('{"a": 1,\n"b": 2,\n"\\u0061": 3}', 3),
        ('{"a":\n{"b": 1,\n"b": 2},\n"a": 3}', 3),
        ('{"a": 1,\n"a": 2, "c": {"b": 1,\n"b": 2}}', 3),  # whose object ends first
        ('{"a": ["a",\n"a"],\n"b": "a",\n"a": {}}', 4),
        ('{"q\\"": 1,\n"q\\"": 2}', 2),
        ("[1,\nNaN,\n-Infinity]", 2),
        ('["NaN",\n"1e999 {",\n-Infinity]', 3),
        ("[1e308,\n\n1e309]", 3),
        (f"[{'9' * 4000},\n{'9' * 5000}]", 2),
        ('{"a": 1,\n"a": 2, "b": NaN}', 2),
        ('{"a": 1,\n"a": 2, "b":\nNaN}', 3),  # found before the object ends
    ],
)
def test_the_line_is_that_of_what_the_parser_rejects_first(text: str, line: int) -> None:
    assert line_of_rejected(text) == line


@given(json_data, st.integers(0, 4))
def test_a_document_with_nothing_to_reject_is_read_to_its_end(data: object, indent: int) -> None:
    text = json.dumps(data, indent=indent)

    assert line_of_rejected(text) == text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "line"),
    [("[\n[\n[\n1]]]", 3), ('{"a":\n{"b": [[]]}}', 2), ('["[[[",\n[[],[[]]]]', 2)],
)
def test_the_line_of_the_first_level_that_is_too_deep_is_found(text: str, line: int) -> None:
    assert line_of_depth(text, 2) == line


def test_a_document_that_is_not_too_deep_has_no_such_line() -> None:
    assert line_of_depth("[\n[]]", 2) == 0
