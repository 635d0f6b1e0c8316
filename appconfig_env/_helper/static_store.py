"""The store of `testing.override`: a test's values, documents and flags instead of the sources."""

from __future__ import annotations

from .._config.references import ReferenceProblems, parse, without_options
from .._content.flags import FoundFlag, flag_of, is_flag
from ..errors import MissingKeyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .._cache.store import Seen
    from .._content.flags import Flag

ALWAYS, NEVER = float("-inf"), float("inf")


class StaticStore:
    """A store without sources, with the methods of `LiveStore`.

    Args:
        environ: the environment, for names that are not in `values`.
        values: texts by variable name; None for none, even if the environment has one.
        documents: parsed documents by reference.
        flags: by name.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        values: Mapping[str, str | None] | None = None,
        documents: Mapping[str, Any] | None = None,
        flags: Mapping[str, Flag] | None = None,
    ) -> None:
        self._environ = environ
        self._values = dict(values or {})
        self._documents = dict(documents or {})
        self._flags = dict(flags or {})
        texts = {name: text for name, text in self._values.items() if text is not None}
        self.seen: Seen = (ALWAYS, NEVER, texts)  # nothing is ever stale

    def extended(
        self,
        values: Mapping[str, str | None],
        documents: Mapping[str, Any],
        flags: Mapping[str, Flag],
    ) -> StaticStore:
        """Return a copy in which these take precedence."""
        return StaticStore(
            self._environ,
            {**self._values, **values},
            {**self._documents, **documents},
            {**self._flags, **flags},
        )

    def refresh(self) -> frozenset[str]:
        """Return no names: nothing changes."""
        return frozenset()

    def value(self, name: str) -> str | None:
        """Return the text of `name`; None if there is none."""
        return self._values[name] if name in self._values else self._environ.get(name)

    def document(self, reference: str) -> Any:
        """Return the document of `reference`.

        Raises:
            MissingKeyError: there is none.
        """
        if reference in self._documents:
            return self._documents[reference]
        try:
            public = parse(reference).public_reference
        except ReferenceProblems as error:
            raise MissingKeyError(f"{without_options(reference)!r}: {error}") from None
        raise MissingKeyError(
            f"{public} is not among the documents of testing.override; add it to documents="
        )

    def find_flag(
        self, name: str, source: str | None = None, *, is_strict: bool = False
    ) -> FoundFlag | None:
        """Return the flag, or the one in the document of `source`; None if there is none.

        Raises:
            MissingKeyError: `source` has no document, unless `is_strict`.
        """
        if name in self._flags:
            return FoundFlag(self._flags[name])
        if source is None or (is_strict and source not in self._documents):
            return None
        document = self.document(source)
        if isinstance(document, dict) and is_flag(document.get(name)):
            return FoundFlag(flag_of(name, document[name]))
        return None

    def knows(self, reference: str) -> bool:
        """Return True: a test can use any reference."""
        del reference
        return True

    def status(self) -> dict[str, dict[str, Any]]:
        """Return an empty dictionary: there are no sources."""
        return {}
