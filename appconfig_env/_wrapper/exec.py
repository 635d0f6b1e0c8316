"""Executes the command in place of this process, without a shell or a child process."""

from __future__ import annotations

import errno
import posix  # os itself costs a cold start 1.5 ms
import sys

# The signal module would cost 4 ms for its enums.
from _signal import (  # type: ignore[import-not-found]
    SIG_DFL,
    SIGINT,
    SIGPIPE,
    SIGXFSZ,
    signal,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Execve = Callable[[str, list[str], dict[str, str]], object]

# What shell.py restores. No source can set it: names that begin with an underscore are protected.
DROPPED = "_APPCONFIG_ENV_DROPPED"
PATH = "/bin:/usr/bin"  # where the environment has none: os.defpath
NOT_EXECUTABLE, NOT_FOUND, INTERRUPTED = 126, 127, 130  # the exit codes of a shell
HINTS = {
    errno.EACCES: "make it executable: chmod +x",
    errno.ENOEXEC: "begin it with a #! line, or use a binary for this processor",
}


class ExecError(Exception):
    """The command cannot be executed."""

    def __init__(self, message: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(message)


def become(path: str, words: list[str], environ: dict[str, str]) -> None:
    """Execute `path` in place, with the signal handling that this process inherited.

    Raises:
        OSError: `path` cannot be executed.
    """
    # Python ignores these two, and ignored signals stay ignored after exec.
    ignored = {number: signal(number, SIG_DFL) for number in (SIGPIPE, SIGXFSZ)}
    try:
        posix.execve(path, words, environ)
    finally:
        for number, before in ignored.items():
            signal(number, before)


def end_by_interrupt() -> int:
    """End this process as Ctrl-C ends a program without a handler: by the signal, silently.

    So a shell that runs a script ends it, too.

    Returns:
        The exit code of a shell in that case, if the signal is blocked.
    """
    signal(SIGINT, SIG_DFL)
    posix.kill(posix.getpid(), SIGINT)
    return INTERRUPTED


def execute(words: list[str], environ: dict[str, str], execve: Execve) -> int:
    """Execute the command in place; `words` begins with its name or path.

    Raises:
        ExecError: the command cannot be executed.
    """
    name = words[0]
    folders = [""] if "/" in name else environ.get("PATH", PATH).split(":")
    worst: OSError | None = None
    for folder in folders:
        try:
            execve(f"{folder}/{name}" if folder else name, words, environ)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                worst = error
                if error.errno != errno.EACCES:  # a later folder may have an executable one
                    break
        else:
            return 0
    if worst is None:
        raise ExecError(f"{name}: {_why_not_found(name)}", NOT_FOUND)
    if worst.errno == errno.E2BIG:
        largest = sorted(environ, key=lambda variable: len(environ[variable]), reverse=True)[:3]
        size = sum(len(variable) + len(environ[variable]) + 2 for variable in environ)
        raise ExecError(
            f"{name}: the environment is too large ({size} characters; the largest: "
            f"{', '.join(largest)}); leave large sources to get() with env=no",
            NOT_EXECUTABLE,
        )
    hint = HINTS.get(worst.errno or 0, "check the file and its path")
    raise ExecError(f"{name}: cannot be executed ({worst.strerror}); {hint}", NOT_EXECUTABLE)


def _why_not_found(name: str) -> str:
    if "/" not in name:
        return "does not exist in any folder of PATH; check its name, or write its path"
    if _exists(name):
        missing = "interpreter (#!) or loader is missing, or the link's target"
        return f"exists, but its {missing}; add that to the image or layer"
    return "does not exist; check its path"


def _exists(path: str) -> bool:
    """Whether there is a file, or a link to nothing."""
    try:
        posix.lstat(path)
    except (OSError, ValueError):  # ValueError: it contains a null character
        return False
    return True


def initial_environ() -> dict[str, str]:
    """Return the environment as inherited: without the LC_CTYPE that Python adds (PEP 538).

    An entry without a name (`=x`) is left out: exec would refuse it.
    """
    environ = {_text(name): _text(value) for name, value in posix.environ.items() if name}
    if environ.get("LC_CTYPE") in ("C.UTF-8", "C.utf8", "UTF-8"):
        given = environ_at_exec("self")  # without /proc, the additional LC_CTYPE does no harm
        if given and "LC_CTYPE" not in given:
            del environ["LC_CTYPE"]
    return environ


def environ_at_exec(process: str) -> dict[str, str]:
    """Return the environment that a process was executed with; empty if it cannot be read.

    What the process itself has set since is not in it.

    Args:
        process: its ID, or `self`.
    """
    try:
        with open(f"/proc/{process}/environ", "rb") as file:
            items = file.read().split(b"\0")
    except OSError:  # it has ended, is another user's, or there is no /proc
        return {}
    pairs = (_text(item).partition("=") for item in items)
    return {name: value for name, _, value in pairs if name}


def _text(data: bytes) -> str:
    """Decode as os.environ does, so that exec encodes it again to the same bytes."""
    return data.decode(sys.getfilesystemencoding(), "surrogateescape")
