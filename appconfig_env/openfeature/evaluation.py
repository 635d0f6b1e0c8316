"""Evaluates a key: a flag or attribute as the requested type, with the reason or error code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, Reason

from .._config.wording import listed, quoted
from .._content.rules.variants import STATIC
from ..errors import AppConfigEnvError, SettingsError, UnevaluatedFlagError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openfeature.evaluation_context import EvaluationContext
    from openfeature.flag_evaluation import FlagValueType

    from .._content.flags import FoundFlag
    from ..errors import MissingKeyError

    Object = Sequence[FlagValueType] | Mapping[str, FlagValueType]

T = TypeVar("T")
STALE = "STALE"  # missing from the SDK's Reason before 0.8.1
TARGETING_KEY = "targetingKey"  # as OpenFeature's other SDKs name it


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


class ReadOnly(dict[str, "bool | int | float | str"]):
    """A dictionary that cannot be changed, unlike its copies. JSON's encoder accepts it."""

    __setitem__ = __delitem__ = __ior__ = _REFUSED
    clear = pop = popitem = setdefault = update = _REFUSED

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


def context_of(context: EvaluationContext | None) -> dict[str, object]:
    """Return the values that rules see: the attributes, and the targeting key."""
    if context is None:
        return {}
    key = {} if context.targeting_key is None else {TARGETING_KEY: context.targeting_key}
    return {**key, **context.attributes}


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
    except UnevaluatedFlagError as error:
        code = ErrorCode.INVALID_CONTEXT if error.is_of_context else ErrorCode.PARSE_ERROR
        return _failure(default, code, str(error))
    except AppConfigEnvError as error:
        return _failure(default, ErrorCode.GENERAL, str(error))
    if located is None:
        return _failure(default, ErrorCode.FLAG_NOT_FOUND, str(unknown(name)))
    flag = located.flag
    if wanted is BOOLEAN and not dot:
        return _of_flag(flag.enabled, located)
    if not flag.enabled:
        # AppConfig omits the attributes of a flag that is off.
        return _details(default, Reason.DISABLED, located)
    if not dot:
        value: object = flag.attributes
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
    return _details(converted, _reason(located), located)


def _of_flag(value: Any, located: FoundFlag) -> FlagResolutionDetails[Any]:
    """Return the details of a flag itself, with its attributes as metadata, unless lists."""
    attributes = {
        name: one
        for name, one in located.flag.attributes.items()
        if isinstance(one, (bool, int, float, str))
    }
    return _details(value, _reason(located), located, attributes)


def _reason(located: FoundFlag) -> str:
    if located.is_failing:
        return STALE
    if located.reason not in ("", STATIC):
        return located.reason  # also of a variant that is off: rules have chosen it
    if not located.flag.enabled:
        return Reason.DISABLED
    is_chosen = located.flag.variant and not located.reason  # by AWS's agent
    return Reason.TARGETING_MATCH if is_chosen else Reason.STATIC


def _details(
    value: T, reason: str, located: FoundFlag, metadata: Mapping[str, Any] | None = None
) -> FlagResolutionDetails[T]:
    own = {"source": located.profile, "version": located.version}
    return FlagResolutionDetails(
        value,
        reason=reason,
        variant=located.flag.variant,
        flag_metadata=ReadOnly(
            {**(metadata or {}), **{name: text for name, text in own.items() if text}}
        ),
    )


def _failure(default: T, code: ErrorCode, message: str) -> FlagResolutionDetails[T]:
    return FlagResolutionDetails(
        default, reason=Reason.ERROR, error_code=code, error_message=message
    )
