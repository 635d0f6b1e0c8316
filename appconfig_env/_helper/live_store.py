"""The store of the sources: looks up values, documents, flags and status; refreshes stale ones."""

from __future__ import annotations

from .._config.references import ReferenceProblems, is_reference, parse, without_options
from .._config.sources import APPCONFIG, matching, scheme_of
from .._config.wording import listed, nearest_note, printable, quoted
from .._content.document import DocumentError
from .._content.variables import KeyMissingError, data_of, may_set, pick
from ..errors import Failure, LoadError, MissingKeyError, SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any, Protocol

    from .._cache.entry import Entry
    from .._cache.store import Seen, Store
    from .._config.sources import Resource, Source
    from .._content.flags import FoundFlag

    class Refresh(Protocol):
        """Refreshes the store, publishes the result to `get`, and returns the changed names."""

        def __call__(
            self,
            store: Store,
            even_fresh: Collection[str] | None = None,
            awaited: Collection[str] = (),
        ) -> frozenset[str]: ...


MOST_UNKNOWN = 100  # names of flags that are warned of: a program may make them up without end
NOT_YET = Failure("unavailable", "it has not been read yet", "try again later")


class LiveStore:
    """The store of the sources; `static_store.StaticStore` has the same methods.

    Args:
        store: this process's snapshot.
        environ: the environment, for names that no source sets.
        now: Unix seconds.
        refresh: refreshes the store.
    """

    def __init__(
        self,
        store: Store,
        environ: Mapping[str, str],
        now: Callable[[], float],
        refresh: Refresh,
    ) -> None:
        self.store = store
        self._environ = environ
        self._now = now
        self._refresh = refresh
        self._unknown_flags: set[str] = set()

    @property
    def seen(self) -> Seen:
        """The values that the fast path of `get` can return."""
        return self.store.published.seen

    def refresh(self) -> frozenset[str]:
        """See `Helper.refresh`."""
        return self._refresh(self.store, even_fresh=list(self.store.settings.resources()))

    def names(self) -> set[str]:
        """Return every name that has a value."""
        return {*self.seen[2], *self._environ}

    def refresh_stale(self) -> None:
        """Refresh stale sources, if there are any."""
        if self.store.is_stale(self._now()):
            self._refresh(self.store)

    def value(self, name: str) -> str | None:
        """Return the text of `name`; None if there is none.

        Raises:
            LoadError: there is none, but a required source that could set it was never read.
        """
        self.refresh_stale()
        value = self.seen[2].get(name)
        if value is not None:
            return value
        store = self.store
        value = self._environ.get(name)
        # Not for a name that a source has set before (outdated), nor an unresolved reference.
        if value is not None and name not in store.unset:
            in_place = any(source.variable == name for source in store.settings.sources)
            if not (in_place and is_reference(value)):
                return value
        unread = [one for one in store.unread() if self._may_set(one, name)]
        if unread:  # another thread or process is reading them, and there is no old value
            self._refresh(store, awaited=unread)
            value = self.seen[2].get(name)
            if value is not None:
                return value
        error = self.missing(lambda source: may_set(source, name))
        if error is not None:
            raise error
        return None

    def document(self, reference: str) -> Any:
        """See `Helper.document`."""
        try:
            source = parse(reference)
        except ReferenceProblems as error:
            shown = without_options(reference)
            note = nearest_note(shown, self.store.settings.resources())
            raise MissingKeyError(f"{shown!r}{note}: {error}") from None
        try:
            return pick(self._data(source.resource), source.key)
        except KeyMissingError as error:
            raise MissingKeyError(f"{source.public_reference}: {error}") from None

    def find_flag(
        self, name: str, source: str | None = None, *, is_strict: bool = False
    ) -> FoundFlag | None:
        """Return a flag, with its profile and version; None if no profile has it.

        Args:
            name: the flag's key.
            source: the profile's reference; None for all profiles.
            is_strict: raise if no profile has it, but one could not be read.

        Raises:
            AmbiguousFlagError: more than one profile has it.
            UnevaluatedFlagError: a profile has rules for it, which were not evaluated.
            MissingKeyError: `source` has no document: it is not one of the sources, or could not
                be read.
        """
        from .._content.flags import FoundFlag, find  # few handlers use flags

        if source is None:
            profiles = self._profiles()
        else:
            data = self.document(source)
            profiles = [(self._configured(parse(source).resource), data)]
        found = find(name, profiles)
        if found is None:
            if is_strict and source is None:
                self._require_profiles()
            elif not is_strict and (source is not None or self._has_all_profiles()):
                self._report_unknown(name, profiles)
            return None
        reference, flag = found
        entry = self.store.snapshot.entries[reference]
        is_failing = entry.failure is not None
        return FoundFlag(flag, reference, entry.version, is_failing=is_failing)

    def _has_all_profiles(self) -> bool:
        try:
            self._require_profiles()
        except MissingKeyError:
            return False  # its failure is in the log already, and it may have the flag
        return True

    def _report_unknown(self, name: str, profiles: Collection[tuple[str, Any]]) -> None:
        """Log, once for each name, that none of the profiles has this flag."""
        if name in self._unknown_flags or len(self._unknown_flags) >= MOST_UNKNOWN:
            return
        self._unknown_flags.add(name)
        from .._content.flags import is_flag  # few handlers use flags

        known = [
            key
            for _, data in profiles
            if isinstance(data, dict)
            for key, value in data.items()
            if is_flag(value)
        ]
        where = ", ".join(reference for reference, _ in profiles)
        text = f"is not in {where}, which has {listed(known, name)}; correct its name, or add it"
        if not where:
            text = "is in no source, and none is an AppConfig profile; add the profile to "
            text += "APPCONFIG_ENV_SOURCES"
        self.store.log("warn", f"flag {quoted(name)} {text}")

    def knows(self, reference: str) -> bool:
        """Whether `reference` is one of the sources' resources."""
        return reference in self.store.settings.resources()

    def status(self) -> dict[str, dict[str, Any]]:
        """See `Helper.status`."""
        entries, now = self.store.snapshot.entries, self._now()
        return {
            reference: _status(entries.get(reference), now)
            for reference in self.store.settings.resources()
        }

    def missing(self, is_concerned: Callable[[Source], bool]) -> LoadError | None:
        """Return an error for those required sources that are concerned and have no value.

        None if there is none, or ON_ERROR is `continue`.
        """
        store = self.store
        able = {one.public_reference for one in store.settings.sources if is_concerned(one)}
        errors = [one for one in store.snapshot.missing(store.settings) if one.source in able]
        unread = store.unread()
        errors += [
            SourceError(source.public_reference, NOT_YET)
            for source in store.settings.sources
            if source.resource.reference in unread
            and source.public_reference in able
            and not source.optional
            and source.default is None
        ]
        return LoadError(errors) if errors and not store.settings.continue_on_error else None

    def _may_set(self, reference: str, name: str) -> bool:
        """Whether a source that reads the resource could set the variable."""
        return any(may_set(one, name) for one in self.store.settings.resources()[reference])

    def _data(self, resource: Resource) -> Any:
        """Return the parsed document of one resource.

        Raises:
            MissingKeyError: no source reads it, or it has no document.
        """
        self.refresh_stale()
        reference = self._configured(resource)
        entry = self.store.snapshot.entries.get(reference)
        if entry is None or not entry.is_known:
            # Redacted in the snapshot file, so this process must read it.
            self._refresh(self.store, awaited=[reference])
            entry = self.store.snapshot.entries.get(reference)
        if entry is None or entry.document is None or entry.fetched_at is None:
            failure = entry.failure if entry is not None and entry.failure else NOT_YET
            raise MissingKeyError(f"{reference}: {failure}")
        sources = self.store.settings.resources()[reference]
        try:
            return data_of(entry.document, sources[0].resource)
        except DocumentError as error:
            raise MissingKeyError(f"{reference}: {error}") from None

    def _configured(self, resource: Resource) -> str:
        """Return the reference of the configured resource that `resource` matches.

        Raises:
            MissingKeyError: there is none, or more than one.
        """
        known: Mapping[str, list[Source]] = self.store.settings.resources()
        if resource.reference in known:
            return resource.reference
        found = matching(resource, (sources[0].resource for sources in known.values()))
        if found is not None:
            return found.reference
        references = listed(known, resource.reference)
        raise MissingKeyError(
            f"{resource.reference} is not among the sources ({references}); correct the reference, "
            "or add it to APPCONFIG_ENV_SOURCES, with env=no to keep it out of the environment"
        )

    def _profiles(self) -> list[tuple[str, Any]]:
        """Return the AppConfig profiles that have been read, and their data."""
        self.refresh_stale()
        store = self.store
        unread = [reference for reference in store.unread() if _is_profile(reference)]
        if unread:  # the background fetch, or another thread or process, is reading them
            self._refresh(store, awaited=unread)
        resources = store.settings.resources()
        return [
            (reference, entry.data(resources[reference][0]))
            for reference, entry in store.snapshot.entries.items()
            if _is_profile(reference) and entry.fetched_at is not None
        ]

    def _require_profiles(self) -> None:
        """Check that all profiles have been read.

        Raises:
            MissingKeyError: one has not.
        """
        entries = self.store.snapshot.entries
        for reference in filter(_is_profile, self.store.settings.resources()):
            entry = entries.get(reference)
            if entry is None or entry.fetched_at is None:
                failure = entry.failure if entry is not None and entry.failure else NOT_YET
                raise MissingKeyError(f"{reference}: {failure}")


def _is_profile(reference: str) -> bool:
    return scheme_of(reference) == APPCONFIG


def _status(entry: Entry | None, now: float) -> dict[str, Any]:
    if entry is None:
        return {"version": "", "age": None, "last_error": None, "kind": None}
    failure = entry.failure
    since = entry.used_since
    return {
        # Of the document in use. A proxy may have written the header that it comes from.
        "version": "" if since is None else printable(entry.version),
        "age": None if since is None else max(0.0, now - since),
        "last_error": None if failure is None else str(failure),
        "kind": None if failure is None else failure.kind,
    }
