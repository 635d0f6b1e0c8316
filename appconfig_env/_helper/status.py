"""How the sources are: for people, and for a call that cannot go on without one."""

from __future__ import annotations

from ..errors import LoadError, SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._cache.store import Store

NOT_YET = "no answer yet: another thread is reading it, and was waited for in vain"


def status(store: Store, now: float) -> dict[str, dict[str, Any]]:
    """See `Helper.status`."""
    entries = store.snapshot.entries
    found = {}
    for text in store.settings.resources():
        entry = entries.get(text)
        found[text] = {
            "version": entry.version if entry else "",
            "age": _age(now, entry.fetched_at) if entry else None,
            "last_error": entry.error if entry else None,
        }
    return found


def missing(store: Store) -> LoadError | None:
    """The required sources that have no value, unless the settings say to go on without."""
    errors = store.snapshot.missing()
    unread = store.unasked()
    errors += [
        SourceError(source.public_reference, NOT_YET, unreachable=True)
        for source in store.settings.sources
        if source.resource.reference in unread and not source.optional and source.default is None
    ]
    return LoadError(errors) if errors and not store.settings.continue_on_error else None


def _age(now: float, moment: float | None) -> float | None:
    return None if moment is None else max(0.0, now - moment)
