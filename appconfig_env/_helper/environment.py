"""The environment of a process that no wrapper has filled: fills it in place, or warns."""

from __future__ import annotations

import os

from .._cache import handoff
from .._cache.snapshot import exported
from .._config.environ import configured_names, is_in_lambda
from .._config.references import is_reference
from .._config.settings import HANDOFF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from .._cache.store import Store
    from .._config.settings import Settings
    from .live_store import LiveStore, Refresh


def is_filled(environ: Mapping[str, str]) -> bool:
    """Whether a wrapper, or `fill` in this process or its parent, has filled the environment."""
    return handoff.loads(environ.get(HANDOFF, "")) is not None


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
    # Outside Lambda, the snapshot file is from another run: this one is to see what has changed.
    even_fresh = None if is_in_lambda(environ) else resources
    refresh(store, even_fresh=even_fresh, awaited=resources)
    error = live.missing(lambda source: source.env)
    if error is not None:
        raise error
    references = _unresolved(settings, environ)
    own = configured_names(environ) - references.keys()
    configured = settings.fixed if settings.overwrite else own
    values = exported(store.snapshot, settings, configured, store.log)
    passed = handoff.Handoff(os.getpid(), store.snapshot.taken_at, references, own)
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
