"""What is wrong, or may be, with the names that sources set; pure."""

from __future__ import annotations

from typing import NamedTuple

from ..._config.sources import SSM
from ..._config.wording import enumerated
from ..._content.protected import is_protected
from ..._content.variables import FREE_NAME, single_name
from ..ownership import own_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..._cache.snapshot import Snapshot
    from ..._config.settings import Settings
    from ..._config.sources import Source
    from ...errors import SettingsError

    Names = Mapping[str, tuple[str, ...]]  # by the source's identity

ERROR, WARN = "error", "warn"
WITHOUT_ONLY = "who can write a parameter below this path chooses the names of variables"
NOTHING = "no sources are configured; set APPCONFIG_ENV_SOURCES, or a variable to a reference"
OTHER_NAMES = "choose other names, or configure them on the function"
OVERWRITE = "unset these variables, or set APPCONFIG_ENV_OVERWRITE=yes"


class Finding(NamedTuple):
    """One thing that is wrong, or looks like a mistake.

    Attributes:
        level: ERROR or WARN.
        message: what it is, and the remedy; names, never values.
        source: the source that it is about; empty for none.
    """

    level: str
    message: str
    source: str = ""


def of_settings(error: SettingsError) -> list[Finding]:
    """Return a finding for each problem of the settings."""
    return [Finding(ERROR, problem) for problem in error.problems]


def known_names(source: Source) -> tuple[str, ...]:
    """Return the names that `source` sets, as far as they are known without its document."""
    is_parameter = source.resource.scheme == SSM and not source.resource.is_path
    if source.variable or source.as_name or source.key or is_parameter:
        return (single_name(source),)
    return source.only or ()


def names_of(settings: Settings, snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """Return the names that each source sets: those of its document if it was read."""
    read = {source.identity: tuple(one.values) for source, one in snapshot.variables(settings)}
    return {
        source.identity: read.get(source.identity) or known_names(source)
        for source in settings.sources
    }


def findings(settings: Settings, environ: Mapping[str, str], snapshot: Snapshot) -> list[Finding]:
    """Return what looks like a mistake in settings that are valid.

    Args:
        settings: the sources.
        environ: the environment.
        snapshot: the entries of those sources that were read.
    """
    found = [Finding(WARN, warning) for warning in settings.warnings]
    if not settings.sources:
        found.append(Finding(WARN, NOTHING))
    names = names_of(settings, snapshot)
    for source in settings.sources:
        found += _of_source(source)
    found += _of_documents(settings, snapshot)
    found += _clashes(settings, names)
    found += _configured(settings, environ, names)
    return found


def _of_source(source: Source) -> Iterator[Finding]:
    """Yield what is known without the document."""
    reference = source.public_reference
    chosen = source.variable or source.as_name
    if not source.env:
        return
    if source.resource.is_path and source.only is None and not chosen:
        remedy = "set only= to the names that the program needs"
        if source.setting:
            remedy = f"read it with only= in APPCONFIG_ENV_SOURCES, and unset {source.setting}"
        yield Finding(WARN, f"{reference}: {WITHOUT_ONLY}; {remedy}", reference)
    protected = [name for name in known_names(source) if is_protected(name)]
    for name in protected:
        level = ERROR if chosen else WARN
        yield Finding(level, f"{reference}: {name} is a protected name; {FREE_NAME}", reference)


def _of_documents(settings: Settings, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield which names of documents are left out."""
    for source, rendered in snapshot.variables(settings):
        reference = source.public_reference
        known = known_names(source)
        names = [name for name in rendered.protected if name not in known]
        if names:
            left_out = f"{reference}: left out as protected: {enumerated(names)}"
            yield Finding(WARN, f"{left_out}; {OTHER_NAMES}", reference)
        for problem in rendered.left_out:
            yield Finding(WARN, f"{reference}: {problem}", reference)


def _clashes(settings: Settings, names: Names) -> Iterator[Finding]:
    """Yield which sources set the same names; once for each pair of them."""
    owners: dict[tuple[str, bool], Source] = {}
    pairs: dict[tuple[Source, Source], list[str]] = {}
    for source in settings.sources:
        for name in names[source.identity]:
            earlier = owners.get((name, source.env))
            if earlier is not None:
                pairs.setdefault((earlier, source), []).append(name)
            owners[name, source.env] = source
    for (earlier, later), shared in pairs.items():
        first, second = earlier.public_reference, later.public_reference
        yield Finding(
            WARN,
            f"{second} wins over {first} for {enumerated(sorted(shared))}; rename what differs, or "
            "remove it from one of the two",
            second,
        )


def _configured(settings: Settings, environ: Mapping[str, str], names: Names) -> Iterator[Finding]:
    """Yield which names the environment has a value of its own for."""
    own = own_names(settings, environ)
    for source in settings.sources:
        set_here = {name for name in names[source.identity] if not is_protected(name)}
        found = sorted(set_here & own)
        if not found:
            continue
        reference = source.public_reference
        wins = f"the environment itself wins over {reference} for {enumerated(found)}"
        yield Finding(WARN, f"{wins}; {OVERWRITE}", reference)
