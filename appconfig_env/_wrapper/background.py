"""The background fetch: a child process that survives the exec and loads the deferred sources.

It holds the snapshot's lock until it exits: a caller that needs its values waits for the lock, and
a child that is killed releases it. Secrets never touch the disk: they go through a pipe whose read
end the runtime inherits. The child exits with the runtime, after a freeze, and when its time is up.
The runtime's process is its parent, because exec keeps the process, and the helper there reaps it.
"""

from __future__ import annotations

import posix  # os itself costs a cold start 1.5 ms
import time

# The signal module would cost 4 ms for its enums.
from _signal import (  # type: ignore[import-not-found]
    SIG_DFL,
    SIGINT,
    alarm,
    signal,
)
from _thread import start_new_thread
from fcntl import fcntl

from .._cache.handoff import BackgroundFetch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Send = Callable[[bytes], None]
    Work = Callable[[Send], None]
    Start = Callable[[Work, float], BackgroundFetch | None]

F_SETPIPE_SZ = 1031  # linux/fcntl.h; fcntl has the constant on Linux only
PIPE_BYTES = 1024 * 1024  # Linux's limit; the helper fetches larger data itself
WATCH_SECONDS = 0.05
FROZEN_SECONDS = 2.0  # a watch that wakes up so late was frozen with the environment


def start(work: Work, seconds: float) -> BackgroundFetch | None:
    """Run `work` in a child process; return None if there cannot be a pipe or a process.

    Args:
        work: gets a function that sends bytes to the runtime's process; never raises.
        seconds: the child is killed two seconds after this time.
    """
    try:
        reading, writing = posix.pipe()
    except OSError:
        return None
    try:  # noqa: SIM105 - contextlib would cost 4 ms
        fcntl(writing, F_SETPIPE_SZ, PIPE_BYTES)
    except OSError:
        pass  # then it holds 64 KiB
    posix.set_inheritable(reading, True)  # noqa: FBT003 - positional only
    posix.set_blocking(writing, False)  # the runtime may never read
    parent = posix.getpid()
    try:
        process = posix.fork()
    except OSError:
        posix.close(reading)
        posix.close(writing)
        return None
    if process == 0:
        code = 1
        try:
            posix.close(reading)
            _detach(seconds)
            start_new_thread(_watch, (parent,))
            work(lambda data: _send(writing, data))
            code = 0
        finally:
            # Without flushing the parent's buffers or running its exit handlers.
            posix._exit(code)  # noqa: SLF001 - this is its name
    posix.close(writing)
    return BackgroundFetch(process, reading, posix.fstat(reading).st_ino)


def _detach(seconds: float) -> None:
    """Detach from stdin and stdout, and arm a kill timer."""
    signal(SIGINT, SIG_DFL)
    alarm(int(seconds) + 2)  # SIGALRM ends the process by default
    nothing = posix.open("/dev/null", posix.O_RDWR)
    posix.dup2(nothing, 0)
    posix.dup2(nothing, 1)


def _watch(parent: int) -> None:
    before = time.time()
    while posix.getppid() == parent:
        time.sleep(WATCH_SECONDS)
        now = time.time()
        if not 0 <= now - before < FROZEN_SECONDS:
            break  # AWS has closed the connections: exit, so that the helper fetches at once
        before = now
    # Not sys.exit: the other thread may be waiting for AWS.
    posix._exit(1)  # noqa: SLF001 - as above


def _send(descriptor: int, data: bytes) -> None:
    try:  # noqa: SIM105 - as above
        posix.write(descriptor, data)
    except OSError:
        pass  # nothing reads it any more
