"""What is known of the AppConfig profiles, and whether flags can be evaluated with it; pure."""

from __future__ import annotations

from .flags import flags_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from ..errors import Failure

READY, FAILING, UNREAD = "ready", "failing", "unread"


class Profile:
    """What is known of one profile.

    Attributes:
        reference: its reference.
        flags: the data of its flags, by name; empty if it has none, or was never read.
        failure: why the last attempt to read it failed; None after a success.
        is_read: whether it has ever been read.
        is_optional: whether all of its sources are optional.
    """

    __slots__ = ("failure", "flags", "is_optional", "is_read", "reference")

    def __init__(
        self,
        reference: str,
        data: object,
        failure: Failure | None,
        *,
        is_read: bool,
        is_optional: bool,
    ) -> None:
        self.reference = reference
        self.flags = flags_of(data)
        self.failure = failure
        self.is_read = is_read
        self.is_optional = is_optional


def condition(profiles: Collection[Profile]) -> tuple[str, list[Profile]]:
    """Return READY, FAILING or UNREAD, and the profiles that cause it.

    UNREAD means that a profile was never read. Optional ones count only if no other can be used.
    FAILING means that the last attempt to read one failed, so that its flags may have changed.
    """
    unread = [profile for profile in profiles if not profile.is_read]
    if unread and (len(unread) == len(profiles) or not all(one.is_optional for one in unread)):
        return UNREAD, unread
    failing = [profile for profile in profiles if profile.failure and profile.flags]
    return (FAILING, failing) if failing else (READY, [])


def flags_by_profile(profiles: Collection[Profile]) -> dict[tuple[str, str], Any]:
    """Return the data of every flag, by profile and name."""
    return {
        (profile.reference, name): data
        for profile in profiles
        for name, data in profile.flags.items()
    }


def changed(
    before: Mapping[tuple[str, str], Any], after: Mapping[tuple[str, str], Any]
) -> list[str]:
    """Return the sorted names of the flags that differ."""
    return sorted({key[1] for key in {*before, *after} if before.get(key) != after.get(key)})
