"""Announces a provider's states, and the flags that change, to the SDK."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from openfeature.event import ProviderEvent, ProviderEventDetails
from openfeature.exception import ErrorCode

from .._content.profiles import FAILING, READY, UNREAD, changed, condition, flags_by_profile
from .._content.rejections import name_and_place
from ..errors import AppConfigEnvError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from .._content.profiles import Profile
    from .._helper.helper import Helper

EVENTS = {
    READY: ProviderEvent.PROVIDER_READY,
    FAILING: ProviderEvent.PROVIDER_STALE,
    UNREAD: ProviderEvent.PROVIDER_ERROR,
}


class Announcer:
    """Follows the refreshes of a helper, and emits an event for each change.

    Args:
        helper: the helper.
        source: the reference of the profile to follow; None for all profiles.
        emit: takes an event and its details.
    """

    def __init__(
        self,
        helper: Helper,
        source: str | None,
        emit: Callable[[ProviderEvent, ProviderEventDetails], None],
    ) -> None:
        self._helper = helper
        self._source = source
        self._emit = emit
        # What the SDK knows: the state (None before the provider is initialized), and the flags.
        self._state: str | None = None
        self._flags: Mapping[tuple[str, str], Any] = {}
        self._has_news = False
        self._announcing = Lock()
        helper.observe(self)

    def stop(self) -> None:
        """Announce nothing until the next `start`."""
        self._state = None

    def start(self, found: Collection[Profile]) -> str:
        """Announce what changes from now on; return the reasons for an error, or an empty string.

        Args:
            found: the profiles that the provider was initialized with.
        """
        state, causes = condition(found)
        self._flags = flags_by_profile(found)
        # If initialize returns, the SDK makes the provider READY, even if a profile fails. The
        # first evaluation corrects that.
        self._state = UNREAD if state == UNREAD else READY
        self._has_news = True
        return _reasons(causes) if state == UNREAD else ""

    def refreshed(self) -> None:
        """Announce what a refresh has changed; the helper calls it."""
        self._has_news = True
        self.announce()

    def after_fork_in_child(self) -> None:
        """Announce even if a thread of the parent was doing so; the helper calls it."""
        self._announcing = Lock()

    def announce(self) -> None:
        """Emit an event for each change that has not been announced.

        Never waits for another thread that does so, but lets it look again: events may be handled
        in this thread, by code that waits for others.
        """
        announcing = self._announcing  # a handler may fork, and that replaces it
        while (
            self._has_news
            and self._state is not None
            and self._helper.replaced_store is None
            and announcing.acquire(blocking=False)
        ):
            try:
                self._has_news = False
                self._emit_changes()
            finally:
                announcing.release()

    def _emit_changes(self) -> None:
        try:
            found = self._helper.live().flags.profiles(self._source)
        except AppConfigEnvError:
            return  # the evaluation meets the same error
        state, causes = condition(found)
        before, self._flags = self._flags, flags_by_profile(found)
        if state != self._state:
            self._state = state
            self._send(EVENTS[state], _details(causes, is_error=state == UNREAD))
        names = changed(before, self._flags)
        if names:
            details = ProviderEventDetails(flags_changed=names)
            self._send(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, details)

    def _send(self, event: ProviderEvent, details: ProviderEventDetails) -> None:
        try:
            self._emit(event, details)
        except Exception as error:  # noqa: BLE001 - older SDKs call the handlers here, in a refresh
            line = f"an OpenFeature event handler failed ({name_and_place(error)}); correct it"
            self._helper.live().store.log("error", line)


def _reasons(causes: Collection[Profile]) -> str:
    return "; ".join(f"{profile.reference}: {profile.failure}" for profile in causes)


def _details(causes: Collection[Profile], *, is_error: bool) -> ProviderEventDetails:
    """Return the reasons as a text, and the kind of each failure by its profile."""
    return ProviderEventDetails(
        message=_reasons(causes) or None,
        error_code=ErrorCode.GENERAL if is_error else None,
        metadata={profile.reference: profile.failure.kind for profile in causes if profile.failure},
    )
