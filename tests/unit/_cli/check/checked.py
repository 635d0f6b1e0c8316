"""Settings, and what a fake backend returned for their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from appconfig_env._backends.base import calls_of
from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cache.load import load
from appconfig_env._config.settings import from_environ

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appconfig_env._backends.base import Outcome
    from appconfig_env._backends.calls import Call
    from appconfig_env._cache.snapshot import Snapshot
    from appconfig_env._config.settings import Settings


class Checked(NamedTuple):
    """What a check looks at."""

    settings: Settings
    environ: dict[str, str]
    snapshot: Snapshot
    calls: list[Call]


def checked(
    sources: str = "",
    documents: Mapping[str, bytes | Outcome] | None = None,
    *,
    calls: list[Call] | None = None,
    **environ: str,
) -> Checked:
    """Return what a check has, once the resources in `documents` were read."""
    if sources:
        environ["APPCONFIG_ENV_SOURCES"] = sources
    settings = from_environ(environ)
    backend = FakeBackend(dict(documents or {}))
    made: list[Call] = [*(calls or ())]
    snapshot = load(
        settings,
        backend,
        1000.0,
        timeout=1.0,
        skip=[one for one in settings.resources() if one not in backend.documents],
        report=lambda outcomes: made.extend(calls_of(outcomes)),
    )
    return Checked(settings, environ, snapshot, made)
