"""The fuzzer's targets without the fuzzer: its corpus, and hypothesis's inputs."""

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
def test_every_guarantee_holds_for_the_corpus(target: Target) -> None:
    inputs = target.corpus()
    assert inputs
    for path in inputs:
        try:
            target.check(path.read_bytes())
        except BaseException as error:
            error.add_note(f"input: {path}")
            raise


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_every_guarantee_holds_for_the_seeds(target: Target) -> None:
    for seed in target.seeds:
        target.check(seed)


def mutated(target: Target) -> st.SearchStrategy[bytes]:
    """A valid input with a part removed, and some words and bytes inserted."""
    words = [word.encode() for word in target.words] or [b""]
    pieces = st.lists(st.sampled_from(words) | st.binary(max_size=8), max_size=4).map(b"".join)

    def cut(seed: bytes, start: int, length: int, piece: bytes) -> bytes:
        start %= len(seed) + 1
        return seed[:start] + piece + seed[start + length :]

    lengths = st.integers(0, 40)
    return st.builds(cut, st.sampled_from(target.seeds), st.integers(0, 2000), lengths, pieces)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_every_guarantee_holds_for_nearly_valid_input(target: Target) -> None:
    @settings(max_examples=150)
    @given(mutated(target) | st.binary(max_size=200))
    def holds(data: bytes) -> None:
        target.check(data)

    holds()


def test_the_command_lists_every_target() -> None:
    assert set(NAMES) == TARGETS.keys()


def test_the_corpus_is_small_and_covers_exactly_these_targets() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} == TARGETS.keys()
    assert sum(path.stat().st_size for path in files) < LARGEST_CORPUS_BYTES


BROKEN: list[tuple[str, Callable[[bytes], None], bytes]] = [
    ("a message with control characters", lambda data: check_message(data.decode()), b"\x1b[31m"),
    ("an endless message", lambda data: check_message(data.decode() * 9999), b"x"),
    ("wrongly parsed JSON", lambda data: octets._compare("json", data.decode(), {}), b"[1]"),
    ("wrongly parsed dotenv", lambda data: octets._compare("dotenv", data.decode(), {}), b"A=1"),
    ("YAML that JSON cannot express", lambda _: octets._compare("yaml", "", float("nan")), b""),
]


@pytest.mark.parametrize(("name", "check", "data"), BROKEN, ids=[one[0] for one in BROKEN])
def test_a_broken_guarantee_is_detected(
    name: str, check: Callable[[bytes], None], data: bytes
) -> None:
    del name
    with pytest.raises((AssertionError, ValueError)):
        check(data)
