"""The command `check`: whether settings and sources are right, offline or by reading them.

Not in the layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..._backends.base import calls_of
from ..._cache import repository
from ..._cache.snapshot import exported
from ...errors import SettingsError
from ..commands import Process, env_file_option, json_option, verb
from ..ownership import own_names
from ..reading import read, with_sources
from ..verbs import OK, PROBLEMS
from . import findings, limits, quotas, report, sources
from .findings import ERROR, WARN, Finding
from .report import Report
from .rules import problems_of_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._backends.base import Outcome
    from ..._backends.calls import Call
    from ..._cache.snapshot import Snapshot
    from ..._config.settings import Settings

DETAILED = "debug"  # the log level at which backends record each call
NO_FALLBACK = "the fallback has no value of it; write it again with appconfig-env bake"


def check(process: Process, *, online: bool = False, concurrency: int | None = None) -> Report:
    """Return what is wrong with the settings and sources of this environment.

    Args:
        process: the environment, and what reads the sources.
        online: whether to call AWS; what is on disk is read in any case.
        concurrency: how many environments quotas must be enough for; None not to look at quotas.
    """
    try:
        settings = process.settings()
    except SettingsError as error:
        return Report(findings.of_settings(error), is_online=online)
    settings = with_sources(settings, settings.sources)
    settings.log_level = DETAILED
    calls: list[Call] = []

    def keep(outcomes: Mapping[str, Outcome]) -> None:
        calls.extend(calls_of(outcomes))

    remote = [] if online else _remote(settings)
    snapshot = read(settings, process, skip=remote, report=keep, uses_fallback=False)
    own = own_names(settings, process.environ)
    values = exported(snapshot, settings, own, lambda *_: None)
    sizes = limits.sizes(settings, process.environ, values, process.from_files)
    found = [
        *sources.failures(settings, snapshot),
        *problems_of_rules(settings, snapshot),
        *_fallback(settings, snapshot),
        *findings.findings(settings, process.environ, snapshot),
        *limits.too_large(sizes),
    ]
    if concurrency is not None:
        found += quotas.exceeded(settings, concurrency, snapshot)
    found.sort(key=lambda one: one.level != ERROR)
    return Report(found, sources.results(settings, snapshot, calls), sizes, is_online=online)


def _remote(settings: Settings) -> list[str]:
    """Return the references of the resources that only calls to AWS can read."""
    return [
        reference
        for reference, found in settings.resources().items()
        if not (settings.local_dir or found[0].resource.is_local)
    ]


def _fallback(settings: Settings, snapshot: Snapshot) -> list[Finding]:
    """Return what is wrong with the fallback: it cannot be read, or does not have all sources."""
    if not settings.fallback_path:
        return []
    found: list[Finding] = []

    def keep(level: str, message: str, fields: Mapping[str, object] | None = None) -> None:
        del fields  # for logs in JSON
        found.append(Finding(level, message))

    baked = repository.read_fallback(settings, keep)
    if baked is None:
        return found
    for reference in _remote(settings):
        of_resource = settings.resources()[reference]
        entry = snapshot.entries.get(reference)
        is_secret = of_resource[0].resource.is_secret or (entry is not None and entry.is_secret)
        is_needed = any(not one.optional and one.default is None for one in of_resource)
        if is_needed and not is_secret and reference not in baked.entries:
            label = settings.label(reference)
            found.append(Finding(WARN, f"{label}: {NO_FALLBACK}", label))
    return found


@verb("check")
@click.option("--online", is_flag=True, help="Also read the sources: with calls to AWS.")
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    metavar="N",
    help="Warn if AWS's default quotas are not enough for N environments at the same time.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings too.")
@env_file_option
@json_option
@click.pass_obj
def command(
    process: Process,
    *,
    online: bool,
    concurrency: int | None,
    strict: bool,
    env_files: tuple[str, ...],
    as_json: bool,
) -> int:
    """Check every setting and source of this environment, and exit with 1 if one is wrong.

    Offline, everything is parsed, and files are read. With --online every source is read: the
    result, its version and names, the time, the Region, the role, and the IAM action that is
    missing. Also reported: names that two sources set, protected names and those that no
    variable can have, paths without only=, and what would not fit into Lambda. The calls of
    --online are real: AppConfig bills each configuration received.
    """
    found = check(process.with_files(env_files), online=online, concurrency=concurrency)
    if as_json:
        process.out.json(report.data(found))
    else:
        process.out.lines(report.lines(found))
    is_wrong = found.count(ERROR) or (strict and found.count(WARN))
    return PROBLEMS if is_wrong else OK
