"""Evaluates a key: a flag or attribute as the requested type, with the reason or error code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, Reason

from .._config.wording import listed, quoted
from ..errors import AppConfigEnvError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openfeature.flag_evaluation import FlagValueType

    from .._content.flags import Flag, FoundFlag
    from ..errors import MissingKeyError

    Object = Sequence[FlagValueType] | Mapping[str, FlagValueType]

T = TypeVar("T")
STALE = "STALE"  # missing from the SDK's Reason before 0.8.1


class Type(Generic[T]):
    """A type that can be requested.

    Attributes:
        name: for errors.
        convert: returns a value of this type; None if the value has another type.
    """

    def __init__(self, name: str, convert: Callable[[object], T | None]) -> None:
        self.name = name
        self.convert = convert


def _number(value: object) -> bool:
    """Whether it is a number; a bool is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value: object) -> float | None:
    try:
        return float(value) if _number(value) else None  # type: ignore[arg-type]
    except OverflowError:  # an integer of more than 308 digits
        return None


def _object(value: object) -> Any:
    return value if isinstance(value, (dict, list)) else None


BOOLEAN = Type[bool]("a boolean", lambda value: value if isinstance(value, bool) else None)
STRING = Type[str]("a string", lambda value: value if isinstance(value, str) else None)
INTEGER = Type[int]("an integer", _integer)
FLOAT = Type[float]("a number", _float)
OBJECT: Type[Object] = Type("a list or object", _object)


def _refuse(*_: object, **__: object) -> NoReturn:
    raise TypeError("flag metadata is read-only; change a copy of it")


_REFUSED: Any = _refuse


class ReadOnly(dict[str, str]):
    """A dictionary that cannot be changed, unlike its copies. JSON's encoder accepts it."""

    __setitem__ = __delitem__ = __ior__ = _REFUSED
    clear = pop = popitem = setdefault = update = _REFUSED

    def __reduce__(self) -> tuple[type[dict[str, str]], tuple[dict[str, str]]]:
        return dict, (dict(self),)


def evaluated(
    find: Callable[[str], FoundFlag | None],
    unknown: Callable[[str], MissingKeyError],
    key: str,
    default: T,
    wanted: Type[T],
) -> FlagResolutionDetails[T]:
    """Return the details for `key`: `NAME` is a flag, `NAME.ATTRIBUTE` an attribute.

    Args:
        find: returns a flag that the caller may change; None if no profile has it.
        unknown: returns the error for a flag that no profile has.
        key: what to evaluate.
        default: the value if it cannot be evaluated.
        wanted: the requested type.
    """
    name, dot, attribute = key.partition(".")  # AppConfig allows no dots in either
    try:
        located = find(name)
    except SettingsError as error:
        return _failure(default, ErrorCode.PROVIDER_FATAL, str(error))
    except AppConfigEnvError as error:
        return _failure(default, ErrorCode.GENERAL, str(error))
    if located is None:
        return _failure(default, ErrorCode.FLAG_NOT_FOUND, str(unknown(name)))
    flag = located.flag
    if wanted is BOOLEAN and not dot:
        value: object = flag.enabled
    elif not flag.enabled:
        # AppConfig omits the attributes of a flag that is off.
        return _details(default, Reason.DISABLED, located)
    elif not dot:
        value = flag.attributes
    elif attribute in flag.attributes:
        value = flag.attributes[attribute]
    else:
        message = (
            f"flag {quoted(name)} has no attribute {quoted(attribute)}, "
            f"it has {listed(flag.attributes, attribute)}; correct its name, or add it"
        )
        return _failure(default, ErrorCode.FLAG_NOT_FOUND, message)
    converted = wanted.convert(value)
    if converted is None:
        hint = "evaluate it as its own type" if dot else f"evaluate an attribute as {name}.NAME"
        message = f"{key!r}: expected {wanted.name}, got another type; {hint}"
        return _failure(default, ErrorCode.TYPE_MISMATCH, message)
    return _details(converted, STALE if located.is_failing else _reason(flag), located)


def _reason(flag: Flag) -> Reason:
    if not flag.enabled:
        return Reason.DISABLED
    return Reason.TARGETING_MATCH if flag.variant else Reason.STATIC


def _details(value: T, reason: str, located: FoundFlag) -> FlagResolutionDetails[T]:
    metadata = {"source": located.profile, "version": located.version}
    return FlagResolutionDetails(
        value,
        reason=reason,
        variant=located.flag.variant,
        flag_metadata=ReadOnly({name: text for name, text in metadata.items() if text}),
    )


def _failure(default: T, code: ErrorCode, message: str) -> FlagResolutionDetails[T]:
    return FlagResolutionDetails(
        default, reason=Reason.ERROR, error_code=code, error_message=message
    )
