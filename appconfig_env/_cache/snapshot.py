"""All entries at one moment, replaced whole and never edited; pure."""

from __future__ import annotations

import hashlib

from .._content import fast_json as json
from .._content.variables import Variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .._config.settings import Settings
    from .._config.sources import Source
    from ..errors import SourceError
    from .entry import Entry

SCHEMA = 2  # of the snapshot file, see snapshot_json


class Snapshot:
    """All entries at one moment.

    Attributes:
        taken_at: that moment, in Unix seconds.
        fingerprint: of the settings it was made from.
        entries: by the resources' references.
    """

    __slots__ = ("entries", "fingerprint", "taken_at")

    def __init__(self, taken_at: float, fingerprint: str, entries: Mapping[str, Entry]) -> None:
        self.taken_at = taken_at
        self.fingerprint = fingerprint
        self.entries = dict(entries)

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
        merged: dict[str, str] = {}
        for _, variables in self.variables(settings):
            merged.update(variables.values)
        return merged

    def missing(self, settings: Settings) -> list[SourceError]:
        """Return the required sources that have no value."""
        return [
            error
            for reference, sources in settings.resources().items()
            if (entry := self.entries.get(reference)) is not None and entry.failure is not None
            for error in entry.rendering(sources).missing
        ]

    def without_tokens(self) -> Snapshot:
        """Return the same for a process that must not poll with its tokens."""
        entries = {
            reference: entry.replace(token="") if entry.token else entry
            for reference, entry in self.entries.items()
        }
        return Snapshot(self.taken_at, self.fingerprint, entries)

    def complete(self) -> Snapshot:
        """Return the entries that hold their documents."""
        entries = {
            reference: entry
            for reference, entry in self.entries.items()
            if entry.document is not None and entry.fetched_at is not None
        }
        return Snapshot(self.taken_at, self.fingerprint, entries)

    def __repr__(self) -> str:
        return f"<Snapshot of {len(self.entries)} entries>"


def fingerprint(settings: Settings) -> str:
    """Return what two settings share if, and only if, they read the same: 64 hexadecimal digits."""
    identity = json.dumps([SCHEMA, settings.identity()], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()


def newest(own: Snapshot, found: Snapshot | None) -> Snapshot:
    """Return, of each resource, the newer document and the newer attempt of `own` and `found`.

    Revisions decide, and no clock: see `Entry.next_revision`.

    Args:
        own: what this process knows.
        found: what another one has published.
    """
    if found is None:
        return own
    entries = dict(own.entries)
    for reference, entry in found.entries.items():
        mine = entries.get(reference)
        if mine is not None:
            entries[reference] = _newer(mine, entry)
        elif entry.is_known and not entry.redacted:
            entries[reference] = entry
    return Snapshot(own.taken_at, own.fingerprint, entries)


def _newer(mine: Entry, found: Entry) -> Entry:
    if found.document is None:
        has_neither = mine.fetched_at is None and found.fetched_at is None
        return found if has_neither and found.is_known and found.revision >= mine.revision else mine
    if mine.fetched_at is None:
        return found
    # Document, version and token go together: "unchanged" is said of one document. What still has
    # its token was never published, so it is no older than what was.
    is_mine = mine.confirmed > found.confirmed or (
        mine.confirmed == found.confirmed and bool(mine.token)
    )
    newer, other = (mine, found) if is_mine else (found, mine)
    if other.revision <= newer.revision:
        return newer
    return newer.replace(  # a later attempt that failed
        checked_at=other.checked_at,
        refresh_at=other.refresh_at,
        revision=other.revision,
        failures=max(other.failures, 1),
        failure=other.failure or newer.failure,
    )


def completed(
    found: Snapshot, settings: Settings, environ: Mapping[str, str], started_at: float | None
) -> Snapshot:
    """Return a snapshot from the file, with the redacted values that the environment has.

    Args:
        found: the file's, where no secret is.
        settings: what is read.
        environ: the process's environment.
        started_at: when a wrapper set that, in Unix seconds; None where none did. It does not have
            what another process has read since then.
    """
    by_identity = {source.identity: source for source in settings.sources}
    entries: dict[str, Entry] = {}
    for reference, entry in found.entries.items():
        given: dict[str, Variables] = {}
        for identity, names in entry.redacted.items():
            source = by_identity.get(identity)
            is_set = source is not None and source.env and started_at is not None
            if is_set and all(name in environ for name in names):
                values = {name: environ[name] for name in names}
                given[identity] = Variables(values, secret=names)
        if len(given) != len(entry.redacted):
            continue  # read again here
        if given:
            entry = entry.replace(given=given, redacted={})  # noqa: PLW2901 - the same, completed
            if started_at is not None and (entry.fetched_at or 0.0) > started_at:
                # Another process has read it since: ours holds until it is read here, at once.
                entry = entry.replace(  # noqa: PLW2901 - likewise
                    version="", fetched_at=started_at, checked_at=started_at, refresh_at=started_at
                )
        if entry.is_known or given:
            entries[reference] = entry
    return Snapshot(found.taken_at, found.fingerprint, entries)
