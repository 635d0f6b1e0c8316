"""The options of `run`, and the environment that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._cache import handoff
from .._config.references import ReferenceProblems, is_reference, parse, without_options
from .._config.settings import AWS_PREFIX, HANDOFF, PREFIX
from .._content.document import DocumentError
from .._content.parse import parse as parse_document
from .._wrapper.main import handoff_of
from ..errors import AppConfigEnvError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .arguments import Parser

SOURCES, LOCAL_DIR = f"{PREFIX}SOURCES", f"{PREFIX}LOCAL_DIR"
LOG_LEVEL = f"{AWS_PREFIX}LOG_LEVEL"
NO_PROCESS = 0  # an ID that no process has


class EnvFileError(AppConfigEnvError):
    """A file of --env-file cannot be used."""


class Options(NamedTuple):
    """The options and the command of `run`.

    Attributes:
        sources: references, in addition to APPCONFIG_ENV_SOURCES; they win over its own.
        local_dir: a folder in place of AWS; empty for none.
        env_files: the paths of dotenv files; later ones win.
        quiet: whether only errors are logged.
        watch: whether to restart the command when a value changed.
        command: the command to execute.
    """

    sources: tuple[str, ...] = ()
    local_dir: str = ""
    env_files: tuple[str, ...] = ()
    quiet: bool = False
    watch: bool = False
    command: tuple[str, ...] = ()


def parsed(parser: Parser, words: Sequence[str]) -> Options:
    """Return the options and the command of `run`.

    Args:
        parser: of the options, without the command.
        words: what follows the verb.

    Raises:
        SystemExit: the command line is wrong, which has been reported; or help has been printed.
    """
    own, command = _split(parser, words)
    found = parser.parse_args(own)
    for reference in found.source:
        try:
            parse(reference)
        except ReferenceProblems as error:
            problem, _, remedy = error.problems[0].rpartition("; ")
            parser.error(f"--source: {without_options(reference)!r}: {problem}", remedy)
    if not command:
        parser.error("missing command", f"write {parser.usage}")
    return Options(
        tuple(found.source),
        found.local_dir,
        tuple(found.env_file),
        found.quiet,
        found.watch,
        tuple(command),
    )


def _split(parser: Parser, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return our own words, and the command: after `--`, or from the first word of its own."""
    number = 0
    while number < len(words):
        word = words[number]
        if word == "--":
            return [*words[:number]], [*words[number + 1 :]]
        if not word.startswith("-"):
            return [*words[:number]], [*words[number:]]
        number += 2 if parser.takes_value(word) else 1
    return [*words], []


def environ_for(options: Options, environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` with what the options add.

    Raises:
        EnvFileError: a file cannot be used.
    """
    added: dict[str, str] = {}
    for path in options.env_files:
        added.update(_pairs(path))
    result = {**added, **environ}  # what is set wins, as with python-dotenv and Node.js
    if options.sources:
        result[SOURCES] = " ".join([result.get(SOURCES, ""), *options.sources]).strip()
    if options.local_dir:
        result[LOCAL_DIR] = options.local_dir
    if options.quiet:
        result[LOG_LEVEL] = "error"
    if HANDOFF in environ and (options.sources or options.local_dir or added):
        _start_again(result, environ, added.keys() - environ.keys())
    return result


def _start_again(result: dict[str, str], environ: Mapping[str, str], added: Iterable[str]) -> None:
    """Have the wrapper read sources again, even if it has executed this very process.

    The variables `added` are configured; of any other, a source may have chosen the value.
    """
    passed = handoff_of(environ)
    if passed is None:
        return
    passed.configured |= frozenset(added)
    for name in added:
        if is_reference(result[name]):
            passed.references[name] = result[name]
    passed.process = NO_PROCESS
    result[HANDOFF] = handoff.dumps(passed)


def _pairs(path: str) -> dict[str, str]:
    """Return the variables of a dotenv file; a name without a value sets nothing."""
    try:
        with open(path, "rb") as file:
            found = parse_document(file.read(), format="dotenv")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise EnvFileError(f"--env-file: cannot read {path} ({reason}); correct its path") from None
    except DocumentError as error:
        raise EnvFileError(f"--env-file: {path}: {error.summary}; {error.hint}") from None
    pairs = found if isinstance(found, dict) else {}
    return {name: value for name, value in pairs.items() if value is not None}


def own_words(options: Options) -> list[str]:
    """Return the words of a run with the same options that does not watch."""
    words = ["run"]
    for reference in options.sources:
        words += ["--source", reference]
    if options.local_dir:
        words += ["--local-dir", options.local_dir]
    for path in options.env_files:
        words += ["--env-file", path]
    if options.quiet:
        words.append("--quiet")
    return [*words, "--", *options.command]
