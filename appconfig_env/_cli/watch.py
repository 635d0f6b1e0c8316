"""`run --watch`: restarts the command when a value of a source changed.

Not in the layer.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Protocol

from .._backends.router import Router
from .._cache.effects import failure_lines
from .._cache.load import load, refresh_seconds
from .._cache.snapshot import Snapshot, exported
from .._config.wording import enumerated
from .._wrapper.exec import end_by_interrupt
from .._wrapper.log import StartLog, to_stderr
from ..errors import SettingsError
from .ownership import own_names
from .reading import settings_of
from .run_options import EnvFileError, environ_for, own_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._backends.base import Backend
    from .._cache.log_fields import Log
    from .._config.settings import Settings
    from .run_options import Options

MAIN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "__main__.py")
LOCAL_SECONDS = 1.0  # how often files are read again
LONGEST_STOP_SECONDS = 10.0  # then the command is killed
MOST_SHOWN = 5
NOTHING = "nothing to watch: no sources are configured; set APPCONFIG_ENV_SOURCES"


class Child(Protocol):
    """A command that runs, as `subprocess.Popen`."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code.

        Raises:
            subprocess.TimeoutExpired: it has not ended in time.
        """
        ...

    def send_signal(self, number: int, /) -> None:
        """Send a signal."""

    def kill(self) -> None:
        """End it at once."""


class Watching(Protocol):
    """Notices changes."""

    def look(self) -> list[str]:
        """Return the names whose values have changed since the last look."""
        ...

    def seconds(self) -> float:
        """Return how long to wait until the next look."""
        ...


class Watcher:
    """Reads the sources again and again, for itself: neither the command nor the file is touched.

    Args:
        settings: the sources.
        environ: the environment that the command would have without them.
        backend: reads the sources.
        log: takes a level, a message and its fields.
        now: Unix seconds.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        backend: Backend,
        log: Log,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._backend = backend
        self.log = log
        self._now = now
        self._snapshot: Snapshot | None = None
        self._values: dict[str, str] = {}
        # What can be edited here is read at each look.
        self._local = [
            reference
            for reference, sources in settings.resources().items()
            if settings.local_dir or sources[0].resource.is_local
        ]

    def look(self) -> list[str]:
        """Read what is stale; return the names whose values have changed since the last look."""
        settings, previous = self._settings, self._snapshot
        seconds = settings.deadline_seconds
        if previous is not None:
            seconds = refresh_seconds(settings, previous)
        self._snapshot = load(
            settings,
            self._backend,
            self._now(),
            previous,
            timeout=seconds,
            even_fresh=self._local,
        )
        own = own_names(settings, self._environ)
        values = exported(self._snapshot, settings, own, lambda *_: None)
        self._report(previous, self._snapshot)
        before, self._values = self._values, values
        if previous is None:
            return []
        names = before.keys() | values.keys()
        return sorted(name for name in names if before.get(name) != values.get(name))

    def seconds(self) -> float:
        """Return how long to wait until the next look."""
        entries = self._snapshot.entries.values() if self._snapshot is not None else ()
        if self._local or not entries:
            return LOCAL_SECONDS
        return max(LOCAL_SECONDS, min(entry.refresh_at for entry in entries) - self._now())

    def _report(self, previous: Snapshot | None, snapshot: Snapshot) -> None:
        """Log failures once; those of the first read are the command's own to report."""
        if previous is None:
            return
        failed = [
            reference
            for reference, entry in snapshot.entries.items()
            if entry.failure is not None and previous.entries[reference].failure is None
        ]
        for text, fields, _ in failure_lines(self._settings, snapshot, failed, self._values):
            self.log("warn", text, fields)


class FileWatcher:
    """Reads the files of --env-file again and again, and watches the sources that they lead to.

    Args:
        options: the files.
        environ: the environment as inherited.
        make: returns what watches the sources of an environment; a SettingsError if it is invalid.
        log: takes a level, a message and its fields.
    """

    def __init__(
        self,
        options: Options,
        environ: Mapping[str, str],
        make: Callable[[Mapping[str, str]], Watching],
        log: Log,
    ) -> None:
        self._options = options
        self._inherited = environ
        self._make = make
        self.log = log
        self._environ = environ_for(options, environ)
        self._watcher = make(self._environ)
        self._problem = ""

    def look(self) -> list[str]:
        """Return the names whose values have changed; a file that is invalid changes none."""
        try:
            environ = environ_for(self._options, self._inherited)
            if environ == self._environ:
                return self._watcher.look()
            watcher = self._make(environ)
        except (EnvFileError, SettingsError) as error:
            self._warn(str(error))
            return []
        before = self._environ
        self._environ, self._watcher, self._problem = environ, watcher, ""
        watcher.look()
        names = before.keys() | environ.keys()
        return sorted(name for name in names if before.get(name) != environ.get(name))

    def seconds(self) -> float:
        """Return how long to wait until the next look: a file can be edited at any time."""
        return LOCAL_SECONDS

    def _warn(self, problem: str) -> None:
        """Log once what is wrong: the next looks would find the same."""
        if problem != self._problem:
            self._problem = problem
            for line in problem.split("\n"):
                self.log("warn", line)


def supervise(
    start: Callable[[], Child],
    watcher: Watching,
    log: Log,
    running: list[Child],
) -> int:
    """Run the command until it ends by itself; return its exit code.

    Args:
        start: starts the command.
        watcher: tells what has changed.
        log: takes a level, a message and its fields.
        running: gets the child that runs, for signals.
    """
    while True:
        running[:] = [start()]
        (child,) = running
        names: list[str] = []
        while not names:
            try:
                return child.wait(timeout=watcher.seconds())
            except subprocess.TimeoutExpired:
                names = watcher.look()
        shown = names[:MOST_SHOWN]
        if len(names) > MOST_SHOWN:
            shown.append(f"{len(names) - MOST_SHOWN} more")
        log("info", f"{enumerated(shown)} changed, so the command is restarted")
        stop(child)


def stop(child: Child) -> None:
    """End a child: by SIGTERM, and if that has no effect in time, at once."""
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(timeout=LONGEST_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def main(
    options: Options,
    environ: Mapping[str, str],
    run: Callable[[Options, Mapping[str, str]], int],
) -> int:
    """Run the command, and restart it when a value changed; return its exit code.

    Args:
        options: from the command line.
        environ: the environment as inherited.
        run: executes the command without watching, or reports why it cannot.
    """
    try:
        changed = environ_for(options, environ)
        settings = settings_of(changed)
    except (EnvFileError, SettingsError):
        return run(options, environ)  # which reports it
    log = StartLog(changed, to_stderr)
    log.settings = settings
    if not settings.sources and not options.env_files:
        log.write("warn", NOTHING)
        return run(options, environ)
    command = [sys.executable, "-I", "-S", MAIN, *own_words(options)]

    def start() -> Child:
        return subprocess.Popen(command, env=environ)  # noqa: S603 # nosec B603 # ourselves

    def make(environ: Mapping[str, str]) -> Watcher:
        settings = settings_of(environ)
        return Watcher(settings, environ, Router(settings, environ), log.write)

    watcher: Watching = make(changed)
    if options.env_files:
        watcher = FileWatcher(options, environ, make, log.write)
    running: list[Child] = []
    _pass_signals_on(running)
    watcher.look()
    return exit_code(supervise(start, watcher, log.write, running))


def exit_code(returned: int) -> int:
    """Return the exit code of a shell for a child's; end by Ctrl-C as the child did."""
    if returned == -signal.SIGINT:
        return end_by_interrupt()
    return 128 - returned if returned < 0 else returned


def _pass_signals_on(running: list[Child]) -> None:
    """Have signals end the child, and this process with it."""

    def pass_on(number: int, frame: object) -> None:
        del frame
        for child in running:
            child.send_signal(number)
        if not running:
            raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    # A terminal sends it to both; what the child makes of it is the result.
    signal.signal(signal.SIGINT, lambda *_: None)
