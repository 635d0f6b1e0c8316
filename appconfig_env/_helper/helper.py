"""The helper's root: what a handler calls; reads settings and snapshot at the first use."""

from __future__ import annotations

import os
import time
from _thread import RLock, get_ident
from _weakref import ref  # the C part of weakref, as of the others here

from ..errors import AppConfigEnvError
from .fast_path import DUE, View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    from .._backends.base import Fetch
    from .._cache.store import Store
    from .._config.settings import Settings
    from .._content.flags import Flag
    from .fast_path import Get
    from .overrides import Overrides

    OnChange = Callable[[frozenset[str]], object]
    C = TypeVar("C", bound=OnChange)

NEVER = float("inf")
FORK_SECONDS = 1.0  # the longest that a fork waits for other threads to have imported


class Helper:
    """One process's view of its configuration; the package's functions are one Helper's methods.

    Attributes:
        get: see `_view.Get`.

    Args:
        environ: the environment.
        now: Unix seconds. Wall clock on purpose: Lambda freezes and clones the process, and the
            monotonic clock then tells nothing.
        make_backend: gives what reads the sources; None for the real one.
        jitter: a number from 0 to 1, see `_load.load`; None for the real one.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        now: Callable[[], float] = time.time,
        make_backend: Callable[[Settings, Mapping[str, str]], Fetch] | None = None,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._now = now
        self._make_fetch = make_backend
        self._jitter = jitter
        self._store: Store | None = None
        # Re-entrant: a signal's handler may come in between and ask for a value itself. A fork
        # waits for it: what another thread had half imported the child could never import.
        self._opening = RLock()
        self._view = View(now, self._get)
        self.get: Get = self._view.get
        self._callbacks: list[OnChange] = []
        self._overrides: Overrides | None = None
        self._restored_at = -NEVER
        _helpers.append(ref(self, _helpers.remove))
        if self._environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
            self._hook_restore()

    def document(self, reference: str) -> Any:
        """The document that `reference` names, parsed; shared between callers, so not to be edited.

        Args:
            reference: one of the configured sources' references; its options do not matter, and a
                `#KEY` picks from the document.

        Raises:
            MissingKeyError: no source reads it, it could not be read, or it has no such key.
        """
        from . import lookup as _documents  # a handler without documents does not pay for it

        return _documents.document(self, reference)

    def flag(self, name: str, *, source: str | None = None) -> Flag:
        """The feature flag `name`; off, without attributes, where no profile has it.

        Args:
            name: the flag's key.
            source: the profile's reference, where more than one profile has such a flag.

        Raises:
            AmbiguousFlagError: more than one profile has it and `source` does not say which.
            MissingKeyError: `source` is none of the sources.
        """
        from . import lookup as _documents  # a handler without flags does not pay for it

        return _documents.flag(self, name, source)

    def refresh(self) -> frozenset[str]:
        """Ask every source now, whatever our interval; the names whose values changed.

        Where the service answers that it is too early, values stay and nothing is an error.
        """
        if self._overrides is not None:
            return frozenset()
        store = self.opened()
        return self.ask(store, force=list(store.settings.resources()))

    def on_change(self, callback: C) -> C:
        """Have `callback` called with the names that changed, after each refresh that changed any.

        It is called in the thread that refreshed. Usable as a decorator.
        """
        self._callbacks.append(callback)
        return callback

    def status(self) -> dict[str, dict[str, Any]]:
        """Per source: `version`, `age` in seconds (None: never read) and `last_error` (None: well).

        Asks no source. The answer is fit for JSON.
        """
        if self._overrides is not None:
            return {}
        from . import status as _status  # few handlers ask

        return _status.status(self.opened(), self._now())

    def push_overrides(self, overrides: Overrides) -> Callable[[], None]:
        """Put `overrides` before everything; the answer takes them away again. See `testing`."""
        before = (self._view.now, self._overrides)
        self._overrides = overrides
        self._view.show((-NEVER, NEVER, overrides.values))

        def pop() -> None:
            seen, self._overrides = before
            self._view.show(seen)

        return pop

    @property
    def overrides(self) -> Overrides | None:
        """What `testing.override` has put in place."""
        return self._overrides

    def opened(self) -> Store:
        """The store, opened at the first use.

        Raises:
            SettingsError: the settings are wrong.
        """
        if self._store is None:
            with self._opening:
                if self._store is None:
                    self._store = self._open()
        return self._store

    def refreshed(self) -> Store:
        """The store, after what was due in it was asked."""
        store = self.opened()
        since, until, _ = store.view
        if not since <= self._now() < until:
            self.ask(store)
        elif self._overrides is None and self._view.now is not store.view:
            self._view.show(store.view)
        return store

    def ask(
        self, store: Store, force: list[str] | None = None, lacking: list[str] | None = None
    ) -> frozenset[str]:
        """Refresh `store`, see there, and tell the callbacks the names that changed."""
        changed = store.refresh(force=force, lacking=lacking or ())
        if self._overrides is None:
            self._view.show(store.view)
        if changed:
            for callback in self._callbacks:
                try:
                    callback(changed)
                except Exception:  # noqa: BLE001 - a user's mistake must not make a good refresh fail
                    _logger().exception("a callback of on_change failed")
        return changed

    def _open(self) -> Store:
        # 3 ms, and not before they are needed: an import must not read files or fail.
        from .._backends import router as _fetch
        from .._backends import system as _machine
        from .._cache.store import Store

        return Store(
            self._environ,
            now=self._now,
            make_backend=self._make_fetch
            or (lambda settings, environ: _fetch.Fetcher(settings, environ, self._opening)),
            jitter=self._jitter or _machine.jitter,
            log=_log,
            restored_at=self._restored_at,
        )

    def _get(self, name: str, default: Any, type: Any) -> Any:  # noqa: A002 - as in Get
        """What `get` gives where it cannot give a fresh text at once."""
        since, until, values = self._view.now
        if not since <= self._now() < until:
            store = self.refreshed()
            values = store.view[2] if self._overrides is None else values
        value = values.get(name)
        if value is None:
            value = self._elsewhere(name)
            if value is None:
                return default
        if type is None:
            return value
        from .._content.convert import converted  # a handler that takes text does not pay for it

        return converted(name, value, type)

    def _elsewhere(self, name: str) -> str | None:
        """The value of a name that no source sets."""
        value = self._environ.get(name)
        if self._overrides is not None:
            return value
        store = self.opened()
        # What a source has set once, or an unresolved reference, is not the environment's to say.
        if value is not None and name not in store.sourced:
            from .._config.references import is_reference

            in_place = any(source.variable == name for source in store.settings.sources)
            if not (in_place and is_reference(value)):
                return value
        unasked = store.unasked()
        if unasked:  # another thread or process is on it, and there is no old value to go on with
            self.ask(store, lacking=unasked)
            value = store.view[2].get(name)
            if value is not None:
                return value
        from . import status as _status  # not for names that have a value

        error = _status.missing(store)
        if error is not None:
            raise error
        return None

    def _after_fork_in_child(self) -> None:
        self._opening = RLock()
        if self._store is not None:
            self._store.own()

    def _hook_restore(self) -> None:
        try:
            from snapshot_restore_py import register_after_restore  # in Lambda's runtime only
        except ImportError:
            return  # without it no token is ever kept, see _shared
        register_after_restore(self._restored)

    def _restored(self) -> None:
        """SnapStart has cloned this process: all it knows is as old as the published version."""
        self._restored_at = self._now()
        try:
            if self._store is not None:
                self._store.distrust(self._restored_at)
            self._view.show((*DUE, self._view.now[2]))
            self.refreshed()
        except AppConfigEnvError as error:
            # The first get() says so to its caller; a hook that fails would end the restore.
            _logger().warning("after the restore: %s", error)


def _log(settings: Settings, level: str, message: str) -> None:
    if settings.accepts(level):
        number = {"trace": 5, "debug": 10, "info": 20, "warn": 30, "error": 40, "fatal": 50}[level]
        _logger().log(number, "%s", message)


def _logger() -> Any:
    import logging  # the runtime has it loaded; an import of this package must not load it

    return logging.getLogger("appconfig_env")


_helpers: list[ref[Helper]] = []
_held: dict[int, list[RLock]] = {}  # by the thread that forks: several may


def _before_fork() -> None:
    locks = [helper._opening for found in _helpers if (helper := found())]  # noqa: SLF001 - its own
    held = _held.setdefault(get_ident(), [])
    held.extend(lock for lock in locks if lock.acquire(timeout=FORK_SECONDS))


def _after_fork_in_parent() -> None:
    for lock in _held.pop(get_ident(), ()):
        lock.release()


def _after_fork_in_child() -> None:
    _held.clear()
    for found in _helpers[:]:  # the collector may come in between
        if helper := found():
            helper._after_fork_in_child()  # noqa: SLF001 - its own


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)
