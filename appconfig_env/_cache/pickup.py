"""What the wrapper's child has read, picked up by the process that the wrapper became."""

from __future__ import annotations

import os
import stat
import time
from _thread import start_new_thread

from . import snapshot as _snapshot
from .snapshot import Snapshot, SnapshotRefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .handoff import Left

READ_BYTES = 1024 * 1024
REAP_TRIES, REAP_SECONDS = 10, 0.001


class Pickup:
    """The child's answers, to be taken once it has let go of the snapshot's lock.

    Args:
        left: what the wrapper said of the child.
    """

    def __init__(self, left: Left) -> None:
        self._left: Left | None = left

    def take(self) -> Snapshot | None:
        """What it sent; None where that was nothing, or was taken before."""
        left, self._left = self._left, None
        if left is None:
            return None
        text = _read(left)
        _reap(left.process)
        try:
            return _snapshot.loads(text.decode()) if text else None
        except (SnapshotRefusedError, UnicodeDecodeError):
            return None  # it was ended half-way


def _read(left: Left) -> bytes:
    """Everything in the pipe, which is closed then."""
    parts = []
    try:
        found = os.fstat(left.descriptor)
        if not stat.S_ISFIFO(found.st_mode) or found.st_ino != left.inode:
            return b""  # closed by others, and the number is something else's now
        os.set_blocking(left.descriptor, False)
        try:
            while data := os.read(left.descriptor, READ_BYTES):
                parts.append(data)
        except BlockingIOError:
            pass  # its writer is still on its way out: the lock may end a moment earlier
        os.close(left.descriptor)
    except OSError:  # closed
        return b""
    return b"".join(parts)


def _reap(process: int) -> None:
    """Reap the child without waiting for it: its locks end a moment before it does.

    On a busy machine that moment is long. Then a thread waits for it, since nothing else would reap
    it as long as this process lives.
    """
    for _ in range(REAP_TRIES):
        if _has_reaped(process, os.WNOHANG):
            return
        time.sleep(REAP_SECONDS)
    try:  # noqa: SIM105 - contextlib would cost 4 ms
        start_new_thread(_has_reaped, (process, 0))
    except RuntimeError:  # the process has no room for another thread
        pass


def _has_reaped(process: int, options: int) -> bool:
    try:
        return os.waitpid(process, options)[0] != 0
    except ChildProcessError:  # somebody has done so
        return True
