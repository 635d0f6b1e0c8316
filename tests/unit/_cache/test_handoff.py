"""What the wrapper tells the process it becomes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._cache.handoff import Handoff, Left, dumps, loads

texts = st.text(max_size=10)
lefts = st.builds(Left, st.integers(1, 2**22), st.integers(0, 2**20), st.integers(0, 2**64))


def fields(left: Left | None) -> list[int]:
    return [] if left is None else [left.process, left.descriptor, left.inode]


@given(
    st.integers(0, 2**31),
    st.floats(0, 1e10),
    st.dictionaries(texts, texts),
    st.frozensets(texts),
    st.none() | lefts,
)
def test_what_was_handed_over_is_what_was_meant(
    process: int,
    taken_at: float,
    references: dict[str, str],
    configured: frozenset[str],
    left: Left | None,
) -> None:
    text = dumps(Handoff(process, taken_at, references, configured, left))
    again = loads(text)
    assert again is not None
    assert fields(again.left) == fields(left)
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


@pytest.mark.parametrize(
    "left",
    ["null", "5", "{}", "[]", "[1, 2]", "[1, 2, 3, 4]", '"x"', '["x", 2, 3]', "[1e999, 2, 3]"],
)
def test_a_child_that_is_not_told_of_in_full_makes_it_nothing(left: str) -> None:
    good = dumps(Handoff(1, 1.0, {}, []))
    assert loads(good) is not None
    assert loads(f'{good[:-1]},"left":{left}}}') is None


def test_without_a_child_nothing_is_said_of_one() -> None:
    assert "left" not in dumps(Handoff(1, 1.0, {}, []))
