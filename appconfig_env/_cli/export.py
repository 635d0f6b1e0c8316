"""The command `export`: the variables of all sources in the form of another program.

Not in the layer.
"""

from __future__ import annotations

import json
import re
import shlex
from secrets import token_hex
from typing import TYPE_CHECKING

import click

from .._cache.snapshot import exported
from .._config.wording import enumerated
from ..errors import AppConfigEnvError, LoadError
from . import ownership
from .commands import Process, env_file_option, json_option, verb
from .reading import read, report_failures
from .verbs import OK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# What no reader of dotenv files takes for anything else.
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")
_EXPANDED = re.compile(r"\$\{[^}]*\}")  # by python-dotenv, in quotes of any kind
EXPANDS = (
    "has ${...}, which python-dotenv expands, whatever the quotes; "
    "read the file with interpolate=False"
)


class ExportError(AppConfigEnvError):
    """A value that the form cannot have."""


def dotenv(values: Mapping[str, str]) -> str:
    """Return the variables as a dotenv file, as python-dotenv and most others read it.

    Raises:
        ExportError: a value cannot be written.
    """
    return "".join(f"{name}={_dotenv_value(name, value)}\n" for name, value in values.items())


def _dotenv_value(name: str, value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    if value.endswith("\\"):
        # The reader takes \' for an escaped quote, even if the backslash is escaped itself.
        is_whole = value == value.strip() and not re.search(r"[\r\n]|\s#|^['\"`#]", value)
        if not is_whole:
            raise ExportError(
                f"{name}: no dotenv file can have a value that needs quotes and ends in a "
                "backslash; use --format json"
            )
        return value
    if "\r" in value:  # in a file, Python reads it as \n
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r")
        return f'"{escaped}"'
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def as_json(values: Mapping[str, str]) -> str:
    """Return the variables as a JSON object."""
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def shell(values: Mapping[str, str]) -> str:
    """Return the variables as commands of a POSIX shell, for `eval`."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def github(values: Mapping[str, str], make_word: Callable[[], str] = lambda: token_hex(16)) -> str:
    """Return the variables for the file $GITHUB_ENV: between lines that no value has.

    Args:
        values: the variables.
        make_word: returns a random word.
    """
    text = ""
    for name, value in values.items():
        delimiter = f"end_{make_word()}"
        while delimiter in value:
            delimiter += make_word()
        text += f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
    return text


def masks(secrets: Iterable[str]) -> str:
    """Return the workflow commands by which GitHub masks values in its logs, a line for each.

    Source: GitHub Docs, "Workflow commands for GitHub Actions"; %, CR and LF are escaped.
    """
    lines = dict.fromkeys(line for value in secrets for line in value.splitlines() if line.strip())
    return "".join(f"::add-mask::{line.replace('%', '%25')}\n" for line in lines)


FORMATS: dict[str, Callable[[Mapping[str, str]], str]] = {
    "dotenv": dotenv,
    "json": as_json,
    "shell": shell,
    "github": github,
}


@verb("export")
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS]),
    default="dotenv",
    show_default=True,
    help="The form of the output.",
)
@env_file_option
@json_option
@click.pass_obj
def command(process: Process, *, form: str, env_files: tuple[str, ...], as_json: bool) -> int:
    """Print the variables that run would set, with their values, for another program.

    dotenv is for files, json for programs, shell for eval, and github is appended to $GITHUB_ENV in
    a workflow: there, secret values are also masked in the log. What the environment itself has is
    not printed. --json is --format json. The calls are real: AppConfig bills each configuration
    received.
    """
    process = process.with_files(env_files)
    settings = process.settings()
    snapshot = read(settings, process)
    missing = snapshot.missing(settings)
    if missing and not settings.continue_on_error:
        raise LoadError(missing)
    log = process.log(settings)
    own = ownership.own_names(settings, process.environ)
    values = dict(sorted(exported(snapshot, settings, own, log).items()))
    present = ownership.resulting(settings, process.environ, values)
    report_failures(settings, snapshot, present, log)
    form = "json" if as_json else form
    text = FORMATS[form](values)
    expanded = [name for name, value in values.items() if _EXPANDED.search(value)]
    if form == "dotenv" and expanded:
        log("warn", f"{enumerated(expanded)} {EXPANDS}")
    if form == "github" and process.environ.get("GITHUB_ACTIONS") == "true":
        # The runner reads commands from standard error too, and does not log the values.
        found = ownership.variables(settings, process.environ, snapshot)
        process.err.text(masks(one.value for one in found if one.is_secret))
    process.out.text(text)
    return OK
