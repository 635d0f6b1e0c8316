"""The wrapper's root: prefetch, put into the environment, become the runtime; knows nothing of the helper."""

from __future__ import annotations

import errno
import os
import sys
import time

# The signal module would cost 4 ms for its enums.
from _signal import SIG_DFL, SIGPIPE, SIGXFSZ, signal

from . import _settings
from ._reference import FILE, SECRETS_MANAGER
from ._settings import HANDOVER, PREFIX
from .errors import AppConfigEnvError, LoadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ._load import Fetch
    from ._settings import Settings
    from ._snapshot import Snapshot

    MakeFetch = Callable[[Settings, Mapping[str, str]], Fetch]

NEXT_WRAPPER = PREFIX + "NEXT_WRAPPER"
NOT_EXECUTABLE, NOT_FOUND = 126, 127  # as a shell exits


def run(command: Sequence[str]) -> int:
    """The wrapper with the real environment, clock and exec; comes back only where the start fails."""
    environ = _initial_environ()
    return main(command, environ)


def main(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    now: Callable[[], float] = time.time,
    execve: Callable[[str, list[str], dict[str, str]], object] = os.execve,
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
    log = _Log(environ, say or _to_stderr)
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
        return _execute(words, result, execve)
    except AppConfigEnvError as error:
        for line in str(error).split("\n"):
            log.write("error", line)
        _tell_lambda(environ, error)
        return 1
    except _ExecError as error:
        log.write("error", str(error))
        _tell_lambda(environ, error)
        return error.exit_code


def _prefetched(
    settings: Settings,
    environ: Mapping[str, str],
    now: Callable[[], float],
    make_fetch: MakeFetch | None,
    log: _Log,
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
        previous = shared.take(
            log.write
        )  # Lambda runs init again after a crash, and /tmp outlives it
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
    references = {
        source.variable: environ[source.variable] for source in settings.sources if source.variable
    }
    result = {name: value for name, value in environ.items() if name not in references}
    configured = frozenset(result)
    names = set()
    for source, rendered in snapshot.rendered(settings):
        for name in rendered.protected:
            log.write("warn", f"{source.label}: {name} is protected and was left out")
        if not source.env:
            continue
        for name, value in rendered.values.items():
            if name in configured and not settings.overwrite:
                log.write(
                    "debug", f"{source.label}: {name} is configured on the function and stays"
                )
                continue
            result[name] = value
            names.add(name)
    handover = _handover.Handover(os.getpid(), moment, references, configured)
    result[HANDOVER] = _handover.dumps(handover)
    took = round(1000 * (time.monotonic() - began))
    log.write("info", f"{len(names)} values from {len(settings.locators())} sources in {took} ms")
    return result


def _worth_keeping(settings: Settings, previous: Snapshot | None) -> Snapshot | None:
    """What an earlier life leaves us: all that cost calls. Files are read anew: that costs nothing."""
    if previous is None or settings.local_dir:
        return None
    complete = previous.complete()
    for text in [text for text in complete.states if text.startswith(FILE + ":")]:
        del complete.states[text]
    return complete


def _of_no_use_here(settings: Settings) -> list[str]:
    """Secrets that only `get()` asks for: no place outlives the exec where they may be kept."""
    return [
        text
        for text, sources in settings.locators().items()
        if sources[0].locator.scheme == SECRETS_MANAGER
        and not any(source.env for source in sources)
    ]


def _report(settings: Settings, snapshot: Snapshot, log: _Log) -> None:
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


def _has_run(environ: Mapping[str, str]) -> bool:
    """Whether this very process has prefetched already: a wrapper in the chain came back to us."""
    text = environ.get(HANDOVER, "")
    if not text:
        return False
    from . import _handover

    handover = _handover.loads(text)
    return handover is not None and handover.process == os.getpid()


class _ExecError(Exception):
    """The command cannot be executed."""

    def __init__(self, message: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(message)


def _execute(
    words: list[str],
    environ: dict[str, str],
    execve: Callable[[str, list[str], dict[str, str]], object],
) -> int:
    """Become the command.

    Raises:
        _ExecError: that was not possible.
    """
    # Python ignores these two for itself, and what is ignored stays so through exec.
    signal(SIGPIPE, SIG_DFL)
    signal(SIGXFSZ, SIG_DFL)
    name = words[0]
    folders = [""] if "/" in name else environ.get("PATH", os.defpath).split(":")
    worst: OSError | None = None
    for folder in folders:
        try:
            execve(f"{folder}/{name}" if folder else name, words, environ)
            return 0
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                worst = error
                if error.errno != errno.EACCES:  # there may be one further on that may be executed
                    break
    if worst is None:
        raise _ExecError(f"{name}: does not exist", NOT_FOUND)
    if worst.errno == errno.E2BIG:
        largest = sorted(environ, key=lambda variable: len(environ[variable]), reverse=True)[:3]
        size = sum(len(variable) + len(environ[variable]) + 2 for variable in environ)
        raise _ExecError(
            f"{name}: the environment is too large ({size} characters; the largest: "
            f"{', '.join(largest)}); leave large sources to get() with env=no",
            NOT_EXECUTABLE,
        )
    raise _ExecError(f"{name}: cannot be executed ({worst.strerror})", NOT_EXECUTABLE)


def _initial_environ() -> dict[str, str]:
    """The environment as it was given: without the LC_CTYPE that Python adds in the C locale (PEP 538)."""
    environ = dict(os.environ)
    if environ.get("LC_CTYPE", "").startswith("C.") or environ.get("LC_CTYPE") == "UTF-8":
        try:
            with open("/proc/self/environ", "rb") as file:
                if not any(item.startswith(b"LC_CTYPE=") for item in file.read().split(b"\0")):
                    del environ["LC_CTYPE"]
        except OSError:  # no /proc: an LC_CTYPE more does no harm
            pass
    return environ


def _tell_lambda(environ: Mapping[str, str], error: Exception) -> None:
    """Report a failed start to the Runtime API, so that the function's caller learns the reason too.

    Source: Lambda Developer Guide, "Initialization error" of the runtime API.
    """
    address = environ.get("AWS_LAMBDA_RUNTIME_API")
    if not address:
        return
    import json

    from .aws.transport import Transport, Url

    kind = f"AppConfigEnv.{type(error).__name__.lstrip('_')}"
    body = {"errorMessage": str(error), "errorType": kind, "stackTrace": []}
    headers = {
        "host": address,
        "content-type": "application/json",
        "lambda-runtime-function-error-type": kind,
    }
    transport = Transport()
    try:
        transport.send(
            Url(f"http://{address}"),
            "POST",
            "/2018-06-01/runtime/init/error",
            headers,
            json.dumps(body).encode(),
            timeout=1.0,
        )
    except OSError:
        pass  # the log has said it
    finally:
        transport.close()


class _Log:
    """Lines on standard error, as text or as Lambda's JSON; from `settings` once they are known."""

    def __init__(self, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._json = environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        self._say = say
        self.settings: Settings | None = None

    def write(self, level: str, message: str) -> None:
        """Write one line, if its level is wanted."""
        if self.settings is not None and not self.settings.accepts(level):
            return
        line = "".join(sign if sign.isprintable() else "?" for sign in message)
        if self._json:
            import json

            moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self._say(json.dumps({
                "timestamp": moment,
                "level": level.upper(),
                "message": line,
                "logger": "appconfig_env",
            }))  # fmt: skip
        else:
            self._say(
                f"appconfig-env: {line}"
                if level in ("info", "debug", "trace")
                else f"appconfig-env: {level}: {line}"
            )


def _to_stderr(line: str) -> None:
    # Straight to the descriptor: what a buffer holds at exec is lost.
    try:
        os.write(
            sys.__stderr__.fileno() if sys.__stderr__ else 2,
            (line + "\n").encode("utf-8", "replace"),
        )
    except OSError:
        pass
