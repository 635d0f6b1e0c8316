"""What the helper keeps between calls: when it is due, who refreshes, what survives a failure."""

from __future__ import annotations

import os
from _thread import allocate_lock, get_ident

from .._config import settings as _settings
from . import handoff as _handover
from . import repository as _shared
from .load import load
from .merge import completed, newest
from .snapshot import Snapshot, fingerprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from .._backends.base import Fetch
    from .._config.settings import Settings
    from .file_lock import FileLock
    from .pickup import Pickup

    Log = Callable[[str, str], None]
    # From when until when nothing is stale, in Unix seconds, and every name's value.
    Seen = tuple[float, float, Mapping[str, str]]

NEVER, ALWAYS = float("inf"), float("-inf")
LOCK_RETRY_SECONDS = 1.0  # how soon to look whether the process that refreshes is done
ABANDONED_LOCK_FACTOR = 2  # times as long as a refresh may take, a lock is held by one that hangs


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
        make_backend: Callable[[Settings, Mapping[str, str]], Fetch],
        jitter: Callable[[], float],
        log: Callable[[Settings, str, str], None],
        restored_at: float = ALWAYS,
    ) -> None:
        handoff = _handover.loads(environ.get(_settings.HANDOFF, ""))
        self._environ = environ
        self._now = now
        self._jitter = jitter
        self._handover = handoff
        self._started_at = handoff.taken_at if handoff else ALWAYS  # the wrapper, if any
        self.settings = _settings.from_environ(
            environ,
            handoff.references if handoff else None,
            handoff.configured if handoff else None,
        )
        self._make_fetch = make_backend
        self._fetch = make_backend(self.settings, environ)
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
        self._configured = handoff.configured if handoff else frozenset(environ)
        self._pickup: Pickup | None = None
        if handoff is not None and handoff.left is not None and handoff.process == os.getpid():
            from .pickup import Pickup  # few functions have sources for it

            self._pickup = Pickup(handoff.left)
        found = _shared.read(settings, self.log)
        self.snapshot = (
            completed(found, self.settings, environ, handoff.taken_at if handoff else None)
            if found
            else self._handoff()
        )
        self.sourced: frozenset[str] = frozenset()
        self.view: Seen = self._viewed()

    def _turn(self) -> _shared.SnapshotRepository:
        return _shared.SnapshotRepository(
            self.settings, self._environ, is_restored=self._is_restored
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing yet that a caller could go on with."""
        return bool(self.settings.sources) and not self.snapshot.entries and self._handover is None

    def distrust(self, moment: float) -> None:
        """Count what was read until `moment` as due, its tokens as spent: this is a clone."""
        self._trusted_from = moment
        self._is_restored = True
        self._fetch = self._make_fetch(self.settings, self._environ)  # credentials are others now
        self.snapshot = self.snapshot.without_tokens()
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
        self.snapshot = self.snapshot.without_tokens()

    def unasked(self) -> list[str]:
        """The resources of which nothing is known yet, not even a failure."""
        entries = self.snapshot.entries
        return [text for text in self.settings.resources() if text not in entries]

    def refresh(
        self, *, force: Collection[str] | None = None, lacking: Collection[str] = ()
    ) -> frozenset[str]:
        """Ask the sources that are due, or those in `force`; gives the names whose value changed.

        Never raises: what fails is logged once, kept in the entries, and asked again later.

        Args:
            force: resources to ask whether or not they are due; None for those that are due, which
                then is left to another thread or process that is on it already.
            lacking: resources without which the caller cannot go on: whoever is on them is waited
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
                if text not in before.entries or not before.entries[text].is_known
            ]
            if force is None and not left and not self._is_due(self._now()):
                return frozenset()  # somebody was faster
            # What nothing is known of is due anyway, and another process may leave it in the file.
            redacted = [text for text in left if text in before.entries]
            self._refresh([*(force or ()), *redacted], patient=patient)
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
            if shared.lock.is_elsewhere and not self._is_lock_abandoned(known, now):
                # Its answers will be ours, but for what was waited for in vain, such as secrets,
                # which no file holds. Tokens alone need a turn.
                self.snapshot = self._unread(known, now, force) if patient else known
                self._busy_until = now + LOCK_RETRY_SECONDS
                return
            if self._pickup is not None:  # the child has let go of the lock: it is done
                known = newest(known, self._pickup.take(), now)
                self._pickup = None
            fresh = self._loaded(known, now, {*force, *self._distrusted(known)})
            problem = shared.put(fresh)
        self._trusted_from = ALWAYS  # all was asked: what follows is of this twin, by any clock
        # In the file the tokens wait for whoever is next; where there is none they stay here.
        stays = problem and shared.keeps_tokens
        self.snapshot = fresh if stays else fresh.without_tokens()
        self._busy_until = ALWAYS
        self._stalled = None

    def _is_lock_abandoned(self, known: Snapshot, now: float) -> bool:
        """Whether the process that has the lock has brought nothing for so long that it hangs."""
        entries = known.entries.values()
        if entries and not any(entry.is_stale(now) for entry in entries):
            self._stalled = None  # it has brought what was due, and is at something else
            return False
        latest = max((entry.checked_at for entry in entries), default=ALWAYS)
        if self._stalled is None or self._stalled[0] != latest or now < self._stalled[1]:
            self._stalled = (latest, now)
        settings = self.settings
        longest = max(settings.deadline_seconds, settings.poll_timeout_seconds)
        return now - self._stalled[1] > ABANDONED_LOCK_FACTOR * longest

    def _unread(self, known: Snapshot, now: float, force: Collection[str]) -> Snapshot:
        """`known`, and what nothing is known of, or only that it was redacted."""
        entries = known.entries
        unread = [
            text
            for text in self.settings.resources()
            if text not in entries or (text in force and not entries[text].is_known)
        ]
        others = self.settings.resources().keys() - unread
        return self._loaded(known.without_tokens(), now, unread, others).without_tokens()

    def _loaded(
        self, known: Snapshot, now: float, force: Collection[str], leave: Collection[str] = ()
    ) -> Snapshot:
        return load(
            self.settings,
            self._fetch,
            now,
            known,
            timeout=self._patience(),
            jitter=self._jitter(),
            force=force,
            leave=leave,
            fallback=lambda: _shared.read_fallback(self.settings, self.log),
        )

    def _distrusted(self, known: Snapshot) -> list[str]:
        return [
            text for text, entry in known.entries.items() if entry.checked_at < self._trusted_from
        ]

    def _handoff(self) -> Snapshot:
        """Nothing is known but, after a wrapper, that the environment is as of its start."""
        return Snapshot(self._started_at, fingerprint(self.settings), {})

    def _viewed(self) -> Seen:
        settings, entries = self.settings, self.snapshot.entries
        values = self.snapshot.values(settings)
        if not settings.overwrite:
            in_place = {source.variable for source in settings.sources if source.variable}
            for name in (self._configured & values.keys()) - in_place:
                del values[name]
        self.sourced |= values.keys()
        # A clock that goes back ends the wait for another process, too.
        busy_from, busy_until = self._busy_until - LOCK_RETRY_SECONDS, self._busy_until
        if self._pickup is not None or any(text not in entries for text in settings.resources()):
            return busy_from, busy_until, values
        since = max((entry.checked_at for entry in entries.values()), default=ALWAYS)
        until = min((entry.refresh_at for entry in entries.values()), default=NEVER)
        if until < busy_until:
            return max(since, busy_from), busy_until, values
        return since, until, values

    def _report(self, before: Snapshot) -> None:
        """Log what began to fail and what is well again, each once."""
        for text, entry in self.snapshot.entries.items():
            earlier = before.entries.get(text)
            if entry.error and not (earlier and earlier.error):
                kept = "; the last good values stay" if entry.fetched_at is not None else ""
                self.log("warn", f"{text}: {entry.error}{kept}")
            elif earlier and earlier.error and not entry.error:
                self.log("info", f"{text}: well again after {earlier.failures} failed attempts")


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name for name in {*before, *after} if before.get(name) != after.get(name))
