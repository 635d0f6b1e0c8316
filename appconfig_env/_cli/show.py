"""The command `show`: names, sources, versions and who wins, with masked values.

Not in the layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .._cache.effects import failure_lines
from .._config.wording import counted, printable
from ..errors import AppConfigEnvError
from . import ownership
from .commands import Process, env_file_option, json_option, verb
from .output import Line, table
from .reading import read
from .verbs import OK, PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .._cache.snapshot import Snapshot
    from .._config.settings import Settings
    from .ownership import Variable

MASK, EMPTY = "****", "(empty)"
NOTHING = "no sources are configured; set APPCONFIG_ENV_SOURCES, or a variable to a reference"
STYLES = {
    ownership.SET: "",
    ownership.DEFERRED: "",
    ownership.OVERRIDDEN: "quiet",
    ownership.CONFIGURED: "quiet",
    ownership.PROTECTED: "warn",
}


def masked(variable: Variable) -> str:
    """Return what is shown of a value: that there is one, or that it is empty."""
    if variable.state == ownership.PROTECTED:
        return ""
    return MASK if variable.value else EMPTY


def state_of(variable: Variable) -> str:
    """Return whether the variable is set, and by what else."""
    if variable.winner is not None:
        return f"{variable.state} by {variable.winner.public_reference}"
    return variable.state


def lines(settings: Settings, environ: Mapping[str, str], snapshot: Snapshot) -> list[Line]:
    """Return the variables, the sources and the failures as lines."""
    found = ownership.variables(settings, environ, snapshot)
    rows = [
        (
            one.name,
            masked(one),
            one.source.public_reference,
            version_of(snapshot, one),
            state_of(one),
        )
        for one in found
    ]
    styles = [STYLES[one.state] for one in found]
    result = table(("name", "value", "source", "version", "state"), rows, styles) if rows else []
    set_now = sum(one.state in (ownership.SET, ownership.DEFERRED) for one in found)
    sources = counted(len(settings.sources), "source")
    result.append(Line(f"{counted(set_now, 'variable')} of {sources}", "title"))
    result += _failures(settings, environ, snapshot)
    for source, rendered in snapshot.variables(settings):
        for problem in rendered.left_out:
            result.append(Line(f"{source.public_reference}: {problem}", "warn"))
    return result


def version_of(snapshot: Snapshot, variable: Variable) -> str:
    """Return the version of the document that the variable comes from."""
    return printable(snapshot.entries[variable.source.resource.reference].version)


def _failures(settings: Settings, environ: Mapping[str, str], snapshot: Snapshot) -> Iterator[Line]:
    """Yield why sources could not be read, and what that means for variables, as `run` logs it."""
    failed = [reference for reference, entry in snapshot.entries.items() if entry.failure]
    present = ownership.resulting(settings, environ, snapshot.values(settings))
    for line, _, is_missing in failure_lines(settings, snapshot, failed, present):
        yield Line(line, "error" if is_missing else "warn")


def data(settings: Settings, environ: Mapping[str, str], snapshot: Snapshot) -> dict[str, object]:
    """Return the same as data for JSON."""
    return {
        "variables": [
            {
                "name": one.name,
                "source": one.source.public_reference,
                "version": version_of(snapshot, one),
                "state": one.state,
                "winner": one.winner.public_reference if one.winner is not None else None,
                "secret": one.is_secret,
                "empty": one.state != ownership.PROTECTED and not one.value,
            }
            for one in ownership.variables(settings, environ, snapshot)
        ],
        "failures": [
            {"source": settings.label(reference), "kind": failure.kind, "reason": str(failure)}
            for reference, entry in snapshot.entries.items()
            if (failure := entry.failure) is not None
        ],
    }


@verb("show")
@env_file_option
@json_option
@click.pass_obj
def command(process: Process, *, env_files: tuple[str, ...], as_json: bool) -> int:
    """Show the names that the sources of this environment set; their values are masked.

    For each name: its source, the source's version, and its state. Of several sources the later one
    wins, a reference in place wins over lists, and a value of the environment's own wins over all
    of them, unless APPCONFIG_ENV_OVERWRITE=yes. The calls are real: AppConfig bills each
    configuration received.
    """
    process = process.with_files(env_files)
    settings = process.settings()
    if not settings.sources:
        raise AppConfigEnvError(NOTHING)
    snapshot = read(settings, process)
    if as_json:
        process.out.json(data(settings, process.environ, snapshot))
    else:
        process.out.lines(lines(settings, process.environ, snapshot))
    return PROBLEMS if snapshot.missing(settings) else OK
