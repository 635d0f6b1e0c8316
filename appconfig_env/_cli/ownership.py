"""Which source sets which variable, and what keeps the others from it; pure."""

from __future__ import annotations

from typing import NamedTuple

from .._config.environ import configured_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._cache.snapshot import Snapshot
    from .._config.settings import Settings
    from .._config.sources import Source

SET = "set"  # in the environment, and for get()
DEFERRED = "get() only"  # of a source with env=no
OVERRIDDEN = "overridden"  # another source wins
CONFIGURED = "configured"  # the environment has a value of its own, which wins
PROTECTED = "protected"  # no source may set it
STATES = (SET, DEFERRED, OVERRIDDEN, CONFIGURED, PROTECTED)


class Variable(NamedTuple):
    """One variable of one source.

    Attributes:
        name: the variable's name.
        source: where it comes from.
        state: one of STATES.
        value: its value; empty for a protected name, whose value is not kept.
        is_secret: whether the value is known to be secret.
        winner: the source that wins, if this one is overridden.
    """

    name: str
    source: Source
    state: str
    value: str = ""
    is_secret: bool = False
    winner: Source | None = None


def own_names(settings: Settings, environ: Mapping[str, str]) -> frozenset[str]:
    """Return the names that no source sets, because the environment has a value of its own."""
    if settings.overwrite:
        return settings.fixed
    return configured_names(environ) - {source.variable for source in settings.sources}


def resulting(
    settings: Settings, environ: Mapping[str, str], values: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment that a program gets.

    Args:
        settings: the sources.
        environ: the environment before, with references.
        values: what the sources set.
    """
    in_place = {source.variable for source in settings.sources}
    return {name: text for name, text in environ.items() if name not in in_place} | {**values}


def variables(settings: Settings, environ: Mapping[str, str], snapshot: Snapshot) -> list[Variable]:
    """Return the variables of all sources that were read, by name; of one name, the winner last.

    Args:
        settings: the sources.
        environ: the environment.
        snapshot: the sources' entries.
    """
    own = own_names(settings, environ)
    winners: dict[tuple[str, bool], Source] = {}
    for source, rendered in snapshot.variables(settings):
        for name in rendered.values:
            winners[name, source.env] = source
    found = []
    for source, rendered in snapshot.variables(settings):
        for name, value in rendered.values.items():
            winner = winners[name, source.env]
            if name in own:
                state = CONFIGURED
            elif winner != source:
                state = OVERRIDDEN
            else:
                state = SET if source.env else DEFERRED
            found.append(
                Variable(
                    name,
                    source,
                    state,
                    value,
                    is_secret=name in rendered.secret,
                    winner=winner if state == OVERRIDDEN else None,
                )
            )
        found += (Variable(name, source, PROTECTED) for name in rendered.protected)
    return sorted(found, key=lambda one: one.name)
