"""The snapshot of one process between calls: when it is stale, and which thread refreshes it."""

from __future__ import annotations

import os
from _thread import allocate_lock, get_ident

from .._backends.base import calls_of
from .._config.environ import DETAILED_LEVELS, configured_names, is_in_lambda
from .._config.settings import HANDOFF, from_environ
from .._config.wording import counted
from . import actions, repository
from . import handoff as handoffs
from .entry import is_fresh
from .load import load, refresh_seconds
from .snapshot import Snapshot, completed, fingerprint, merged, newest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Protocol

    from .._backends.base import Backend, Outcome
    from .._config.settings import Settings
    from .._config.sources import Source
    from .._content.variables import Variables
    from .fetch_log import FetchLog
    from .file_lock import FileLock
    from .log_fields import Fields, Log

    class LogWith(Protocol):
        """A `Log` that takes the settings first."""

        def __call__(
            self,
            settings: Settings,
            level: str,
            message: str,
            fields: Fields | None = None,
            /,
        ) -> None: ...

    # The period in which nothing is stale (from, until; in Unix seconds), and every name's value.
    Seen = tuple[float, float, Mapping[str, str]]

NEVER, ALWAYS = float("inf"), float("-inf")  # as in _helper/fast_path.py, which loads no module
LOCK_RETRY_SECONDS = 1.0  # before checking again whether the process that refreshes is done
ABANDONED_LOCK_FACTOR = 2  # x the longest time that a refresh can take


def _check_paths(settings: Settings) -> Iterable[str]:
    from .._backends import paths  # few settings name any

    return paths.problems(settings)


class Published:
    """What readers see, replaced as one object, so that all parts are from the same moment.

    Attributes:
        snapshot: all entries.
        seen: the period in which nothing is stale, and every name's value.
    """

    __slots__ = ("seen", "snapshot")

    def __init__(self, snapshot: Snapshot, seen: Seen) -> None:
        self.snapshot = snapshot
        self.seen = seen


class Store:
    """The snapshot of one process, refreshed by one of its threads at a time.

    Args:
        environ: the environment, with the wrapper's handoff if there was one.
        now: Unix seconds.
        make_backend: returns the backend that reads the sources.
        jitter: returns a number from 0 to 1, see `load`.
        log: takes the settings, a level, a message and its fields.
        restored_at: when the process was restored from a SnapStart snapshot.

    Attributes:
        settings: the sources and intervals.
        published: what readers see.
        unset: the names that a source has set here before, but none sets now: their values in the
            environment may be older.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        now: Callable[[], float],
        make_backend: Callable[[Settings, Mapping[str, str]], Backend],
        jitter: Callable[[], float],
        log: LogWith,
        restored_at: float = ALWAYS,
    ) -> None:
        handoff = handoffs.loads(environ.get(HANDOFF, ""))
        folder = handoff.folder if handoff else ""
        self._environ = environ
        self._now = now
        self._jitter = jitter
        self._is_wrapped = handoff is not None
        self._started_at = handoff.taken_at if handoff else ALWAYS
        # Outside Lambda and without a wrapper, the file is from another run of the program: this
        # one is to see what has changed. It only uses what has been read since, by its workers.
        is_own_run = self._is_wrapped or is_in_lambda(environ)
        self._oldest = 0 if is_own_run else repository.revision_now()
        self.settings = settings = from_environ(
            environ,
            handoff.references if handoff else None,
            handoff.configured if handoff else None,
            None if handoff else _check_paths,  # else the wrapper has
            working_folder=(lambda: folder) if folder else os.getcwd,
        )
        self._make_backend = make_backend
        self._backend = make_backend(settings, environ)
        self._refreshing = allocate_lock()
        self._refresher = 0  # the ID of the thread that holds it
        # Refreshes are numbered as they begin: the last one that has fetched, and what for.
        self._begun = self._done = 0
        self._done_for: frozenset[str] = frozenset()
        self._lock: FileLock | None = None  # while one of our threads uses the file
        # Anything read before then was cloned with a SnapStart snapshot.
        self._trusted_from = restored_at
        self._is_restored = restored_at != ALWAYS
        self._busy_until = ALWAYS
        self._stalled: tuple[list[float], float] | None = None
        self.log: Log = lambda level, message, fields=None: log(settings, level, message, fields)
        self._fetch_log: FetchLog | None = None  # once there is something to log
        self._logged: set[str] = set()
        for warning in () if self._is_wrapped else settings.warnings:
            self.log("warn", warning)
        # The names that the function's configuration sets, as opposed to its code and to sources.
        in_place = {source.variable for source in settings.sources}
        self._configured = handoff.configured if handoff else configured_names(environ) - in_place
        self._kept = handoff.kept if handoff else frozenset()
        self._child = handoff.background if handoff and handoff.process == os.getpid() else None
        self.unset: frozenset[str] = frozenset()
        self._rendered: list[Variables] = []  # what the published values were merged from
        self.published = Published(Snapshot(ALWAYS, "", {}), (NEVER, ALWAYS, {}))
        self._written = repository.Written()
        found = None if self._oldest else repository.read(settings, self.log, self._written)
        if found is None:
            # Nothing is known, except that the wrapper, if any, set the environment at this time.
            snapshot = Snapshot(self._started_at, fingerprint(settings), {})
        else:
            started_at = handoff.taken_at if handoff else None
            snapshot = completed(found, settings, environ, started_at)
        self.published = self._publish(snapshot)

    @property
    def snapshot(self) -> Snapshot:
        """All entries."""
        return self.published.snapshot

    @property
    def may_be_unresolved(self) -> bool:
        """Whether there are in-place references that no wrapper has resolved."""
        return not self._is_wrapped and any(source.variable for source in self.settings.sources)

    @property
    def is_empty(self) -> bool:
        """Whether there is no value yet that a caller could use."""
        return bool(self.settings.sources) and not self.snapshot.entries and not self._is_wrapped

    def distrust(self, moment: float) -> None:
        """Treat entries read before `moment` as stale and their tokens as used: we are a clone."""
        self._trusted_from = moment
        self._is_restored = True
        self._backend = self._make_backend(self.settings, self._environ)  # credentials have changed
        seen = (NEVER, NEVER, self.published.seen[2])
        self.published = Published(self.snapshot.without_tokens(), seen)

    def reset_after_fork(self) -> None:
        """Reset locks, connections and tokens in a forked child."""
        if self._lock is not None:
            # Otherwise the child would hold the lock for its whole life if the parent died now.
            self._lock.hand_off()
        self._refreshing = allocate_lock()
        self._refresher = 0
        # Open connections belong to the parent; threads that held their locks are not in the child.
        self._backend = self._make_backend(self.settings, self._environ)
        self._child = None  # the background fetch and the tokens belong to the parent
        self.published = Published(self.snapshot.without_tokens(), self.published.seen)

    def unread(self) -> list[str]:
        """Return the references of resources without an entry: no document, and no failure."""
        entries = self.snapshot.entries
        return [reference for reference in self.settings.resources() if reference not in entries]

    def refresh(
        self, *, even_fresh: Collection[str] | None = None, awaited: Collection[str] = ()
    ) -> frozenset[str]:
        """Fetch stale entries, and those in `even_fresh`; return the names whose value changed.

        Never raises: a failure is logged once, kept in its entry, and tried again later.

        Args:
            even_fresh: references of resources to fetch even if they are fresh; None for stale ones
                only, and only if no other thread or process already fetches them.
            awaited: references of resources that the caller needs: wait for the thread or process
                that fetches them, and fetch here what it did not read.
        """
        if self._refresher == get_ident():  # a signal handler interrupted our own refresh
            return frozenset()
        waits = even_fresh is not None or bool(awaited) or self.is_empty
        begun, earlier = self._begun, self.published
        refreshing = self._refreshing  # a signal handler may fork, and that replaces it
        if not refreshing.acquire(
            # Its holder may wait for another process first, and then for AWS.
            blocking=waits,
            timeout=2 * self.longest_wait() if waits else -1,
        ):
            return frozenset()
        self._refresher = get_ident()
        try:
            if even_fresh is not None and begun < self._done and self._done_for >= {*even_fresh}:
                # Another thread's refresh, which began after this call, serves all who waited.
                return _changed(earlier.seen[2], self.published.seen[2])
            self._begun += 1
            previous = self.published
            entries = previous.snapshot.entries
            unknown = [one for one in awaited if one not in entries or not entries[one].is_known]
            if even_fresh is None and not unknown and not self.is_stale(self._now()):
                return frozenset()  # another thread has refreshed
            # Entries that are not in the snapshot are stale anyway, and another process may have
            # read them by now.
            redacted = [reference for reference in unknown if reference in entries]
            snapshot = self._refreshed([*(even_fresh or ()), *redacted], waits=waits)
            self.published = self._publish(snapshot)
            self._report(previous.snapshot)
            return _changed(previous.seen[2], self.published.seen[2])
        finally:
            self._refresher = 0
            refreshing.release()

    def _refreshed(self, even_fresh: Collection[str], *, waits: bool) -> Snapshot:
        """Return the snapshot after a refresh: choose the action from the table, then act."""
        with repository.SnapshotRepository(
            self.settings, self._environ, self._written, is_restored=self._is_restored
        ) as access:
            self._lock = access.lock
            if waits:
                access.lock.wait(self.longest_wait())
            found = access.take(self.log, self.snapshot)
            if found is not None and self._oldest:
                found = found.read_since(self._oldest)
            now = self._now()  # only now: the file must not be from the future
            snapshot = newest(self.snapshot, found)
            unread = self._unread(snapshot, even_fresh) if waits else []
            action = actions.decide(
                access.lock.state,
                is_unread=bool(unread),
                is_abandoned=self._is_lock_abandoned(snapshot, now),
            )
            if action in (actions.LOOK_AGAIN, actions.FETCH_AWAITED):
                self._busy_until = now + LOCK_RETRY_SECONDS
                return (
                    snapshot
                    if action == actions.LOOK_AGAIN
                    else self._awaited(snapshot, now, unread)
                )
            previous, has_child = snapshot, self._child is not None
            if self._child is not None:  # it has released the lock, so it is done
                snapshot = newest(snapshot, handoffs.receive(self._child, self.settings))
                self._child = None
            distrusted = self._distrusted(snapshot)
            fresh = self._loaded(snapshot, now, {*even_fresh, *distrusted})
            problem = access.put(fresh)
        if self.settings.emf_metrics:
            self._write_metrics(now, previous, fresh, has_child=has_child)
        self._trusted_from = ALWAYS  # everything was fetched here: trust it, by any clock
        self._busy_until = ALWAYS
        self._stalled = None
        self._done, self._done_for = self._begun, frozenset(even_fresh)
        # The file has the tokens for the next process; if there is no file, keep them here.
        keeps_tokens = problem and access.keeps_tokens
        return fresh if keeps_tokens else fresh.without_tokens()

    def longest_wait(self) -> float:
        """Return how many seconds a refresh may wait for another process, and again for AWS."""
        deadline = self.settings.deadline_seconds
        if self.is_empty:
            return deadline
        least = refresh_seconds(self.settings, self.snapshot)
        if self._child is None:
            return least
        # The child has the same deadline as the wrapper; until then it has not failed.
        return min(max(least, self._started_at + deadline - self._now()), deadline)

    def is_stale(self, now: float) -> bool:
        """Whether a refresh would fetch something."""
        since, until, _ = self.published.seen
        return not is_fresh(now, since, until)

    def _is_lock_abandoned(self, snapshot: Snapshot, now: float) -> bool:
        """Whether the lock holder has published nothing for so long that it must hang."""
        entries = snapshot.entries.values()
        if entries and not any(entry.is_stale(now) for entry in entries):
            self._stalled = None  # nothing is stale: it has published
            return False
        attempts = [entry.checked_at for entry in entries]
        if self._stalled is None or self._stalled[0] != attempts or now < self._stalled[1]:
            self._stalled = (attempts, now)
        settings = self.settings
        longest = max(settings.deadline_seconds, settings.poll_timeout_seconds)
        return now - self._stalled[1] > ABANDONED_LOCK_FACTOR * longest

    def _unread(self, snapshot: Snapshot, even_fresh: Collection[str]) -> list[str]:
        """Return the references of entries that a caller which has waited cannot do without."""
        entries = snapshot.entries
        return [
            reference
            for reference in self.settings.resources()
            if reference not in entries
            or (reference in even_fresh and not entries[reference].is_known)
        ]

    def _awaited(self, snapshot: Snapshot, now: float, unread: Collection[str]) -> Snapshot:
        """Return `snapshot` with its `unread` entries fetched, in sessions of their own."""
        others = self.settings.resources().keys() - unread
        loaded = self._loaded(snapshot, now, unread, others)
        if self.settings.emf_metrics:
            self._write_metrics(now, snapshot, loaded)
        return loaded.without_tokens()

    def _write_metrics(
        self, now: float, previous: Snapshot, snapshot: Snapshot, *, has_child: bool = False
    ) -> None:
        """Write which of the sources that were read have failed, and how old the values are.

        Args:
            now: Unix seconds.
            previous: all entries before this process has read any.
            snapshot: all entries after that.
            has_child: whether the background fetch has read some as well, which cannot write.
        """
        from . import metrics  # off by default

        resources = self.settings.resources().items()
        deferred = [one for one, sources in resources if not any(s.env for s in sources)]
        also_read = deferred if has_child else ()
        metrics.write(metrics.refresh_line(self._environ, now, previous, snapshot, also_read))

    def _loaded(
        self,
        snapshot: Snapshot,
        now: float,
        even_fresh: Collection[str],
        skip: Collection[str] = (),
    ) -> Snapshot:
        return load(
            self.settings,
            self._backend,
            now,
            snapshot,
            timeout=self.longest_wait(),
            jitter=self._jitter(),
            revision=repository.revision_now(),
            even_fresh=even_fresh,
            skip=skip,
            fallback=lambda: repository.read_fallback(self.settings, self._log_once),
            report=self._report_calls,
        )

    def _distrusted(self, snapshot: Snapshot) -> list[str]:
        return [
            reference
            for reference, entry in snapshot.entries.items()
            if entry.checked_at < self._trusted_from
        ]

    def _publish(self, snapshot: Snapshot) -> Published:
        settings, entries = self.settings, snapshot.entries
        values = self._values(snapshot)
        # The wait for another process ends, too, if the clock moves backwards.
        busy_from, busy_until = self._busy_until - LOCK_RETRY_SECONDS, self._busy_until
        has_unread = any(reference not in entries for reference in settings.resources())
        if self._child is not None or has_unread or self._distrusted(snapshot):
            return Published(snapshot, (busy_from, busy_until, values))
        since = max((entry.checked_at for entry in entries.values()), default=ALWAYS)
        until = min((entry.refresh_at for entry in entries.values()), default=NEVER)
        if until < busy_until:
            since, until = max(since, busy_from), busy_until
        return Published(snapshot, (since, until, values))

    def _values(self, snapshot: Snapshot) -> Mapping[str, str]:
        """Return every name's value: the published object itself if nothing has changed."""
        settings = self.settings
        rendered = [variables for _, variables in snapshot.variables(settings)]
        # Compared by identity: a document that was confirmed has not been rendered again.
        if rendered and list(map(id, rendered)) == list(map(id, self._rendered)):
            return self.published.seen[2]
        self._rendered = rendered
        values = merged(rendered)
        if others := values.keys() & self._fixed_names():
            values = {name: value for name, value in values.items() if name not in others}
        # Not the union of all names: 4 MB of short ones would take 16 MB more.
        before = self.published.seen[2]
        gone = [name for name in before if name not in values]
        self.unset = frozenset(gone).union(name for name in self.unset if name not in values)
        return values

    def _fixed_names(self) -> frozenset[str]:
        """Return the names that no source sets, because the function or a program has set them."""
        settings = self.settings
        kept = self._configured & settings.fixed if settings.overwrite else self._configured
        in_place = {source.variable for source in settings.sources if source.variable}
        return kept - in_place | self._kept

    def _log_once(self, level: str, message: str) -> None:
        """Log what would be the same at each attempt."""
        if message not in self._logged:
            self._logged.add(message)
            self.log(level, message)

    def _report_calls(self, outcomes: Mapping[str, Outcome]) -> None:
        """Log the calls that were made for `outcomes`, and keep them for the lines of sources."""
        if not (calls_of(outcomes) or self.settings.log_level in DETAILED_LEVELS):
            return
        if self._fetch_log is None:
            from .fetch_log import FetchLog  # for debug and trace, and after a failed call

            is_known = self._is_wrapped  # by the wrapper's log
            self._fetch_log = FetchLog(self.settings, self.log, has_reported_batch=is_known)
        self._fetch_log.report_calls(outcomes)

    def _report(self, previous: Snapshot) -> None:
        """Log new failures and recoveries, each once."""
        if self._fetch_log is not None:
            self._fetch_log.report_sources(self.snapshot, self._fixed_names())
        failed, recovered = list[str](), dict[int, list[str]]()
        for reference, entry in self.snapshot.entries.items():
            earlier = previous.entries.get(reference)
            if entry.failure and not (earlier and earlier.failure):
                failed.append(reference)
            elif earlier and earlier.failure and not entry.failure:
                recovered.setdefault(earlier.failures, []).append(reference)
        if failed:
            self._report_failures(failed)
        for failures, references in recovered.items():
            attempts = counted(failures, "failed attempt")
            labels = ", ".join(map(self.settings.label, references))
            fields = {"source": ", ".join(references)}
            self.log("info", f"{labels}: recovered after {attempts}", fields)
        reported = {line for _, line in _left_out(previous, self.settings)}
        for source, line in _left_out(self.snapshot, self.settings):
            if line not in reported:
                self.log("warn", f"{source.public_reference}: {line}", _about(source))

    def _report_failures(self, failed: Sequence[str]) -> None:
        from .effects import failure_lines  # only a failed read needs it

        kept = self._configured | self._kept
        configured = {name: self._environ[name] for name in kept if name in self._environ}
        present = {**configured, **self.published.seen[2]}
        is_continuing = self.settings.continue_on_error
        for line, fields, is_missing in failure_lines(
            self.settings, self.snapshot, failed, present, is_continuing=is_continuing
        ):
            # Otherwise a missing value is an error for the caller who needs it.
            self.log("error" if is_missing and is_continuing else "warn", line, fields)


def _about(source: Source) -> Fields:
    from .log_fields import source_fields  # only for warnings

    return source_fields([source])


def _left_out(snapshot: Snapshot, settings: Settings) -> Iterator[tuple[Source, str]]:
    for source, variables in snapshot.variables(settings):
        for line in variables.left_out:
            yield source, line


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    if before is after:
        return frozenset()
    changed = [name for name, value in after.items() if before.get(name) != value]
    return frozenset(changed).union(name for name in before if name not in after)
