"""The command `run` with options: changes the environment, then does what the wrapper does."""

from __future__ import annotations

import argparse
import posix
import sys
from typing import TYPE_CHECKING

from .._wrapper.exec import DROPPED, become, end_by_interrupt, initial_environ
from .._wrapper.main import main as start
from .._wrapper.shell import restore
from .arguments import Parser
from .run_options import LOG_LEVEL, SOURCES, EnvFileError, environ_for, parsed
from .verbs import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._wrapper.exec import Execve
    from .run_options import Options

USAGE = "appconfig-env run [OPTION ...] -- COMMAND [ARGUMENT ...]"
DESCRIPTION = """\
Resolve references, put the variables of all sources into the environment, and execute COMMAND in
place, as the wrapper does in Lambda.
"""
EPILOG = """\
Exit codes: those of COMMAND; 1 if a source has no value or a setting is invalid, 2 if the command
line is wrong, 126 and 127 if COMMAND cannot be executed, as in a shell.
"""


def make_parser() -> Parser:
    """Return the parser of the options, without the command."""
    parser = Parser(
        prog="appconfig-env run",
        usage=USAGE,
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--source",
        action="append",
        default=[],
        metavar="REFERENCE",
        help=f"a source, in addition to {SOURCES}; can be repeated",
    )
    parser.add_argument(
        "--local-dir", default="", metavar="DIR", help="read this folder in place of AWS"
    )
    parser.add_argument(
        "--env-file",
        action="append",
        default=[],
        metavar="FILE",
        help="a dotenv file with variables, references among them, for those that are not set; "
        "can be repeated, and later files win",
    )
    parser.add_argument("--quiet", action="store_true", help="log errors only")
    parser.add_argument(
        "--watch", action="store_true", help="restart COMMAND when a value of a source changed"
    )
    return parser


def main(words: Sequence[str]) -> int:
    """Run the wrapper as the options say; return an exit code if nothing was executed."""
    try:
        options = parsed(make_parser(), words)
    except SystemExit as ended:
        return int(ended.code or 0)
    try:
        environ = initial_environ()
        warnings = restore(environ) if DROPPED in environ else []
        if options.watch:
            return _watch(options, environ)
        return run(options, environ, warnings)
    except KeyboardInterrupt:
        return end_by_interrupt()


def _watch(options: Options, environ: Mapping[str, str]) -> int:
    try:
        from .watch import main as watch  # imports subprocess, and is not in the layer
    except ModuleNotFoundError:
        return fail("--watch is not in the layer; run pip install appconfig-env")
    return watch(options, environ, run)


def run(
    options: Options,
    environ: Mapping[str, str],
    warnings: Sequence[str] = (),
    execve: Execve = become,
) -> int:
    """Start the command; return an exit code if nothing was executed.

    Args:
        options: from the command line.
        environ: the environment as inherited.
        warnings: what is wrong with it.
        execve: as `os.execve`.
    """
    try:
        changed = environ_for(options, environ)
    except EnvFileError as error:
        return fail(str(error))

    def with_own_log_level(path: str, command: list[str], result: dict[str, str]) -> None:
        if options.quiet:  # that is about our own log, not about the command's
            result.pop(LOG_LEVEL, None)
            if LOG_LEVEL in environ:
                result[LOG_LEVEL] = environ[LOG_LEVEL]
        execve(path, command, result)

    return start(options.command, changed, execve=with_own_log_level, warnings=warnings)


def fail(message: str) -> int:
    """Write why nothing was executed; return the exit code."""
    if sys.stderr is not None:
        posix.write(2, f"appconfig-env: error: {message}\n".encode("utf-8", "replace"))
    return PROBLEMS
