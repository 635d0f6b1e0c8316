"""An OpenFeature provider over AppConfig's flags; knows the helper and nothing of AWS."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

try:
    from openfeature.event import ProviderEventDetails
    from openfeature.exception import ErrorCode, ProviderFatalError
    from openfeature.flag_evaluation import FlagResolutionDetails, Reason
    from openfeature.provider import AbstractProvider, Metadata
except ImportError as error:
    raise ImportError(
        "appconfig_env.openfeature needs the OpenFeature SDK: "
        "pip install 'appconfig-env[openfeature]'"
    ) from error

from . import _helper
from ._config.references import ReferenceProblems, parse
from ._config.sources import APPCONFIG
from ._content.flags import Flag, flag_of, is_flag
from .errors import AppConfigEnvError, MissingKeyError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openfeature.evaluation_context import EvaluationContext
    from openfeature.flag_evaluation import FlagValueType

    from ._helper.helper import Helper

    Object = Sequence[FlagValueType] | Mapping[str, FlagValueType]

T = TypeVar("T")
STALE = "STALE"  # the SDK's Reason has it since 0.8.1 only


class AppConfigProvider(AbstractProvider):
    """Answers OpenFeature's questions from the AppConfig profiles among the sources.

    `checkout` as a boolean is whether the flag is enabled, as an object all its attributes;
    `checkout.limit` is one attribute. Values are those of `appconfig_env.flag`: as fresh as the
    last poll, without a call where none is due.

    The evaluation context has no say: AppConfig's API evaluates no rules, only AWS's agent does.

    Args:
        source: the profile's reference; None for all AppConfig profiles among the sources.
        helper: whose flags; the package's own functions' unless you made one yourself.

    Raises:
        SettingsError: `source` is no reference of an AppConfig profile.
    """

    def __init__(self, source: str | None = None, *, helper: Helper = _helper) -> None:
        super().__init__()
        self._source = None if source is None else _profile(source)
        self._helper = helper
        self._seen: dict[str, Flag] = {}
        self._is_listening = False

    def get_metadata(self) -> Metadata:
        """The provider's name."""
        return Metadata("appconfig-env")

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Read the flags, from the wrapper's snapshot where there is one.

        A profile that cannot be read now is no error here: it is tried again, and evaluations say
        why they give defaults.

        Raises:
            ProviderFatalError: the settings are wrong, or `source` is none of the sources.
        """
        del evaluation_context  # see the class
        try:
            profiles = self._profiles()
            if self._source and self._source not in profiles and self._helper.overrides is None:
                wanted = f"{self._source} is not among the sources; add it to APPCONFIG_ENV_SOURCES"
                raise ProviderFatalError(wanted)
            self._seen = self._flags()
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
        """Whether the flag is enabled, or a boolean attribute."""
        del evaluation_context
        return self._resolve(flag_key, default_value, "boolean", _boolean)

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """A text attribute."""
        del evaluation_context
        return self._resolve(flag_key, default_value, "string", _string)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """An attribute that is a whole number."""
        del evaluation_context
        return self._resolve(flag_key, default_value, "integer", _integer)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """An attribute that is a number, as a float."""
        del evaluation_context
        return self._resolve(flag_key, default_value, "number", _float)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Object,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Object]:
        """All attributes of a flag, or one that is a list or an object."""
        del evaluation_context
        return self._resolve(flag_key, default_value, "list or object", _object)

    def _resolve(
        self, key: str, default: T, wanted: str, convert: Callable[[object], T | None]
    ) -> FlagResolutionDetails[T]:
        name, dot, attribute = key.partition(".")  # AppConfig allows no dots in either
        try:
            found = self._find(name)
        except SettingsError as error:
            return _failure(default, ErrorCode.PROVIDER_FATAL, str(error))
        except AppConfigEnvError as error:
            return _failure(default, ErrorCode.GENERAL, str(error))
        if found is None:
            return _failure(default, ErrorCode.FLAG_NOT_FOUND, f"no profile has a flag {name!r}")
        flag = found.flag
        asks_whether = convert is _boolean and not dot
        if not flag.enabled and not asks_whether:
            # AppConfig leaves out the attributes of a flag that is off.
            return _details(default, Reason.DISABLED, found)
        if dot and attribute not in flag.attributes:
            message = f"flag {name!r} has no attribute {attribute!r}"
            return _failure(default, ErrorCode.FLAG_NOT_FOUND, message)
        whole = flag.enabled if asks_whether else flag.attributes
        converted = convert(flag.attributes[attribute] if dot else whole)
        if converted is None:
            hint = "" if dot else f" (its attributes are asked for as {name}.NAME)"
            message = f"{key!r}: want a {wanted}, got something else{hint}"
            return _failure(default, ErrorCode.TYPE_MISMATCH, message)
        reason = Reason.TARGETING_MATCH if flag.variant else Reason.STATIC
        if not flag.enabled:
            reason = Reason.DISABLED
        return _details(converted, STALE if found.is_stale else reason, found)

    def _find(self, name: str) -> _Found | None:
        """The flag and what is known of its profile; None where no profile has it.

        Raises:
            MissingKeyError: a profile that may have it could not be read.
            AmbiguousFlagError: more than one profile has it.
        """
        overrides = self._helper.overrides
        if overrides is not None:
            if name in overrides.flags:
                return _Found(overrides.flags[name])
            document = overrides.documents.get(self._source or "")
            if isinstance(document, dict) and is_flag(document.get(name)):
                return _Found(flag_of(name, document[name]))
            return None
        self._helper.flag(name, source=self._source)  # refreshes, and refuses what is ambiguous
        unread: MissingKeyError | None = None
        for profile in self._profiles():
            try:
                document = self._helper.document(profile)
            except MissingKeyError as error:
                unread = error
                continue
            if isinstance(document, dict) and is_flag(document.get(name)):
                entry = self._helper.status()[profile]
                flag = flag_of(name, document[name])
                return _Found(flag, profile, entry["version"], bool(entry["last_error"]))
        if unread is not None:
            raise unread
        return None

    def _profiles(self) -> list[str]:
        known = [text for text in self._helper.status() if text.startswith(f"{APPCONFIG}:")]
        return [text for text in known if self._source in (None, text)]

    def _flags(self) -> dict[str, Flag]:
        """Every flag of the profiles that can be read."""
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

    def _tell(self) -> None:
        """Emit an event if the last refresh changed flags, and not only other values."""
        before, self._seen = self._seen, self._flags()
        changed = {
            name for name in {*before, *self._seen} if before.get(name) != self._seen.get(name)
        }
        if changed:
            details = ProviderEventDetails(flags_changed=sorted(changed))
            self.emit_provider_configuration_changed(details)


class _Found(NamedTuple):
    flag: Flag
    profile: str = ""
    version: str = ""
    is_stale: bool = False


def _profile(reference: str) -> str:
    """The profile's canonical reference."""
    wanted = (
        f"source: want an AppConfig profile such as appconfig:APP/ENV/PROFILE, got {reference!r}"
    )
    try:
        source = parse(reference)
    except ReferenceProblems as error:
        raise SettingsError([f"{wanted} ({error})"]) from None
    if source.resource.scheme != APPCONFIG or source.key:
        raise SettingsError([wanted])
    return source.resource.reference


def _listener(provider: AppConfigProvider) -> Callable[[frozenset[str]], None]:
    """A callback that does not keep `provider` alive once the SDK has dropped it."""
    reference = weakref.ref(provider)

    def changed(names: frozenset[str]) -> None:
        del names  # variables; the SDK wants flags
        listening = reference()
        if listening is not None:
            listening._tell()  # noqa: SLF001 - of this module

    return changed


def _details(value: T, reason: str, found: _Found) -> FlagResolutionDetails[T]:
    about = {"source": found.profile, "version": found.version}
    return FlagResolutionDetails(
        value,
        reason=reason,
        variant=found.flag.variant,
        flag_metadata={name: said for name, said in about.items() if said},
    )


def _failure(default: T, code: ErrorCode, message: str) -> FlagResolutionDetails[T]:
    return FlagResolutionDetails(
        default, reason=Reason.ERROR, error_code=code, error_message=message
    )


# What an attribute's value is as the type asked for; None where it is none. True is no number here.


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
