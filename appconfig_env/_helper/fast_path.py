"""The fast path of `get`: every name's value, and the period in which nothing is stale."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol, TypeVar, overload

    from typing_extensions import TypeForm  # both type checkers bring it along

    from .._cache.store import Seen

    T = TypeVar("T")
    D = TypeVar("D")

    class Get(Protocol):
        """See the function `get` in `View`."""

        @overload
        def __call__(self, name: str) -> str | None: ...
        @overload
        def __call__(self, name: str, default: D) -> str | D: ...
        @overload
        def __call__(self, name: str, *, type: TypeForm[T]) -> T | None: ...
        @overload
        def __call__(self, name: str, *, type: Callable[[str], T]) -> T | None: ...
        @overload
        def __call__(self, name: str, default: D, type: TypeForm[T]) -> T | D: ...
        @overload
        def __call__(self, name: str, default: D, type: Callable[[str], T]) -> T | D: ...


NEVER, ALWAYS = float("inf"), float("-inf")
STALE = (NEVER, NEVER)  # a period that contains no time


class View:
    """The values that `get` can return without a refresh, replaced as a whole.

    Args:
        clock: Unix seconds.
        slow_path: returns a name's value if it may be stale, is unknown, or must be converted.

    Attributes:
        get: returns the value of a name.
        now: the values that it returns, and the period in which they are fresh.
        show: replaces them.
        use_clock: replaces the clock.
        values: the values alone.
    """

    def __init__(
        self, clock: Callable[[], float], slow_path: Callable[[str, Any, Any], Any]
    ) -> None:
        nothing: Seen = (*STALE, {})
        since, until, self.values = self.now = nothing

        # Error reporters send the variables of every frame of an exception, see `helper.sealed`: so
        # the values are an attribute, and not a variable of `get`. 0.003 us.
        # A closure and not a method, no keyword-only parameter, one reading of the clock, and no
        # `dict.get`: 0.10 us instead of 0.14. `make bench` measures it.
        def get(name: str, default: Any = None, type: Any = None) -> Any:  # noqa: A002 - as in argparse
            """Return the current value of `name`; refresh stale sources first.

            A variable that is configured on the function takes precedence over lists of sources, as
            in the environment. A name that no source sets is looked up in the environment.

            Args:
                name: the variable's name.
                default: what to return, without conversion, if there is no such name.
                type: what to convert the text to, or a function that converts it: `int`,
                    `list[int]` (JSON, or commas), `dict[str, int]` (JSON), `timedelta` (`90s`),
                    `int | None`, an enumeration, a dataclass, or what pydantic takes; `bool`
                    accepts true/false, yes/no, on/off, 1/0.

            Raises:
                ConversionError: `type` rejects the value.
                TypeError: `type` is neither a type nor a function, or none that can be converted
                    to.
                SettingsError: the settings are invalid; only without the wrapper, which would have
                    reported them.
                LoadError: there was never a value, because a required source cannot be read.
            """
            try:
                # `_cache.entry.is_fresh`, written out: a call would cost 0.03 us.
                if since <= clock() < until and type is None:
                    return self.values[name]
            except KeyError:
                pass
            return slow_path(name, default, type)

        def show(seen: Seen) -> None:
            nonlocal since, until
            self.now = seen
            # Values first: a thread that reads the new times must also read the new values.
            self.values = seen[2]
            since, until = seen[:2]

        def use_clock(now: Callable[[], float]) -> None:
            nonlocal clock
            clock = now

        get.__qualname__ = "get"  # what Python's error for a wrong argument names
        self.get: Get = get
        self.show = show
        self.use_clock = use_clock
