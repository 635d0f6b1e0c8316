"""What `get` reads: every name's value and how long nothing is due; its fast path and no more."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol, TypeVar, overload

    from .._cache.store import Seen

    T = TypeVar("T")
    D = TypeVar("D")

    class Get(Protocol):
        """See the function of that name in `View`."""

        @overload
        def __call__(self, name: str) -> str | None: ...
        @overload
        def __call__(self, name: str, default: D) -> str | D: ...
        @overload
        def __call__(self, name: str, *, type: Callable[[str], T]) -> T | None: ...
        @overload
        def __call__(self, name: str, default: D, type: Callable[[str], T]) -> T | D: ...


NEVER = float("inf")
STALE = (NEVER, NEVER)  # whatever the clock says


class View:
    """What may be given without asking anybody, replaced whole.

    Args:
        clock: Unix seconds.
        otherwise: gives a name's value where that is due, unknown or to be converted.

    Attributes:
        get: reads a name.
        now: what it reads.
        show: takes what it is to read from now on.
    """

    def __init__(
        self, clock: Callable[[], float], otherwise: Callable[[str, Any, Any], Any]
    ) -> None:
        nothing: Seen = (*STALE, {})
        since, until, values = self.now = nothing

        # A closure and not a method, no keyword-only parameter, one clock read and no `get` of the
        # dictionary: 0.10 us in place of 0.14. `make bench` shows it.
        def get(name: str, default: Any = None, type: Any = None) -> Any:  # noqa: A002 - reads as argparse's
            """The value of `name` as of the last poll; polls first where that is due.

            A variable that the function itself configured wins over lists of sources, as it does in
            the environment; a name that no source sets comes from the environment.

            Args:
                name: the variable's name.
                default: what to return, as it is, where there is no such name.
                type: converts the text; `bool` knows true/false, yes/no, on/off, 1/0.

            Raises:
                ConversionError: `type` does not take the value.
                SettingsError: the settings are wrong; only without a wrapper, which would have said
                    so.
                LoadError: there was never a value, because a required source cannot be read.
            """
            try:
                if since <= clock() < until and type is None:
                    return values[name]
            except KeyError:
                pass
            return otherwise(name, default, type)

        def show(seen: Seen) -> None:
            nonlocal since, until, values
            self.now = seen
            # The values first: a thread that finds the new times must find them too.
            values = seen[2]
            since, until = seen[:2]

        self.get: Get = get
        self.show = show
