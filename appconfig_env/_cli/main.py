"""The command: `run -- COMMAND`, `bake`, `trace`, `layer`, or Lambda's own call of a wrapper."""

from __future__ import annotations

import sys

from .._wrapper.main import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = """\
usage: appconfig-env run -- COMMAND [ARGUMENT ...]
       appconfig-env bake [--output FILE]
       appconfig-env trace [--output FILE] [--width COLUMNS]
       appconfig-env layer [--output FILE] [--python PATH ...] [--limit KIB]
       appconfig-env --version | --help
       /path/to/appconfig-env COMMAND [ARGUMENT ...]    (as AWS_LAMBDA_EXEC_WRAPPER)

run    read what the environment refers to, put it there and become COMMAND
bake   write the fallback snapshot that ships with the function, without secrets
trace  make such a start without a command, and draw where its milliseconds go
layer  build the Lambda layer

The environment says what to read: APPCONFIG_ENV_SOURCES holds references such as
ssm:/shop/prod/ or appconfig:shop/prod/app, and any variable's value may be one:
DB_PASSWORD=secretsmanager:prod/db#password
"""
VERBS = ("run", "bake", "trace", "layer", "--version", "--help", "-h")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line.

    Lambda calls a wrapper with the runtime's command, whose first word is a path; that is told from
    a verb by its slash. Another word that is no verb is a command too, if PATH has it.

    Args:
        arguments: without the program's name; None for the process's own.

    Returns:
        The exit code, where no command was executed in place.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    verb = words[0] if words else ""
    if "/" in verb or (verb not in VERBS and _is_program(verb)):
        return run(words)
    if verb == "run" and words[1:2] not in (["--help"], ["-h"]):
        return run(words[2:] if words[1:2] == ["--"] else words[1:])
    if verb in ("bake", "trace", "layer"):
        return _tool(verb, words[1:])
    if verb == "--version":
        from importlib.metadata import version  # 20 ms, likewise

        sys.stdout.write(f"appconfig-env {version('appconfig-env')}\n")
        return 0
    if verb in VERBS:
        sys.stdout.write(USAGE)
        return 0
    said = "want a command"
    if verb:
        said = f"unknown command {verb!r}, which is no program on PATH either"
    sys.stderr.write(f"appconfig-env: error: {said}\n\n{USAGE}")
    return 2


def _tool(verb: str, words: Sequence[str]) -> int:
    """Carry out a verb that is no start; a layer holds none of these."""
    try:
        # argparse, subprocess, zipfile, which no start may pay for.
        if verb == "bake":
            from .bake import main as bake

            return bake(words)
        if verb == "layer":
            from .layer import main as layer

            return layer(words)
        from .trace import main as trace
    except ModuleNotFoundError as error:
        if error.name != f"{__package__}.{verb}":
            raise
        said = f"{verb} is not in the layer; pip install appconfig-env"
        sys.stderr.write(f"appconfig-env: error: {said}\n")
        return 1
    return trace(words)


def _is_program(word: str) -> bool:
    from shutil import which  # 5 ms that no function pays: Lambda gives a path

    return which(word) is not None
