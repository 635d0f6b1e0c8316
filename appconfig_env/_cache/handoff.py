"""What the wrapper tells the process it becomes, as one variable's text and back; pure."""

from __future__ import annotations

from .._content import fast_json as json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Left:
    """What the runtime's process must know of the child.

    Attributes:
        process: its number.
        descriptor: the pipe's end that the runtime inherits.
        inode: the pipe's, by which it is known again.
    """

    __slots__ = ("descriptor", "inode", "process")

    def __init__(self, process: int, descriptor: int, inode: int) -> None:
        self.process = process
        self.descriptor = descriptor
        self.inode = inode


class Handoff:
    """What the environment itself no longer says once it is resolved.

    Attributes:
        process: the process that prefetched; exec keeps its number, so a wrapper that meets its
            own number has run already.
        taken_at: when, in Unix seconds.
        references: the in-place references, by variable.
        configured: the names that the function's own configuration had set.
        left: the child that still reads for it; None for none.
    """

    __slots__ = ("configured", "left", "process", "references", "taken_at")

    def __init__(
        self,
        process: int,
        taken_at: float,
        references: Mapping[str, str],
        configured: Iterable[str],
        left: Left | None = None,
    ) -> None:
        self.process = process
        self.taken_at = taken_at
        self.references = dict(references)
        self.configured = frozenset(configured)
        self.left = left


def dumps(handoff: Handoff) -> str:
    """The variable's value."""
    fields = {
        "process": handoff.process,
        "taken_at": handoff.taken_at,
        "references": handoff.references,
        "configured": sorted(handoff.configured),
    }
    if handoff.left is not None:
        left = handoff.left
        fields["left"] = [left.process, left.descriptor, left.inode]
    return json.dumps(fields, compact=True)


def loads(text: str) -> Handoff | None:
    """What `dumps` wrote; None for anything else."""
    if not text:
        return None
    try:
        fields = json.loads(text)
        taken_at = float(fields["taken_at"])
        if taken_at - taken_at != 0:  # infinite, or NaN
            return None
        return Handoff(
            int(fields["process"]),
            taken_at,
            {str(name): str(value) for name, value in fields["references"].items()},
            [str(name) for name in fields["configured"]],
            Left(*map(int, fields["left"])) if "left" in fields else None,
        )
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        return None
