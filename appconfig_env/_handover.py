"""What the wrapper tells the process it becomes, as one variable's text and back; pure."""

from __future__ import annotations

from . import _json_codec as json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Handover:
    """What the environment itself no longer says once it is resolved.

    Attributes:
        process: the process that prefetched; exec keeps its number, so a wrapper that meets its
            own number has run already.
        taken_at: when, in Unix seconds.
        references: the in-place references, by variable.
        configured: the names that the function's own configuration had set.
    """

    __slots__ = ("configured", "process", "references", "taken_at")

    def __init__(
        self,
        process: int,
        taken_at: float,
        references: Mapping[str, str],
        configured: Iterable[str],
    ) -> None:
        self.process = process
        self.taken_at = taken_at
        self.references = dict(references)
        self.configured = frozenset(configured)


def dumps(handover: Handover) -> str:
    """The variable's value."""
    return json.dumps({
        "process": handover.process,
        "taken_at": handover.taken_at,
        "references": handover.references,
        "configured": sorted(handover.configured),
    }, compact=True)  # fmt: skip


def loads(text: str) -> Handover | None:
    """What `dumps` wrote; None for anything else."""
    try:
        fields = json.loads(text)
        return Handover(
            int(fields["process"]),
            float(fields["taken_at"]),
            {str(name): str(value) for name, value in fields["references"].items()},
            [str(name) for name in fields["configured"]],
        )
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        return None
