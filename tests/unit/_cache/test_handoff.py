"""The handoff from the wrapper to the helper."""

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
def test_a_handoff_survives_dumps_and_loads(
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
def test_any_other_text_is_not_a_handoff(text: str) -> None:
    assert loads(text) is None


@pytest.mark.parametrize(
    "child",
    ["null", "5", "{}", "[]", "[1, 2]", "[1, 2, 3, 4]", '"x"', '["x", 2, 3]', "[1e999, 2, 3]"],
)
def test_an_incomplete_description_of_the_child_is_not_a_handoff(child: str) -> None:
    good = dumps(Handoff(1, 1.0, {}, []))
    assert loads(good) is not None
    assert loads(f'{good[:-1]},"background":{child}}}') is None


def test_without_a_child_the_handoff_has_no_background() -> None:
    assert "background" not in dumps(Handoff(1, 1.0, {}, []))
