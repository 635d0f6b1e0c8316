"""The prefetch, in five steps with the snapshot locked: reuse, load, publish, export, handoff."""

from __future__ import annotations

import posix  # os itself costs a cold start 1.5 ms
import sys
import time

from .._backends import router, system
from .._backends.base import calls_of
from .._cache import handoff, repository
from .._cache.load import load, stale
from .._cache.snapshot import Snapshot, exported
from .._config.environ import DETAILED_LEVELS, configured_names, is_in_lambda, is_snap_start
from .._config.settings import HANDOFF
from .._config.sources import APPCONFIG
from .._config.wording import counted
from ..errors import LoadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from .._backends.base import Backend, Outcome
    from .._cache.fetch_log import FetchLog
    from .._cache.log_fields import Fields
    from .._config.settings import Settings
    from .._config.sources import Source
    from .background import Send, Start
    from .log import StartLog

    MakeBackend = Callable[[Settings, Mapping[str, str]], Backend]


class Prefetch:
    """The loading before exec.

    Args:
        settings: the sources.
        environ: the environment as Lambda provides it.
        log: takes lines.
        passed: what a wrapper that ran before this one has passed on; None if none has.
        now: Unix seconds.
        make_backend: returns the backend that reads the sources; None for the real one.
        start_background: see `background.start`; None for the real one.
        jitter: returns a number from 0 to 1, see `load`; None for the real one.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        log: StartLog,
        *,
        now: Callable[[], float],
        passed: handoff.Handoff | None = None,
        make_backend: MakeBackend | None = None,
        start_background: Start | None = None,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._passed = passed
        self._log = log
        self._now = now
        self._make_backend = make_backend or router.Router
        self._start_background = start_background
        self._jitter = jitter or system.jitter
        self._fetch_log: FetchLog | None = None  # once there is something to log

    def environ_for(self, command: Sequence[str]) -> dict[str, str]:
        """Return the environment of `command` with every source's variables; write the snapshot.

        Deferred sources are loaded in the background, if `command` can receive them.

        Raises:
            LoadError: a required source has no value.
        """
        settings = self._settings
        _occupy_closed_files()
        began = time.monotonic()
        with repository.SnapshotRepository(settings, self._environ) as access:
            reused = self._reuse(access)
            moment = self._now()  # only now: the file must not be from the future
            deferred = self._deferred(command, can_wait=access.lock.is_held)
            skipped = deferred or _deferred_secrets(settings)
            snapshot = self._load(moment, reused, skipped, is_awaited=True)
            # The child uses the tokens of the deferred sources: no other process may.
            self._publish(access, snapshot.without_tokens(deferred) if deferred else snapshot)
            ages = _ages(reused, snapshot, moment) if reused is not None else {}
            self._report_sources(snapshot, ages)
            self._require(snapshot, began)
            result, owners = self._export(snapshot)
            self._report_failures(snapshot, _failed(snapshot), result)
            passed = self._handoff(moment)
            background = _unread(deferred, settings, moment, snapshot) if deferred else []
            self._report_slow_reads(snapshot, snapshot.entries.keys() - background)
            if background:
                passed.background = self._load_in_background(snapshot, background, access)
        result[HANDOFF] = handoff.dumps(passed)
        loading = background if passed.background is not None else []
        seconds = time.monotonic() - began
        self._report_success(owners, ages, loading, seconds)
        if self._settings.emf_metrics:
            self._write_metrics(snapshot, seconds)
        return result

    def _reuse(self, access: repository.SnapshotRepository) -> Snapshot | None:
        """Return the entries of the snapshot file that save calls; `file:` sources are read again.

        Lambda runs init again after a crash or a timeout, and /tmp survives both. Anywhere else,
        the file is from another run of the command, and a new run is to see what has changed since.
        """
        access.sweep()
        if not is_in_lambda(self._environ):
            return None
        found = access.take(self._log.write)
        if found is None or self._settings.local_dir:
            return None
        return _reusable(found, self._settings)

    def _deferred(self, command: Sequence[str], *, can_wait: bool) -> list[str]:
        """Return the references of the sources to load in the background.

        Args:
            command: the command to execute.
            can_wait: whether this process has the lock, by which the helper waits for the child.
        """
        is_possible = can_wait and can_take_over(command, self._environ)
        return _deferred_resources(self._settings) if is_possible else []

    def _load(
        self,
        moment: float,
        reused: Snapshot | None,
        skipped: Collection[str],
        *,
        is_awaited: bool = False,
    ) -> Snapshot:
        settings = self._settings
        backend = self._make_backend(settings, self._environ)
        if is_awaited and posix.isatty(2):
            from . import progress  # of use on a terminal only

            if progress.is_shown(settings, self._environ):
                backend = progress.Progress(backend)
        return load(
            settings,
            backend,
            moment,
            reused,
            timeout=settings.deadline_seconds,
            jitter=self._jitter(),
            revision=repository.revision_now(),
            even_fresh=_failed(reused),
            skip=skipped,
            fallback=lambda: repository.read_fallback(settings, self._log.write),
            report=self._report_calls,
        )

    def _report_calls(self, outcomes: Mapping[str, Outcome]) -> None:
        """Log the calls that were made for `outcomes`, and keep them for the lines of sources."""
        if not (calls_of(outcomes) or self._settings.log_level in DETAILED_LEVELS):
            return
        if self._fetch_log is None:
            from .._cache.fetch_log import FetchLog  # for debug and trace, and after a failed call

            self._fetch_log = FetchLog(self._settings, self._log.write)
        self._fetch_log.report_calls(outcomes)

    def _report_sources(self, snapshot: Snapshot, ages: Mapping[str, float] | None = None) -> None:
        """Log where each source's values come from, and which names it sets.

        Args:
            snapshot: after the load.
            ages: see `_ages`; None for the sources of the last load only.
        """
        if self._fetch_log is not None:
            configured = self._configured()
            self._fetch_log.report_sources(snapshot, configured, ages=ages, only_env=True)

    def _publish(self, access: repository.SnapshotRepository, snapshot: Snapshot) -> None:
        problem = access.put(snapshot)
        if problem:
            path = self._settings.snapshot_path
            hint = "; set APPCONFIG_ENV_SNAPSHOT to a path that can be written"
            if access.lock.is_elsewhere:
                hint = ""  # its holder writes the file
            self._log.write("warn", f"the snapshot {path} was not written ({problem}){hint}")

    def _require(self, snapshot: Snapshot, began: float) -> None:
        """Check that startup can go on.

        Args:
            snapshot: after the load.
            began: when the prefetch began, by the monotonic clock.

        Raises:
            LoadError: a required source has no value.
        """
        if self._settings.continue_on_error or not _failed(snapshot):
            return
        if missing := snapshot.missing(self._settings):
            if self._settings.emf_metrics:
                self._write_metrics(snapshot, time.monotonic() - began)
            raise LoadError(missing)

    def _write_metrics(self, snapshot: Snapshot, seconds: float) -> None:
        """Write how long the prefetch took, which sources failed, and how old the values are."""
        from .._cache import metrics  # off by default

        line = metrics.prefetch_line(self._environ, self._now(), snapshot, seconds)
        metrics.write_before_exec(line)

    def _report_failures(
        self, snapshot: Snapshot, references: Collection[str], result: Mapping[str, str]
    ) -> None:
        """Log each failure, and what it means for variables in the environment `result`."""
        if not references:
            return
        from .._cache.effects import failure_lines  # only a failed read needs it

        is_continuing = self._settings.continue_on_error
        for line, fields, is_missing in failure_lines(
            self._settings, snapshot, references, result, is_continuing=is_continuing
        ):
            self._log.write("error" if is_missing else "warn", line, fields)

    def _report_slow_reads(self, snapshot: Snapshot, references: Collection[str]) -> None:
        """Log which of the resources make a refresh longer than the settings say."""
        usual = self._settings.poll_timeout_seconds
        slow = [
            reference
            for reference, entry in snapshot.entries.items()
            if entry.read_seconds >= usual and reference in references
        ]
        if slow:
            from .._cache.log_lines import slow_line  # only where AWS is slow

            self._log.write(*slow_line(self._settings, snapshot, slow))

    def _export(self, snapshot: Snapshot) -> tuple[dict[str, str], dict[str, str]]:
        """Return the environment with all variables instead of references.

        Also which source has set each of them: its `identity`.
        """
        settings, log = self._settings, self._log
        in_place = self._in_place()
        result = {name: value for name, value in self._environ.items() if name not in in_place}
        owners: dict[str, str] = {}
        for source, variables in snapshot.variables(settings):
            for problem in variables.left_out:
                log.write("warn", f"{source.public_reference}: {problem}", _about(source))
            for name in variables.values if source.env else ():
                owners[name] = source.identity
        values = exported(snapshot, settings, self._configured(), log.write, self._kept())
        return {**result, **values}, {name: owners[name] for name in values}

    def _in_place(self) -> set[str]:
        """Return the variables whose values are references, which are replaced in any case."""
        return {source.variable for source in self._settings.sources} - self._kept()

    def _configured(self) -> frozenset[str]:
        """Return the names that no source sets, because the function or a program has set them."""
        configured = self._settings.fixed
        if not self._settings.overwrite:
            configured = configured_names(self._environ) - self._in_place()
        if self._passed is None:
            return configured
        return configured & self._passed.configured | self._kept()

    def _kept(self) -> frozenset[str]:
        """Return the names that a program before this wrapper has set, and no source may set."""
        if self._passed is None or self._settings.overwrite:
            return frozenset()
        return self._passed.kept & self._environ.keys()

    def _handoff(self, moment: float) -> handoff.Handoff:
        if self._passed is not None:
            passed = self._passed
            references, kept = passed.references, self._kept()
            # A name that a program has removed is a source's from now on.
            configured = passed.configured & self._environ.keys()
        else:
            in_place = {source.variable for source in self._settings.sources}
            configured, kept = configured_names(self._environ) - in_place, frozenset()
            references = {name: self._environ[name] for name in self._environ.keys() & in_place}
        folder = self._settings.folder
        return handoff.Handoff(
            posix.getpid(), moment, references, configured, kept=kept, folder=folder
        )

    def _load_in_background(
        self, snapshot: Snapshot, deferred: list[str], access: repository.SnapshotRepository
    ) -> handoff.BackgroundFetch | None:
        """Start a child that loads the `deferred` references; it holds the lock from now on."""
        from . import background  # few functions have deferred sources

        settings = self._settings

        def work(send: Send) -> None:
            others = settings.resources().keys() - deferred
            loaded = self._load(self._now(), snapshot, others)
            self._publish(access, loaded)
            send(handoff.sent(loaded, deferred, settings))
            self._report_sources(loaded)
            self._report_slow_reads(loaded, deferred)
            failed = [one for one in deferred if loaded.entries[one].failure]
            self._report_failures(loaded, failed, {})

        child = (self._start_background or background.start)(work, settings.deadline_seconds)
        if child is not None:
            access.lock.hand_off()
        return child

    def _report_success(
        self,
        owners: Mapping[str, str],
        ages: Mapping[str, float],
        loading: Sequence[str],
        seconds: float,
    ) -> None:
        """Log how many values there are, and of how many sources; several can read one resource.

        Args:
            owners: the source of each variable; one that set none is not counted.
            ages: see `_ages`.
            loading: the references that are loaded in the background.
            seconds: how long it took.
        """
        count = self._settings.count_sources
        sources = counted(len(set(owners.values())), "source")
        milliseconds = round(1000 * seconds)
        line = f"{counted(len(owners), 'value')} from {sources} in {milliseconds} ms"
        if ages:
            line += f", {counted(count(ages), 'source')} from the snapshot file, "
            line += f"{'up to ' if len(ages) > 1 else ''}{max(ages.values()):.0f} s old"
        if loading:
            line += f", {counted(count(loading), 'source')} loading in the background"
        self._log.write("info", line, {"duration_ms": milliseconds})


def _ages(reused: Snapshot, snapshot: Snapshot, moment: float) -> dict[str, float]:
    """Return how old the entries are that are as they were in the snapshot file, in seconds."""
    return {
        reference: max(0.0, moment - (entry.used_since or moment))
        for reference, entry in snapshot.entries.items()
        if entry is reused.entries.get(reference)
    }


def _about(source: Source) -> Fields:
    from .._cache.log_fields import source_fields  # only for warnings

    return source_fields([source])


def can_take_over(command: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Return whether the helper in `command` can receive from a child process and reap it.

    Only Python has the helper. SnapStart's snapshot would clone the child too, and no request waits
    for that cold start. Where workers share an environment, its first process serves no request.
    """
    if environ.get("AWS_LAMBDA_MAX_CONCURRENCY") or is_snap_start(environ):
        return False
    name = command[0].rpartition("/")[2]
    version = name.removeprefix("python").replace(".", "")
    return name.startswith("python") and (not version or version.isdigit())


def _reusable(found: Snapshot, settings: Settings) -> Snapshot:
    """Return the entries with documents, except those of files on disk."""
    complete = found.complete()
    resources = settings.resources()
    entries = {
        reference: entry
        for reference, entry in complete.entries.items()
        if reference in resources and not resources[reference][0].resource.is_local
    }
    return Snapshot(complete.taken_at, complete.fingerprint, entries)


def _failed(snapshot: Snapshot | None) -> list[str]:
    """Return the references to read even if they are fresh: a fallback's, or older than that."""
    entries = snapshot.entries if snapshot is not None else {}
    return [reference for reference, entry in entries.items() if entry.failure]


def _unread(
    references: Iterable[str], settings: Settings, moment: float, snapshot: Snapshot
) -> list[str]:
    """Return those of the references that a load at `moment` would request."""
    requests = stale(settings, moment, snapshot, _failed(snapshot))
    wanted = {request.resource.reference for request in requests}
    return [reference for reference in references if reference in wanted]


def _deferred_resources(settings: Settings) -> list[str]:
    """Return the references of AWS resources that only `env=no` sources read."""
    if settings.local_dir:
        return []
    # A profile that is read in two formats has one session, so both are read together.
    awaited = {
        source.resource.parts
        for source in settings.sources
        if source.env and source.resource.scheme == APPCONFIG
    }
    return [
        reference
        for reference, sources in settings.resources().items()
        if not sources[0].resource.is_local
        and sources[0].resource.parts not in awaited
        and not any(source.env for source in sources)
    ]


def _deferred_secrets(settings: Settings) -> list[str]:
    """Return the references of secrets that only `env=no` sources read: exec would lose them."""
    return [
        reference
        for reference, sources in settings.resources().items()
        if sources[0].resource.is_secret and not any(source.env for source in sources)
    ]


def _occupy_closed_files() -> None:
    """If standard files are closed, make sure that no lock or pipe gets their numbers."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        while (descriptor := posix.open("/dev/null", posix.O_RDWR)) <= 2:
            pass  # exec closes them
        posix.close(descriptor)
