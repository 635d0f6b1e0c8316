"""When a source is read next: its interval, the back-off, and the jitter; pure.

Environments that start, thaw or lose AWS at the same time would from then on also call AWS at the
same time; docs/fleet.md shows that, and the effect of the shares below.
"""

from __future__ import annotations

LONGEST_WAIT_SECONDS = 900.0  # between attempts to read a source that keeps failing
# How much earlier than its interval a poll may be, as a share of the interval. Never later: no
# value may get older than the interval.
FIRST_SHARE = 2 / 3  # after a cold start, a restore or a long freeze: many do that at the same time
FAILED_SHARE = 0.5  # waits double, so none is shorter than the last


class Schedule:
    """The times of one attempt to read one source.

    Args:
        interval: how long a document stays fresh, in seconds.
        now: when the attempt is made, in Unix seconds.
        jitter: from 0 to 1; 0 for exactly the interval.
        floor: the service's minimum between two polls, in seconds; jitter does not shorten it.
        revision: the least revision of the attempt, see `Entry.next_revision`.
    """

    __slots__ = ("_floor", "_interval", "_jitter", "now", "revision")

    def __init__(
        self,
        interval: float,
        now: float,
        jitter: float = 0.0,
        *,
        floor: float = 0.0,
        revision: int = 0,
    ) -> None:
        self._interval = interval
        self._jitter = jitter
        self._floor = floor
        self.now = now
        self.revision = revision

    def next_poll(self, checked_at: float, refresh_at: float, least: float | None) -> float:
        """Return when to poll again after a success, in Unix seconds.

        Args:
            checked_at: when the last attempt before this one was made; 0 for never.
            refresh_at: when this attempt was scheduled.
            least: the minimum that the service just requested, in seconds; None if it did not.
        """
        idle = self.now - checked_at if checked_at else -1.0
        is_polling = 0 <= idle <= 2 * self._interval
        early = 0.0 if is_polling else FIRST_SHARE * self._jitter  # once spread, polls stay spread
        seconds = self._interval * (1 - early)
        if is_polling and self.now < refresh_at:
            seconds = min(seconds, refresh_at - self.now)  # as if refresh() had not polled
        return self.now + max(seconds, least or 0.0, self._floor)

    def next_attempt(self, failures: int, *, is_without_value: bool = False) -> float:
        """Return when to try again after a failure, in Unix seconds.

        Args:
            failures: the number of failures in a row.
            is_without_value: whether there is no value until then.
        """
        early = 1 - FAILED_SHARE * self._jitter
        wait = max(_wait(self._interval, failures) * early, self._floor)
        if is_without_value:
            wait = min(wait, _wait(0.0, failures) * early)
        return self.now + wait


def _wait(interval: float, failures: int) -> float:
    """Return the seconds until the next attempt after so many failures in a row."""
    base = max(interval, 1.0)
    return min(base * 2.0 ** min(failures - 1, 20), max(base, LONGEST_WAIT_SECONDS))
