"""Reads all sources from AWS, document by document, even where a local folder takes its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .._backends.base import Request, Unchanged
from .._cache.entry import NEVER_READ
from .._config.settings import PREFIX
from .._content.document import Document
from .._wrapper import progress
from ..errors import AppConfigEnvError, Failure, by_cause
from .output import Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .._backends.base import Outcome
    from .._config.settings import Settings
    from .._config.sources import Resource
    from .commands import Process

LOCAL_DIR, FALLBACK = f"{PREFIX}LOCAL_DIR", f"{PREFIX}FALLBACK"


def from_aws(process: Process) -> Process:
    """Return a process that reads from AWS, even if the settings name a folder or a fallback."""
    environ = {
        name: value for name, value in process.environ.items() if name not in (LOCAL_DIR, FALLBACK)
    }
    return replace(process, environ=environ)


def outcomes(settings: Settings, process: Process) -> list[tuple[Resource, Outcome]]:
    """Read each resource of `settings` that is not a local file.

    Raises:
        AppConfigEnvError: there is none.
    """
    resources = [sources[0].resource for sources in settings.resources().values()]
    remote = [resource for resource in resources if not resource.is_local]
    if not remote:
        raise AppConfigEnvError("no source reads from AWS; set APPCONFIG_ENV_SOURCES")
    backend = process.make_backend(settings, process.environ)
    if process.shows_progress and progress.is_shown(settings, process.environ):
        backend = progress.Progress(backend)
    found = backend([Request(resource) for resource in remote], settings.deadline_seconds)
    return [(resource, found[resource.reference]) for resource in remote]


def documents(found: Iterable[tuple[Resource, Outcome]]) -> Iterator[tuple[Resource, Document]]:
    """Yield the resources that were read, with their documents."""
    return ((resource, one) for resource, one in found if isinstance(one, Document))


def failures(
    settings: Settings, found: Iterable[tuple[Resource, Outcome]]
) -> Iterator[tuple[str, bool]]:
    """Yield why resources could not be read, and whether a source requires one of them."""
    failed = []
    for resource, outcome in found:
        if isinstance(outcome, (Failure, Unchanged)):
            failure = outcome if isinstance(outcome, Failure) else NEVER_READ
            sources = settings.resources()[resource.reference]
            is_required = not all(one.optional or one.default is not None for one in sources)
            failed.append((settings.label(resource.reference), failure, is_required))
    for line, _, _, is_required in by_cause(failed):
        yield line, is_required


def failure_lines(failed: Iterable[tuple[str, bool]]) -> Iterator[Line]:
    """Yield `failures` as lines for standard error."""
    for line, is_required in failed:
        level = "error" if is_required else "warn"
        yield Line(f"appconfig-env: {level}: {line}", level)
