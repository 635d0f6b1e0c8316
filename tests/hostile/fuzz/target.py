"""What a fuzz target is: a function of bytes that fails where a promise is broken, and seeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

CORPUS = Path(__file__).parent / "corpus"
LONGEST_MESSAGE = 2000


class Target(NamedTuple):
    """One parser.

    Attributes:
        name: also its folder in the corpus.
        check: raises where the parser does not keep a promise for these bytes.
        seeds: good inputs, from which a fuzzer starts.
        words: what a fuzzer may put in.
    """

    name: str
    check: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[str, ...] = ()

    def corpus(self) -> list[Path]:
        """The inputs that were worth keeping."""
        return sorted((CORPUS / self.name).glob("*"))


def check_message(text: str, longest: int = LONGEST_MESSAGE) -> None:
    """Whether a message is fit for a log: no control signs, and not endless."""
    assert all(line.isprintable() for line in text.split("\n")), f"not printable: {text!r}"
    assert len(text) <= longest, f"{len(text)} signs"


def text_of(data: bytes) -> str:
    """Bytes as an environment gives them: with a lone surrogate for what is not UTF-8."""
    return data.decode("utf-8", "surrogateescape")
