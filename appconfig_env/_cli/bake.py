"""The command `bake`: writes the fallback snapshot that ships with a function; never secrets.

For build time, with the function's variables. Not in the layer.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING

from .._backends import paths
from .._backends.router import Router
from .._cache import snapshot_file, snapshot_json
from .._cache.load import load
from .._cache.snapshot import Snapshot
from .._config import settings as _settings
from .._config.wording import counted
from .._wrapper import progress
from ..errors import AppConfigEnvError, LoadError, SettingsError, SourceError
from .arguments import Parser, add_json_option, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._backends.base import Backend
    from .._config.settings import Settings

    MakeBackend = Callable[[Settings, Mapping[str, str]], Backend]

OUTPUT = "appconfig-env-fallback.json"
DESCRIPTION = """\
Read the AppConfig profiles and the parameters among the sources of this environment, and write a
fallback snapshot for use when AWS is unavailable. Ship the file in the function's deployment
package, and set APPCONFIG_ENV_FALLBACK to its path. Run this command at build time, with the
function's variables.
"""
EPILOG = """\
Secrets are not read, and SecureStrings are read but never written: their sources have no fallback.
Local files need none. The calls are real: AppConfig bills each configuration received.
"""
NEVER_SECRETS = "secrets are never baked"
SECRETS_REMEDY = "make it optional or give it a default if startup must succeed without it"


def make_parser() -> Parser:
    """Return the parser of the options."""
    parser = Parser(
        prog="appconfig-env bake",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--output", metavar="FILE", default=OUTPUT, help="the file to write (default: %(default)s)"
    )
    add_json_option(parser)
    return parser


def main(
    arguments: Sequence[str],
    environ: Mapping[str, str] | None = None,
    *,
    now: Callable[[], float] = time.time,
    make_backend: MakeBackend = Router,
) -> int:
    """Run `bake`; return the exit code.

    Args:
        arguments: the arguments after `bake`.
        environ: the function's environment; None for this process's.
        now: returns Unix seconds.
        make_backend: returns the backend that reads the sources.
    """
    options = make_parser().parse_args(arguments)
    environ = os.environ if environ is None else environ
    if os.path.exists(options.output) and not os.path.isfile(options.output):
        return _fail(f"cannot write {options.output} (it is not a file); pass another --output")
    try:
        settings = _settings.from_environ(
            environ, check_paths=lambda found: paths.problems(found, reads_fallback=False)
        )
        backend = make_backend(settings, environ)
        if progress.is_shown(settings, environ):
            backend = progress.Progress(backend)
        snapshot, without = bake(settings, backend, now())
        snapshot_file.write(
            options.output, snapshot_json.dumps(snapshot, settings.resources()), mode=0o644
        )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return _fail(f"cannot write {options.output} ({reason}); pass another --output")
    except AppConfigEnvError as error:
        return _fail(str(error))
    for reference, reason in without.items():
        _log(f"warn: {reference}: no fallback: {reason}")
    sources = counted(settings.count_sources(snapshot.entries), "source")
    size = os.path.getsize(options.output)
    path = f"/var/task/{os.path.basename(options.output)}"
    if options.as_json:
        write_json({
            "output": options.output,
            "size_bytes": size,
            "resources": [settings.label(reference) for reference in snapshot.entries],
            "without": without,
        })  # fmt: skip
        return 0
    _log(
        f"{sources} in {options.output} ({size:,} bytes);"
        f" ship it with the function and set APPCONFIG_ENV_FALLBACK={path}"
    )
    return 0


def bake(settings: Settings, backend: Backend, now: float) -> tuple[Snapshot, dict[str, str]]:
    """Return the fallback for `settings`, and the reasons for resources without one.

    Args:
        settings: the function's settings.
        backend: reads the sources.
        now: Unix seconds; the time of the fallback's values.

    Raises:
        SettingsError: no sources are configured.
        LoadError: a required source could not be read.
        AppConfigEnvError: none of the sources can be baked.
    """
    if not settings.sources:
        raise SettingsError(["nothing to bake: no sources configured; set APPCONFIG_ENV_SOURCES"])
    resources = settings.resources()
    secret = [
        reference for reference, sources in resources.items() if sources[0].resource.is_secret
    ]
    local = [reference for reference, sources in resources.items() if sources[0].resource.is_local]
    skip = [*secret, *local]
    loaded = load(settings, backend, now, timeout=settings.deadline_seconds, skip=skip)
    failed = {
        reference: SourceError(settings.label(reference), entry.failure)
        for reference, entry in loaded.entries.items()
        if entry.failure
    }
    required = [
        error
        for reference, error in failed.items()
        if not all(source.optional or source.default is not None for source in resources[reference])
    ]
    if required:
        raise LoadError(required)
    without = dict.fromkeys(secret, f"{NEVER_SECRETS}; {SECRETS_REMEDY}")
    without |= {error.source: error.reason for error in failed.values()}
    entries = {}
    for reference, entry in loaded.entries.items():
        if entry.is_secret:
            without[settings.label(reference)] = (
                f"it has a SecureString, and {NEVER_SECRETS}; move secrets to a path of their own"
            )
        elif entry.document is not None and entry.fetched_at is not None:
            # The function renders its variables from the document, by its own settings.
            entries[reference] = entry.without_token().made_stale()
    if not entries:
        reasons = "; ".join(f"{reference}: {reason}" for reference, reason in without.items())
        reasons = reasons or "all sources are local files"
        raise AppConfigEnvError(f"nothing can be baked ({reasons}); add a source that can be")
    return Snapshot(now, loaded.fingerprint, entries), without


def _fail(message: str) -> int:
    for line in message.split("\n"):
        _log(f"error: {line}")
    return 1


def _log(line: str) -> None:
    printable = "".join(char if char.isprintable() else "?" for char in line)
    sys.stderr.write(f"appconfig-env: {printable}\n")
