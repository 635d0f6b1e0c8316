"""The helper's entry point: the functions for handlers; loads sources on first use."""

from __future__ import annotations

import os
import time
from _thread import RLock
from _weakref import ref  # the C part of weakref, which handlers may not have loaded

from . import process_hooks
from .fast_path import ALWAYS, STALE, View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, MutableMapping
    from typing import Any, Protocol, TypeVar, overload

    from typing_extensions import TypeForm

    from .._backends.base import Backend
    from .._cache.store import Seen, Store
    from .._config.settings import Settings
    from .._content.flags import Flag, FoundFlag
    from ..errors import AppConfigEnvError
    from .fast_path import Get
    from .live_store import LiveStore
    from .static_store import StaticStore

    OnChange = Callable[[frozenset[str]], object]
    C = TypeVar("C", bound=OnChange)
    R = TypeVar("R")
    T = TypeVar("T")

    class Observer(Protocol):
        """An object that follows the outcomes of refreshes."""

        def refreshed(self) -> None:
            """Look at the store; does not raise."""

        def after_fork_in_child(self) -> None:
            """Reset locks in the child."""


MISSING: Any = object()  # what no name has as its value
MOST_PLACES = 10  # of an unexpected error, the innermost


def sealed(work: Callable[[], R]) -> R:
    """Return `work()`; an error that it raises leaves without the frames and errors behind it.

    Error reporters send the variables of every frame of an exception, and those of the errors that
    it was raised from or after. Ours hold every value of the process.
    """
    try:
        return work()
    except BaseException as caught:  # noqa: BLE001 - a signal handler may raise anything, anywhere
        error = _without_frames(caught)
    try:
        raise error  # not in the handler: that would be the context of an error of a caller's own
    finally:
        del error  # its traceback refers to this frame


def _without_frames(error: BaseException) -> BaseException:
    from ..errors import AppConfigEnvError  # only a call that fails pays for it

    trace = error.__traceback__
    if not isinstance(error, AppConfigEnvError):  # a bug, or from a signal handler
        places = []
        while trace is not None:
            name = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
            places.append(f"{name}:{trace.tb_lineno}")
            trace = trace.tb_next
        error.add_note(f"raised within appconfig_env, at {' > '.join(places[-MOST_PLACES:])}")
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


_LEVELS = {"trace": 5, "debug": 10, "info": 20, "warn": 30, "error": 40, "fatal": 50}
_LOWER_LEVELS = ("trace", "debug")  # lower than what a program shows by default


class Helper:
    """One process's view of its configuration; the package's functions are methods of one Helper.

    Args:
        environ: the environment.
        now: Unix seconds. Wall clock on purpose: Lambda freezes and clones the process, after which
            the monotonic clock means nothing.
        make_backend: returns the backend that reads the sources; None for the real one.
        jitter: returns a number from 0 to 1, see `_cache.load`; None for the real one.

    Attributes:
        environ: the environment.
        replaced_store: the store of `testing.override`, used instead of the sources.
        get: see `fast_path.View`.
        importing: held while a module is imported; a fork waits for it.
    """

    def __init__(
        self,
        environ: MutableMapping[str, str] | None = None,
        *,
        now: Callable[[], float] = time.time,
        make_backend: Callable[[Settings, Mapping[str, str]], Backend] | None = None,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        self.environ: MutableMapping[str, str] = os.environ if environ is None else environ
        self._now = now
        self._make_backend = make_backend
        self._jitter = jitter
        self._live: LiveStore | None = None
        self.replaced_store: StaticStore | None = None
        # Re-entrant: a signal handler may interrupt it and call get(). A fork waits for it: a child
        # could never import a module that another thread of its parent was importing.
        self.importing = RLock()
        self._view = View(now, self._get)
        self.get: Get = self._view.get
        self._callbacks: list[OnChange] = []
        self._observers: list[ref[Observer]] = []
        self._restored_at = ALWAYS
        process_hooks.watch(self)
        process_hooks.keep_pipe(self.environ)
        # `_config.environ.is_snap_start`, written out: importing it would load five modules.
        if self.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
            process_hooks.after_restore(self._restored)

    if TYPE_CHECKING:

        @overload
        def require(self, name: str) -> str: ...
        @overload
        def require(self, name: str, type: TypeForm[T]) -> T: ...
        @overload
        def require(self, name: str, type: Callable[[str], T]) -> T: ...

    def require(self, name: str, type: Any = None) -> Any:  # noqa: A002 - as in Get
        """Return the current value of `name`, as `get` does; a missing name is an error.

        Args:
            name: the variable's name.
            type: converts the text, as in `get`.

        Raises:
            MissingKeyError: there is no such name, neither from a source nor in the environment.
            ConversionError: `type` rejects the value.
            TypeError: `type` is neither a type nor a function, or none that can be converted to.
            SettingsError: the settings are invalid; only without the wrapper, which would have
                reported them.
            LoadError: there was never a value, because a required source cannot be read.
        """
        found = self.get(name, MISSING, type)
        if found is MISSING:
            raise sealed(lambda: self._unknown(name))
        return found

    def load(self) -> frozenset[str]:
        """Put the variables of all sources into `os.environ`, in place, where no wrapper has.

        For a program that starts without the wrapper, such as a script, a notebook or a test: call
        it before anything reads the variables, and before other threads start. What the wrapper
        does at the start of a process is done here: references are resolved, or removed if their
        source is optional, and names that are configured already are not overwritten. If the
        wrapper has run, or `load` before, or `testing.override` is active, nothing is done; of
        threads that call it at the same time one does it, and the others wait for it.

        Returns:
            The names that were set.

        Raises:
            LoadError: a required source has no value; then nothing is set.
            SettingsError: the settings are invalid.
        """
        return sealed(self._load)

    def document(self, reference: str) -> Any:
        """Return the parsed document of `reference`. It is shared: do not change it.

        The document of a source with `format=binary` is `bytes`.

        Args:
            reference: the reference of a configured source; its options are ignored, and a `#KEY`
                selects a value of the document.

        Raises:
            MissingKeyError: no source reads it, it could not be read, or it has no such key.
            SettingsError: the settings are invalid; only without the wrapper, which would have
                reported them.
        """
        return sealed(lambda: self.store().document(reference))

    def flag(
        self,
        name: str,
        *,
        default: bool = False,
        context: Mapping[str, object] | None = None,
        source: str | None = None,
    ) -> Flag:
        """Return the feature flag `name`; without attributes if no profile has it.

        It belongs to the caller, who may change its attributes.
        The first call for a flag that no profile has logs a warning.

        Args:
            name: the flag's key.
            default: whether the flag is on if no profile has it, or none could be read.
            context: values by key, with which the rules of a flag with variants are evaluated:
                text, numbers, booleans, datetimes with a time zone, or lists of them.
            source: the profile's reference, if more than one profile has such a flag.

        Raises:
            AmbiguousFlagError: more than one profile has it, and `source` does not choose one.
            UnevaluatedFlagError: its profile has rules for it, and there is no context, or the
                flag's definition is wrong, or a rule cannot use the context.
            MissingKeyError: `source` is not one of the sources, or could not be read.
            SettingsError: the settings are invalid; only without the wrapper, which would have
                reported them.
        """
        found: FoundFlag | None = sealed(
            lambda: self.store().flags.find_flag(name, source, context=context)
        )
        if found is not None:
            return found.flag
        from .._content.flags import Flag  # only handlers with flags pay for it

        return Flag(name, enabled=default)

    def seen(self) -> Seen:
        """Return every name's value that a source sets, after a refresh of what is stale.

        The same object as before, as long as nothing was refreshed or overridden.

        Raises:
            SettingsError: the settings are invalid.
        """
        if not self._view.now[0] <= self._now() < self._view.now[1]:
            sealed(self._refresh_stale)
        return self._view.now

    def refresh(self) -> frozenset[str]:
        """Fetch every source now, even if fresh; return the names whose values changed.

        If the service responds that it is too early, values stay, and that is not an error. Nor is
        a source that cannot be read: it keeps its values, and `status` has the reason.

        Raises:
            SettingsError: the settings are invalid; only without the wrapper, which would have
                reported them.
        """
        return sealed(lambda: self.store().refresh())

    def on_change(self, callback: C) -> C:
        """Register `callback`: each refresh that changes values calls it with the changed names.

        It is called in the thread that refreshes. Usable as a decorator. An exception in it is
        logged by its type and place, because its text may contain a value.

        Raises:
            TypeError: it cannot be called.
        """
        if not callable(callback):
            raise TypeError("on_change: expected a function; pass one that takes the changed names")
        self._callbacks.append(callback)
        return callback

    def observe(self, observer: Observer) -> None:
        """Notify `observer` after each refresh, as long as something else refers to it.

        Unlike `on_change` also if no value has changed: a failure and a recovery count as well.
        It is called in the thread that refreshes.
        """
        self._observers.append(ref(observer, self._observers.remove))

    @property
    def is_open(self) -> bool:
        """Whether `store` has a store already, and so reads no file."""
        return (self.replaced_store or self._live) is not None

    def status(self) -> dict[str, dict[str, Any]]:
        """Return `version`, `age`, `last_error` and `kind` per source, without a refresh.

        `age` is that of the values in use, in seconds; None if there are none. `last_error` and its
        `kind` (`denied`, `missing`, `throttled`, `unavailable`, `invalid` or `misconfigured`) are
        None after a success. The result can be serialized as JSON.

        Raises:
            SettingsError: the settings are invalid; only without the wrapper, which would have
                reported them.
        """
        return sealed(lambda: self.store().status())

    def store(self) -> LiveStore | StaticStore:
        """Return the store in use: the sources, opened on first use, or that of `testing.override`.

        Raises:
            SettingsError: the settings are invalid.
        """
        return self.replaced_store or self.live()

    def live(self, *, is_filling: bool = False) -> LiveStore:
        """Return the store of the sources, opened on first use.

        Args:
            is_filling: whether the environment is being filled: otherwise, references that it still
                holds are worth a warning.

        Raises:
            SettingsError: the settings are invalid.
        """
        if self._live is None:
            with self.importing:
                if self._live is None:
                    live = self._open()
                    if not is_filling and live.store.may_be_unresolved:
                        from . import environment  # no process that a wrapper starts needs it

                        environment.warn_of_unresolved(self.environ, live.store)
                    self._live = live
        return self._live

    def replace_store(self, static: StaticStore | None) -> None:
        """Use `static`, or with None the sources again."""
        self.replaced_store = static
        if static is not None:
            self._view.show(static.seen)
        else:
            self._view.show(self._live.seen if self._live is not None else (*STALE, {}))

    def isolate(
        self, now: Callable[[], float], jitter: Callable[[], float] | None = None
    ) -> Callable[[], None]:
        """Forget the sources, overrides and callbacks; return what brings them back.

        Args:
            now: the clock until then.
            jitter: as for the class.
        """
        before = self._live, self.replaced_store, self._callbacks, self._observers
        clock = self._now, self._jitter
        self._live, self._callbacks, self._observers = None, [], []
        self._now, self._jitter = now, jitter
        self.replace_store(None)
        self._view.use_clock(now)

        def restore() -> None:
            self._live, static, self._callbacks, self._observers = before
            self._now, self._jitter = clock
            self.replace_store(static)
            self._view.use_clock(self._now)

        return restore

    def after_fork_in_child(self) -> None:
        """See `process_hooks`."""
        self.importing = RLock()
        if self._live is not None:
            self._live.store.reset_after_fork()
        for observer in self._observing():
            observer.after_fork_in_child()

    def _load(self) -> frozenset[str]:
        from . import environment  # only programs without the wrapper need it

        if self.replaced_store is not None:
            return frozenset()
        return environment.fill_once(
            self.environ, lambda: self.live(is_filling=True), self._refresh
        )

    def _unknown(self, name: str) -> AppConfigEnvError:
        from .._config.wording import nearest_note  # only an error needs them
        from ..errors import MissingKeyError

        return MissingKeyError(
            f"{name}: neither a source nor the environment has this name"
            f"{nearest_note(name, self.store().names())}; correct it, or add its source to "
            "APPCONFIG_ENV_SOURCES"
        )

    def _open(self) -> LiveStore:
        # Imported here (3 ms): `import appconfig_env` must be cheap, read no files and not fail.
        from .._backends import router, system
        from .._cache.store import Store
        from .live_store import LiveStore

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
        even_fresh: Collection[str] | None = None,
        awaited: Collection[str] = (),
    ) -> frozenset[str]:
        """Refresh `store`, show the result, and call the callbacks with the names that changed."""
        changed = store.refresh(even_fresh=even_fresh, awaited=awaited)
        self._show(store)
        if changed:
            for callback in self._callbacks:
                try:
                    callback(changed)
                except Exception as error:  # noqa: BLE001 - a bug in a callback must not fail the refresh
                    from .._content.rejections import name_and_place  # only after a failure

                    where = name_and_place(error)
                    store.log("error", f"an on_change callback failed ({where}); correct it")
        if self._observers:
            for observer in self._observing():
                observer.refreshed()
        return changed

    def _observing(self) -> list[Observer]:
        return [one for found in self._observers[:] if (one := found()) is not None]

    def _show(self, store: Store) -> None:
        """Show what `store` has published last.

        Another thread may publish in between: the one that shows an older one looks again.
        """
        seen = None
        while seen is not store.published.seen and self.replaced_store is None:
            seen = store.published.seen
            self._view.show(seen)

    def _get(self, name: str, default: Any, type: Any) -> Any:  # noqa: A002 - as in Get
        """Return what `get` returns if the fast path does not have it."""
        return sealed(lambda: self._read(name, default, type))

    def _read(self, name: str, default: Any, type: Any) -> Any:  # noqa: A002 - as in Get
        store = self.store()
        value = store.value(name)
        live = self._live
        if live is not None and live is store and self._view.now is not live.seen:
            self._show(live.store)
        if value is None:
            return default
        if type is None:
            return value
        from .._content.convert import converted  # only handlers that convert values pay for it

        return converted(name, value, type)

    def _refresh_stale(self) -> None:
        live = self.live()
        live.refresh_stale()
        if self._view.now is not live.seen:
            self._show(live.store)

    def _restored(self) -> None:
        """Refresh after a SnapStart restore: all values are as old as the published version."""
        from ..errors import AppConfigEnvError  # not needed in most processes

        self._restored_at = self._now()
        try:
            if self._live is not None:
                self._live.store.distrust(self._restored_at)
            self._view.show((*STALE, self._view.now[2]))
            sealed(lambda: self.live().refresh_stale())
        except AppConfigEnvError as error:
            # The first get() raises it again; a hook that raises would fail the restore.
            from .._config.wording import one_line  # after a failure only

            reasons = "; ".join(map(one_line, str(error).split("\n")))
            _logger().warning("refresh after the SnapStart restore failed: %s", reasons)


def _log(
    settings: Settings, level: str, message: str, fields: Mapping[str, object] | None = None
) -> None:
    """Log one line; Lambda's runtime adds the fields to its JSON, as other formatters do."""
    if settings.accepts(level):
        logger = _logger()
        if settings.log_level in _LOWER_LEVELS and not logger.level:
            # Otherwise the root logger's level applies, which Lambda's runtime leaves at WARNING.
            logger.setLevel(_LEVELS[settings.log_level])
            _name_trace()
        log_line(level, message, fields)


def log_line(level: str, message: str, fields: Mapping[str, object] | None = None) -> None:
    """Log one line, whatever the settings are."""
    from .._config.wording import one_line, one_line_each  # late, as all that a log needs

    _logger().log(_LEVELS[level], "%s", one_line(message), extra=one_line_each(fields or {}))


def _name_trace() -> None:
    """Name the level that logging does not have, if the program has not named it."""
    import logging  # as in `_logger`

    if logging.getLevelName(_LEVELS["trace"]).startswith("Level "):
        logging.addLevelName(_LEVELS["trace"], "TRACE")


def _logger() -> Any:
    import logging  # importing this package must not load it; the runtime has by now

    return logging.getLogger("appconfig_env")


PROCESS_HELPER = Helper()  # the package's functions are its methods
