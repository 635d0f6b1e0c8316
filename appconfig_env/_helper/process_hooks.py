"""What a fork, another program and a SnapStart restore do to this process's helpers."""

from __future__ import annotations

import os
from _thread import get_ident
from _weakref import ref  # the C part of weakref, which handlers may not have loaded
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import RLock
    from collections.abc import Callable, Mapping
    from typing import Protocol

    class Forking(Protocol):
        """An object with locks and connections that a forked child must not share."""

        @property
        def importing(self) -> RLock:
            """Held while a module is imported: a fork waits for it."""
            ...

        def after_fork_in_child(self) -> None:
            """Reset locks, connections and tokens in the child."""


HANDOFF = "_APPCONFIG_ENV_HANDOFF"  # as in _config.settings, whose import would load many modules
FORK_SECONDS = 1.0  # the longest that a fork waits for imports in other threads, of all helpers
_watched: list[ref[Forking]] = []
_held: dict[int, list[RLock]] = {}  # by the ID of the forking thread: several threads may fork


def watch(helper: Forking) -> None:
    """Reset `helper` in every forked child; does not keep it alive."""
    _watched.append(ref(helper, _watched.remove))


def keep_pipe(environ: Mapping[str, str]) -> None:
    """Keep the pipe of the background fetch from the programs that this process starts.

    The wrapper must leave it open for this process, and so for every program that this process
    starts. What it holds are secrets, until the first `get()` reads them.
    """
    # `_cache.handoff.loads`, written out, because importing it would load many modules. In a JSON
    # text these quotation marks cannot be part of another value.
    numbers = environ.get(HANDOFF, "").rpartition('"background":[')[2].partition("]")[0]
    try:
        _, descriptor, inode = map(int, numbers.split(","))
        if os.fstat(descriptor).st_ino == inode:  # else other code has closed it: not our file
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - positional only
    except (ValueError, OverflowError, OSError):  # there is none
        pass


def after_restore(hook: Callable[[], None]) -> None:
    """Call `hook` after a SnapStart restore, if Lambda's library for such hooks is present."""
    try:
        from snapshot_restore_py import register_after_restore  # in Lambda's runtime only
    except ImportError:
        return  # then no token is ever kept, see _cache.repository
    register_after_restore(hook)


def _before_fork() -> None:
    locks = [helper.importing for found in _watched if (helper := found())]
    held = _held.setdefault(get_ident(), [])
    until = monotonic() + FORK_SECONDS
    held.extend(lock for lock in locks if lock.acquire(timeout=max(0.0, until - monotonic())))


def _after_fork_in_parent() -> None:
    for lock in _held.pop(get_ident(), ()):
        lock.release()


def _after_fork_in_child() -> None:
    _held.clear()
    for found in _watched[:]:  # a copy: the garbage collector may remove some
        if helper := found():
            helper.after_fork_in_child()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)
