"""The store of `testing.override`: a test's values, documents and flags instead of the sources."""

from __future__ import annotations

from .._config.references import ReferenceProblems, parse, without_options
from .._config.sources import APPCONFIG, Source, matching
from .._config.wording import listed, nearest_note, quoted
from .._content.flags import FoundFlag, copy_of, find, names_in
from .._content.variables import KeyMissingError, pick
from ..errors import MissingKeyError
from .fast_path import ALWAYS, NEVER
from .live_flags import UnknownFlags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from typing import Any

    from .._cache.log_fields import Log
    from .._cache.store import Seen
    from .._config.sources import Resource
    from .._content.flags import Evaluator, Flag
    from .._content.profiles import Profile

    # By resource and #KEY, whose segments are empty for the whole document.
    Documents = Mapping[tuple[Resource, tuple[str, ...]], Any]
    Flags = Mapping[str, Flag | None]


class StaticStore:
    """A store without sources, with the methods of `LiveStore`.

    Args:
        environ: the environment, for names that are not in `values`.
        values: texts by variable name; None for none, even if the environment has one.
        documents: parsed documents, see `parsed`.
        flags: by name; None for none, even if a document has one.
        log: takes a level, a message and its fields.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        values: Mapping[str, str | None] | None = None,
        documents: Documents | None = None,
        flags: Flags | None = None,
        *,
        log: Log,
    ) -> None:
        self._environ = environ
        self._values = dict(values or {})
        self._documents = dict(documents or {})
        self._flags = dict(flags or {})
        self.log = log
        self._unknown = UnknownFlags(log)
        texts = {name: text for name, text in self._values.items() if text is not None}
        self.seen: Seen = (ALWAYS, NEVER, texts)  # nothing is ever stale

    def extended(
        self,
        values: Mapping[str, str | None],
        documents: Documents,
        flags: Flags,
    ) -> StaticStore:
        """Return a copy in which these take precedence."""
        kept = {
            (resource, key): data
            for (resource, key), data in self._documents.items()
            if not any((resource, key[:depth]) in documents for depth in range(len(key)))
        }
        return StaticStore(
            self._environ,
            {**self._values, **values},
            {**kept, **documents},
            {**self._flags, **flags},
            log=self.log,
        )

    def refresh(self) -> frozenset[str]:
        """Return no names: nothing changes."""
        return frozenset()

    def names(self) -> set[str]:
        """Return every name that has a value."""
        removed = {name for name, text in self._values.items() if text is None}
        return {*self._values, *self._environ} - removed

    def value(self, name: str) -> str | None:
        """Return the text of `name`; None if there is none."""
        return self._values[name] if name in self._values else self._environ.get(name)

    def origin(self, name: str) -> str:
        """Return what sets `name`: `testing.override`, or `the environment`; '' if nothing does."""
        if name in self._values:
            return "testing.override" if self._values[name] is not None else ""
        return "the environment" if name in self._environ else ""

    def document(self, reference: str) -> Any:
        """Return the document of `reference`, or the value that its `#KEY` selects.

        Raises:
            MissingKeyError: there is none.
        """
        source = _source(reference, self._references())
        resource = self._resource(source)
        for depth in range(len(source.key), -1, -1):
            given = (resource, source.key[:depth])
            if given in self._documents:
                try:
                    return pick(self._documents[given], source.key[depth:])
                except KeyMissingError as error:
                    raise MissingKeyError(f"{source.public_reference}: {error}") from None
        raise MissingKeyError(
            f"{source.public_reference} is not among the documents of testing.override "
            f"({listed(self._references(), source.public_reference)}); correct the reference, or "
            "add it to documents="
        )

    def _references(self) -> list[str]:
        """Return the references of all documents."""
        return [Source(resource, key).public_reference for resource, key in self._documents]

    def _resource(self, source: Source) -> Resource:
        """Return the resource of a document that `source` reads, or its own if there is none.

        Raises:
            MissingKeyError: there is more than one.
        """
        known = (resource for resource, _ in self._documents)
        return matching(source.resource, known) or source.resource

    @property
    def flags(self) -> StaticFlags:
        """The flags of the test."""
        return StaticFlags(self._flags, self._profiles, self._report_unknown)

    def _report_unknown(self, name: str, profiles: Collection[tuple[str, Any]]) -> None:
        """Log, once for each name, that the test has no such flag."""
        given = [one for one, flag in self._flags.items() if flag is not None]
        known = listed([*given, *names_in(profiles)], name)
        text = f"flag {quoted(name)} is not in testing.override, which has {known}"
        self._unknown.report(name, f"{text}; correct its name, or add it")

    def _profiles(self, source: str | None) -> list[tuple[str, Any]]:
        """Return the profile `source`, or with None all profiles, and their data.

        Raises:
            MissingKeyError: `source` has no document.
        """
        if source is not None:
            read = self._resource(_source(source, self._references()))
            return [(read.reference, self.document(source))]
        return [
            (resource.reference, data)
            for (resource, key), data in self._documents.items()
            if resource.scheme == APPCONFIG and not key
        ]

    def status(self) -> dict[str, dict[str, Any]]:
        """Return an empty dictionary: there are no sources."""
        return {}


class StaticFlags:
    """The flags of a test, with the methods of `live_flags.LiveFlags`.

    Args:
        flags: by name; None for none, even if a document has one.
        profiles: returns the profile of a reference, or with None all, and their data.
        report_unknown: takes the name of a flag that there is not, and the profiles that could
            have it.
    """

    def __init__(
        self,
        flags: Flags,
        profiles: Callable[[str | None], list[tuple[str, Any]]],
        report_unknown: Callable[[str, list[tuple[str, Any]]], None],
    ) -> None:
        self._flags = flags
        self._profiles = profiles
        self._report_unknown = report_unknown

    def find_flag(
        self,
        name: str,
        source: str | None = None,
        *,
        context: Mapping[str, object] | None = None,
        is_strict: bool = False,
    ) -> FoundFlag | None:
        """Return the flag, or the one in a profile's document; None if there is none.

        Args:
            name: the flag's key.
            source: the profile's reference; None for all profiles.
            context: values by key, for flags with variants in documents; None if there is none.
            is_strict: do not warn if none has it: the caller reports that itself.

        Raises:
            AmbiguousFlagError: more than one document has it.
            UnevaluatedFlagError: a document has rules for it, which were not or cannot be
                evaluated.
            MissingKeyError: `source` has no document.
        """
        if name in self._flags:  # one that the test removed is not a typing error
            flag = self._flags[name]
            return None if flag is None else FoundFlag(copy_of(flag))
        profiles = self._profiles(source)
        found = find(name, profiles, None if context is None else _evaluator(context))
        if found is None and not is_strict:
            self._report_unknown(name, profiles)
        return found

    find_read_flag = find_flag  # there is nothing to wait for

    def unknown(self, name: str, source: str | None = None) -> MissingKeyError:
        """Return the error for a flag that neither the test nor a profile's document has.

        Raises:
            MissingKeyError: `source` has no document.
        """
        given = [one for one, flag in self._flags.items() if flag is not None]
        known = [*given, *names_in(self._profiles(source))]
        return MissingKeyError(
            f"flag {quoted(name)} is not among the flags of testing.override "
            f"({listed(known, name)}); correct its name, or add it to flags="
        )

    def read_profiles(self, source: str | None = None) -> None:
        """Do nothing: nothing is read."""

    def is_fresh(self) -> bool:
        """Return True: nothing is ever stale."""
        return True

    def has_profiles(self, source: str | None = None) -> bool:
        """Return True: nothing is read."""
        del source
        return True

    def longest_wait(self) -> float:
        """Return 0: nothing is read."""
        return 0.0

    def profiles(self, source: str | None = None) -> list[Profile]:
        """Return no profiles: those of a test never fail and never change."""
        del source
        return []


def _evaluator(context: Mapping[str, object]) -> Evaluator:
    from .._content.evaluation import Evaluations  # only flags with variants need it

    return Evaluations().of(context)


def parsed(documents: Mapping[str, Any]) -> Documents:
    """Return `documents` by what their references read, whatever the options.

    Raises:
        ValueError: a reference is not valid.
    """
    try:
        sources = {reference: _source(reference) for reference in documents}
    except MissingKeyError as error:
        raise ValueError(str(error)) from None
    return {
        (sources[reference].resource, sources[reference].key): data
        for reference, data in documents.items()
    }


def _source(reference: str, known: Iterable[str] = ()) -> Source:
    try:
        return parse(reference)
    except ReferenceProblems as error:
        shown = without_options(reference)
        raise MissingKeyError(f"{shown!r}{nearest_note(shown, known)}: {error}") from None
