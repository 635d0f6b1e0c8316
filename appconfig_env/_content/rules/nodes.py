"""The values of an Ion text, and errors at a place of a text; pure."""

from __future__ import annotations

from ..document import DocumentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class PlacedError(DocumentError):
    """A problem at one place of a text.

    Attributes:
        offset: the number of characters before the place.
    """

    def __init__(self, summary: str, hint: str, offset: int) -> None:
        super().__init__(summary, hint)
        self.offset = offset


class Node:
    """One value of Ion.

    Attributes:
        kind: `null`, `boolean`, `integer`, `float`, `timestamp`, `text`, `name` (Ion's symbol),
            `list`, `sexp` or `struct`.
        value: a list of nodes for `list` and `sexp`; nodes by field for `struct`; a Moment for
            `timestamp`.
        annotations: the names before it, each with `::`.
        start: the offset of its first character.
        end: the offset after its last character.
        is_quoted: whether a name is between quotes.
    """

    __slots__ = ("annotations", "end", "is_quoted", "kind", "start", "value")

    def __init__(
        self,
        kind: str,
        value: Any,
        annotations: tuple[str, ...] = (),
        start: int = 0,
        end: int = 0,
        *,
        is_quoted: bool = False,
    ) -> None:
        self.kind = kind
        self.value = value
        self.annotations = annotations
        self.start = start
        self.end = end
        self.is_quoted = is_quoted

    def __eq__(self, other: object) -> bool:
        """Whether the other is the same value, wherever it is."""
        if not isinstance(other, Node):
            return NotImplemented
        return (self.kind, self.value, self.annotations) == (
            other.kind,
            other.value,
            other.annotations,
        )

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # a value may be a list

    def __repr__(self) -> str:
        return f"<Node {self.kind} at {self.start}>"  # a value may be confidential


def place(text: str, offset: int) -> str:
    """Return where an offset is, for a message: `line 1 column 5`."""
    before = text[:offset]
    return f"line {before.count(chr(10)) + 1} column {offset - before.rfind(chr(10))}"
