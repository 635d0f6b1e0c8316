"""The fuzzer's targets without the fuzzer: what it kept, and what hypothesis thinks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .fuzz import network, octets, texts
from .fuzz.__main__ import NAMES
from .fuzz.target import CORPUS, Target, check_message

if TYPE_CHECKING:
    from collections.abc import Callable

TARGETS = {target.name: target for target in (*texts.TARGETS, *octets.TARGETS, *network.TARGETS)}
LARGEST_CORPUS_BYTES = 300 * 1024


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_every_promise_holds_for_what_the_fuzzer_kept(target: Target) -> None:
    inputs = target.corpus()
    assert inputs
    for path in inputs:
        try:
            target.check(path.read_bytes())
        except BaseException as error:
            error.add_note(f"input: {path}")
            raise


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_every_promise_holds_for_the_seeds(target: Target) -> None:
    for seed in target.seeds:
        target.check(seed)


def mutated(target: Target) -> st.SearchStrategy[bytes]:
    """A good input with a part cut out, and some words and bytes put in."""
    words = [word.encode() for word in target.words] or [b""]
    pieces = st.lists(st.sampled_from(words) | st.binary(max_size=8), max_size=4).map(b"".join)

    def cut(seed: bytes, start: int, length: int, piece: bytes) -> bytes:
        start %= len(seed) + 1
        return seed[:start] + piece + seed[start + length :]

    lengths = st.integers(0, 40)
    return st.builds(cut, st.sampled_from(target.seeds), st.integers(0, 2000), lengths, pieces)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_every_promise_holds_for_what_is_nearly_good(target: Target) -> None:
    @settings(max_examples=150)
    @given(mutated(target) | st.binary(max_size=200))
    def holds(data: bytes) -> None:
        target.check(data)

    holds()


def test_the_command_knows_every_target() -> None:
    assert set(NAMES) == TARGETS.keys()


def test_the_corpus_is_small_and_of_these_targets() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == TARGETS.keys()
    assert sum(path.stat().st_size for path in files) < LARGEST_CORPUS_BYTES


BROKEN: list[tuple[str, Callable[[bytes], None], bytes]] = [
    ("a message that steers", lambda data: check_message(data.decode()), b"\x1b[31m"),
    ("an endless message", lambda data: check_message(data.decode() * 9999), b"x"),
    ("a document that is none", lambda data: octets._compare("json", data.decode(), {}), b"[1]"),
    ("a dotenv that is none", lambda data: octets._compare("dotenv", data.decode(), {}), b"A=1"),
    ("YAML that JSON cannot say", lambda _: octets._compare("yaml", "", float("nan")), b""),
]


@pytest.mark.parametrize(("name", "check", "data"), BROKEN, ids=[one[0] for one in BROKEN])
def test_a_broken_promise_is_noticed(
    name: str, check: Callable[[bytes], None], data: bytes
) -> None:
    del name
    with pytest.raises((AssertionError, ValueError)):
        check(data)
