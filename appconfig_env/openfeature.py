"""An OpenFeature provider for AppConfig's feature flags; knows the helper, but not AWS."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, TypeVar

try:
    from openfeature.event import ProviderEventDetails
    from openfeature.exception import ErrorCode, ProviderFatalError
    from openfeature.flag_evaluation import FlagResolutionDetails, Reason
    from openfeature.provider import AbstractProvider, Metadata
except ImportError as error:
    raise ImportError(
        "appconfig_env.openfeature needs the OpenFeature SDK; "
        "run pip install 'appconfig-env[openfeature]'"
    ) from error

from ._config.references import ReferenceProblems, parse, without_options
from ._config.sources import APPCONFIG, scheme_of
from ._content.flags import Flag, flag_of, is_flag
from ._helper.helper import PROCESS_HELPER
from .errors import AppConfigEnvError, MissingKeyError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openfeature.evaluation_context import EvaluationContext
    from openfeature.flag_evaluation import FlagValueType

    from ._content.flags import FoundFlag
    from ._helper.helper import Helper

    Object = Sequence[FlagValueType] | Mapping[str, FlagValueType]

T = TypeVar("T")
STALE = "STALE"  # missing from the SDK's Reason before 0.8.1


class AppConfigProvider(AbstractProvider):
    """Evaluates OpenFeature flags with the AppConfig profiles among the sources.

    `checkout` as a boolean is whether the flag is enabled, as an object all its attributes;
    `checkout.limit` is one attribute. Values are those of `appconfig_env.flag`: as of the last
    poll, and without a call while the profile is fresh.

    The evaluation context is ignored: only AWS's agent evaluates rules, AppConfig's API does not.

    Args:
        source: the profile's reference; None for all AppConfig profiles among the sources.
        helper: the helper that has the flags; by default that of the package's functions.

    Raises:
        SettingsError: `source` is not the reference of an AppConfig profile.
    """

    def __init__(self, source: str | None = None, *, helper: Helper = PROCESS_HELPER) -> None:
        super().__init__()
        self._source = None if source is None else _profile(source)
        self._helper = helper
        self._last_flags: dict[str, Flag] = {}
        self._is_listening = False

    def get_metadata(self) -> Metadata:
        """Return the provider's name."""
        return Metadata("appconfig-env")

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Read the flags, from the wrapper's snapshot if there is one.

        A profile that cannot be read now is not an error here: it is retried, and evaluations
        report why they return defaults.

        Raises:
            ProviderFatalError: the settings are invalid, or `source` is not among the sources.
        """
        del evaluation_context  # see the class
        try:
            if self._source and not self._helper.store().knows(self._source):
                raise ProviderFatalError(
                    f"{self._source} is not among the sources; add it to APPCONFIG_ENV_SOURCES"
                )
            self._last_flags = self._flags()
        except AppConfigEnvError as error:
            raise ProviderFatalError(str(error)) from None
        if not self._is_listening:
            self._is_listening = True
            self._helper.on_change(_listener(self))

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,  # noqa: FBT001 - the SDK's signature
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Return whether the flag is enabled, or a boolean attribute."""
        del evaluation_context
        return self._resolve(flag_key, default_value, "a boolean", _boolean)

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """Return a string attribute."""
        del evaluation_context
        return self._resolve(flag_key, default_value, "a string", _string)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """Return an integer attribute."""
        del evaluation_context
        return self._resolve(flag_key, default_value, "an integer", _integer)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """Return a numeric attribute as a float."""
        del evaluation_context
        return self._resolve(flag_key, default_value, "a number", _float)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Object,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Object]:
        """Return all attributes of a flag, or one that is a list or an object."""
        del evaluation_context
        return self._resolve(flag_key, default_value, "a list or object", _object)

    def _resolve(
        self, key: str, default: T, expected: str, convert: Callable[[object], T | None]
    ) -> FlagResolutionDetails[T]:
        name, dot, attribute = key.partition(".")  # AppConfig allows no dots in either
        try:
            located = self._locate(name)
        except SettingsError as error:
            return _failure(default, ErrorCode.PROVIDER_FATAL, str(error))
        except AppConfigEnvError as error:
            return _failure(default, ErrorCode.GENERAL, str(error))
        if located is None:
            message = f"no profile has a flag {name!r}; check its name, or create it"
            return _failure(default, ErrorCode.FLAG_NOT_FOUND, message)
        flag = located.flag
        is_enabled_query = convert is _boolean and not dot
        if not flag.enabled and not is_enabled_query:
            # AppConfig omits the attributes of a flag that is off.
            return _details(default, Reason.DISABLED, located)
        if dot and attribute not in flag.attributes:
            message = f"flag {name!r} has no attribute {attribute!r}; check its name, or create it"
            return _failure(default, ErrorCode.FLAG_NOT_FOUND, message)
        whole = flag.enabled if is_enabled_query else flag.attributes
        converted = convert(flag.attributes[attribute] if dot else whole)
        if converted is None:
            hint = "evaluate it as its own type" if dot else f"evaluate an attribute as {name}.NAME"
            message = f"{key!r}: expected {expected}, got another type; {hint}"
            return _failure(default, ErrorCode.TYPE_MISMATCH, message)
        reason = Reason.TARGETING_MATCH if flag.variant else Reason.STATIC
        if not flag.enabled:
            reason = Reason.DISABLED
        return _details(converted, STALE if located.is_failing else reason, located)

    def _locate(self, name: str) -> FoundFlag | None:
        """Return the flag and its profile; None if no profile has it.

        Raises:
            MissingKeyError: a profile that may have it could not be read.
            AmbiguousFlagError: more than one profile has it.
        """
        return self._helper.store().flags.find_flag(name, self._source, is_strict=True)

    def _profiles(self) -> list[str]:
        return [
            reference
            for reference in self._helper.status()
            if scheme_of(reference) == APPCONFIG and self._source in (None, reference)
        ]

    def _flags(self) -> dict[str, Flag]:
        """Return every flag of the profiles that can be read."""
        flags: dict[str, Flag] = {}
        for profile in self._profiles():
            try:
                document = self._helper.document(profile)
            except MissingKeyError:
                continue
            if isinstance(document, dict):
                flags |= {
                    name: flag_of(name, data) for name, data in document.items() if is_flag(data)
                }
        return flags

    def _emit_changes(self) -> None:
        """Emit an event if the last refresh changed flags, and not only other values."""
        old, new = self._last_flags, self._flags()
        self._last_flags = new
        changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
        if changed:
            details = ProviderEventDetails(flags_changed=sorted(changed))
            self.emit_provider_configuration_changed(details)


def _profile(reference: str) -> str:
    """Return the canonical reference of an AppConfig profile."""
    problem = f"source: expected appconfig:APP/ENV/PROFILE, got {without_options(reference)!r}"
    try:
        source = parse(reference)
    except ReferenceProblems as error:
        raise SettingsError([f"{problem} ({error}); correct it"]) from None
    if source.resource.scheme != APPCONFIG or source.key:
        raise SettingsError([f"{problem}; correct it"])
    return source.resource.reference


def _listener(provider: AppConfigProvider) -> Callable[[frozenset[str]], None]:
    """Return a callback that does not keep `provider` alive after the SDK has dropped it."""
    reference = weakref.ref(provider)

    def changed(names: frozenset[str]) -> None:
        del names  # names of variables, but the event needs names of flags
        alive = reference()
        if alive is not None:
            alive._emit_changes()  # noqa: SLF001 - of this module

    return changed


def _details(value: T, reason: str, located: FoundFlag) -> FlagResolutionDetails[T]:
    metadata = {"source": located.profile, "version": located.version}
    return FlagResolutionDetails(
        value,
        reason=reason,
        variant=located.flag.variant,
        flag_metadata={name: text for name, text in metadata.items() if text},
    )


def _failure(default: T, code: ErrorCode, message: str) -> FlagResolutionDetails[T]:
    return FlagResolutionDetails(
        default, reason=Reason.ERROR, error_code=code, error_message=message
    )


# Convert an attribute to the requested type; None if it has another type. A bool is not a number.


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value: object) -> float | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _object(value: object) -> Any:
    return value if isinstance(value, (dict, list)) else None
