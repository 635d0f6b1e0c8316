"""The lock file next to the snapshot: of the processes that share it, one refreshes at a time."""

from __future__ import annotations

import posix  # os itself costs a cold start 1.5 ms
import time
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock

from .actions import ELSEWHERE, HELD, IMPOSSIBLE

POLL_SECONDS = 0.005  # flock has no timeout


class FileLock:
    """A lock between processes, which the kernel releases when its holder exits or is killed.

    Attributes:
        is_held: whether this process holds it.
        is_possible: False if the lock file cannot be created; then nothing is shared either.
        problem: why it is not held; an empty string if it is.
    """

    def __init__(self, path: str) -> None:
        self.is_held = False
        self.is_possible = True
        self.problem = ""
        flags = posix.O_RDWR | posix.O_CREAT | posix.O_NOFOLLOW | posix.O_CLOEXEC
        try:
            self._descriptor = posix.open(path, flags, 0o600)
        except OSError as error:
            self._descriptor = -1
            self.is_possible = False
            self.problem = error.strerror or type(error).__name__
            return
        self.try_again()

    def try_again(self) -> bool:
        """Take the lock if no other process has it."""
        if self._descriptor >= 0 and not self.is_held:
            try:
                flock(self._descriptor, LOCK_EX | LOCK_NB)
                self.is_held = True
                self.problem = ""
            except BlockingIOError:
                self.problem = "another process holds its lock"
            except OSError as error:  # a file system without locks: no process holds it
                self.is_possible = False
                self.problem = error.strerror or type(error).__name__
        return self.is_held

    @property
    def state(self) -> str:
        """The lock's state as `actions.decide` takes it."""
        if self.is_held:
            return HELD
        return ELSEWHERE if self.is_possible else IMPOSSIBLE

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process holds it."""
        return self.state == ELSEWHERE

    def wait(self, seconds: float) -> None:
        """Wait up to `seconds` for the lock, and take it."""
        deadline = time.monotonic() + seconds
        while self.is_elsewhere and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            self.try_again()

    def hand_off(self) -> None:
        """Close the file without unlocking: a forked child that has it open keeps the lock."""
        # Forget the descriptor before closing it: a child that is forked in between would otherwise
        # close it again, or close another file that has its number by then.
        descriptor, self._descriptor = self._descriptor, -1
        self.is_held = False
        if descriptor >= 0:
            posix.close(descriptor)  # the last process that closes the file releases the lock

    def release(self) -> None:
        """Release the lock."""
        if self._descriptor >= 0:
            # Explicitly: closing does not unlock while a forked child has the file open too.
            flock(self._descriptor, LOCK_UN)
        self.hand_off()
