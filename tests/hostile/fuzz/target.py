"""A fuzz target: a function of bytes that fails if a guarantee is broken, and seeds."""

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
        name: the target's name, and its folder in the corpus.
        check: raises if the parser breaks a guarantee for these bytes.
        seeds: valid inputs, with which a fuzzer starts.
        words: texts that a fuzzer inserts.
    """

    name: str
    check: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[str, ...] = ()

    def corpus(self) -> list[Path]:
        """The inputs of the target's corpus."""
        return sorted((CORPUS / self.name).glob("*"))


def check_message(text: str, longest: int = LONGEST_MESSAGE) -> None:
    """Check that a message can be logged: no control characters, and not too long."""
    assert all(line.isprintable() for line in text.split("\n")), f"not printable: {text!r}"
    assert len(text) <= longest, f"{len(text)} characters"


def text_of(data: bytes) -> str:
    """Decode bytes as os.environ does: a lone surrogate for each byte that is not UTF-8."""
    return data.decode("utf-8", "surrogateescape")
