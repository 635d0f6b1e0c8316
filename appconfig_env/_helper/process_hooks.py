"""What a fork and a SnapStart restore do to this process's helpers."""

from __future__ import annotations

import os
from _thread import get_ident
from _weakref import ref  # the C part of weakref, which handlers may not have loaded
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import RLock
    from collections.abc import Callable
    from typing import Protocol

    class Forking(Protocol):
        """An object with locks and connections that a forked child must not share."""

        @property
        def importing(self) -> RLock:
            """Held while a module is imported: a fork waits for it."""
            ...

        def after_fork_in_child(self) -> None:
            """Reset locks, connections and tokens in the child."""


FORK_SECONDS = 1.0  # the longest that a fork waits for imports in other threads, of all helpers
_watched: list[ref[Forking]] = []
_held: dict[int, list[RLock]] = {}  # by the ID of the forking thread: several threads may fork


def watch(helper: Forking) -> None:
    """Reset `helper` in every forked child; does not keep it alive."""
    _watched.append(ref(helper, _watched.remove))


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
