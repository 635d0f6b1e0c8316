"""The provider: OpenFeature's methods, as evaluations of what the helper has read."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from openfeature.exception import GeneralError, ProviderFatalError
from openfeature.provider import AbstractProvider, Metadata

from .._config.references import ReferenceProblems, parse, without_options
from .._config.sources import APPCONFIG, FILE
from .._helper.helper import PROCESS_HELPER, sealed
from ..errors import AppConfigEnvError, SettingsError
from .evaluation import BOOLEAN, FLOAT, INTEGER, OBJECT, STRING, context_of, evaluated
from .events import Announcer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openfeature.evaluation_context import EvaluationContext
    from openfeature.flag_evaluation import FlagResolutionDetails

    from .._content.flags import FoundFlag
    from .._helper.helper import Helper
    from .._helper.loop_reader import LoopReader
    from ..errors import MissingKeyError
    from .evaluation import Object, Type

T = TypeVar("T")


class AppConfigProvider(AbstractProvider):
    """Evaluates OpenFeature flags with the AppConfig profiles among the sources.

    `checkout` as a boolean is whether the flag is enabled, as an object all its attributes;
    `checkout.limit` is one attribute. Values are those of `appconfig_env.flag`: as of the last
    poll, and without a call while the profile is fresh. An asynchronous evaluation waits for a
    poll too, but its event loop does not.

    The provider is STALE after a failed poll, in ERROR while a profile was never read, and else
    READY. Each change is an event.

    The evaluation context is that of flags with variants: their rules see its attributes, and its
    targeting key as `$targetingKey`.

    Args:
        source: the reference of a profile, or of a file with flags; None for all AppConfig profiles
            and files of flags among the sources.
        helper: the helper that has the flags; by default that of the package's functions.

    Raises:
        SettingsError: `source` is not the reference of an AppConfig profile or a file.
    """

    def __init__(self, source: str | None = None, *, helper: Helper = PROCESS_HELPER) -> None:
        super().__init__()
        self._source = None if source is None else _profile(source)
        self._helper = helper
        self._announcer = Announcer(helper, self._source, self.emit)
        self._reader: LoopReader | None = None
        self._has_thread = True  # or none could be started for the last read, which has been logged

    def get_metadata(self) -> Metadata:
        """Return the provider's name."""
        return Metadata("appconfig-env")

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Read the flags, from the wrapper's snapshot if there is one.

        Raises:
            ProviderFatalError: the settings are invalid, or `source` is not among the sources.
            GeneralError: a profile could not be read. The provider can be used nevertheless: it
                tries again, evaluations report why they return defaults, and PROVIDER_READY
                follows when the profile has been read.
        """
        del evaluation_context  # each evaluation has its own
        self._announcer.stop()
        error = sealed(self._open)
        if error is not None:
            raise error  # here, where no variable holds a value

    def _open(self) -> ProviderFatalError | GeneralError | None:
        """Read the flags; return what `initialize` raises."""
        try:
            store = self._helper.store()
            store.flags.read_profiles(self._source)
            found = store.flags.profiles(self._source)
        except AppConfigEnvError as error:
            return ProviderFatalError(str(error))
        error_message = self._announcer.start(found)
        return GeneralError(error_message) if error_message else None

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,  # noqa: FBT001 - the SDK's signature
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Return whether the flag is enabled, or a boolean attribute."""
        return self._resolve(flag_key, default_value, BOOLEAN, evaluation_context)

    async def resolve_boolean_details_async(
        self,
        flag_key: str,
        default_value: bool,  # noqa: FBT001 - the SDK's signature
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """See `resolve_boolean_details`; the event loop does not wait."""
        return await self._resolve_async(flag_key, default_value, BOOLEAN, evaluation_context)

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """Return a string attribute."""
        return self._resolve(flag_key, default_value, STRING, evaluation_context)

    async def resolve_string_details_async(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """See `resolve_string_details`; the event loop does not wait."""
        return await self._resolve_async(flag_key, default_value, STRING, evaluation_context)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """Return an integer attribute."""
        return self._resolve(flag_key, default_value, INTEGER, evaluation_context)

    async def resolve_integer_details_async(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[int]:
        """See `resolve_integer_details`; the event loop does not wait."""
        return await self._resolve_async(flag_key, default_value, INTEGER, evaluation_context)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """Return a numeric attribute as a float."""
        return self._resolve(flag_key, default_value, FLOAT, evaluation_context)

    async def resolve_float_details_async(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[float]:
        """See `resolve_float_details`; the event loop does not wait."""
        return await self._resolve_async(flag_key, default_value, FLOAT, evaluation_context)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Object,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Object]:
        """Return all attributes of a flag, or one that is a list or an object."""
        return self._resolve(flag_key, default_value, OBJECT, evaluation_context)

    async def resolve_object_details_async(
        self,
        flag_key: str,
        default_value: Object,
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Object]:
        """See `resolve_object_details`; the event loop does not wait."""
        return await self._resolve_async(flag_key, default_value, OBJECT, evaluation_context)

    def _resolve(
        self, key: str, default: T, wanted: Type[T], context: EvaluationContext | None
    ) -> FlagResolutionDetails[T]:
        self._read()
        return self._evaluate(key, default, wanted, context)

    async def _resolve_async(
        self, key: str, default: T, wanted: Type[T], context: EvaluationContext | None
    ) -> FlagResolutionDetails[T]:
        if not self._is_read():
            if self._reader is None:
                # Late: it loads asyncio (20 ms), which callers that await have loaded already.
                from .._helper.loop_reader import LoopReader

                self._reader = LoopReader()
                self._helper.observe(self._reader)  # for forks
            # While one task waits for a poll, the others go on with the last values.
            seconds = self._longest_wait()
            self._report_start(await self._reader.read(self._read, seconds=seconds))
        return self._evaluate(key, default, wanted, context)

    def _report_start(self, has_thread: bool) -> None:  # noqa: FBT001 - its only argument
        """Log, once until it succeeds, that no thread could be started for a read."""
        had_thread, self._has_thread = self._has_thread, has_thread
        if had_thread and not has_thread:
            with suppress(AppConfigEnvError):  # the evaluation meets the same error
                self._helper.live().store.log(
                    "warn",
                    "flags are not refreshed, because no thread can be started; start fewer "
                    "threads, or raise their limit",
                )

    def _read(self) -> None:
        """Refresh what is stale. Never raises: the evaluation meets the same error."""
        with suppress(AppConfigEnvError):
            sealed(lambda: self._helper.store().flags.read_profiles(self._source))

    def _longest_wait(self) -> float | None:
        """Return how many seconds an evaluation waits; None if it cannot go on without a read."""
        return self._helper.store().flags.longest_wait() if self._has_values() else None

    def _is_read(self) -> bool:
        """Whether an evaluation has nothing to wait for."""
        return self._has_values() and self._helper.store().flags.is_fresh()

    def _has_values(self) -> bool:
        """Whether an evaluation could go on without a refresh."""
        if not self._helper.is_open:
            return False
        try:
            return self._helper.store().flags.has_profiles(self._source)
        except AppConfigEnvError:
            return True  # the evaluation meets the same error

    def _evaluate(
        self, key: str, default: T, wanted: Type[T], context: EvaluationContext | None
    ) -> FlagResolutionDetails[T]:
        """Evaluate `key` with what has been read."""
        values = context_of(context)

        def evaluate() -> FlagResolutionDetails[T]:
            self._announcer.announce()
            return evaluated(
                lambda name: self._find(name, values), self._unknown, key, default, wanted
            )

        return sealed(evaluate)

    def _find(self, name: str, context: Mapping[str, object]) -> FoundFlag | None:
        """Return the flag and its profile; None if no profile has it.

        Raises:
            MissingKeyError: a profile that may have it could not be read.
            AmbiguousFlagError: more than one profile has it.
            UnevaluatedFlagError: its rules cannot be evaluated.
            SettingsError: the settings are invalid.
        """
        flags = self._helper.store().flags
        return flags.find_read_flag(name, self._source, context=context, is_strict=True)

    def _unknown(self, name: str) -> MissingKeyError:
        """Return the error for a flag that no profile has."""
        return self._helper.store().flags.unknown(name, self._source)


def _profile(reference: str) -> str:
    """Return the canonical reference of an AppConfig profile, or of a file."""
    shown = without_options(reference)
    problem = f"source: expected appconfig:APP/ENV/PROFILE or file:PATH, got {shown!r}"
    try:
        source = parse(reference)
    except ReferenceProblems as error:
        problem += f" ({error})"
    else:
        if source.resource.scheme in (APPCONFIG, FILE) and not source.key:
            return source.resource.reference
    raise SettingsError([f"{problem}; correct it"])
