"""The store of the sources: looks up values, documents and status; refreshes stale ones."""

from __future__ import annotations

from .._config.references import ReferenceProblems, is_reference, parse, without_options
from .._config.sources import matching
from .._config.wording import listed, nearest_note, printable
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
    from .live_flags import LiveFlags

    class Refresh(Protocol):
        """Refreshes the store, publishes the result to `get`, and returns the changed names."""

        def __call__(
            self,
            store: Store,
            even_fresh: Collection[str] | None = None,
            awaited: Collection[str] = (),
        ) -> frozenset[str]: ...


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
        self.log = store.log
        self._environ = environ
        self._now = now
        self._refresh = refresh
        self._flags: LiveFlags | None = None

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

    def is_stale(self) -> bool:
        """Whether `refresh_stale` would fetch something."""
        return self.store.is_stale(self._now())

    def read(self, references: Collection[str]) -> None:
        """Refresh what is stale, and read those resources that this process does not know.

        They are redacted in the snapshot file, or the background fetch, or another thread or
        process, is reading them.
        """
        self.refresh_stale()
        unknown = self.unknown(references)
        if unknown:
            self._refresh(self.store, awaited=unknown)

    def unknown(self, references: Collection[str]) -> list[str]:
        """Return the references of resources whose document or failure is not known here."""
        entries = self.store.snapshot.entries
        return [one for one in references if one not in entries or not entries[one].is_known]

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

    def origin(self, name: str) -> str:
        """Return the reference of the source that sets `name`, or `the environment`; '' if none."""
        settings, found = self.store.settings, ""
        if name in self.seen[2]:
            for source, variables in self.store.snapshot.variables(settings):
                if name in variables.values:
                    found = source.public_reference
        return found or ("the environment" if name in self._environ else "")

    def document(self, reference: str) -> Any:
        """See `Helper.document`."""
        self.read([self.configured(reference)])
        return self.read_document(reference)

    def failure(self, reference: str) -> Failure | None:
        """Return why a resource was not read at the last attempt; None after a success."""
        entry = self.store.snapshot.entries.get(reference)
        return entry.failure if entry is not None else NOT_YET

    def unread(self, reference: str) -> MissingKeyError:
        """Return the error for a resource without a document."""
        return MissingKeyError(f"{reference}: {self.failure(reference) or NOT_YET}")

    def read_document(self, reference: str) -> Any:
        """Return what `document` does, as read: without a refresh, and so without waiting.

        Raises:
            MissingKeyError: as for `document`.
        """
        source = self._parsed(reference)
        try:
            return pick(self._data(self._configured(source.resource)), source.key)
        except KeyMissingError as error:
            raise MissingKeyError(f"{source.public_reference}: {error}") from None

    def configured(self, reference: str) -> str:
        """Return the reference of the configured resource that `reference` reads.

        Raises:
            MissingKeyError: there is none, or more than one, or the reference is not valid.
        """
        return self._configured(self._parsed(reference).resource)

    @property
    def flags(self) -> LiveFlags:
        """The flags of the profiles among the sources."""
        if self._flags is None:
            from .live_flags import LiveFlags  # few handlers use flags

            self._flags = LiveFlags(self)
        return self._flags

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

    def _parsed(self, reference: str) -> Source:
        try:
            return parse(reference)
        except ReferenceProblems as error:
            shown = without_options(reference)
            note = nearest_note(shown, self.store.settings.resources())
            raise MissingKeyError(f"{shown!r}{note}: {error}") from None

    def _data(self, reference: str) -> Any:
        """Return the parsed document of a configured resource, as read.

        Raises:
            MissingKeyError: it has no document.
        """
        entry = self.store.snapshot.entries.get(reference)
        if entry is None or entry.document is None or entry.fetched_at is None:
            raise self.unread(reference)
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
