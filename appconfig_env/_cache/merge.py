"""What one process knows, put together: its own, the file's and the environment's; pure."""

from __future__ import annotations

from .._content.variables import Variables
from .snapshot import Entry, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._config.settings import Settings


def newest(own: Snapshot, found: Snapshot | None, now: float) -> Snapshot:
    """Of each source the newer document, and the newer attempt, of `own` and `found`.

    Args:
        own: what this process knows.
        found: what another one has put there.
        now: Unix seconds.
    """
    if found is None:
        return own
    entries = dict(own.entries)
    for text, entry in found.entries.items():
        mine = entries.get(text)
        if mine is not None:
            entries[text] = _newer(mine, entry, now)
        elif entry.is_known and not entry.redacted:
            entries[text] = entry
    return Snapshot(own.taken_at, own.fingerprint, entries)


def _newer(mine: Entry, found: Entry, now: float) -> Entry:
    if not found.has_data:
        is_later = found.checked_at >= mine.checked_at
        is_nothing = mine.fetched_at is None and found.fetched_at is None
        return found if is_nothing and found.is_known and is_later else mine
    if max(mine.checked_at, found.checked_at) > now:
        # The clock went back, so times tell no order. What has its token still was never put into
        # the file; all else that this process knows was, and others came after it.
        return mine if mine.token else found
    if mine.fetched_at is None:
        return found  # whoever has read it has asked after us: else what we found out were there
    # Document, values, version and token go together: a token says "unchanged" of one document.
    if mine.fetched_at > (found.fetched_at or 0.0):
        return _attempted(mine, found)
    return _attempted(found, mine)


def _attempted(newer: Entry, other: Entry) -> Entry:
    """The newer document, after an attempt of `other` that came later and so must have failed."""
    if newer.checked_at >= other.checked_at:
        return newer
    return newer.but(
        checked_at=other.checked_at,
        refresh_at=other.refresh_at,
        failures=other.failures,
        error=other.error,
    )


def completed(
    found: Snapshot, settings: Settings, environ: Mapping[str, str], started_at: float | None
) -> Snapshot:
    """A snapshot from the file, with the secret values that the environment has.

    Args:
        found: what is in the file, where no secret is.
        settings: what is read.
        environ: the process's environment.
        started_at: when a wrapper filled that, in Unix seconds; None where none did. What another
            process has read since then the environment does not know.
    """
    by_identity = {source.identity: source for source in settings.sources}
    entries: dict[str, Entry] = {}
    for text, entry in found.entries.items():
        rendered = dict(entry.rendered)
        is_whole = True
        for identity, names in entry.redacted.items():
            source = by_identity.get(identity)
            is_known = source is not None and source.env and started_at is not None
            known = {name: environ[name] for name in names if is_known and name in environ}
            is_whole = is_whole and len(known) == len(names)
            plain = rendered.get(identity) or Variables()
            rendered[identity] = Variables(
                {**plain.values, **known}, secret=names, protected=plain.protected
            )
        if not is_whole:
            continue
        whole = entry.but(rendered=rendered, redacted={})
        if entry.redacted and started_at is not None and (entry.fetched_at or 0.0) > started_at:
            # Others have read it since: ours is good until it is read anew, which is due.
            whole = whole.but(
                version="", fetched_at=started_at, checked_at=started_at, refresh_at=started_at
            )
        entries[text] = whole
    return Snapshot(found.taken_at, found.fingerprint, entries)
