"""The wrapper's root: prefetch, put into the environment, become the runtime; no helper here."""

from __future__ import annotations

import os
import sys
import time

from .._config import settings as _settings
from .._config.settings import HANDOFF, PREFIX
from ..errors import AppConfigEnvError
from .exec import ExecError, become, execute, initial_environ
from .log import StartLog, report_init_error, to_stderr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .background import Start
    from .exec import Execve
    from .prefetch import MakeBackend

NEXT_WRAPPER = PREFIX + "NEXT_WRAPPER"


def run(command: Sequence[str]) -> int:
    """The wrapper with the real environment, clock and exec; an exit code where that fails."""
    return main(command, initial_environ())


def main(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    now: Callable[[], float] = time.time,
    execve: Execve = become,
    make_backend: MakeBackend | None = None,
    overlap: Start | None = None,
    jitter: Callable[[], float] | None = None,
    say: Callable[[str], None] | None = None,
) -> int:
    """Resolve what `environ` refers to and exec `command` in place with the result.

    Args:
        command: the runtime's own command, untouched.
        environ: the environment as Lambda gives it.
        now: Unix seconds.
        execve: as `os.execve`; does not come back.
        make_backend: gives what reads the sources.
        overlap: starts the child that goes on reading.
        jitter: spreads the polls of a fleet.
        say: writes one line of log.

    Returns:
        An exit code, where nothing was executed: 1 for a start that failed, 126 and 127 as a shell
        gives them, 2 without a command.
    """
    log = StartLog(environ, say or to_stderr)
    if not command:
        log.write(
            "error", "want a command to execute, as Lambda gives it to AWS_LAMBDA_EXEC_WRAPPER"
        )
        return 2
    words = list(command)
    result = dict(environ)
    try:
        if not _has_run(environ):
            settings = _settings.from_environ(environ)
            log.settings = settings
            if settings.next_wrapper:
                words.insert(0, settings.next_wrapper)
            if settings.sources:
                # Here and not at the top: TLS, JSON and the rest are what a start with nothing to
                # read does not pay.
                from .prefetch import Prefetch

                prefetch = Prefetch(
                    settings,
                    environ,
                    log,
                    now=now,
                    make_backend=make_backend,
                    overlap=overlap,
                    jitter=jitter,
                )
                result = prefetch.environ_for(command)
        result.pop(NEXT_WRAPPER, None)  # the chain has reached it: it must not come round again
        return execute(words, result, execve)
    except AppConfigEnvError as error:
        for line in str(error).split("\n"):
            log.write("error", line)
        report_init_error(environ, error)
        return 1
    except ExecError as error:
        if log.settings is not None and words[0] == log.settings.next_wrapper:
            error = ExecError(f"{NEXT_WRAPPER}: {error}", error.exit_code)
        log.write("error", str(error))
        report_init_error(environ, error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a mistake of ours must not end in a traceback either
        told = _unexpected(error)
        log.write("fatal", str(told))
        report_init_error(environ, told)
        return 1


def _unexpected(error: Exception) -> AppConfigEnvError:
    """What to tell of it; of a message type and place only, since it could hold anything."""
    if isinstance(error, ModuleNotFoundError):
        return AppConfigEnvError(
            f"{sys.executable} lacks the package {error.name}, which these settings need: install "
            "it there (pip install appconfig-env), or put another python3 first on PATH"
        )
    said = f"unexpected {type(error).__name__} at {_place(error)}: a bug, please report it"
    return AppConfigEnvError(said)


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


def _has_run(environ: Mapping[str, str]) -> bool:
    """Whether this very process has prefetched already: a wrapper in the chain came back to us."""
    text = environ.get(HANDOFF, "")
    if not text:
        return False
    from .._cache import handoff as _handover

    handoff = _handover.loads(text)
    return handoff is not None and handoff.process == os.getpid()
