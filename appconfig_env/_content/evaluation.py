"""Evaluates flags with variants for a context, each document read once; pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import UnevaluatedFlagError
from .document import DocumentError
from .flags import Flag, FoundFlag, copied
from .rules.operands import ContextError
from .rules.variants import Flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .rules.variants import Chosen


class Evaluations:
    """The documents that have been evaluated, by profile."""

    def __init__(self) -> None:
        self._documents: dict[str, Flags | tuple[object, DocumentError]] = {}

    def of(self, context: object) -> ContextEvaluator:
        """Return what evaluates flags with `context`.

        Raises:
            TypeError: it is not a mapping.
        """
        if not isinstance(context, Mapping):
            got = type(context).__name__
            raise TypeError(
                f'context: expected a mapping by key, got {got}; pass {{"plan": "beta"}}'
            )
        return ContextEvaluator(self, context)

    def flags(self, profile: str, data: object) -> Flags:
        """Return the flags of a profile's document.

        Raises:
            DocumentError: it cannot be read.
        """
        known = self._documents.get(profile)
        if isinstance(known, Flags) and known.data is data:
            return known
        if not isinstance(known, tuple) or known[0] is not data:
            try:
                self._documents[profile] = known = Flags(data)
            except DocumentError as error:
                self._documents[profile] = known = data, error
            else:
                return known
        raise DocumentError(known[1].summary, known[1].hint)


class ContextEvaluator:
    """Evaluates flags with one context; a `flags.Evaluator`.

    Args:
        evaluations: has the documents.
        context: values by key.
    """

    def __init__(self, evaluations: Evaluations, context: Mapping[str, object]) -> None:
        self._evaluations = evaluations
        self._context = context

    def has(self, profile: str, data: object, name: str) -> bool:
        """Whether a document has a flag, or may have it because it cannot be read."""
        try:
            return name in self._evaluations.flags(profile, data)
        except DocumentError:
            return True

    def found(self, profile: str, data: object, name: str) -> FoundFlag:
        """Return the flag, with the variant that the context determines.

        Raises:
            UnevaluatedFlagError: its definition is wrong, or a rule cannot use the context.
        """
        try:
            chosen = self._evaluations.flags(profile, data).chosen(name, self._context)
        except DocumentError as error:
            caught = error
        else:
            return _found(profile, name, chosen)
        # Not in the handler: that would be the context of the error.
        raise UnevaluatedFlagError(
            f"{profile}: {caught}", is_of_context=isinstance(caught, ContextError)
        )


def _found(profile: str, name: str, chosen: Chosen) -> FoundFlag:
    variant = chosen.variant
    flag = Flag(
        name,
        enabled=variant.enabled,
        attributes=copied(variant.attributes),
        variant=variant.name,
    )
    return FoundFlag(flag, profile, reason=chosen.reason)
