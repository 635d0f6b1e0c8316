"""The command: `run -- COMMAND`, `bake`, `trace`, `layer`, or Lambda's call of a wrapper."""

from __future__ import annotations

import sys

from .._config.wording import nearest_note
from .._wrapper.exec import end_by_interrupt
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

run    resolve references, then exec COMMAND
bake   write a fallback snapshot to ship with a function, without secrets
trace  run a cold start without executing a command, and draw its waterfall
layer  build the Lambda layer

Sources are configured in the environment: APPCONFIG_ENV_SOURCES is a list of references
such as ssm:/shop/prod/ or appconfig:shop/prod/app, and any variable's value can be a
reference: DB_PASSWORD=secretsmanager:prod/db#password
"""
VERBS = ("run", "bake", "trace", "layer", "--version", "--help", "-h")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Lambda calls a wrapper with the runtime's command, whose first word is a path: its slash
    distinguishes it from a verb. Any other word that is not a verb is an error, even if PATH has a
    program of that name: a wrong verb must not run one with every secret in its environment.

    Args:
        arguments: without the program's name; None for this process's.

    Returns:
        The exit code, unless exec has replaced this process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    verb = words[0] if words else ""
    if "/" in verb:
        return run(words)
    if verb == "run" and words[1:2] not in (["--help"], ["-h"]):
        return _run(words[1:])
    if verb in ("bake", "trace", "layer"):
        try:
            return _tool(verb, words[1:])
        except KeyboardInterrupt:
            return end_by_interrupt()
    if verb == "--version":
        from importlib.metadata import version  # 20 ms, which no function pays

        sys.stdout.write(f"appconfig-env {version('appconfig-env')}\n")
        return 0
    if verb in VERBS:
        sys.stdout.write(USAGE)
        return 0
    if not verb:
        return _misused("missing command; name one of those below")
    found = f"{verb!r}{nearest_note(verb, [word for word in VERBS if word != '-h'])}"
    if verb.startswith("-"):
        return _misused(f"unknown option {found}; use one of those below")
    return _misused(
        f"unknown command {found}; correct it, or write appconfig-env run -- {verb} to execute a "
        "program"
    )


def _run(words: list[str]) -> int:
    if words[:1] == ["--"]:
        return run(words[1:])
    if words and words[0].startswith("-"):
        return _misused(f"unknown option {words[0]!r} of run; write -- before a command")
    return run(words)


def _misused(problem: str) -> int:
    sys.stderr.write(f"appconfig-env: error: {problem}\n\n{USAGE}")
    return 2


def _tool(verb: str, words: Sequence[str]) -> int:
    """Run a verb other than `run`; the layer has none of them."""
    try:
        # They import argparse, subprocess and zipfile, which no cold start may pay for.
        if verb == "bake":
            from .bake import main as bake

            return bake(words)
        if verb == "layer":
            from .layer import main as layer  # as above

            return layer(words)
        from .trace import main as trace  # as above
    except ModuleNotFoundError as error:
        if error.name != f"{__package__}.{verb}":
            raise
        problem = f"{verb} is not in the layer; run pip install appconfig-env"
        sys.stderr.write(f"appconfig-env: error: {problem}\n")
        return 1
    return trace(words)
