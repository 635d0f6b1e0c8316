"""The prefetch, in five steps with the snapshot locked: reuse, load, publish, export, handoff."""

from __future__ import annotations

import posix  # os itself costs a cold start 1.5 ms
import sys
import time

from .._backends import router, system
from .._backends.base import calls_of
from .._cache import handoff, repository
from .._cache.load import load, refresh_seconds, stale
from .._cache.snapshot import Snapshot
from .._config.environ import DETAILED_LEVELS, is_snap_start
from .._config.settings import HANDOFF
from .._config.sources import APPCONFIG
from .._config.wording import counted
from ..errors import LoadError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from .._backends.base import Backend, Outcome
    from .._config.settings import Settings
    from .._config.sources import Source
    from ..errors import Failure
    from .background import Send, Start
    from .log import StartLog

    MakeBackend = Callable[[Settings, Mapping[str, str]], Backend]

# What happens without a resource, for a line that names one, and for one that names several.
_CONTINUING = (
    "continuing without it (APPCONFIG_ENV_ON_ERROR=continue)",
    "continuing without them (APPCONFIG_ENV_ON_ERROR=continue)",
)


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
        self._outcomes: Mapping[str, Outcome] = {}  # of the last load, at these levels only
        self._has_reported_batch = False

    def environ_for(self, command: Sequence[str]) -> dict[str, str]:
        """Return the environment of `command` with every source's variables; write the snapshot.

        Deferred sources are loaded in the background, if `command` can receive them.

        Raises:
            LoadError: a required source has no value.
            SettingsError: the fallback does not exist.
        """
        settings = self._settings
        repository.check_fallback(settings)
        _occupy_closed_files()
        began = time.monotonic()
        with repository.SnapshotRepository(settings, self._environ) as access:
            reused = self._reuse(access)
            moment = self._now()  # only now: the file must not be from the future
            deferred = self._deferred(command, can_wait=access.lock.is_held)
            skipped = deferred or _deferred_secrets(settings)
            snapshot = self._load(moment, reused, skipped)
            # The child uses the tokens of the deferred sources: no other process may.
            self._publish(access, snapshot.without_tokens(deferred) if deferred else snapshot)
            ages = _ages(reused, snapshot, moment) if reused is not None else {}
            if settings.log_level in DETAILED_LEVELS:
                self._report_sources(snapshot, ages)
            self._report_failures(snapshot)
            result, names = self._export(snapshot)
            passed = self._handoff(moment)
            background = _unread(deferred, settings, moment, snapshot) if deferred else []
            self._report_slow_reads(snapshot, snapshot.entries.keys() - background)
            if background:
                passed.background = self._load_in_background(snapshot, background, access)
        result[HANDOFF] = handoff.dumps(passed)
        loading = background if passed.background is not None else []
        self._report_success(names, snapshot, ages, loading, time.monotonic() - began)
        return result

    def _reuse(self, access: repository.SnapshotRepository) -> Snapshot | None:
        """Return the entries of the snapshot file that save calls; `file:` sources are read again.

        Lambda runs init again after a crash or a timeout, and /tmp survives both.
        """
        access.sweep()
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

    def _load(self, moment: float, reused: Snapshot | None, skipped: Collection[str]) -> Snapshot:
        settings = self._settings
        return load(
            settings,
            self._make_backend(settings, self._environ),
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
        """Log each call that was recorded, and that secrets could not be read together."""
        if self._settings.log_level in DETAILED_LEVELS:
            self._outcomes = outcomes
        if not calls_of(outcomes):
            return
        from .._cache import log_lines  # for debug and trace, and after a failed call

        for line in log_lines.call_lines(outcomes):
            self._log.write(*line)
        refused = log_lines.batch_line(self._settings, outcomes)
        if refused is not None and not self._has_reported_batch:
            self._has_reported_batch = True  # for the child, too
            self._log.write(*refused)

    def _report_sources(self, snapshot: Snapshot, ages: Mapping[str, float] | None = None) -> None:
        """Log where each source's values come from, and which names it sets.

        Args:
            snapshot: after the load.
            ages: see `_ages`; None for the sources of the last load only.
        """
        from .._cache import log_lines  # only for debug and trace

        settings = self._settings
        origins = {}
        if ages is not None:
            origins = dict.fromkeys(settings.resources(), "not awaited (env=no)")
            origins |= {
                name: f"from the snapshot file, {age:.0f} s old" for name, age in ages.items()
            }
        kept = self._kept()
        configured = self._configured(kept, self._in_place() - kept)
        ownership = log_lines.Ownership(settings, snapshot, configured, only_env=True)
        for line in log_lines.source_lines(settings, snapshot, self._outcomes, ownership, origins):
            self._log.write(*line)

    def _publish(self, access: repository.SnapshotRepository, snapshot: Snapshot) -> None:
        problem = access.put(snapshot)
        if problem:
            path = self._settings.snapshot_path
            hint = "; set APPCONFIG_ENV_SNAPSHOT to a path that can be written"
            if access.lock.is_elsewhere:
                hint = ""  # its holder writes the file
            self._log.write("warn", f"the snapshot {path} was not written ({problem}){hint}")

    def _report_failures(self, snapshot: Snapshot) -> None:
        """Log each failure, and what is used instead.

        Raises:
            LoadError: startup fails, because a required source has no value.
        """
        settings, log = self._settings, self._log
        if not _failed(snapshot):
            return
        missing = snapshot.missing(settings)
        if missing and not settings.continue_on_error:
            raise LoadError(missing)
        failed: list[tuple[str, Failure, tuple[str, tuple[str, str]]]] = [
            (error.source, error.failure, ("error", _CONTINUING)) for error in missing
        ]
        for reference, sources in settings.resources().items():
            entry = snapshot.entries.get(reference)
            if entry is None or entry.failure is None or entry.rendering(sources).missing:
                continue
            shared = ("warn", entry.in_use(sources))
            failed.append((settings.label(reference), entry.failure, shared))
        from .._cache.log_lines import failure_lines  # only after a failure

        for line, fields, (level, _) in failure_lines(
            settings, failed, lambda number, shared: shared[1][number > 1]
        ):
            log.write(level, line, fields)

    def _report_slow_reads(self, snapshot: Snapshot, references: Collection[str]) -> None:
        """Log which of the resources make a refresh longer than the settings say."""
        usual = self._settings.poll_timeout_seconds
        slow = {
            reference: entry.read_seconds
            for reference, entry in snapshot.entries.items()
            if entry.read_seconds >= usual and reference in references
        }
        if slow:
            longest = refresh_seconds(self._settings, snapshot)
            labels = ", ".join(map(self._settings.label, slow))
            self._log.write(
                "warn",
                f"{labels}: reading took {max(slow.values()):.1f} s, so a refresh, and "
                f"the get() that begins it, may take {longest:.1f} s in place of {usual:g}; read "
                "less with one source",
                _about(*(one for name in slow for one in self._settings.resources()[name])),
            )

    def _export(self, snapshot: Snapshot) -> tuple[dict[str, str], set[str]]:
        """Return the environment with all variables instead of references, and their names."""
        settings, log = self._settings, self._log
        kept = self._kept()
        in_place = self._in_place() - kept
        configured = self._configured(kept, in_place)
        result = {name: value for name, value in self._environ.items() if name not in in_place}
        names = set()
        for source, variables in snapshot.variables(settings):
            for name in variables.protected:
                log.write(
                    "warn",
                    f"{source.public_reference}: {name} is protected and was left out; rename it, "
                    "or configure it on the function",
                    _about(source, variable=name),
                )
            for problem in variables.left_out:
                log.write("warn", f"{source.public_reference}: {problem}", _about(source))
            for name, value in variables.values.items() if source.env else ():
                if name not in configured:
                    result[name] = value
                    names.add(name)
                elif settings.log_level in DETAILED_LEVELS:
                    by = "was set by a program" if name in kept else "is configured on the function"
                    hint = "to overwrite it, set APPCONFIG_ENV_OVERWRITE=yes"
                    line = f"{source.public_reference}: {name} {by}; {hint}"
                    log.write("debug", line, _about(source, variable=name))
        return result, names

    def _in_place(self) -> set[str]:
        """Return the variables whose values are references."""
        return {source.variable for source in self._settings.sources if source.variable}

    def _configured(self, kept: frozenset[str], in_place: set[str]) -> frozenset[str]:
        """Return the names that no source sets, because the function or a program has set them.

        Args:
            kept: see `_kept`.
            in_place: the variables that are replaced in any case.
        """
        if self._settings.overwrite:
            configured = frozenset(self._settings.fixed)
        else:
            configured = frozenset(self._environ).difference(in_place)
        if self._passed is None:
            return configured
        return configured & self._passed.configured | kept

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
            configured, kept = frozenset(self._environ) - in_place, frozenset()
            references = {name: self._environ[name] for name in self._environ.keys() - configured}
        return handoff.Handoff(posix.getpid(), moment, references, configured, kept=kept)

    def _load_in_background(
        self, snapshot: Snapshot, deferred: list[str], access: repository.SnapshotRepository
    ) -> handoff.BackgroundFetch | None:
        """Start a child that loads the `deferred` references; it holds the lock from now on."""
        from . import background  # few functions have deferred sources

        settings, log = self._settings, self._log

        def work(send: Send) -> None:
            others = settings.resources().keys() - deferred
            loaded = self._load(self._now(), snapshot, others)
            self._publish(access, loaded)
            send(handoff.sent(loaded, deferred, settings))
            if settings.log_level in DETAILED_LEVELS:
                self._report_sources(loaded)
            self._report_slow_reads(loaded, deferred)
            failed = []
            for reference in deferred:
                entry = loaded.entries[reference]
                if entry.failure:
                    missing = entry.rendering(settings.resources()[reference]).missing
                    level = "error" if missing else "warn"
                    failed.append((settings.label(reference), entry.failure, level))
            if not failed:
                return
            from .._cache.log_lines import failure_lines  # only after a failure

            for line, fields, level in failure_lines(settings, failed):
                log.write(level, line, fields)

        child = (self._start_background or background.start)(work, settings.deadline_seconds)
        if child is not None:
            access.lock.hand_off()
        return child

    def _report_success(
        self,
        names: set[str],
        snapshot: Snapshot,
        ages: Mapping[str, float],
        loading: Sequence[str],
        seconds: float,
    ) -> None:
        sources = counted(len(snapshot.entries), "source")
        milliseconds = round(1000 * seconds)
        line = f"{counted(len(names), 'value')} from {sources} in {milliseconds} ms"
        if ages:
            line += f", {counted(len(ages), 'source')} from the snapshot file, "
            line += f"{'up to ' if len(ages) > 1 else ''}{max(ages.values()):.0f} s old"
        if loading:
            line += f", {counted(len(loading), 'source')} loading in the background"
        self._log.write("info", line, {"duration_ms": milliseconds})


def _ages(reused: Snapshot, snapshot: Snapshot, moment: float) -> dict[str, float]:
    """Return how old the entries are that are as they were in the snapshot file, in seconds."""
    return {
        reference: max(0.0, moment - (entry.used_since or moment))
        for reference, entry in snapshot.entries.items()
        if entry is reused.entries.get(reference)
    }


def _about(*sources: Source, variable: str = "") -> dict[str, object]:
    """Return the fields of a line about sources, or about one variable of a source."""
    from .._cache.log_lines import source_fields  # only for debug and trace, and for warnings

    fields = source_fields(sources)
    return {**fields, "variable": variable} if variable else fields


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
