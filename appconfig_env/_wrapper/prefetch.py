"""What the wrapper does where there is something to read: load, snapshot, environment, child."""

from __future__ import annotations

import os
import sys
import time

from .._backends import router as _fetch
from .._backends import system as _machine
from .._cache import handoff as _handover
from .._cache.load import due, load
from .._cache.repository import SnapshotRepository, check_fallback, read_fallback
from .._config.references import FILE
from .._config.settings import HANDOFF
from .._config.wording import quoted
from .._content.variables import may_set
from ..errors import LoadError
from .deferred import only_for_get, secrets_only_for_get, suits_a_child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from .._backends.base import Fetch
    from .._cache.snapshot import Snapshot
    from .._config.settings import Settings
    from .background import Send, Start
    from .log import StartLog

    MakeBackend = Callable[[Settings, Mapping[str, str]], Fetch]


class Prefetch:
    """One start's reading.

    Args:
        settings: what to read.
        environ: the environment as Lambda gives it.
        log: takes lines.
        now: Unix seconds.
        make_backend: gives what reads the sources; None for the real one.
        overlap: see `_overlap.start`; None for the real one.
        jitter: a number from 0 to 1, see `_load.load`; None for the real one.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        log: StartLog,
        *,
        now: Callable[[], float],
        make_backend: MakeBackend | None = None,
        overlap: Start | None = None,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._log = log
        self._now = now
        self._make_fetch = make_backend or _fetch.Fetcher
        self._overlap = overlap
        self._jitter = jitter or _machine.jitter

    def environ_for(self, command: Sequence[str]) -> dict[str, str]:
        """The environment of `command`, with every source's values; the snapshot is written.

        What only `get()` asks for is read by a child that stays, where `command` may have one.

        Raises:
            LoadError: a required source has no value.
            SettingsError: the fallback is not there.
        """
        settings, log = self._settings, self._log
        check_fallback(settings)
        _occupy_closed_files()
        began = time.monotonic()
        with SnapshotRepository(settings, self._environ) as shared:
            shared.sweep()
            previous = shared.take(log.write)
            moment = self._now()  # not before: what is found there must not be of the future
            # Without the lock nobody could tell when the child's answers are there.
            has_child = shared.lock.is_held and suits_a_child(command, self._environ)
            beside = only_for_get(settings) if has_child else []
            leave = beside or secrets_only_for_get(settings)
            kept = _worth_keeping(settings, previous)
            snapshot = self._loaded(moment, kept, leave)
            problem = shared.put(snapshot)
            if problem:
                said = f"the snapshot {settings.snapshot_path} was not written ({problem})"
                log.write("warn", said)
            _report(settings, snapshot, log)
            result, names = _resolved(
                settings, self._environ, snapshot, log, is_from_file=kept is not None
            )
            handoff = self._handoff(moment)
            if beside:
                asked = {request.resource.reference for request in due(settings, moment, snapshot)}
                beside = [text for text in beside if text in asked]
            if beside:
                handoff.left = self._leave_behind(snapshot, beside, shared)
        result[HANDOFF] = _handover.dumps(handoff)
        took = round(1000 * (time.monotonic() - began))
        sources = _counted(len(snapshot.entries), "source")
        said = f"{_counted(len(names), 'value')} from {sources} in {took} ms"
        if handoff.left is not None:
            said += f", {_counted(len(beside), 'source')} read meanwhile for get()"
        log.write("info", said)
        return result

    def _handoff(self, moment: float) -> _handover.Handoff:
        in_place = {source.variable for source in self._settings.sources}
        configured = frozenset(self._environ) - in_place
        references = {name: self._environ[name] for name in self._environ.keys() - configured}
        return _handover.Handoff(os.getpid(), moment, references, configured)

    def _leave_behind(
        self, snapshot: Snapshot, beside: list[str], shared: SnapshotRepository
    ) -> _handover.Left | None:
        """Have a child read what is `beside` the start; it holds the lock from now on."""
        from . import background as _overlap  # few functions have such sources

        settings, log = self._settings, self._log

        def work(send: Send) -> None:
            leave = settings.resources().keys() - beside
            found = self._loaded(self._now(), snapshot, leave)
            problem = shared.put(found)
            if problem:
                log.write("warn", f"the snapshot was not written ({problem})")
            send(_overlap.answers(found, beside))
            for text in beside:
                entry = found.entries[text]
                if entry.error:
                    log.write("error" if entry.missing else "warn", f"{text}: {entry.error}")

        left = (self._overlap or _overlap.start)(work, settings.deadline_seconds)
        if left is not None:
            shared.lock.hand_over()
        return left

    def _loaded(self, moment: float, previous: Snapshot | None, leave: Collection[str]) -> Snapshot:
        settings = self._settings
        return load(
            settings,
            self._make_fetch(settings, self._environ),
            moment,
            previous,
            timeout=settings.deadline_seconds,
            jitter=self._jitter(),
            leave=leave,
            fallback=lambda: read_fallback(settings, self._log.write),
        )


def _resolved(
    settings: Settings,
    environ: Mapping[str, str],
    snapshot: Snapshot,
    log: StartLog,
    *,
    is_from_file: bool,
) -> tuple[dict[str, str], set[str]]:
    """`environ` without references and with the values, and the names that these have.

    Some are out of a file where `is_from_file`, which others of this user can write as well: what
    none of the sources could have set is then left out.
    """
    in_place = {source.variable for source in settings.sources if source.variable}
    result = {name: value for name, value in environ.items() if name not in in_place}
    configured = frozenset() if settings.overwrite else frozenset(result)
    names = set()
    for source, rendered in snapshot.rendered(settings):
        for name in rendered.protected:
            log.write("warn", f"{source.public_reference}: {name} is protected and was left out")
        for name, value in rendered.values.items() if source.env else ():
            if name in configured:
                said = f"{source.public_reference}: {name} is configured on the function and stays"
                log.write("debug", said)
            elif is_from_file and not may_set(source, name, value):
                said = f"{quoted(name)} could not come from there and was left out"
                log.write("warn", f"{source.public_reference}: {said}")
            else:
                result[name] = value
                names.add(name)
    return result, names


def _worth_keeping(settings: Settings, previous: Snapshot | None) -> Snapshot | None:
    """What an earlier life leaves us: all that cost calls; files are read anew at no cost.

    Lambda runs init again after a crash or a time-out, and /tmp outlives both.
    """
    if previous is None or settings.local_dir:
        return None
    complete = previous.complete()
    for text, entry in list(complete.entries.items()):
        if text.startswith(FILE + ":"):
            del complete.entries[text]
        elif entry.error:  # not fresh: a fallback, or older than it should be
            complete.entries[text] = entry.but(refresh_at=entry.checked_at)
    return complete


def _occupy_closed_files() -> None:
    """Where standard files are closed, see that no lock or pipe of ours has their numbers."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass  # exec closes it again
        os.close(descriptor)


def _report(settings: Settings, snapshot: Snapshot, log: StartLog) -> None:
    """Say what failed and why the start goes on all the same.

    Raises:
        LoadError: it does not.
    """
    missing = snapshot.missing()
    if missing and not settings.go_on:
        raise LoadError(missing)
    for error in missing:
        log.write("error", f"{error}; going on without it (APPCONFIG_ENV_ON_ERROR=continue)")
    for text, entry in snapshot.entries.items():
        if entry.error and not entry.missing:
            stands_in = (
                "its last values stand in" if entry.has_data else "its default or nothing stands in"
            )
            log.write("warn", f"{text}: {entry.error}; {stands_in}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
