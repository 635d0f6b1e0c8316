"""What the helper keeps between calls: when it is due, who refreshes, what survives a failure."""

from __future__ import annotations

import os
from _thread import allocate_lock, get_ident

from . import _handover, _settings, _shared
from ._load import load
from ._merge import completed, newest
from ._snapshot import Snapshot, fingerprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ._load import Fetch
    from ._lock import FileLock
    from ._pickup import Pickup
    from ._settings import Settings
    from ._view import Seen

    Log = Callable[[str, str], None]

NEVER, ALWAYS = float("inf"), float("-inf")
ASK_AGAIN_SECONDS = 1.0  # how soon to look whether the process that refreshes is done
STUCK = 2  # times as long as a refresh may take, a lock is held by one that hangs


class Store:
    """The snapshot of one process, refreshed by one of its threads at a time.

    Attributes:
        settings: what is read.
        snapshot: what is known; replaced, never edited.
        view: what `get` looks at, likewise.
        sourced: every name that a source has ever set here; the environment may still hold its old
            value.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        now: Callable[[], float],
        make_fetch: Callable[[Settings, Mapping[str, str]], Fetch],
        chance: Callable[[], float],
        log: Callable[[Settings, str, str], None],
        restored_at: float = ALWAYS,
    ) -> None:
        handover = _handover.loads(environ.get(_settings.HANDOVER, ""))
        self._environ = environ
        self._now = now
        self._chance = chance
        self._handover = handover
        self._started_at = handover.taken_at if handover else ALWAYS  # the wrapper, if any
        self.settings = _settings.from_environ(
            environ,
            handover.references if handover else None,
            handover.configured if handover else None,
        )
        self._make_fetch = make_fetch
        self._fetch = make_fetch(self.settings, environ)
        self._refreshing = allocate_lock()
        self._refresher = 0  # the thread that has it
        self._lock: FileLock | None = None  # while a thread of ours uses the file
        # What was read before this was cloned with a SnapStart snapshot.
        self._trusted_from = restored_at
        self._is_restored = restored_at != ALWAYS
        self._busy_until = ALWAYS
        self._stalled: tuple[float, float] | None = None
        settings = self.settings
        self.log: Log = lambda level, message: log(settings, level, message)
        # What the function itself set, as it was before any code of its own ran.
        self._configured = handover.configured if handover else frozenset(environ)
        self._pickup: Pickup | None = None
        if handover is not None and handover.left is not None and handover.process == os.getpid():
            from ._pickup import Pickup  # few functions have sources for it

            self._pickup = Pickup(handover.left)
        found = _shared.read(settings, self.log)
        self.snapshot = (
            completed(found, self.settings, environ, handover.taken_at if handover else None)
            if found
            else self._handed_over()
        )
        self.sourced: frozenset[str] = frozenset()
        self.view: Seen = self._viewed()

    def _turn(self) -> _shared.SharedSnapshot:
        return _shared.SharedSnapshot(self.settings, self._environ, is_restored=self._is_restored)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing yet that a caller could go on with."""
        return bool(self.settings.sources) and not self.snapshot.states and self._handover is None

    def distrust(self, moment: float) -> None:
        """Count what was read until `moment` as due, its tokens as spent: this is a clone."""
        self._trusted_from = moment
        self._is_restored = True
        self._fetch = self._make_fetch(self.settings, self._environ)  # credentials are others now
        self.snapshot = self.snapshot.without_cursors()
        self.view = (NEVER, NEVER, self.view[2])

    def own(self) -> None:
        """Make a forked child's copy its own, whatever the parent's threads were at."""
        if self._lock is not None:
            # Else the child would hold it as long as it lives, should the parent die over it.
            self._lock.hand_over()
        self._refreshing = allocate_lock()
        self._refresher = 0
        # Connections that are open are the parent's, and whoever held their locks is not here.
        self._fetch = self._make_fetch(self.settings, self._environ)
        self._pickup = None  # the wrapper's child is the parent's too, and so are tokens
        self.snapshot = self.snapshot.without_cursors()

    def unasked(self) -> list[str]:
        """The locators of which nothing is known yet, not even a failure."""
        states = self.snapshot.states
        return [text for text in self.settings.locators() if text not in states]

    def refresh(
        self, *, force: Collection[str] | None = None, lacking: Collection[str] = ()
    ) -> frozenset[str]:
        """Ask the sources that are due, or those in `force`; gives the names whose value changed.

        Never raises: what fails is logged once, kept in the states, and asked again later.

        Args:
            force: locators to ask whether or not they are due; None for those that are due, which
                then is left to another thread or process that is on it already.
            lacking: locators without which the caller cannot go on: whoever is on them is waited
                for, and then those are asked that were not read meanwhile.
        """
        if self._refresher == get_ident():  # a signal's handler came in between: nobody to wait for
            return frozenset()
        patient = force is not None or bool(lacking) or self.is_empty
        refreshing = self._refreshing  # a signal's handler may fork: `own` makes another one then
        if not refreshing.acquire(
            # Whoever is on it may wait for another process, and then for AWS.
            blocking=patient,
            timeout=2 * self._patience() if patient else -1,
        ):
            return frozenset()
        self._refresher = get_ident()
        try:
            before, values = self.snapshot, self.view[2]
            left = [
                text
                for text in lacking
                if text not in before.states or not before.states[text].is_answered
            ]
            if force is None and not left and not self._is_due(self._now()):
                return frozenset()  # somebody was faster
            # What nothing is known of is due anyway, and another process may leave it in the file.
            withheld = [text for text in left if text in before.states]
            self._refresh([*(force or ()), *withheld], patient=patient)
            self.view = self._viewed()
            self._report(before)
            return _changed(values, self.view[2])
        finally:
            self._refresher = 0
            refreshing.release()

    def _patience(self) -> float:
        """How long a caller may be kept waiting for another process, and likewise for AWS."""
        deadline, least = self.settings.deadline_seconds, self.settings.poll_timeout_seconds
        if self.is_empty:
            return deadline
        if self._pickup is None:
            return least
        # The child has as long as the start had: until then nobody has failed.
        return min(max(least, self._started_at + deadline - self._now()), deadline)

    def _is_due(self, now: float) -> bool:
        since, until, _ = self.view
        return not since <= now < until

    def _refresh(self, force: Collection[str], *, patient: bool) -> None:
        with self._turn() as shared:
            self._lock = shared.lock
            if patient:
                shared.lock.wait(self._patience())
            found = shared.take(self.log)
            # Not before: what another process has just put there would be of the future, and due.
            now = self._now()
            known = newest(self.snapshot, found, now)
            if shared.lock.is_elsewhere and not self._is_stuck(known, now):
                # Its answers will be ours, but for what was waited for in vain, such as secrets,
                # which no file holds. Tokens alone need a turn.
                self.snapshot = self._unread(known, now, force) if patient else known
                self._busy_until = now + ASK_AGAIN_SECONDS
                return
            if self._pickup is not None:  # the child has let go of the lock: it is done
                known = newest(known, self._pickup.take(), now)
                self._pickup = None
            fresh = self._loaded(known, now, {*force, *self._distrusted(known)})
            problem = shared.put(fresh)
        self._trusted_from = ALWAYS  # all was asked: what follows is of this twin, by any clock
        # In the file the tokens wait for whoever is next; where there is none they stay here.
        stays = problem and shared.keeps_tokens
        self.snapshot = fresh if stays else fresh.without_cursors()
        self._busy_until = ALWAYS
        self._stalled = None

    def _is_stuck(self, known: Snapshot, now: float) -> bool:
        """Whether the process that has the lock has brought nothing for so long that it hangs."""
        states = known.states.values()
        if states and not any(state.is_due(now) for state in states):
            self._stalled = None  # it has brought what was due, and is at something else
            return False
        latest = max((state.checked_at for state in states), default=ALWAYS)
        if self._stalled is None or self._stalled[0] != latest or now < self._stalled[1]:
            self._stalled = (latest, now)
        settings = self.settings
        longest = max(settings.deadline_seconds, settings.poll_timeout_seconds)
        return now - self._stalled[1] > STUCK * longest

    def _unread(self, known: Snapshot, now: float, force: Collection[str]) -> Snapshot:
        """`known`, and what nothing is known of, or only that it was withheld."""
        states = known.states
        unread = [
            text
            for text in self.settings.locators()
            if text not in states or (text in force and not states[text].is_answered)
        ]
        others = self.settings.locators().keys() - unread
        return self._loaded(known.without_cursors(), now, unread, others).without_cursors()

    def _loaded(
        self, known: Snapshot, now: float, force: Collection[str], leave: Collection[str] = ()
    ) -> Snapshot:
        return load(
            self.settings,
            self._fetch,
            now,
            known,
            timeout=self._patience(),
            chance=self._chance(),
            force=force,
            leave=leave,
            fallback=lambda: _shared.read_fallback(self.settings, self.log),
        )

    def _distrusted(self, known: Snapshot) -> list[str]:
        return [
            text for text, state in known.states.items() if state.checked_at < self._trusted_from
        ]

    def _handed_over(self) -> Snapshot:
        """Nothing is known but, after a wrapper, that the environment is as of its start."""
        return Snapshot(self._started_at, fingerprint(self.settings), {})

    def _viewed(self) -> Seen:
        settings, states = self.settings, self.snapshot.states
        values = self.snapshot.values(settings)
        if not settings.overwrite:
            in_place = {source.variable for source in settings.sources if source.variable}
            for name in (self._configured & values.keys()) - in_place:
                del values[name]
        self.sourced |= values.keys()
        # A clock that goes back ends the wait for another process, too.
        busy_from, busy_until = self._busy_until - ASK_AGAIN_SECONDS, self._busy_until
        if self._pickup is not None or any(text not in states for text in settings.locators()):
            return busy_from, busy_until, values
        since = max((state.checked_at for state in states.values()), default=ALWAYS)
        until = min((state.due_at for state in states.values()), default=NEVER)
        if until < busy_until:
            return max(since, busy_from), busy_until, values
        return since, until, values

    def _report(self, before: Snapshot) -> None:
        """Log what began to fail and what is well again, each once."""
        for text, state in self.snapshot.states.items():
            earlier = before.states.get(text)
            if state.error and not (earlier and earlier.error):
                kept = "; the last good values stay" if state.fetched_at is not None else ""
                self.log("warn", f"{text}: {state.error}{kept}")
            elif earlier and earlier.error and not state.error:
                self.log("info", f"{text}: well again after {earlier.failures} failed attempts")


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name for name in {*before, *after} if before.get(name) != after.get(name))
