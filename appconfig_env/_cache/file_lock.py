"""One refresher at a time among the processes that share a snapshot: a lock file beside it."""

from __future__ import annotations

import os
import time
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock

from .turn import ELSEWHERE, IMPOSSIBLE, MINE

POLL_SECONDS = 0.005  # flock cannot wait for a time


class FileLock:
    """A lock between processes that ends with the process, however that ends.

    Attributes:
        is_held: whether this one has it.
        is_possible: False where no lock file can be made, and so nothing is shared either.
        problem: why it is not held.
    """

    def __init__(self, path: str) -> None:
        self.is_held = False
        self.is_possible = True
        self.problem = ""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(path, flags, 0o600)
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
                self.problem = "another process is on it"
            except OSError as error:  # a file system without locks: nobody holds it either
                self.is_possible = False
                self.problem = error.strerror or type(error).__name__
        return self.is_held

    @property
    def state(self) -> str:
        """The lock's state as `turn.decide` takes it."""
        if self.is_held:
            return MINE
        return ELSEWHERE if self.is_possible else IMPOSSIBLE

    @property
    def is_elsewhere(self) -> bool:
        """Whether another process has it."""
        return self.state == ELSEWHERE

    def wait(self, seconds: float) -> None:
        """Take the lock as soon as no other process has it, if that is within so many seconds."""
        deadline = time.monotonic() + seconds
        while self.is_elsewhere and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            self.try_again()

    def hand_over(self) -> None:
        """Leave it to the child that was forked meanwhile, and so has the same file open."""
        # Forgotten before it is closed: a child that is forked in between would close it again, or
        # what has its number by then.
        descriptor, self._descriptor = self._descriptor, -1
        self.is_held = False
        if descriptor >= 0:
            os.close(descriptor)  # the lock goes with the last one who has it open

    def release(self) -> None:
        """Let go of it."""
        if self._descriptor >= 0:
            # By name: closing would not do while a process forked meanwhile has the file open too.
            flock(self._descriptor, LOCK_UN)
        self.hand_over()
