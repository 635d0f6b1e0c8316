"""Chooses the variants of flags with a context, and checks whole documents; pure."""

from __future__ import annotations

from ..._config.wording import quoted
from ..document import DocumentError
from ..unevaluated import unevaluated_form
from .definitions import flags_in, variants_of
from .operands import ContextError
from .run import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .definitions import Stored, Variant
    from .nodes import Node

# As OpenFeature names them.
STATIC, TARGETING_MATCH, SPLIT, DEFAULT = "STATIC", "TARGETING_MATCH", "SPLIT", "DEFAULT"


class Chosen:
    """The variant that was chosen, and why.

    Attributes:
        variant: the variant.
        reason: STATIC if there was no choice, TARGETING_MATCH or SPLIT if a rule was true (the
            latter if a `split` in it was evaluated), DEFAULT if none was.
    """

    __slots__ = ("reason", "variant")

    def __init__(self, variant: Variant, reason: str) -> None:
        self.variant = variant
        self.reason = reason


class Flags:
    """The flags of one document; each is read when it is first asked for.

    Args:
        data: a document that `unevaluated_form` recognizes.

    Attributes:
        data: the document.

    Raises:
        DocumentError: the document cannot be read.
    """

    def __init__(self, data: object) -> None:
        self.data = data
        self._text = data if isinstance(data, str) else ""
        self._flags: Mapping[str, Stored | Node] = flags_in(data)
        self._variants: dict[str, list[Variant] | DocumentError] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._flags

    def __iter__(self) -> Iterator[str]:
        return iter(self._flags)

    def variants(self, key: str) -> list[Variant]:
        """Return the variants of a flag, the default last.

        Raises:
            DocumentError: its definition is wrong.
        """
        if key not in self._variants:
            try:
                self._variants[key] = variants_of(key, self._flags[key], self._text)
            except DocumentError as error:
                self._variants[key] = error
        found = self._variants[key]
        if isinstance(found, DocumentError):
            raise DocumentError(found.summary, found.hint)  # its traceback would grow
        return found

    def chosen(self, key: str, context: Mapping[str, object]) -> Chosen:
        """Return the first variant whose rule is true, or the default.

        Raises:
            DocumentError: the definition is wrong.
            ContextError: a rule uses a value of the context that has none of its types.
        """
        variants = self.variants(key)
        run = Run(context, key)
        for variant in variants[:-1]:
            run.has_split = False
            if _is_true(variant, run):
                return Chosen(variant, SPLIT if run.has_split else TARGETING_MATCH)
        return Chosen(variants[-1], DEFAULT if len(variants) > 1 else STATIC)


def _is_true(variant: Variant, run: Run) -> bool:
    if variant.rule is None:
        return False
    try:
        return variant.rule.is_true(run)
    except ContextError as error:
        raise ContextError(f"flag {quoted(run.flag)}: {error.summary}", error.hint) from None


def check_rules(data: object) -> list[str]:
    """Return what is wrong with the flags of a document, each a sentence with the remedy.

    Every flag is checked, with all of its rules, attributes and constraints; of each flag the first
    problem is reported.

    Args:
        data: the parsed document, in any form; one without rules has no problems.
    """
    return [str(error) for error in _problems(data).values()]


def broken(before: object, data: object) -> DocumentError | None:
    """Return what is wrong with a flag that was right before; None if there is none.

    Args:
        before: the last good document.
        data: the new one.
    """
    problems = _problems(data)
    if not problems or not unevaluated_form(before):
        return None
    known = _problems(before)
    names = {WHOLE, *(() if WHOLE in known else Flags(before))}
    return next(
        (error for key, error in problems.items() if key in names and key not in known), None
    )


WHOLE = ""  # in place of a flag's key, which is not empty


def _problems(data: object) -> dict[str, DocumentError]:
    """Return the first problem of each flag that has one, by key."""
    if not unevaluated_form(data):
        return {}
    try:
        flags = Flags(data)
    except DocumentError as error:
        return {WHOLE: error}
    problems = {}
    for key in flags:
        try:
            flags.variants(key)
        except DocumentError as error:
            problems[key] = error
    return problems
