"""AppConfig's feature flags: turns data into a Flag; pure."""

from __future__ import annotations

from .._config.wording import enumerated, listed, quoted
from ..errors import AmbiguousFlagError, MissingKeyError, UnevaluatedFlagError
from .document import DocumentError
from .unevaluated import EVALUATE, unevaluated_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any, ClassVar, Protocol

    class Evaluator(Protocol):
        """Evaluates the flags of documents that have rules; see `evaluation`."""

        def has(self, profile: str, data: object, name: str) -> bool:
            """Whether the document has the flag."""
            raise NotImplementedError

        def found(self, profile: str, data: object, name: str) -> FoundFlag:
            """Return the flag."""
            raise NotImplementedError


class Flag:
    """One feature flag; truthy if it is enabled.

    Attributes:
        name: the flag's key.
        enabled: whether it is on.
        attributes: its attributes, by name.
        variant: the name of the chosen variant; None if the flag has no variants.
    """

    __slots__ = ("attributes", "enabled", "name", "variant")

    def __init__(
        self,
        name: str,
        *,
        enabled: bool = False,
        attributes: Mapping[str, Any] | None = None,
        variant: str | None = None,
    ) -> None:
        self.name: str = name
        self.enabled: bool = enabled
        self.attributes: dict[str, Any] = dict(attributes or {})
        self.variant: str | None = variant

    def __bool__(self) -> bool:
        return self.enabled

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Flag):
            return NotImplemented
        return (self.name, self.enabled, self.attributes, self.variant) == (
            other.name,
            other.enabled,
            other.attributes,
            other.variant,
        )

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # attributes are a dict

    def __repr__(self) -> str:
        # Names only, because an attribute's value may be confidential.
        return (
            f"<Flag {self.name} {'on' if self.enabled else 'off'} ({', '.join(self.attributes)})>"
        )


class FoundFlag:
    """A flag, and what is known of its profile.

    Attributes:
        flag: the flag.
        profile: the profile's reference; empty where a test has given the flag.
        version: the profile's version, or an empty string.
        reason: why its variant was chosen, if that was done here; else an empty string.
        is_failing: whether the last attempt to read the profile failed.
    """

    __slots__ = ("flag", "is_failing", "profile", "reason", "version")

    def __init__(
        self,
        flag: Flag,
        profile: str = "",
        version: str = "",
        *,
        reason: str = "",
        is_failing: bool = False,
    ) -> None:
        self.flag = flag
        self.profile = profile
        self.version = version
        self.reason = reason
        self.is_failing = is_failing


def is_flag(data: object) -> bool:
    """Whether a document's member has the form of a flag: an object with a boolean `enabled`.

    Source: AppConfig User Guide, type reference `AWS.AppConfig.FeatureFlags`.
    """
    return isinstance(data, dict) and isinstance(data.get("enabled"), bool)


def flag_of(name: str, data: Mapping[str, Any]) -> Flag:
    """Return the flag that `data` describes; nothing in it is shared with `data`."""
    return Flag(
        name,
        enabled=data["enabled"],
        attributes={
            key: copied(value) for key, value in data.items() if key not in ("enabled", "_variant")
        },
        variant=data.get("_variant"),
    )


def no_longer_evaluated(before: object, data: object) -> bool:
    """Whether a document has a flag unevaluated that was evaluated before, as `before` has it."""
    known = before if isinstance(before, dict) else {}
    return any(is_flag(flag) and unevaluated_form(data, name) for name, flag in known.items())


def names_in(documents: Iterable[tuple[str, object]]) -> list[str]:
    """Return the names of all flags in profiles' data."""
    return [name for _, data in documents for name in flags_of(data)]


def flags_of(data: object) -> Mapping[str, Any]:
    """Return the flags of a profile by name, as it defines them: equal ones are the same."""
    if unevaluated_form(data):
        from .rules.definitions import flags_in  # few profiles have rules

        try:
            return flags_in(data)
        except DocumentError:
            return {}  # Ion text that cannot be read, which an evaluation reports
    members = data if isinstance(data, dict) else {}
    return {name: member for name, member in members.items() if is_flag(member)}


def unknown_flag(name: str, documents: Collection[tuple[str, object]]) -> MissingKeyError:
    """Return the error for a flag that no profile has, which lists those that they have.

    Args:
        name: the flag's key.
        documents: profiles and their data.
    """
    if not documents:
        return MissingKeyError(
            f"flag {quoted(name)} is in no source, and none is an AppConfig profile; add the "
            "profile to APPCONFIG_ENV_SOURCES"
        )
    where = ", ".join(reference for reference, _ in documents)
    return MissingKeyError(
        f"flag {quoted(name)} is not in {where}, which has {listed(names_in(documents), name)}; "
        "correct its name, or add it"
    )


def copy_of(flag: Flag) -> Flag:
    """Return a flag that shares nothing with `flag`."""
    return Flag(
        flag.name, enabled=flag.enabled, attributes=copied(flag.attributes), variant=flag.variant
    )


def copied(value: Any) -> Any:
    """Return JSON data that a caller may change."""
    if isinstance(value, dict):
        return {key: copied(one) for key, one in value.items()}
    if isinstance(value, list):
        return [copied(one) for one in value]
    return value


def find(
    name: str, documents: Iterable[tuple[str, object]], evaluator: Evaluator | None = None
) -> FoundFlag | None:
    """Return the flag `name` with the profile that has it; None if no profile has it.

    Args:
        name: the flag's key.
        documents: profiles and their data.
        evaluator: evaluates flags with rules; None to refuse them.

    Raises:
        AmbiguousFlagError: more than one profile has it.
        UnevaluatedFlagError: a profile has it with rules that were not or cannot be evaluated.
    """
    found = [
        (profile, data)
        for profile, data in documents
        if _has_unevaluated(name, profile, data, evaluator)
        or (isinstance(data, dict) and is_flag(data.get(name)))
    ]
    if len(found) > 1:
        all_have = "both have" if len(found) == 2 else "all have"
        raise AmbiguousFlagError(
            f"{enumerated([profile for profile, _ in found])} {all_have} a flag {name!r}; "
            "choose one with source="
        )
    for profile, data in found:
        if evaluator is not None and _form(data, name, evaluator):
            return evaluator.found(profile, data, name)
        if isinstance(data, dict):
            return FoundFlag(flag_of(name, data[name]), profile)
    return None


def _has_unevaluated(name: str, profile: str, data: object, evaluator: Evaluator | None) -> bool:
    form = _form(data, name, evaluator)
    if form and evaluator is None:
        raise UnevaluatedFlagError(
            f"{profile} has the flag {quoted(name)} {form}, so whether it is on is not known; "
            f"{EVALUATE}"
        )
    return bool(form) and evaluator is not None and evaluator.has(profile, data, name)


def _form(data: object, name: str, evaluator: Evaluator | None) -> str:
    """Return in which form a document has a flag unevaluated; of Ion text, may have it.

    An evaluator has read the names in Ion text, which would have to be searched for here.
    """
    return unevaluated_form(data, None if evaluator and isinstance(data, str) else name)
