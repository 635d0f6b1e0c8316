"""One evaluation of rules: the context's values, and what was used of them; pure."""

from __future__ import annotations

from .operands import operand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .operands import Operand


class Run:
    """One evaluation: the context, and what the rule has used of it.

    Args:
        context: values by key.
        flag: the flag's key.

    Attributes:
        has_split: whether a `split` has been evaluated.
    """

    def __init__(self, context: Mapping[str, object], flag: str) -> None:
        self._context = context
        self._operands: dict[str, Operand | None] = {}
        self.flag = flag
        self.has_split = False

    def value(self, key: str) -> Operand | None:
        """Return the context's value; None if there is none.

        Raises:
            ContextError: it has a type that rules do not have.
        """
        if key not in self._operands:
            self._operands[key] = operand(key, self._context.get(key))
        return self._operands[key]
