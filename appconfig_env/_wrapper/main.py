"""The wrapper's entry point: prefetch, set the variables, exec the runtime."""

from __future__ import annotations

import posix  # os itself costs a cold start 1.5 ms
import sys
import time

from .._config.references import is_reference
from .._config.settings import HANDOFF, PREFIX, from_environ
from ..errors import AppConfigEnvError, LoadError
from .exec import (
    DROPPED,
    PATH,
    ExecError,
    become,
    end_by_interrupt,
    environ_at_exec,
    execute,
    initial_environ,
)
from .log import StartLog, to_stderr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .._cache.handoff import Handoff
    from .._config.settings import Settings
    from .background import Start
    from .exec import Execve
    from .prefetch import MakeBackend

NEXT_WRAPPER = PREFIX + "NEXT_WRAPPER"
NOTHING_TO_READ = f"nothing to read; set {PREFIX}SOURCES, or a variable to a reference"


def run(command: Sequence[str]) -> int:
    """Run the wrapper with the real environment, clock and exec; return an exit code on failure."""
    try:
        environ, warnings = initial_environ(), list[str]()
        if DROPPED in environ:
            from .shell import restore  # AWS's images have bash, which drops none

            warnings = restore(environ)
        return main(command, environ, warnings=warnings)
    except KeyboardInterrupt:
        return end_by_interrupt()


def main(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    now: Callable[[], float] = time.time,
    execve: Execve = become,
    make_backend: MakeBackend | None = None,
    start_background: Start | None = None,
    jitter: Callable[[], float] | None = None,
    write_line: Callable[[str], None] | None = None,
    warnings: Sequence[str] = (),
) -> int:
    """Resolve what `environ` refers to and exec `command` in place with the result.

    Args:
        command: the runtime's own command, untouched.
        environ: the environment as Lambda provides it.
        now: Unix seconds.
        execve: as `os.execve`; does not return.
        make_backend: returns the backend that reads the sources.
        start_background: starts the child of the background fetch.
        jitter: spreads the polls of a fleet.
        write_line: writes one line of the log.
        warnings: what is wrong with `environ`, to be logged.

    Returns:
        An exit code, if nothing was executed: 1 if startup failed, 2 without a command, 126 and 127
        as in a shell.
    """
    log = StartLog(environ, write_line or to_stderr)
    if not command:
        log.fail("missing command; write appconfig-env run -- COMMAND")
        return 2
    words = list(command)
    result = dict(environ)
    try:
        passed = handoff_of(environ)
        if passed is None or passed.process != posix.getpid():  # else a wrapper in the chain ran us
            settings = _settings(environ, passed, log, warnings)
            if settings.next_wrapper:
                words.insert(0, settings.next_wrapper)
            if settings.sources:
                # Not at the top: without sources, startup should not pay for TLS and JSON.
                from .prefetch import Prefetch

                prefetch = Prefetch(
                    settings,
                    environ,
                    log,
                    passed=passed,
                    now=now,
                    make_backend=make_backend,
                    start_background=start_background,
                    jitter=jitter,
                )
                result = prefetch.environ_for(command)
            else:
                log.write("info", NOTHING_TO_READ)
        result.pop(NEXT_WRAPPER, None)  # else a chain that comes back here would never end
        return execute(words, result, execve)
    except AppConfigEnvError as error:
        _log_problems(error, log)
        return _reported(environ, error, 1)
    except ExecError as error:
        if log.settings is not None and words[0] == log.settings.next_wrapper:
            error = ExecError(f"{NEXT_WRAPPER}: {error}", error.exit_code)
        log.fail(str(error))
        return _reported(environ, error, error.exit_code)
    except Exception as error:  # noqa: BLE001 - our own bugs must not surface as a traceback
        unexpected = unexpected_error(error)
        log.fail(str(unexpected), "fatal")
        return _reported(environ, unexpected, 1)


def _log_problems(error: AppConfigEnvError, log: StartLog) -> None:
    """Log why startup fails: a line for each problem, or for each cause with its fields."""
    settings = log.settings
    if not isinstance(error, LoadError) or settings is None:
        for line in str(error).split("\n"):
            log.fail(line)
        return
    from .._cache.effects import missing_lines  # only a startup that fails to read pays for it

    for line, fields in missing_lines(settings, error.errors):
        log.fail(line, fields=fields)


def _reported(environ: Mapping[str, str], error: Exception, exit_code: int) -> int:
    """Report to Lambda that startup failed; return `exit_code`."""
    from .runtime_api import report_init_error  # only a startup that fails pays for it

    report_init_error(environ, error)
    return exit_code


def unexpected_error(error: Exception) -> AppConfigEnvError:
    """Return the error to report: type and place, without a message that could contain a value."""
    if isinstance(error, ModuleNotFoundError):
        return AppConfigEnvError(
            f"{sys.executable} has no package {error.name}, which these settings need; install it "
            "there (pip install appconfig-env), or put another python3 first on PATH"
        )
    return AppConfigEnvError(
        f"unexpected {type(error).__name__} at {_place(error)}; report it as a bug of appconfig-env"
    )


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


def _settings(
    environ: Mapping[str, str], passed: Handoff | None, log: StartLog, warnings: Sequence[str]
) -> Settings:
    """Return the settings, and report `warnings` and what in them looks like a mistake."""

    def check_paths(found: Settings) -> Iterable[str]:
        from .._backends import paths  # few settings name any

        return paths.problems(found, search_path=environ.get("PATH", PATH))

    if passed is None:
        log.settings = settings = from_environ(
            environ, check_paths=check_paths, working_folder=posix.getcwd
        )
    else:
        log.settings = settings = from_environ(
            environ,
            passed.references,
            passed.configured,
            check_paths,
            working_folder=posix.getcwd,
        )
        _warn_of_texts(environ, passed, log)
    for warning in (*warnings, *settings.warnings):
        log.write("warn", warning)
    return settings


def handoff_of(environ: Mapping[str, str]) -> Handoff | None:
    """Return what a wrapper that ran before this one has passed on; None if none has.

    Then any other variable may have been set by a source, so the author of a parameter may have
    chosen its value: it is neither a setting nor a reference. What no source can set counts as
    configured. What the program that started us has set is kept, but it may be a value that it got
    from a source, so it is neither a setting nor a reference either.
    """
    text = environ.get(HANDOFF, "")
    if not text:
        return None
    # Only a wrapper that another one started pays for these two.
    from .._cache import handoff
    from .._content.protected import is_protected

    passed = handoff.loads(text)
    if passed is None:
        return None
    exported = environ_at_exec(str(passed.process))
    if exported.get(HANDOFF) == text:  # else it is another process, or has executed a program since
        passed.kept |= {name for name in environ if environ[name] != exported.get(name)}
    passed.configured |= {name for name in environ if is_protected(name)}
    return passed


def _warn_of_texts(environ: Mapping[str, str], passed: Handoff, log: StartLog) -> None:
    """Report what looks like a reference and is not read as one, because a source may have set it.

    A program that adds references for a wrapper that it starts itself would otherwise not notice.
    """
    for name, value in sorted(environ.items()):
        is_resolved = name in passed.references and name not in passed.kept
        if name not in passed.configured and not is_resolved and is_reference(value):
            log.write(
                "warn",
                f"{name} was left as it is, although it looks like a reference: a source may have "
                f"set it; unset {name}, and add its reference with as={name} to {PREFIX}SOURCES, "
                "if it is to be read",
                {"variable": name},
            )
