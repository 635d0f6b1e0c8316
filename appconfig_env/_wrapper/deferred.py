"""What may be read beside the runtime and not before it: which sources, for whom; pure."""

from __future__ import annotations

from .._config.sources import APPCONFIG, FILE, SECRETS_MANAGER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._config.settings import Settings


def suits_a_child(command: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether a child may be left to `command`.

    Only Python has the helper that picks up and reaps. A snapshot of SnapStart would clone the
    child with the rest, and nobody waits for that start; nor where workers share an environment,
    whose first process serves no request.
    """
    if environ.get("AWS_LAMBDA_MAX_CONCURRENCY"):
        return False
    if environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        return False
    name = command[0].rpartition("/")[2]
    version = name.removeprefix("python").replace(".", "")
    return name.startswith("python") and (not version or version.isdigit())


def only_for_get(settings: Settings) -> list[str]:
    """What AWS is asked for and no environment holds; files are read at no cost."""
    if settings.local_dir:
        return []
    # A profile that is read in two formats is received once, in one session.
    awaited = {
        source.resource.parts
        for source in settings.sources
        if source.env and source.resource.scheme == APPCONFIG
    }
    return [
        text
        for text, sources in settings.resources().items()
        if sources[0].resource.scheme != FILE
        and sources[0].resource.parts not in awaited
        and not any(source.env for source in sources)
    ]


def secrets_only_for_get(settings: Settings) -> list[str]:
    """Secrets that only `get()` asks for: without a child nothing could keep them through exec."""
    return [
        text
        for text, sources in settings.resources().items()
        if sources[0].resource.scheme == SECRETS_MANAGER
        and not any(source.env for source in sources)
    ]
