"""The command's `bake`: writes the fallback snapshot that ships with a function; never secrets.

It is for build time, with the variables that the function will have. No layer carries it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING

from .._backends import router as _fetch
from .._cache import snapshot_file as _snapshot_file
from .._cache.load import load
from .._cache.snapshot import Snapshot
from .._config import settings as _settings
from .._config.references import FILE, SECRETS_MANAGER
from ..errors import AppConfigEnvError, LoadError, SettingsError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._backends.base import Fetch
    from .._config.settings import Settings

    MakeBackend = Callable[[Settings, Mapping[str, str]], Fetch]

OUTPUT = "appconfig-env-fallback.json"
DESCRIPTION = """\
Read every source that this environment names, and write what stands in for them on the day that AWS
cannot be reached or throttles: a snapshot to ship in the function's deployment package, where
APPCONFIG_ENV_FALLBACK points to it. Run it at build time, with the variables of the function.
"""
EPILOG = """\
Secrets and SecureStrings are never written: their sources have no fallback, and those of Secrets
Manager are not even read. The calls are real: AppConfig bills each configuration received.
"""
NEVER_SECRETS = "secrets are never baked"


def main(
    arguments: Sequence[str],
    environ: Mapping[str, str] | None = None,
    *,
    now: Callable[[], float] = time.time,
    make_backend: MakeBackend = _fetch.Fetcher,
) -> int:
    """Carry out one command line; gives the exit code.

    Args:
        arguments: what follows `bake`.
        environ: what to read; None for the process's own.
        now: Unix seconds.
        make_backend: gives what reads the sources.
    """
    parser = argparse.ArgumentParser(
        prog="appconfig-env bake",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--output", metavar="FILE", default=OUTPUT, help="the file to write (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    environ = os.environ if environ is None else environ
    try:
        settings = _settings.from_environ(environ)
        snapshot, without = bake(settings, make_backend(settings, environ), now())
        _snapshot_file.write(options.output, snapshot, mode=0o644)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return _refuse(f"{options.output} cannot be written ({reason})")
    except AppConfigEnvError as error:
        return _refuse(str(error))
    for text, reason in without.items():
        _say(f"warn: {text}: {reason}; without AWS it has no value")
    counted = len(snapshot.entries)
    size = os.path.getsize(options.output)
    path = f"/var/task/{os.path.basename(options.output)}"
    _say(
        f"{counted} {'source' if counted == 1 else 'sources'} in {options.output} ({size:,} bytes);"
        f" ship it with the function and set APPCONFIG_ENV_FALLBACK={path}"
    )
    return 0


def bake(settings: Settings, fetch: Fetch, now: float) -> tuple[Snapshot, dict[str, str]]:
    """The fallback for `settings`, and by resource's text why one has none.

    Args:
        settings: what the function reads.
        fetch: see `_load.load`.
        now: Unix seconds; the fallback's values will count as of then.

    Raises:
        SettingsError: there is none to read.
        LoadError: one that the function cannot do without was not read, for whatever reason.
        AppConfigEnvError: nothing of what was read may be baked.
    """
    if not settings.sources:
        raise SettingsError(["nothing to bake: APPCONFIG_ENV_SOURCES and the like name no source"])
    resources = settings.resources()
    secret = [
        text for text, sources in resources.items() if sources[0].resource.scheme == SECRETS_MANAGER
    ]
    local = [text for text, sources in resources.items() if sources[0].resource.scheme == FILE]
    found = load(settings, fetch, now, timeout=settings.deadline_seconds, leave=[*secret, *local])
    failed = [
        SourceError(text, entry.error) for text, entry in found.entries.items() if entry.error
    ]
    needed = [
        error
        for error in failed
        if not all(
            source.optional or source.default is not None for source in resources[error.source]
        )
    ]
    if needed:
        raise LoadError(needed)
    without = dict.fromkeys(secret, NEVER_SECRETS)
    without |= {error.source: error.reason for error in failed}
    entries = {}
    for text, entry in found.entries.items():
        if entry.is_secret:
            without[text] = (
                f"holds a SecureString, and {NEVER_SECRETS}: give them a path of their own"
            )
        elif entry.has_data:
            # A function makes its variables of the document, as its own settings say then.
            entries[text] = entry.but(token="", rendered={}, refresh_at=entry.checked_at)
    if not entries:
        reasons = "; ".join(f"{text}: {reason}" for text, reason in without.items())
        reasons = reasons or "all sources are local files"
        raise AppConfigEnvError(f"nothing can be baked ({reasons})")
    return Snapshot(now, found.fingerprint, entries), without


def _refuse(message: str) -> int:
    for line in message.split("\n"):
        _say(f"error: {line}")
    return 1


def _say(line: str) -> None:
    shown = "".join(sign if sign.isprintable() else "?" for sign in line)
    sys.stderr.write(f"appconfig-env: {shown}\n")
