"""The background fetch: a child that outlives the exec and loads the deferred sources.

It holds the snapshot's lock until it ends: a caller that needs its values waits for the lock, and a
child that is killed releases it. Secrets never touch the disk: they go through a pipe whose other
end the runtime inherits. It ends with the runtime, after a freeze, and when its time is up; the
process that has the helper is its parent, by exec, and reaps it.
"""

from __future__ import annotations

import os
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

F_SETPIPE_SZ = 1031  # linux/fcntl.h; fcntl's own constant is there on Linux only
PIPE_BYTES = 1024 * 1024  # the most that Linux grants; what is larger is fetched again
WATCH_SECONDS = 0.05
FROZEN_SECONDS = 2.0  # a watch that is so late was frozen with the whole environment


def start(work: Work, seconds: float) -> BackgroundFetch | None:
    """Have `work` done by a child of this process; return None where there is no room for one.

    Args:
        work: takes what sends bytes to the runtime's process; never raises.
        seconds: after which the child ends in any case.
    """
    try:
        reading, writing = os.pipe()
    except OSError:
        return None
    try:  # noqa: SIM105 - contextlib would cost 4 ms
        fcntl(writing, F_SETPIPE_SZ, PIPE_BYTES)
    except OSError:
        pass  # 64 KiB then
    os.set_inheritable(reading, True)  # noqa: FBT003 - it takes no name
    os.set_blocking(writing, False)  # the runtime may never read
    parent = os.getpid()
    try:
        process = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        return None
    if process == 0:
        code = 1
        try:
            os.close(reading)
            _detach(seconds)
            start_new_thread(_watch, (parent,))
            work(lambda data: _send(writing, data))
            code = 0
        finally:
            os._exit(code)  # nothing of the parent's is to be flushed or cleaned up
    os.close(writing)
    return BackgroundFetch(process, reading, os.fstat(reading).st_ino)


def _detach(seconds: float) -> None:
    """Detach from stdin and stdout, and arm a kill timer."""
    signal(SIGINT, SIG_DFL)
    alarm(int(seconds) + 2)  # its default is to end the process
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)


def _watch(parent: int) -> None:
    before = time.time()
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
        now = time.time()
        if not 0 <= now - before < FROZEN_SECONDS:
            break  # AWS has closed the connections by now: the helper fetches at once
        before = now
    os._exit(1)  # the other thread may wait for AWS


def _send(descriptor: int, data: bytes) -> None:
    try:  # noqa: SIM105 - as above
        os.write(descriptor, data)
    except OSError:
        pass  # no reader any more
