"""The environment of a process that no wrapper has filled: fills it in place, or warns."""

from __future__ import annotations

import os
from _thread import RLock

from .._cache import handoff
from .._cache.snapshot import exported
from .._config.environ import configured_names, is_in_lambda
from .._config.references import is_reference
from .._config.settings import HANDOFF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from .._cache.store import Store
    from .._config.settings import Settings
    from .live_store import LiveStore, Refresh


def is_filled(environ: Mapping[str, str]) -> bool:
    """Whether a wrapper, or `fill` in this process or its parent, has filled the environment."""
    return handoff.loads(environ.get(HANDOFF, "")) is not None


class _Turn:
    """Whose turn it is to fill the environment: one thread's, and the others wait for it."""

    __slots__ = ("is_taken", "lock")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Let the first thread of a forked child have its turn."""
        self.lock = RLock()  # re-entrant: a callback or a signal handler may interrupt it
        self.is_taken = False


_turn = _Turn()
os.register_at_fork(after_in_child=_turn.reset)


def fill_once(
    environ: MutableMapping[str, str], live: Callable[[], LiveStore], refresh: Refresh
) -> frozenset[str]:
    """Return what `fill` does; no names if the environment is filled, or this thread fills it.

    Raises:
        LoadError, SettingsError: as `fill`.
    """
    with _turn.lock:
        if _turn.is_taken:
            return frozenset()
        _turn.is_taken = True
        try:  # only now: another thread, or a signal handler, may have filled it in between
            return frozenset() if is_filled(environ) else fill(environ, live(), refresh)
        finally:
            _turn.is_taken = False


def fill(environ: MutableMapping[str, str], live: LiveStore, refresh: Refresh) -> frozenset[str]:
    """Read all sources, and put their variables into `environ`; return the names.

    A reference without a value (its source is optional) is removed. Child processes recognize by
    the handoff that they inherit values: what a source has set is never read as a reference.

    Raises:
        LoadError: a required source has no value; nothing was changed.
    """
    store = live.store
    settings = store.settings
    resources = _resources(settings)
    # Outside Lambda, a notebook may call it again once a source is corrected: do not wait for the
    # next attempt.
    even_fresh = None if is_in_lambda(environ) else resources
    refresh(store, even_fresh=even_fresh, awaited=resources)
    error = live.missing(lambda source: source.env)
    if error is not None:
        raise error
    references = _unresolved(settings, environ)
    own = configured_names(environ) - references.keys()
    configured = settings.fixed if settings.overwrite else own
    values = exported(store.snapshot, settings, configured, store.log)
    passed = handoff.Handoff(
        os.getpid(), store.snapshot.taken_at, references, own, folder=settings.folder
    )
    for name in references.keys() - values.keys():
        del environ[name]
    environ.update(values)
    environ[HANDOFF] = handoff.dumps(passed)
    return frozenset(values)


def warn_of_unresolved(environ: Mapping[str, str], store: Store) -> None:
    """Log which variables hold references that no wrapper has resolved."""
    names = sorted(_unresolved(store.settings, environ))
    noun, them = ("a reference", "it") if len(names) == 1 else ("references", "them")
    store.log(
        "warn",
        f"{', '.join(names)}: os.environ still holds {noun}, because no wrapper has resolved "
        f"{them}; call appconfig_env.load() before anything reads {them}, or start the program "
        "with appconfig-env run",
        {"variable": ", ".join(names)},
    )


def _resources(settings: Settings) -> list[str]:
    """Return the references of the resources that can set variables."""
    return [
        reference
        for reference, sources in settings.resources().items()
        if any(source.env for source in sources)
    ]


def _unresolved(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the references that the environment still holds, by variable."""
    variables = (source.variable for source in settings.sources if source.variable)
    held = {name: environ.get(name, "") for name in variables}
    return {name: text for name, text in held.items() if is_reference(text)}
