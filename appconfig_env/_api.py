"""The helper's root: what a handler calls; reads settings and snapshot at the first use."""

from __future__ import annotations

import os
import time

from .errors import AmbiguousFlagError, AppConfigEnvError, ConversionError, MissingKeyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any, TypeVar, overload

    from ._flag import Flag
    from ._load import Fetch
    from ._settings import Settings
    from ._store import Store, View

    T = TypeVar("T")
    D = TypeVar("D")
    OnChange = Callable[[frozenset[str]], object]

NEVER = float("inf")
_WORDS = {
    "true": True, "yes": True, "on": True, "1": True,
    "false": False, "no": False, "off": False, "0": False,
}  # fmt: skip


class Helper:
    """One process's view of its configuration; the package's functions are one Helper's methods.

    Args:
        environ: the environment.
        now: Unix seconds. Wall clock on purpose: Lambda freezes and clones the process, and the
            monotonic clock then tells nothing.
        make_fetch: gives what reads the sources; None for the real one.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        now: Callable[[], float] = time.time,
        make_fetch: Callable[[Settings, Mapping[str, str]], Fetch] | None = None,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._now = now
        self._make_fetch = make_fetch
        self._store: Store | None = None
        self._view: View = (NEVER, NEVER, {})  # due from the start
        self._callbacks: list[OnChange] = []
        self._overrides: Overrides | None = None
        self._restored_at = -NEVER
        if self._environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
            self._hook_restore()

    if TYPE_CHECKING:

        @overload
        def get(self, name: str) -> str | None: ...
        @overload
        def get(self, name: str, default: D) -> str | D: ...
        @overload
        def get(self, name: str, *, type: Callable[[str], T]) -> T | None: ...
        @overload
        def get(self, name: str, default: D, *, type: Callable[[str], T]) -> T | D: ...

    def get(self, name: str, default: Any = None, *, type: Any = None) -> Any:  # noqa: A002 - reads as argparse's
        """The value of `name` as of the last poll; polls first where that is due.

        A variable that the function itself configured wins over lists of sources, as it does in
        the environment; a name that no source sets comes from the environment.

        Args:
            name: the variable's name.
            default: what to return, as it is, where there is no such name.
            type: converts the text; `bool` knows true/false, yes/no, on/off, 1/0.

        Raises:
            ConversionError: `type` does not take the value.
            SettingsError: the settings are wrong; only without a wrapper, which would have said so.
            LoadError: there was never a value, because a required source cannot be read.
        """
        since, until, values = self._view
        if not since <= self._now() < until:
            values = self._refreshed()
        value = values.get(name)
        if value is None:
            value = self._elsewhere(name)
            if value is None:
                return default
        return value if type is None else _converted(name, value, type)

    def document(self, reference: str) -> Any:
        """The document that `reference` names, parsed; shared between callers, so not to be edited.

        Args:
            reference: one of the configured sources' references; its options do not matter, and a
                `#KEY` picks from the document.

        Raises:
            MissingKeyError: no source reads it, it could not be read, or it has no such key.
        """
        from ._reference import ReferenceProblems, parse  # loaded with the store anyway
        from ._render import KeyMissingError, pick

        if self._overrides is not None and reference in self._overrides.documents:
            return self._overrides.documents[reference]
        try:
            source = parse(reference)
        except ReferenceProblems as error:
            raise MissingKeyError(f"{reference!r}: {error}") from None
        found = self._document(source.locator.text)
        try:
            return pick(found, source.key)
        except KeyMissingError as error:
            raise MissingKeyError(f"{source.label}: {error}") from None

    def flag(self, name: str, *, source: str | None = None) -> Flag:
        """The feature flag `name`; off, without attributes, where no profile has it.

        Args:
            name: the flag's key.
            source: the profile's reference, where more than one profile has such a flag.

        Raises:
            AmbiguousFlagError: more than one profile has it and `source` does not say which.
            MissingKeyError: `source` is none of the sources.
        """
        from ._flag import Flag, flag_of, is_flag  # a handler without flags does not pay for it

        if self._overrides is not None and name in self._overrides.flags:
            return self._overrides.flags[name]
        candidates = [(source, self.document(source))] if source is not None else self._profiles()
        found = [
            (text, data[name])
            for text, data in candidates
            if isinstance(data, dict) and is_flag(data.get(name))
        ]
        if len(found) > 1:
            profiles = " and ".join(text for text, _ in found)
            raise AmbiguousFlagError(
                f"{profiles} both have a flag {name!r}; say which with source="
            )
        return flag_of(name, found[0][1]) if found else Flag(name)

    def refresh(self) -> frozenset[str]:
        """Ask every source now, whatever our interval; the names whose values changed.

        Where the service answers that it is too early, values stay and nothing is an error.
        """
        if self._overrides is not None:
            return frozenset()
        store = self._opened()
        return self._refresh(store, force=list(store.settings.locators()))

    def on_change(self, callback: OnChange) -> OnChange:
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
        store = self._opened()
        now = self._now()
        states = store.snapshot.states
        return {
            text: {
                "version": states[text].version if text in states else "",
                "age": _age(now, states[text].fetched_at) if text in states else None,
                "last_error": states[text].error if text in states else None,
            }
            for text in store.settings.locators()
        }

    def push_overrides(self, overrides: Overrides) -> Callable[[], None]:
        """Put `overrides` before everything; the answer takes them away again. See `testing`."""
        before = (self._view, self._overrides)
        self._overrides = overrides
        self._view = (-NEVER, NEVER, overrides.values)

        def pop() -> None:
            self._view, self._overrides = before

        return pop

    @property
    def overrides(self) -> Overrides | None:
        """What `testing.override` has put in place."""
        return self._overrides

    def _opened(self) -> Store:
        store = self._store
        if store is None:
            # 3 ms, and not before they are needed: an import must not read files or fail.
            from . import _fetch
            from ._store import Store

            store = Store(
                self._environ,
                now=self._now,
                make_fetch=self._make_fetch or _fetch.Fetcher,
                log=_log,
                restored_at=self._restored_at,
            )
            self._store = store
        return store

    def _refreshed(self) -> Mapping[str, str]:
        store = self._opened()
        since, until, _ = store.view
        if not since <= self._now() < until:
            self._refresh(store)
        elif self._overrides is None:
            self._view = store.view
        return store.view[2] if self._overrides is None else self._view[2]

    def _refresh(self, store: Store, force: list[str] | None = None) -> frozenset[str]:
        changed = store.refresh(force=force)
        if self._overrides is None:
            self._view = store.view
        if changed:
            for callback in self._callbacks:
                try:
                    callback(changed)
                except Exception:  # noqa: BLE001 - a user's mistake must not make a good refresh fail
                    _logger().exception("a callback of on_change failed")
        return changed

    def _elsewhere(self, name: str) -> str | None:
        """The value of a name that no source sets."""
        value = self._environ.get(name)
        if self._overrides is not None:
            return value
        store = self._opened()
        # What a source has set once, or an unresolved reference, is not the environment's to say.
        if value is not None and name not in store.sourced:
            from ._reference import is_reference

            in_place = any(source.variable == name for source in store.settings.sources)
            if not (in_place and is_reference(value)):
                return value
        error = store.missing()
        if error is not None:
            raise error
        return None

    def _document(self, text: str) -> Any:
        if self._overrides is not None:
            raise MissingKeyError(f"{text} is not among the documents of testing.override")
        self._refreshed()
        store = self._opened()
        if text not in store.settings.locators():
            known = ", ".join(store.settings.locators()) or "none"
            raise MissingKeyError(f"{text} is not among the sources ({known}); add it with env=no")
        state = store.snapshot.states.get(text)
        if state is None or not state.has_data:  # withheld from the file, so not known here yet
            self._refresh(store, force=[text])
            state = store.snapshot.states.get(text)
        if state is None or not state.has_data:
            why = state.error if state is not None and state.error else "it was never read"
            raise MissingKeyError(f"{text}: {why}")
        return state.data

    def _profiles(self) -> Iterator[tuple[str, Any]]:
        if self._overrides is not None:
            return
        self._refreshed()
        store = self._opened()
        for text, state in store.snapshot.states.items():
            if text.startswith("appconfig:") and state.has_data:
                yield text, state.data

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
            self._view = (NEVER, NEVER, self._view[2])
            self._refreshed()
        except AppConfigEnvError as error:
            _logger().warning(
                "after the restore: %s", error
            )  # the first get() says so to its caller


class Overrides:
    """What `testing.override` puts in place of all sources."""

    __slots__ = ("documents", "flags", "values")

    def __init__(
        self, values: Mapping[str, str], documents: Mapping[str, Any], flags: Mapping[str, Flag]
    ) -> None:
        self.values = dict(values)
        self.documents = dict(documents)
        self.flags = dict(flags)


def _age(now: float, moment: float | None) -> float | None:
    return None if moment is None else max(0.0, now - moment)


def _converted(name: str, value: str, kind: Callable[[str], Any]) -> Any:
    if kind is bool:
        try:
            return _WORDS[value.strip().lower()]
        except KeyError:
            wanted = "true/false, yes/no, on/off or 1/0"
            raise ConversionError(f"{name}: want {wanted}, got something else") from None
    try:
        return kind(value)
    except (ValueError, TypeError, ArithmeticError, LookupError):
        wanted = getattr(kind, "__name__", repr(kind))
        # "from None": the converter's own message holds the value.
        raise ConversionError(f"{name}: want what {wanted} takes, got something else") from None


def _log(settings: Settings, level: str, message: str) -> None:
    if settings.accepts(level):
        number = {"trace": 5, "debug": 10, "info": 20, "warn": 30, "error": 40, "fatal": 50}[level]
        _logger().log(number, "%s", message)


def _logger() -> Any:
    import logging  # the runtime has it loaded; an import of this package must not load it

    return logging.getLogger("appconfig_env")
