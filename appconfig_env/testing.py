"""Replaces values, documents, flags and the clock in your tests, without AWS."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ._content.flags import Flag, flag_of, is_flag
from ._content.variables import fits, text_value
from ._helper.helper import PROCESS_HELPER, log_line, sealed
from ._helper.static_store import StaticStore, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    from ._helper.helper import Helper

_HANDOFF = "_APPCONFIG_ENV_HANDOFF"  # as in _config.settings, which a test may not need
_KEYS = {"values": "name", "flags": "name", "documents": "reference"}
_EXAMPLES = {
    "values": '{"LIMIT": 3}',
    "flags": 'flags={"checkout": True}',
    "documents": 'documents={"appconfig:shop/prod/app": {"limit": 3}}',
}


class Clock:
    """Unix seconds that only your test moves; pass it to `isolated`.

    Attributes:
        at: the time; without an argument 1 January 2026.
    """

    def __init__(self, at: float = 1_767_225_600.0) -> None:
        self.at: float = at

    def __call__(self) -> float:
        """Return the time."""
        return self.at

    def tick(self, seconds: float) -> None:
        """Let `seconds` pass: a source whose interval they exceed is stale afterwards."""
        self.at += seconds


@contextmanager
def isolated(
    now: Callable[[], float] | None = None, *, helper: Helper = PROCESS_HELPER
) -> Iterator[None]:
    """Begin inside the `with` as in a new process; at the end everything is as it was before.

    The settings are read again, and the sources on first use: with `APPCONFIG_ENV_LOCAL_DIR` your
    test can read files, change them, and let time pass. Overrides that are active, callbacks of
    `on_change` and what `load` puts into `os.environ` inside the `with` end with it; those from
    outside do not apply in it. It applies to the whole process, and to all threads.

    Args:
        now: returns Unix seconds, such as a `Clock`, and lets every interval have its full length;
            None for the time of day, and intervals that are spread as usual.
        helper: the helper to isolate; by default that of the package's functions.
    """
    environ = dict(helper.environ)
    # With a clock of the test's own, each interval is exact: no jitter shortens it.
    restore = helper.isolate(now or time.time, None if now is None else lambda: 0.0)
    try:
        yield
    finally:
        for name in _loaded(helper, environ):
            _set(helper.environ, {name: environ.get(name)})
        restore()


def _loaded(helper: Helper, before: Mapping[str, str]) -> set[str]:
    """Return the names that `load` has put into the environment, or removed from it."""
    if helper.environ.get(_HANDOFF) == before.get(_HANDOFF):
        return set()
    live = helper.live()
    variables = (source.variable for source in live.store.settings.sources if source.variable)
    return {_HANDOFF, *live.seen[2], *variables}


@contextmanager
def override(
    values: Mapping[str, object] | None = None,
    *,
    documents: Mapping[str, Any] | None = None,
    flags: Mapping[str, bool | Mapping[str, Any] | None] | None = None,
    helper: Helper = PROCESS_HELPER,
) -> Iterator[None]:
    """Override what `get`, `document` and `flag` return inside the `with`; nothing is fetched.

    Values are put into `os.environ` too, and at the end these variables are again what they were.
    What an environment cannot hold, such as the name `A=B` or a NUL character, is for `get` alone.
    Other names come from the environment alone. Nested overrides add to the outer ones. An override
    applies to the whole process, and to all threads.

    Args:
        values: by variable name; values other than strings are converted as in the environment,
            and None removes the name, even if the environment has it.
        documents: parsed documents, by reference; its options are ignored, and with a `#KEY` it is
            the value that the key selects. Flags are also found in those of profiles.
        flags: by name: whether it is enabled, or an object with `enabled` and the attributes; None
            removes the flag, even if a document has it.
        helper: the helper to override; by default that of the package's functions.

    Raises:
        ValueError: a reference in `documents` is not valid.
        TypeError: an argument is not a mapping of names, or a value or a flag has a type that no
            source can return.
    """
    given, inner = sealed(lambda: _prepared(values, documents, flags, helper))
    outer = helper.replaced_store
    restore = _put(helper.environ, given)
    helper.replace_store(inner)
    try:
        yield
    finally:
        helper.replace_store(outer)
        restore()


def _prepared(
    values: Mapping[str, object] | None,
    documents: Mapping[str, Any] | None,
    flags: Mapping[str, bool | Mapping[str, Any] | None] | None,
    helper: Helper,
) -> tuple[dict[str, str | None], StaticStore]:
    given = {name: _text(name, value) for name, value in _items("values", values)}
    found = {name: _flag(name, data) for name, data in _items("flags", flags)}
    read = parsed(dict(_items("documents", documents)))
    outer = helper.replaced_store or StaticStore(helper.environ, log=log_line)
    return given, outer.extended(given, read, found)


def _items(argument: str, given: object) -> Iterator[tuple[str, Any]]:
    """Yield the items of a mapping by names; none for None."""
    if given is None:
        return
    if not isinstance(given, Mapping):
        got = type(given).__name__
        raise TypeError(
            f"{argument}: expected a mapping by {_KEYS[argument]}, got {got}; pass "
            f"{_EXAMPLES[argument]}"
        )
    for name, item in given.items():
        if not isinstance(name, str):
            kind = type(name).__name__
            raise TypeError(
                f"{argument}: expected {_KEYS[argument]}s of type str, got {name!r} ({kind}); "
                f"quote the {_KEYS[argument]}"
            )
        yield name, item


def _put(environ: MutableMapping[str, str], given: Mapping[str, str | None]) -> Callable[[], None]:
    """Put what an environment can hold into `environ`; return what undoes it.

    The others are as the values of a source with `env=no`.
    """
    held = {name: text for name, text in given.items() if fits(name, text or "")}
    before = {name: environ.get(name) for name in held}
    _set(environ, held)
    return lambda: _set(environ, before)


def _set(environ: MutableMapping[str, str], texts: Mapping[str, str | None]) -> None:
    for name, text in texts.items():
        if text is None:
            environ.pop(name, None)
        else:
            environ[name] = text


def _flag(name: str, data: object) -> Flag | None:
    if data is None:
        return None
    if isinstance(data, bool):
        return Flag(name, enabled=data)
    fields: Any = {"enabled": True, **data} if isinstance(data, Mapping) else data
    if not is_flag(fields):
        got = type(data).__name__ if fields is data else "another type of 'enabled'"
        raise TypeError(
            f"flags: {name!r}: expected True, False, None, or an object with attributes and a bool "
            f"as 'enabled', got {got}; correct the flag"
        )
    return flag_of(name, fields)


def _text(name: str, value: object) -> str | None:
    try:
        return None if value is None else text_value(value)
    except (TypeError, ValueError, RecursionError):
        # "from None": the encoder's own message could contain the value.
        raise TypeError(
            f"values: {name!r}: expected text or JSON data, got {type(value).__name__}; convert it"
        ) from None
