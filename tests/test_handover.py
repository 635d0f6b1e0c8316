"""What the wrapper tells the process it becomes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._handover import Handover, dumps, loads

texts = st.text(max_size=10)


@given(
    st.integers(0, 2**31), st.floats(0, 1e10), st.dictionaries(texts, texts), st.frozensets(texts)
)
def test_what_was_handed_over_is_what_was_meant(
    process: int, taken_at: float, references: dict[str, str], configured: frozenset[str]
) -> None:
    text = dumps(Handover(process, taken_at, references, configured))
    again = loads(text)
    assert again is not None
    assert (again.process, again.taken_at) == (process, taken_at)
    assert (again.references, again.configured) == (references, configured)
    assert "\0" not in text
    text.encode("ascii")


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "[]", "5", "null", "{}", '{"process": 1}', "[" * 100_000,
        '{"process": "x", "taken_at": 1, "references": {}, "configured": []}',
        '{"process": 1e999, "taken_at": 1, "references": {}, "configured": []}',
        '{"process": 1, "taken_at": 1, "references": [], "configured": []}',
        '{"process": 1, "taken_at": 1, "references": {}, "configured": 5}',
    ],
)  # fmt: skip
def test_anything_else_is_nothing(text: str) -> None:
    assert loads(text) is None
