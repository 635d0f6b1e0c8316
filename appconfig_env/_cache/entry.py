"""What is known of one resource: its document, values, version, token and times; pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .._content.variables import Variables
    from ..errors import SourceError


class Entry:
    """What is known of one resource.

    Attributes:
        data: the parsed document; None and `has_data` False where it was never read, or redacted.
        rendered: what each source makes of it, by the source's identity.
        version: the source's own, or an empty string.
        token: AppConfig's token for the next poll, good for one use; empty for none.
        fetched_at: when the source last said what holds, in Unix seconds; None for never.
        checked_at: when it was last asked.
        refresh_at: when it is to be asked again.
        failures: how often in a row it failed since.
        error: the last failure, None when the last attempt was good.
        missing: the required sources that have no value for want of it.
        is_secret: whether any part of `data` may be kept in memory only.
        redacted: names by source identity, whose secret values the file does not hold.
    """

    __slots__ = (
        "checked_at",
        "data",
        "error",
        "failures",
        "fetched_at",
        "has_data",
        "is_secret",
        "missing",
        "redacted",
        "refresh_at",
        "rendered",
        "token",
        "version",
    )  # fmt: skip

    def __init__(
        self,
        *,
        checked_at: float,
        refresh_at: float,
        data: object = None,
        has_data: bool = False,
        rendered: Mapping[str, Variables] | None = None,
        version: str = "",
        token: str = "",
        fetched_at: float | None = None,
        failures: int = 0,
        error: str | None = None,
        missing: tuple[SourceError, ...] = (),
        is_secret: bool = False,
        redacted: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.data = data
        self.has_data = has_data
        self.rendered = dict(rendered or {})
        self.version = version
        self.token = token
        self.fetched_at = fetched_at
        self.checked_at = checked_at
        self.refresh_at = refresh_at
        self.failures = failures
        self.error = error
        self.missing = missing
        self.is_secret = is_secret
        self.redacted = dict(redacted or {})

    def but(self, **changes: object) -> Entry:
        """A entry like this one but for `changes`."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return Entry(**(fields | changes))

    def asked(self, now: float, **changes: object) -> Entry:
        """This entry after an attempt at `now` that brought nothing new, with `changes`.

        It was read then at the latest: where the clock went back meanwhile, a time to come would
        pass for newer than what others read now.
        """
        fetched_at = None if self.fetched_at is None else min(self.fetched_at, now)
        return self.but(fetched_at=fetched_at, checked_at=now, **changes)

    @property
    def is_known(self) -> bool:
        """Whether this process knows the document, or why there is none."""
        return self.has_data or self.error is not None

    def is_stale(self, now: float) -> bool:
        """Whether the source is to be asked again.

        By wall clock on purpose: the monotonic one may stand still while Lambda freezes the
        sandbox, and says nothing across processes. A clock that went back counts as due.
        """
        return not self.checked_at <= now < self.refresh_at

    def __repr__(self) -> str:
        return f"<Entry version {self.version!r} error {self.error!r}>"
