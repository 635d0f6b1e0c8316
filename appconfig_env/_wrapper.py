"""The wrapper's root: prefetch, put into the environment, become the runtime; no helper here."""

from __future__ import annotations

import os
import sys
import time

from . import _settings
from ._execute import ExecError, become, execute, initial_environ
from ._reference import FILE, SECRETS_MANAGER
from ._settings import HANDOVER, PREFIX
from ._start_log import StartLog, tell_lambda, to_stderr
from .errors import AppConfigEnvError, LoadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ._execute import Execve
    from ._load import Fetch
    from ._settings import Settings
    from ._snapshot import Snapshot

    MakeFetch = Callable[[Settings, Mapping[str, str]], Fetch]

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
    make_fetch: MakeFetch | None = None,
    say: Callable[[str], None] | None = None,
) -> int:
    """Resolve what `environ` refers to and exec `command` in place with the result.

    Args:
        command: the runtime's own command, untouched.
        environ: the environment as Lambda gives it.
        now: Unix seconds.
        execve: as `os.execve`; does not come back.
        make_fetch: gives what reads the sources.
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
                result = _prefetched(settings, environ, now, make_fetch, log)
        result.pop(NEXT_WRAPPER, None)  # the chain has reached it: it must not come round again
        return execute(words, result, execve)
    except AppConfigEnvError as error:
        for line in str(error).split("\n"):
            log.write("error", line)
        tell_lambda(environ, error)
        return 1
    except ExecError as error:
        if log.settings is not None and words[0] == log.settings.next_wrapper:
            error = ExecError(f"{NEXT_WRAPPER}: {error}", error.exit_code)
        log.write("error", str(error))
        tell_lambda(environ, error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a mistake of ours must not end in a traceback either
        told = _unexpected(error)
        log.write("fatal", str(told))
        tell_lambda(environ, told)
        return 1


def _prefetched(
    settings: Settings,
    environ: Mapping[str, str],
    now: Callable[[], float],
    make_fetch: MakeFetch | None,
    log: StartLog,
) -> dict[str, str]:
    """`environ` with every source's values, and the snapshot written."""
    # Here and not at the top: json, hashlib and the rest are 12 ms that a start with nothing to
    # read does not pay.
    from . import _fetch, _handover
    from ._load import load
    from ._shared import SharedSnapshot, check_fallback, read_fallback

    check_fallback(settings)
    began = time.monotonic()
    moment = now()
    fetch = (make_fetch or _fetch.Fetcher)(settings, environ)
    with SharedSnapshot(settings, environ) as shared:
        previous = shared.take(log.write)
        snapshot = load(
            settings,
            fetch,
            moment,
            _worth_keeping(settings, previous),
            timeout=settings.deadline_seconds,
            leave=_of_no_use_here(settings),
            fallback=lambda: read_fallback(settings, log.write),
        )
        problem = shared.put(snapshot)
    if problem:
        log.write("warn", f"the snapshot {settings.snapshot_path} was not written ({problem})")
    _report(settings, snapshot, log)
    result, names = _resolved(settings, environ, snapshot, log)
    configured = frozenset(environ) - {source.variable for source in settings.sources}
    references = {name: environ[name] for name in environ.keys() - configured}
    handover = _handover.Handover(os.getpid(), moment, references, configured)
    result[HANDOVER] = _handover.dumps(handover)
    took = round(1000 * (time.monotonic() - began))
    counts = f"{_counted(len(names), 'value')} from {_counted(len(settings.locators()), 'source')}"
    log.write("info", f"{counts} in {took} ms")
    return result


def _resolved(
    settings: Settings, environ: Mapping[str, str], snapshot: Snapshot, log: StartLog
) -> tuple[dict[str, str], set[str]]:
    """`environ` without references and with the values, and the names that these have."""
    in_place = {source.variable for source in settings.sources if source.variable}
    result = {name: value for name, value in environ.items() if name not in in_place}
    configured = frozenset() if settings.overwrite else frozenset(result)
    names = set()
    for source, rendered in snapshot.rendered(settings):
        for name in rendered.protected:
            log.write("warn", f"{source.label}: {name} is protected and was left out")
        for name, value in rendered.values.items() if source.env else ():
            if name in configured:
                said = f"{source.label}: {name} is configured on the function and stays"
                log.write("debug", said)
            else:
                result[name] = value
                names.add(name)
    return result, names


def _worth_keeping(settings: Settings, previous: Snapshot | None) -> Snapshot | None:
    """What an earlier life leaves us: all that cost calls; files are read anew at no cost.

    Lambda runs init again after a crash or a time-out, and /tmp outlives both.
    """
    if previous is None or settings.local_dir:
        return None
    complete = previous.complete()
    for text, state in list(complete.states.items()):
        if text.startswith(FILE + ":"):
            del complete.states[text]
        elif state.error:  # not fresh: a fallback, or older than it should be
            complete.states[text] = state.but(due_at=state.checked_at)
    return complete


def _of_no_use_here(settings: Settings) -> list[str]:
    """Secrets that only `get()` asks for: no place outlives the exec where they may be kept."""
    return [
        text
        for text, sources in settings.locators().items()
        if sources[0].locator.scheme == SECRETS_MANAGER
        and not any(source.env for source in sources)
    ]


def _report(settings: Settings, snapshot: Snapshot, log: StartLog) -> None:
    """Say what failed and why the start goes on all the same.

    Raises:
        LoadError: it does not.
    """
    missing = snapshot.missing()
    if missing and not settings.go_on:
        raise LoadError(missing)
    for error in missing:
        log.write("error", f"{error}; going on without it (APPCONFIG_ENV_ON_ERROR=continue)")
    for text, state in snapshot.states.items():
        if state.error and not state.missing:
            stands_in = (
                "its last values stand in" if state.has_data else "its default or nothing stands in"
            )
            log.write("warn", f"{text}: {state.error}; {stands_in}")


def _unexpected(error: Exception) -> AppConfigEnvError:
    """What to tell of it; of a message type and place only, since it could hold anything."""
    if isinstance(error, ModuleNotFoundError):
        return AppConfigEnvError(
            f"{sys.executable} lacks the package {error.name}, which these settings need: install "
            "it there (pip install appconfig-env), or put another python3 first on PATH"
        )
    said = f"unexpected {type(error).__name__} at {_place(error)}: a bug, please report it"
    return AppConfigEnvError(said)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


def _has_run(environ: Mapping[str, str]) -> bool:
    """Whether this very process has prefetched already: a wrapper in the chain came back to us."""
    text = environ.get(HANDOVER, "")
    if not text:
        return False
    from . import _handover

    handover = _handover.loads(text)
    return handover is not None and handover.process == os.getpid()
