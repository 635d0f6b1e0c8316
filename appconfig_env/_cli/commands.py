"""Runs a verb that has a click command: what it gets, its help, its errors and its exit code."""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import dataclass, replace
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click
import rich  # noqa: F401 - output.py uses it on terminals alone, but a missing one is reported always

from .._backends.router import Router
from .._config.wording import nearest_note
from .._wrapper.exec import DROPPED, initial_environ
from .._wrapper.main import unexpected_error
from .._wrapper.shell import restore
from ..errors import AppConfigEnvError
from . import verbs
from .arguments import WIDTH
from .output import STYLES, Line, Output
from .reading import settings_of
from .run_options import Options, environ_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._backends.base import Backend
    from .._cache.log_fields import Log
    from .._config.settings import Settings

    MakeBackend = Callable[[Settings, Mapping[str, str]], Backend]

env_file_option = click.option(
    "--env-file",
    "env_files",
    multiple=True,
    metavar="FILE",
    help="A dotenv file with variables, for those that are not set; can be repeated.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@dataclass(frozen=True)
class Process:
    """What a verb uses of its process; a test has another one.

    Attributes:
        environ: the environment.
        out: standard output.
        err: standard error.
        now: Unix seconds.
        make_backend: returns the backend that reads the sources.
        shows_progress: whether a person is watching standard error.
        from_files: the variables that files have added to the environment.
    """

    environ: Mapping[str, str]
    out: Output
    err: Output
    now: Callable[[], float] = time.time
    make_backend: MakeBackend = Router
    shows_progress: bool = False
    from_files: frozenset[str] = frozenset()

    def with_files(self, env_files: Sequence[str]) -> Process:
        """Return a process with the variables of dotenv files, for those that are not set.

        Raises:
            EnvFileError: a file cannot be used.
        """
        environ = environ_for(Options(env_files=tuple(env_files)), self.environ)
        added = frozenset(environ.keys() - self.environ.keys())
        return replace(self, environ=environ, from_files=added)

    def settings(self) -> Settings:
        """Return the settings of this environment.

        Raises:
            SettingsError: a setting is invalid.
        """
        return settings_of(self.environ)

    def log(self, settings: Settings) -> Log:
        """Return what writes the lines that the log level of `settings` accepts."""

        def write(level: str, message: str, fields: Mapping[str, object] | None = None) -> None:
            del fields  # for logs in JSON
            if settings.accepts(level):
                named = f"{level}: " if level in STYLES else ""
                self.err.line(f"appconfig-env: {named}{message}", level if named else "")

        return write


class Misuse(click.UsageError):
    """A wrong command line whose message has a remedy of its own."""


def this_process() -> Process:
    """Return the real one, whose output is UTF-8 whatever the locale is."""
    environ = initial_environ()
    warnings = restore(environ) if DROPPED in environ else []
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    err = Output(sys.stderr, environ)
    err.lines(Line(f"appconfig-env: warn: {warning}", "warn") for warning in warnings)
    return Process(environ, Output(sys.stdout, environ), err, shows_progress=sys.stderr.isatty())


class VerbCommand(click.Command):
    """A command whose help ends in the examples of its verb."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they are."""
        super().format_epilog(ctx, formatter)
        verb = verbs.find(self.name or "")
        if verb is not None:
            with formatter.section("Example"):
                for line in verb.example.split("\n"):
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def verb(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Return a decorator that makes a function the click command of the verb `name`.

    The function takes a Process (by `click.pass_obj`) and the parameters, and returns the exit
    code. Its docstring is the help.
    """
    settings = {"help_option_names": ["-h", "--help"], "terminal_width": WIDTH}
    return click.command(name, cls=VerbCommand, context_settings=settings)


def start(name: str, words: Sequence[str], process: Process | None = None) -> int:
    """Run the verb `name`; return the exit code.

    Args:
        name: one of the verbs that need the extra.
        words: what follows it.
        process: None for the real one.
    """
    process = process or this_process()
    command: click.Command = import_module(f"{__package__}.{name}").command
    program = f"appconfig-env {name}"
    try:
        # Not by `main` of click, which has exit codes and errors of its own.
        with command.make_context(program, [*words], obj=process) as context:
            return int(command.invoke(context))
    except click.exceptions.Exit as ended:  # after --help
        return ended.exit_code
    except click.UsageError as error:
        return _misused(process, program, command, error)
    except click.ClickException as error:  # a file that cannot be opened
        return fail(process, [f"{error.format_message()}; check its path"])
    except AppConfigEnvError as error:
        return fail(process, str(error).split("\n"))
    except BrokenPipeError:  # as by `| head`: the reader has seen enough
        _forget_output()
        return verbs.PROBLEMS
    except OSError as error:
        _forget_output()
        reason = error.strerror or type(error).__name__
        return fail(process, [f"the result cannot be written ({reason}); check where it goes"])
    except Exception as error:  # noqa: BLE001 - our own bugs must not surface as a traceback
        process.err.line(f"appconfig-env: fatal: {unexpected_error(error)}", "error")
        return verbs.PROBLEMS


def _misused(
    process: Process, program: str, command: click.Command, error: click.UsageError
) -> int:
    """Write what is wrong with the command line, after the usage; return the exit code."""
    usage = error.ctx.get_usage() if error.ctx else f"Usage: {program}"
    problem = _problem(error, command)
    if not isinstance(error, Misuse):
        problem = f"{problem}; run {program} --help"
    process.err.lines(map(Line, usage.splitlines()))
    process.err.line(f"{program}: error: {problem}", "error")
    return verbs.MISUSED


def _forget_output() -> None:
    """Have Python write the rest of standard output, which it keeps, to nowhere."""
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def fail(process: Process, problems: Sequence[str]) -> int:
    """Write why the verb failed; return the exit code."""
    process.err.lines(Line(f"appconfig-env: error: {problem}", "error") for problem in problems)
    return verbs.PROBLEMS


def _problem(error: click.UsageError, command: click.Command) -> str:
    """Return what is wrong with the command line, with the nearest option."""
    if isinstance(error, click.NoSuchOption):
        known = [option for one in command.params for option in one.opts]
        near = nearest_note(error.option_name, [*known, "--help"])
        return f"unknown option {error.option_name}{near}"
    text = error.format_message().rstrip(".").replace("\n", " ")
    if isinstance(error, click.BadParameter) and error.param is not None:
        kind, wrong = error.param.type, re.search(r"'([^']*)' is not one of", text)
        if isinstance(kind, click.Choice) and wrong is not None:
            text += nearest_note(wrong[1], map(str, kind.choices))
    return text[:1].lower() + text[1:]
