"""The helper's root: what a handler calls; reads settings and snapshot on first use."""

from __future__ import annotations

import os
import time
from _thread import RLock

from ..errors import AppConfigEnvError
from . import process_hooks
from .fast_path import STALE, View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any, TypeVar

    from .._backends.base import Backend
    from .._cache.store import Store
    from .._config.settings import Settings
    from .._content.flags import Flag, FoundFlag
    from .fast_path import Get
    from .lookup import LiveStore
    from .static_store import StaticStore

    OnChange = Callable[[frozenset[str]], object]
    C = TypeVar("C", bound=OnChange)

ALWAYS = float("-inf")


class Helper:
    """One process's view of its configuration; the package's functions are one Helper's methods.

    Args:
        environ: the environment.
        now: Unix seconds. Wall clock on purpose: Lambda freezes and clones the process, and the
            monotonic clock then means nothing.
        make_backend: returns what reads the sources; None for the real one.
        jitter: returns a number from 0 to 1, see `_cache.load`; None for the real one.

    Attributes:
        environ: the environment.
        replaced_store: what answers in place of the sources; see `testing`.
        get: see `fast_path.Get`.
        importing: held while something is imported; a fork waits for it.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        now: Callable[[], float] = time.time,
        make_backend: Callable[[Settings, Mapping[str, str]], Backend] | None = None,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        self.environ = os.environ if environ is None else environ
        self._now = now
        self._make_backend = make_backend
        self._jitter = jitter
        self._live: LiveStore | None = None
        self.replaced_store: StaticStore | None = None
        # Re-entrant: a signal handler may interrupt and ask for a value itself. A fork waits for
        # it: what another thread had half imported the child could never import.
        self.importing = RLock()
        self._view = View(now, self._get)
        self.get: Get = self._view.get
        self._callbacks: list[OnChange] = []
        self._restored_at = ALWAYS
        process_hooks.watch(self)
        if self.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
            process_hooks.after_restore(self._restored)

    def document(self, reference: str) -> Any:
        """Return the document that `reference` names, parsed; shared, so not to be edited.

        Args:
            reference: one of the configured sources' references; its options do not matter, and a
                `#KEY` picks from the document.

        Raises:
            MissingKeyError: no source reads it, it could not be read, or it has no such key.
        """
        return self.store().document(reference)

    def flag(self, name: str, *, source: str | None = None) -> Flag:
        """Return the feature flag `name`; off, without attributes, where no profile has it.

        Args:
            name: the flag's key.
            source: the profile's reference, where more than one profile has such a flag.

        Raises:
            AmbiguousFlagError: more than one profile has it and `source` does not say which.
            MissingKeyError: `source` is none of the sources.
        """
        found: FoundFlag | None = self.store().find_flag(name, source)
        if found is not None:
            return found.flag
        from .._content.flags import Flag  # a handler without flags does not pay for it

        return Flag(name)

    def refresh(self) -> frozenset[str]:
        """Fetch every source now, whatever our interval; return the names whose values changed.

        Where the service answers that it is too early, values stay and nothing is an error.
        """
        return self.store().refresh()

    def on_change(self, callback: C) -> C:
        """Have `callback` called with the names that changed, after each refresh that changed any.

        It is called in the thread that refreshed. Usable as a decorator.
        """
        self._callbacks.append(callback)
        return callback

    def status(self) -> dict[str, dict[str, Any]]:
        """Return, per source, `version`, `age`, `last_error` and `kind`; fetches nothing.

        `age` is in seconds, None for never read. `last_error` and its `kind` (`denied`, `missing`,
        `throttled`, `unavailable`, `invalid` or `misconfigured`) are None after a success. All of
        it can be written as JSON.
        """
        return self.store().status()

    def store(self) -> LiveStore | StaticStore:
        """Return what answers: the sources, opened on first use, or `testing.override`.

        Raises:
            SettingsError: the settings are wrong.
        """
        return self.replaced_store or self.live()

    def live(self) -> LiveStore:
        """Return the sources, opened on first use.

        Raises:
            SettingsError: the settings are wrong.
        """
        if self._live is None:
            with self.importing:
                if self._live is None:
                    self._live = self._open()
        return self._live

    def replace_store(self, static: StaticStore | None) -> None:
        """Answer from `static`, or from the sources again."""
        self.replaced_store = static
        if static is not None:
            self._view.show(static.seen)
        else:
            self._view.show(self._live.seen if self._live is not None else (*STALE, {}))

    def after_fork_in_child(self) -> None:
        """See `process_hooks`."""
        self.importing = RLock()
        if self._live is not None:
            self._live.store.reset_after_fork()

    def _open(self) -> LiveStore:
        # 3 ms, and not before they are needed: an import must not read files or fail.
        from .._backends import router, system
        from .._cache.store import Store
        from .lookup import LiveStore

        store = Store(
            self.environ,
            now=self._now,
            make_backend=self._make_backend
            or (lambda settings, environ: router.Router(settings, environ, self.importing)),
            jitter=self._jitter or system.jitter,
            log=_log,
            restored_at=self._restored_at,
        )
        return LiveStore(store, self.environ, self._now, self._refresh)

    def _refresh(
        self,
        store: Store,
        force: Collection[str] | None = None,
        awaited: Collection[str] = (),
    ) -> frozenset[str]:
        """Refresh `store`, show the result, and call the callbacks with the names that changed."""
        changed = store.refresh(force=force, awaited=awaited)
        self._show(store)
        if changed:
            for callback in self._callbacks:
                try:
                    callback(changed)
                except Exception:  # noqa: BLE001 - a user's mistake must not make a good refresh fail
                    _logger().exception("a callback of on_change failed")
        return changed

    def _show(self, store: Store) -> None:
        if self.replaced_store is None:
            self._view.show(store.published.seen)

    def _get(self, name: str, default: Any, type: Any) -> Any:  # noqa: A002 - as in Get
        """Return what `get` returns where it has no fresh text at hand."""
        answering = self.store()
        value = answering.value(name)
        if self._live is answering and self._view.now is not answering.seen:
            self._show(answering.store)
        if value is None:
            return default
        if type is None:
            return value
        from .._content.convert import converted  # a handler that takes text does not pay for it

        return converted(name, value, type)

    def _restored(self) -> None:
        """SnapStart has cloned this process: all it knows is as old as the published version."""
        self._restored_at = self._now()
        try:
            if self._live is not None:
                self._live.store.distrust(self._restored_at)
            self._view.show((*STALE, self._view.now[2]))
            self.live().refresh_stale()
        except AppConfigEnvError as error:
            # The first get() tells its caller; a hook that fails would end the restore.
            _logger().warning("after the restore: %s", error)


def _log(settings: Settings, level: str, message: str) -> None:
    if settings.accepts(level):
        number = {"trace": 5, "debug": 10, "info": 20, "warn": 30, "error": 40, "fatal": 50}[level]
        _logger().log(number, "%s", message)


def _logger() -> Any:
    import logging  # the runtime has it loaded; an import of this package must not load it

    return logging.getLogger("appconfig_env")
