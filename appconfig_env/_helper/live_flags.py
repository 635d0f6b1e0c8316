"""The flags of the AppConfig profiles among the sources: finds one, and reports unknown ones."""

from __future__ import annotations

from .._config.sources import APPCONFIG, scheme_of
from .._config.wording import listed, quoted
from .._content.flags import FoundFlag, find, is_flag
from ..errors import MissingKeyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from .._cache.log_fields import Fields, Log
    from .._content.profiles import Profile
    from .live_store import LiveStore

SECONDS_TO_PUBLISH = 1.0  # after the time limit of a refresh: what it has read, or its failure
MOST_UNKNOWN = 100  # names of flags that are warned of: a program may make them up without end


class LiveFlags:
    """The flags of the sources; `static_store.StaticFlags` has the same methods.

    Args:
        live: has the documents.
    """

    def __init__(self, live: LiveStore) -> None:
        self._live = live
        self._store = live.store
        self._unknown = UnknownFlags(self._store.log)

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
        self.read_profiles(source)
        return self.find_read_flag(name, source, is_strict=is_strict)

    def find_read_flag(
        self, name: str, source: str | None = None, *, is_strict: bool = False
    ) -> FoundFlag | None:
        """Return what `find_flag` does, as read: without a refresh, and so without waiting."""
        if source is None:
            profiles = self._read_ones()
        else:
            profiles = [(self._live.configured(source), self._live.read_document(source))]
        found = find(name, profiles)
        if found is None:
            if is_strict and source is None:
                self._require_profiles()
            elif not is_strict and (source is not None or self._has_all_profiles()):
                self._report_unknown(name, profiles)
            return None
        reference, flag = found
        entry = self._store.snapshot.entries[reference]
        is_failing = entry.failure is not None
        return FoundFlag(flag, reference, entry.version, is_failing=is_failing)

    def read_profiles(self, source: str | None = None) -> None:
        """Refresh what is stale, and wait for profiles that were never read.

        Args:
            source: the profile's reference; None for all profiles.

        Raises:
            MissingKeyError: `source` is not one of the sources.
        """
        self._live.read(self._chosen(source))

    def is_fresh(self) -> bool:
        """Whether `read_profiles` would refresh nothing."""
        return not self._live.is_stale()

    def has_profiles(self, source: str | None = None) -> bool:
        """Whether `read_profiles` would only refresh what is stale.

        Raises:
            MissingKeyError: `source` is not one of the sources.
        """
        return not self._live.unknown(self._chosen(source))

    def longest_wait(self) -> float:
        """Return how many seconds `read_profiles` may take if it only refreshes what is stale."""
        return self._store.longest_wait() + SECONDS_TO_PUBLISH

    def profiles(self, source: str | None = None) -> list[Profile]:
        """Return what is known of the profiles, without a refresh.

        Raises:
            MissingKeyError: `source` is not one of the sources.
        """
        from .._content.profiles import Profile  # only for OpenFeature

        entries, resources = self._store.snapshot.entries, self._store.settings.resources()
        found = []
        for reference in self._chosen(source):
            entry, sources = entries.get(reference), resources[reference]
            profile = Profile(
                reference,
                entry.data(sources[0]) if entry else None,
                self._live.failure(reference),
                is_read=entry is not None and entry.fetched_at is not None,
                is_optional=all(one.optional for one in sources),
            )
            found.append(profile)
        return found

    def _chosen(self, source: str | None) -> list[str]:
        """Return the reference of one configured profile, or with None those of all."""
        if source is not None:
            return [self._live.configured(source)]
        return [one for one in self._store.settings.resources() if _is_profile(one)]

    def _read_ones(self) -> list[tuple[str, Any]]:
        """Return the AppConfig profiles that have been read, and their data."""
        resources = self._store.settings.resources()
        return [
            (reference, entry.data(resources[reference][0]))
            for reference, entry in self._store.snapshot.entries.items()
            if _is_profile(reference) and entry.fetched_at is not None
        ]

    def _require_profiles(self) -> None:
        """Check that all profiles have been read.

        Raises:
            MissingKeyError: one has not.
        """
        entries = self._store.snapshot.entries
        for reference in filter(_is_profile, self._store.settings.resources()):
            entry = entries.get(reference)
            if entry is None or entry.fetched_at is None:
                raise self._live.unread(reference)

    def _has_all_profiles(self) -> bool:
        try:
            self._require_profiles()
        except MissingKeyError:
            return False  # its failure is in the log already, and it may have the flag
        return True

    def _report_unknown(self, name: str, profiles: Collection[tuple[str, Any]]) -> None:
        """Log, once for each name, that none of the profiles has this flag."""
        if where := ", ".join(reference for reference, _ in profiles):
            self._unknown.report(name, where, flag_names(profiles), {"source": where})
        elif self._unknown.is_new(name):
            self._store.log(
                "warn",
                f"flag {quoted(name)} is in no source, and none is an AppConfig profile; add the "
                "profile to APPCONFIG_ENV_SOURCES",
            )


class UnknownFlags:
    """The flags that were asked for and do not exist; each is logged once.

    Args:
        log: takes the warning.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self._names: set[str] = set()

    def is_new(self, name: str) -> bool:
        """Whether to warn of `name`: only the first time, and not of names without end."""
        if name in self._names or len(self._names) >= MOST_UNKNOWN:
            return False
        self._names.add(name)
        return True

    def report(
        self, name: str, where: str, known: Collection[str], fields: Fields | None = None
    ) -> None:
        """Log that `where` has the flags `known`, but not this one."""
        if self.is_new(name):
            self.log(
                "warn",
                f"flag {quoted(name)} is not in {where}, which has {listed(known, name)}; correct "
                "its name, or add it",
                fields,
            )


def flag_names(profiles: Collection[tuple[str, Any]]) -> list[str]:
    """Return the names of the flags in the profiles' data."""
    return [
        key
        for _, data in profiles
        if isinstance(data, dict)
        for key, value in data.items()
        if is_flag(value)
    ]


def _is_profile(reference: str) -> bool:
    return scheme_of(reference) == APPCONFIG
