"""The flags that AWS's own agent evaluates, of each profile; reports failures once."""

from __future__ import annotations

from .._backends.agent import Agent, headers_of
from .._config.references import ReferenceProblems, parse, without_options
from .._config.sources import APPCONFIG
from .._config.wording import enumerated, quoted
from .._content.flags import FoundFlag, flag_of
from .._content.rules.operands import ContextError
from ..errors import AmbiguousFlagError, Failure, MissingKeyError, UnevaluatedFlagError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._cache.log_fields import Log
    from .._config.settings import Settings
    from .._config.sources import Resource


class AgentFlags:
    """The flags of profiles as AWS's agent evaluates them.

    Args:
        settings: has the agent's URL.
        log: takes a warning.
    """

    def __init__(self, settings: Settings, log: Log) -> None:
        self._agent = Agent(settings.agent_url, settings.poll_timeout_seconds)
        self._settings = settings
        self.log = log
        self._is_failing = False

    def find(
        self, name: str, source: str | None, context: Mapping[str, object]
    ) -> tuple[FoundFlag | None, bool]:
        """Return a flag, and whether all profiles could be asked; no flag if none has it.

        Args:
            name: the flag's key.
            source: the profile's reference, which need not be one of the sources; None for all.
            context: values by key.

        Raises:
            AmbiguousFlagError: more than one profile has it.
            UnevaluatedFlagError: the agent's form has no place for the context.
            MissingKeyError: the agent cannot be asked for `source`.
        """
        headers = self._headers(name, context)
        found: list[FoundFlag] = []
        failures: list[tuple[str, Failure]] = []
        for resource in self._resources(source):
            evaluated = self._agent.flag(resource, name, headers)
            if isinstance(evaluated, Failure):
                failures.append((resource.reference, evaluated))
            elif evaluated is not None:
                flag = flag_of(name, evaluated.data)
                found.append(FoundFlag(flag, resource.reference, evaluated.version))
        if len(found) > 1:
            profiles = enumerated([one.profile for one in found])
            raise AmbiguousFlagError(
                f"{profiles} all have a flag {quoted(name)}; choose one with source="
            )
        if source is not None and failures:
            raise MissingKeyError(f"{failures[0][0]}: {failures[0][1]}")
        self._report(failures)
        return (found[0] if found else None), not failures

    def _headers(self, name: str, context: Mapping[str, object]) -> dict[str, str]:
        try:
            return headers_of(context)
        except ContextError as error:
            problem = str(error)
        raise UnevaluatedFlagError(f"{quoted(name)}: {problem}", is_of_context=True)

    def _resources(self, source: str | None) -> list[Resource]:
        if source is not None:
            return [profile_of(source)]
        resources = [sources[0].resource for sources in self._settings.resources().values()]
        return [one for one in resources if one.scheme == APPCONFIG]

    def _report(self, failures: list[tuple[str, Failure]]) -> None:
        """Log a failure, once until the agent responds again."""
        was_failing, self._is_failing = self._is_failing, bool(failures)
        if failures and not was_failing:
            reference, failure = failures[0]
            self.log("warn", f"{reference}: {failure}", {"source": reference})


def profile_of(source: str) -> Resource:
    """Return the profile of a reference.

    Raises:
        MissingKeyError: it is not the reference of a profile.
    """
    try:
        resource = parse(source).resource
    except ReferenceProblems as error:
        problem = str(error)
    else:
        if resource.scheme == APPCONFIG:
            return resource
        problem = "AWS's agent has AppConfig profiles only; correct the reference"
    raise MissingKeyError(f"{without_options(source)!r}: {problem}")
