"""Reads sources for a verb: once, with a progress line, without the snapshot file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .._backends import paths
from .._cache import repository
from .._cache.effects import failure_lines
from .._cache.load import load
from .._config import settings as _settings
from .._config.settings import PREFETCH_LIST, PREFIX, Settings
from .._wrapper import progress
from .._wrapper.main import handoff_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from .._backends.base import Outcome
    from .._cache.log_fields import Log
    from .._cache.snapshot import Snapshot
    from .._config.sources import Source
    from .commands import Process

# What names sources; a reference on the command line is read without them.
_OF_SOURCES = (f"{PREFIX}SOURCES", f"{PREFIX}FALLBACK", PREFETCH_LIST, "APP_PARAMS_PATH")


def settings_of(environ: Mapping[str, str]) -> Settings:
    """Return the settings of an environment, also below a program that the wrapper has started.

    Raises:
        SettingsError: a setting is invalid.
    """
    # What a source has set there is not read as a reference.
    passed = handoff_of(environ)
    return _settings.from_environ(
        environ,
        passed.references if passed is not None else None,
        passed.configured if passed is not None else None,
        paths.problems,
        working_folder=os.getcwd,
    )


def read(
    settings: Settings,
    process: Process,
    *,
    skip: Collection[str] = (),
    report: Callable[[Mapping[str, Outcome]], None] | None = None,
    uses_fallback: bool = True,
) -> Snapshot:
    """Return the entries of all sources of `settings`, deferred ones included.

    Args:
        settings: the sources.
        process: reads them, and shows on a terminal how many it is waiting for.
        skip: references of resources not to read.
        report: gets the outcomes, see `load`.
        uses_fallback: whether the fallback replaces what is unavailable.
    """
    backend = process.make_backend(settings, process.environ)
    if process.shows_progress and progress.is_shown(settings, process.environ):
        backend = progress.Progress(backend)

    def fallback() -> Snapshot | None:
        return repository.read_fallback(settings, process.log(settings))

    return load(
        settings,
        backend,
        process.now(),
        timeout=settings.deadline_seconds,
        skip=skip,
        report=report,
        fallback=fallback if uses_fallback else None,
    )


def report_failures(
    settings: Settings, snapshot: Snapshot, present: Mapping[str, str], log: Log
) -> None:
    """Log why sources could not be read, and what that means for variables.

    Args:
        settings: the sources.
        snapshot: their entries.
        present: all variables.
        log: takes a level, a message and its fields.
    """
    failed = [reference for reference, entry in snapshot.entries.items() if entry.failure]
    for line, fields, is_missing in failure_lines(
        settings, snapshot, failed, present, is_continuing=settings.continue_on_error
    ):
        log("error" if is_missing else "warn", line, fields)


def with_sources(settings: Settings, sources: Iterable[Source]) -> Settings:
    """Return a copy of `settings` with other sources."""
    names = [name for name in Settings.__slots__ if name not in ("sources", "_resources")]
    return Settings(tuple(sources), **{name: getattr(settings, name) for name in names})


def settings_of_reference(source: Source, process: Process) -> Settings:
    """Return the settings of this environment with one source, given on the command line.

    Raises:
        SettingsError: a setting is invalid; other references are not looked at.
    """
    environ = {name: text for name, text in process.environ.items() if name not in _OF_SOURCES}
    environ[f"{PREFIX}REFERENCES"] = "no"
    settings = with_sources(_settings.from_environ(environ), [source])
    settings.folder = os.getcwd()
    return settings
