"""What the wrapper passes to the process that it becomes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._cache.handoff import BackgroundFetch, Handoff, dumps, loads

texts = st.text(max_size=10)
children = st.builds(
    BackgroundFetch, st.integers(1, 2**22), st.integers(0, 2**20), st.integers(0, 2**64)
)


def fields(child: BackgroundFetch | None) -> list[int]:
    return [] if child is None else [child.process, child.descriptor, child.inode]


@given(
    st.integers(0, 2**31),
    st.floats(0, 1e10),
    st.dictionaries(texts, texts),
    st.frozensets(texts),
    st.none() | children,
)
def test_a_handoff_read_from_its_text_is_the_same(
    process: int,
    taken_at: float,
    references: dict[str, str],
    configured: frozenset[str],
    child: BackgroundFetch | None,
) -> None:
    text = dumps(Handoff(process, taken_at, references, configured, child))
    again = loads(text)
    assert again is not None
    assert fields(again.background) == fields(child)
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
    "child",
    ["null", "5", "{}", "[]", "[1, 2]", "[1, 2, 3, 4]", '"x"', '["x", 2, 3]', "[1e999, 2, 3]"],
)
def test_a_child_that_is_described_in_part_makes_it_nothing(child: str) -> None:
    good = dumps(Handoff(1, 1.0, {}, []))
    assert loads(good) is not None
    assert loads(f'{good[:-1]},"background":{child}}}') is None


def test_without_a_child_none_is_described() -> None:
    assert "background" not in dumps(Handoff(1, 1.0, {}, []))
