"""JSON, and lists with commas, in a variable's text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._content.json_texts import json_of, listed, plain_json
from appconfig_env._content.rejections import RejectedError

CANARY = "c4n4ry"
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", []),
        (" ", []),
        ("a", ["a"]),
        (" a , b", ["a", "b"]),
        ("a,,b", ["a", "", "b"]),
        (' ["a,b"]', ["a,b"]),
        ("[]", []),
        ("{a,b}", ["{a", "b}"]),
    ],
)
def test_a_list_is_json_or_has_commas(text: str, items: list[object]) -> None:
    assert listed(text) == items


@pytest.mark.parametrize("text", [f"[{CANARY}", f'{{"{CANARY}": 1, "{CANARY}": 2}}', "[NaN]", ""])
def test_what_is_not_json_is_an_error_without_it(text: str) -> None:
    with pytest.raises(RejectedError) as caught:
        json_of(text, "what was expected")

    assert str(caught.value) == "what was expected"
    assert caught.value.__context__ is None


@given(DATA)
def test_the_data_is_that_of_json(data: object) -> None:
    assert plain_json(json.dumps(data), "JSON") == data
