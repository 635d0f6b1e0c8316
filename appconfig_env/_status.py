"""How the sources are: for people, and for a call that cannot go on without one."""

from __future__ import annotations

from .errors import LoadError, SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._store import Store

NOT_YET = "no answer yet: another thread is reading it, and was waited for in vain"


def status(store: Store, now: float) -> dict[str, dict[str, Any]]:
    """See `Helper.status`."""
    states = store.snapshot.states
    found = {}
    for text in store.settings.locators():
        state = states.get(text)
        found[text] = {
            "version": state.version if state else "",
            "age": _age(now, state.fetched_at) if state else None,
            "last_error": state.error if state else None,
        }
    return found


def missing(store: Store) -> LoadError | None:
    """The required sources that have no value, unless the settings say to go on without."""
    errors = store.snapshot.missing()
    unread = store.unasked()
    errors += [
        SourceError(source.label, NOT_YET, unreachable=True)
        for source in store.settings.sources
        if source.locator.text in unread and not source.optional and source.default is None
    ]
    return LoadError(errors) if errors and not store.settings.go_on else None


def _age(now: float, moment: float | None) -> float | None:
    return None if moment is None else max(0.0, now - moment)
