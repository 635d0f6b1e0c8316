"""The flags of the AppConfig profiles among the sources: finds one, and reports unknown ones."""

from __future__ import annotations

from .._config.sources import APPCONFIG, FILE, scheme_of
from .._config.wording import quoted
from .._content.flags import FoundFlag, find, unknown_flag
from .._content.unevaluated import unevaluated_form
from ..errors import MissingKeyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .._cache.entry import Entry
    from .._cache.log_fields import Fields, Log
    from .._content.document import Document
    from .._content.evaluation import Evaluations
    from .._content.flags import Evaluator
    from .._content.profiles import Profile
    from .agent_flags import AgentFlags
    from .live_store import LiveStore

    Profiles = list[tuple[str, Any]]  # references and data

SECONDS_TO_PUBLISH = 1.0  # after the time limit of a refresh: what it has read, or its failure
# Names of flags that are warned of, and whose errors are kept: a program may make them up without
# end.
MOST_UNKNOWN = 100


class LiveFlags:
    """The flags of the sources; `static_store.StaticFlags` has the same methods.

    Args:
        live: has the documents.
    """

    def __init__(self, live: LiveStore) -> None:
        self._live = live
        self._store = live.store
        self._unknown = UnknownFlags(self._store.log)
        self._errors: dict[tuple[str, str | None], tuple[tuple[str, ...], MissingKeyError]] = {}
        self._evaluations: Evaluations | None = None
        self._agent: AgentFlags | None = None
        self._files: dict[str, tuple[Document, bool]] = {}

    def find_flag(
        self,
        name: str,
        source: str | None = None,
        *,
        context: Mapping[str, object] | None = None,
        is_strict: bool = False,
    ) -> FoundFlag | None:
        """Return a flag, with its profile and version; None if no profile has it.

        Args:
            name: the flag's key.
            source: the profile's reference; None for all profiles.
            context: values by key, for flags with variants; None if there is no context.
            is_strict: raise if no profile has it, but one could not be read.

        Raises:
            AmbiguousFlagError: more than one profile has it.
            UnevaluatedFlagError: a profile has rules for it, which were not or cannot be evaluated.
            MissingKeyError: `source` has no document: it is not one of the sources, or could not
                be read.
        """
        if context is not None and self._has_agent_for(source):
            return self._find_by_agent(name, source, context)
        self.read_profiles(source)
        return self.find_read_flag(name, source, context=context, is_strict=is_strict)

    def _has_agent_for(self, source: str | None) -> bool:
        """Whether AWS's own agent evaluates the flags of a profile; None for all profiles."""
        settings = self._store.settings
        if not settings.agent_url or settings.local_dir:
            return False
        return source is None or scheme_of(source) == APPCONFIG

    def _find_by_agent(
        self, name: str, source: str | None, context: Mapping[str, object]
    ) -> FoundFlag | None:
        """Return a flag as the agent evaluates it, or one of a file, which it does not have."""
        evaluator = self._evaluator(context)  # checks the context
        if self._agent is None:
            from .agent_flags import AgentFlags  # only where AGENT_URL is set

            self._agent = AgentFlags(self._store.settings, self._store.log)
        found, has_all = self._agent.find(name, source, context)
        if found is None and source is None:
            files = [one for one in self._read_ones(None) if not _is_profile(one[0])]
            found = find(name, files, evaluator)
        if found is None and has_all:
            message = f"AWS's agent has no flag {quoted(name)}; correct its name, or add it"
            self._unknown.report(name, message)
        return found

    def find_read_flag(
        self,
        name: str,
        source: str | None = None,
        *,
        context: Mapping[str, object] | None = None,
        is_strict: bool = False,
    ) -> FoundFlag | None:
        """Return what `find_flag` does, as read: without a refresh, and so without waiting."""
        profiles = self._read_ones(source)
        found = find(name, profiles, None if context is None else self._evaluator(context))
        if found is None:
            if is_strict and source is None:
                self._require_profiles()
            elif not is_strict and (source is not None or self._has_all_profiles()):
                self._report_unknown(name, profiles)
            return None
        entry = self._store.snapshot.entries[found.profile]
        is_failing = entry.failure is not None
        return FoundFlag(
            found.flag, found.profile, entry.version, reason=found.reason, is_failing=is_failing
        )

    def _evaluator(self, context: Mapping[str, object]) -> Evaluator:
        if self._evaluations is None:
            from .._content.evaluation import Evaluations  # only flags with variants need it

            self._evaluations = Evaluations()
        return self._evaluations.of(context)

    def unknown(self, name: str, source: str | None = None) -> MissingKeyError:
        """Return the error for a flag that none of the profiles has, as read.

        A program may evaluate such a flag at each request, and finding the names that are like it
        takes as long as hundreds of evaluations: an error is kept while the documents are the same.

        Raises:
            MissingKeyError: `source` has no document.
        """
        profiles = self._read_ones(source)
        read = tuple(self._digest(reference) for reference, _ in profiles)
        before, error = self._errors.get((name, source), (None, None))
        if error is None or before != read:
            if len(self._errors) >= MOST_UNKNOWN:
                self._errors.clear()
            error = unknown_flag(name, profiles)
            self._errors[name, source] = read, error
        return error

    def _digest(self, reference: str) -> str:
        document = self._store.snapshot.entries[reference].document
        return document.digest if document is not None else ""

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
        entries = self._store.snapshot.entries
        return [
            one
            for one in self._store.settings.resources()
            if _is_profile(one) or (one in entries and self._is_file_of_flags(one, entries[one]))
        ]

    def _read_ones(self, source: str | None) -> Profiles:
        """Return the profile `source`, or with None all that have been read, and their data."""
        if source is not None:
            return [(self._live.configured(source), self._live.read_document(source))]
        resources = self._store.settings.resources()
        return [
            (reference, entry.data(resources[reference][0]))
            for reference, entry in self._store.snapshot.entries.items()
            if entry.fetched_at is not None
            and (_is_profile(reference) or self._is_file_of_flags(reference, entry))
        ]

    def _is_file_of_flags(self, reference: str, entry: Entry) -> bool:
        """Whether a `file:` source has flags in a form that a file of variables does not have."""
        document = entry.document
        if document is None or scheme_of(reference) != FILE:
            return False
        known = self._files.get(reference)
        if known is None or known[0] is not document:
            source = self._store.settings.resources()[reference][0]
            is_of_flags = bool(unevaluated_form(entry.data(source)))
            self._files[reference] = known = document, is_of_flags
        return known[1]

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

    def _report_unknown(self, name: str, profiles: Profiles) -> None:
        """Log, once for each name, that none of the profiles has this flag."""
        where = ", ".join(reference for reference, _ in profiles)
        message = str(unknown_flag(name, profiles))
        self._unknown.report(name, message, {"source": where} if where else None)


class UnknownFlags:
    """The flags that were asked for and do not exist; each is logged once.

    Args:
        log: takes the warning.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self._names: set[str] = set()

    def report(self, name: str, message: str, fields: Fields | None = None) -> None:
        """Log `message` about the flag `name`, unless it was logged, or too many others were."""
        if name not in self._names and len(self._names) < MOST_UNKNOWN:
            self._names.add(name)
            self.log("warn", message, fields)


def _is_profile(reference: str) -> bool:
    return scheme_of(reference) == APPCONFIG
