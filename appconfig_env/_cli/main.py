"""The command: starts a verb, or does what Lambda's call of a wrapper asks for."""

from __future__ import annotations

import sys

from .._config.wording import nearest_note
from .._wrapper.exec import end_by_interrupt
from .._wrapper.main import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .verbs import Verb


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
    if verb == "run":
        return _run(words[1:])
    from . import verbs  # what follows is for developers, and no cold start comes here

    if verb == "--version":
        from importlib.metadata import version  # 20 ms, which no function pays

        sys.stdout.write(f"appconfig-env {version('appconfig-env')}\n")
        return verbs.OK
    if verb in ("-h", "--help"):
        sys.stdout.write(verbs.usage())
        return verbs.OK
    found = verbs.find(verb)
    if found is not None:
        try:
            return _tool(found, words[1:])
        except KeyboardInterrupt:
            return end_by_interrupt()
    if not verb:
        return _misused("missing command; name one of those below")
    named = f"{verb!r}{nearest_note(verb, verbs.names())}"
    if verb.startswith("-"):
        return _misused(f"unknown option {named}; use one of those below")
    return _misused(
        f"unknown command {named}; correct it, or write appconfig-env run -- {verb} to execute a "
        "program"
    )


def _run(words: list[str]) -> int:
    if words[:1] == ["--"]:
        return run(words[1:])
    if words and words[0].startswith("-"):
        from .run import main as run_with_options  # argparse, which a run without options needs not

        return run_with_options(words)
    return run(words)


def _misused(problem: str) -> int:
    from . import verbs  # as above

    sys.stderr.write(f"appconfig-env: error: {problem}\n\n{verbs.usage()}")
    return verbs.MISUSED


def _tool(verb: Verb, words: Sequence[str]) -> int:
    """Run a verb other than `run`; the layer has none of them."""
    from importlib import import_module  # each verb imports what no cold start may pay for

    from . import verbs  # as above

    try:
        if verb.needs_extra:
            from .commands import start  # imports click, which only the extra installs

            return start(verb.name, words)
        main: Callable[[Sequence[str]], int] = import_module(f"{__package__}.{verb.name}").main
    except ModuleNotFoundError as error:
        name = error.name or ""
        if name in (f"{__package__}.{verb.name}", f"{__package__}.commands"):
            return _fail(f"{verb.name} is not in the layer; run pip install appconfig-env", 1)
        if verb.needs_extra and name.partition(".")[0] in ("click", "rich"):
            install = f'run pip install "{verbs.EXTRA}"'
            return _fail(f"{verb.name} needs {name}, which is not installed; {install}", 2)
        raise
    return main(words)


def _fail(problem: str, exit_code: int) -> int:
    sys.stderr.write(f"appconfig-env: error: {problem}\n")
    return exit_code
