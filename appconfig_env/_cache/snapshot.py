"""All entries at one moment, replaced whole and never edited; pure."""

from __future__ import annotations

from .._content import fast_json as json
from .._content.document import blake2b
from .._content.variables import Variables
from .entry import newer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from .._config.settings import Settings
    from .._config.sources import Source
    from ..errors import SourceError
    from .entry import Entry
    from .log_fields import Fields, Log

SCHEMA = 2  # of the snapshot file, see snapshot_json


def merged(rendered: Iterable[Variables]) -> Mapping[str, str]:
    """Return the values of all, of which later ones win; if only one has any, its own object."""
    all_values = [variables.values for variables in rendered if variables.values]
    if len(all_values) == 1:
        return all_values[0]
    found: dict[str, str] = {}
    for values in all_values:
        found.update(values)
    return found


class Snapshot:
    """All entries at one moment.

    Attributes:
        taken_at: that moment, in Unix seconds.
        fingerprint: of the settings it was made from.
        entries: by the resources' references.
    """

    __slots__ = ("entries", "fingerprint", "taken_at")

    def __init__(self, taken_at: float, fingerprint: str, entries: dict[str, Entry]) -> None:
        self.taken_at = taken_at
        self.fingerprint = fingerprint
        self.entries: Mapping[str, Entry] = entries

    def variables(self, settings: Settings) -> Iterator[tuple[Source, Variables]]:
        """Yield each source and its variables; later ones win."""
        resources = settings.resources()
        for source in settings.sources:
            reference = source.resource.reference
            entry = self.entries.get(reference)
            if entry is not None:
                variables = entry.rendering(resources[reference]).variables
                if source.identity in variables:
                    yield source, variables[source.identity]

    def values(self, settings: Settings) -> dict[str, str]:
        """Return every name's value, whether or not it goes into the environment."""
        return dict(merged(variables for _, variables in self.variables(settings)))

    def missing(self, settings: Settings) -> list[SourceError]:
        """Return the required sources that have no value."""
        return [
            error
            for reference, sources in settings.resources().items()
            if (entry := self.entries.get(reference)) is not None and entry.failure is not None
            for error in entry.rendering(sources).missing
        ]

    def without_tokens(self, references: Collection[str] | None = None) -> Snapshot:
        """Return a copy for a process that must not poll with the tokens of `references`, or any.

        Args:
            references: the resources; None for all.
        """
        entries = {
            reference: entry.without_token()
            if references is None or reference in references
            else entry
            for reference, entry in self.entries.items()
        }
        return Snapshot(self.taken_at, self.fingerprint, entries)

    def digests(self) -> dict[str, str]:
        """Return the digests of the documents that a file may hold, by reference."""
        return {
            reference: entry.document.digest
            for reference, entry in self.entries.items()
            if entry.document is not None and not entry.is_secret
        }

    def complete(self) -> Snapshot:
        """Return a copy with only those entries that have their documents."""
        entries = {
            reference: entry
            for reference, entry in self.entries.items()
            if entry.document is not None and entry.used_since is not None
        }
        return Snapshot(self.taken_at, self.fingerprint, entries)

    def read_since(self, revision: int) -> Snapshot:
        """Return a copy with only the values, and the failures without any, of later attempts.

        Args:
            revision: the least one of such an attempt, see `Entry.next_revision`.
        """
        entries = {
            reference: entry
            for reference, entry in self.entries.items()
            if (entry.revision if entry.used_since is None else entry.confirmed) >= revision
        }
        return Snapshot(self.taken_at, self.fingerprint, entries)

    def __repr__(self) -> str:
        return f"<Snapshot of {len(self.entries)} entries>"


def fingerprint(settings: Settings) -> str:
    """Return a hash that is equal for settings that read the same: 64 hexadecimal digits."""
    identity = json.dumps([SCHEMA, settings.identity()], sort_keys=True)
    return blake2b(identity.encode(), digest_size=32).hexdigest()


def newest(own: Snapshot, found: Snapshot | None) -> Snapshot:
    """Return, for each resource, the newer document and the newer attempt of `own` and `found`.

    Args:
        own: this process's snapshot.
        found: the one that another process has published.
    """
    if found is None:
        return own
    entries = dict(own.entries)
    for reference, entry in found.entries.items():
        own_entry = entries.get(reference)
        if own_entry is not None:
            entries[reference] = newer(own_entry, entry)
        elif entry.is_known and not entry.redacted:
            entries[reference] = entry
    return Snapshot(own.taken_at, own.fingerprint, entries)


def exported(
    snapshot: Snapshot,
    settings: Settings,
    configured: Collection[str],
    log: Log,
    kept: Collection[str] = (),
) -> dict[str, str]:
    """Return what the sources set in an environment; log what they may not set.

    Args:
        snapshot: the sources' entries.
        settings: the sources.
        configured: the names that no source may set.
        log: takes a level, a message and its fields.
        kept: those of them that a program has set.
    """
    values: dict[str, str] = {}
    for source, variables in snapshot.variables(settings):
        for name in variables.protected:
            about = f"{source.public_reference}: {name} is protected and was left out"
            line = f"{about}; rename it, or configure it on the function"
            log("warn", line, _fields(source, name))
        for name, value in variables.values.items() if source.env else ():
            if name not in configured:
                values[name] = value
            elif settings.accepts("debug"):
                by = "was set by a program" if name in kept else "is configured on the function"
                hint = "to overwrite it, set APPCONFIG_ENV_OVERWRITE=yes"
                log(
                    "debug",
                    f"{source.public_reference}: {name} {by}; {hint}",
                    _fields(source, name),
                )
    return values


def _fields(source: Source, name: str) -> Fields:
    from .log_fields import source_fields  # most starts log no such line

    return source_fields([source], name)


class _Redacted:
    """What the environment has of the values that the file does not have."""

    __slots__ = ("_doubtful", "_environ", "_owners", "_sources", "_started_at")

    def __init__(
        self, found: Snapshot, settings: Settings, environ: Mapping[str, str], started_at: float
    ) -> None:
        self._environ = environ
        self._started_at = started_at
        self._sources = {source.identity: source for source in settings.sources if source.env}
        # The resource that set each name last. A name is doubtful if a later resource was read
        # again since: the file does not tell whether it had the name when the wrapper started.
        self._owners: dict[str, str] = {}
        self._doubtful: set[str] = set()
        variables = {source.identity: one.values for source, one in found.variables(settings)}
        for identity, source in self._sources.items():
            reference = source.resource.reference
            entry = found.entries.get(reference)
            if entry is None:
                continue
            if (entry.used_since or 0.0) > started_at:
                earlier = [source.variable] if source.variable else self._owners
                self._doubtful |= {name for name in earlier if self._owners.get(name) != reference}
            for name in (*entry.redacted.get(identity, ()), *variables.get(identity, ())):
                self._owners[name] = reference

    def completed(self, reference: str, entry: Entry) -> Entry | None:
        """Return the entry with its values; None if the environment does not have all of them."""
        given: dict[str, Variables] = {}
        for identity, names in entry.redacted.items():
            source = self._sources.get(identity)
            if source is None or source.resource.reference != reference:
                return None
            for name in names:
                if name not in self._environ or self._owners[name] != reference:
                    return None
            values = {name: self._environ[name] for name in names}
            given[identity] = Variables(values, secret=names)
        started_at = self._started_at
        is_doubtful = any(name in self._doubtful for one in given.values() for name in one.values)
        entry = entry.completed(given)
        if not is_doubtful and (entry.used_since or 0.0) <= started_at:
            return entry
        # Another process has read it since, or what took precedence over it. Use the environment's
        # value until this process has read it too, which is at once.
        return entry.outdated(started_at)


def completed(
    found: Snapshot, settings: Settings, environ: Mapping[str, str], started_at: float | None
) -> Snapshot:
    """Return the file's snapshot, with redacted values added from the environment.

    Args:
        found: the file's snapshot, which holds no secrets.
        settings: the sources.
        environ: the process's environment.
        started_at: when the wrapper set the environment, in Unix seconds; None without a wrapper.
            Values that another process has read since then are not in it.
    """
    redacted: _Redacted | None = None
    if started_at is not None and any(entry.redacted for entry in found.entries.values()):
        redacted = _Redacted(found, settings, environ, started_at)
    entries: dict[str, Entry] = {}
    for reference, entry in found.entries.items():
        if entry.redacted:
            whole = redacted.completed(reference, entry) if redacted is not None else None
            if whole is not None:
                entries[reference] = whole
            # Otherwise this process must read it again.
        elif entry.is_known:
            entries[reference] = entry
    return Snapshot(found.taken_at, found.fingerprint, entries)
