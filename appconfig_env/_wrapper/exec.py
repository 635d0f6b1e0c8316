"""Becoming the command: exec in place, as a shell would; no shell, no child, no trace."""

from __future__ import annotations

import errno
import os

# The signal module would cost 4 ms for its enums.
from _signal import (  # type: ignore[import-not-found]
    SIG_DFL,
    SIGPIPE,
    SIGXFSZ,
    signal,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Execve = Callable[[str, list[str], dict[str, str]], object]

NOT_EXECUTABLE, NOT_FOUND = 126, 127  # as a shell exits


class ExecError(Exception):
    """The command cannot be executed."""

    def __init__(self, message: str, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(message)


def become(path: str, words: list[str], environ: dict[str, str]) -> None:
    """Execute `path` in place, with the signals as they were given to this process.

    Raises:
        OSError: that was not possible.
    """
    # Python ignores these two for itself, and what is ignored stays so through exec.
    ignored = {number: signal(number, SIG_DFL) for number in (SIGPIPE, SIGXFSZ)}
    try:
        os.execve(path, words, environ)  # noqa: S606 # nosec B606 # no shell is the point
    finally:
        for number, before in ignored.items():
            signal(number, before)


def execute(words: list[str], environ: dict[str, str], execve: Execve) -> int:
    """Become the command; `words` begins with its name or path.

    Raises:
        ExecError: that was not possible.
    """
    name = words[0]
    folders = [""] if "/" in name else environ.get("PATH", os.defpath).split(":")
    worst: OSError | None = None
    for folder in folders:
        try:
            execve(f"{folder}/{name}" if folder else name, words, environ)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                worst = error
                if error.errno != errno.EACCES:  # there may be one further on that may be executed
                    break
        else:
            return 0
    if worst is None:
        reason = "does not exist"
        if "/" in name and os.path.lexists(name):
            reason = "is there, but not what runs it (after #!, or a binary's loader, or a link)"
        raise ExecError(f"{name}: {reason}", NOT_FOUND)
    if worst.errno == errno.E2BIG:
        largest = sorted(environ, key=lambda variable: len(environ[variable]), reverse=True)[:3]
        size = sum(len(variable) + len(environ[variable]) + 2 for variable in environ)
        raise ExecError(
            f"{name}: the environment is too large ({size} characters; the largest: "
            f"{', '.join(largest)}); leave large sources to get() with env=no",
            NOT_EXECUTABLE,
        )
    hint = "; want #! in the first line, or a binary for this processor"
    raise ExecError(
        f"{name}: cannot be executed ({worst.strerror})"
        f"{hint if worst.errno == errno.ENOEXEC else ''}",
        NOT_EXECUTABLE,
    )


def initial_environ() -> dict[str, str]:
    """The environment as it was given: without the LC_CTYPE that Python adds (PEP 538)."""
    environ = dict(os.environ)
    if environ.get("LC_CTYPE") in ("C.UTF-8", "C.utf8", "UTF-8"):
        try:
            with open("/proc/self/environ", "rb") as file:
                given = file.read()
        except OSError:  # no /proc: an LC_CTYPE more does no harm
            return environ
        if not any(item.startswith(b"LC_CTYPE=") for item in given.split(b"\0")):
            del environ["LC_CTYPE"]
    return environ
