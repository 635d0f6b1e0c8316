"""When a source is asked next: its interval, waits that grow, and what spreads a fleet; pure.

Environments that start together, thaw together or lose AWS together would ask together ever after;
docs/fleet.md shows that, and what these shares do about it.
"""

from __future__ import annotations

LONGEST_WAIT_SECONDS = 900.0  # between attempts at a source that keeps failing
# How much earlier than its interval a poll may come, as a share of that. Never later: a value is to
# be no older than the interval.
FIRST_SHARE = 2 / 3  # after a start, a restore or a long freeze: what many do at the same moment
FAILED_SHARE = 0.5  # waits double, so none is shorter than the one before


class Schedule:
    """The times of one attempt at one source.

    Args:
        interval: how long an answer counts as fresh, in seconds.
        now: when the attempt is made, in Unix seconds.
        jitter: from 0 to 1; 0 for exactly the interval.
        floor: seconds that the service wants between two polls, whatever jitter says.
    """

    __slots__ = ("_floor", "_interval", "_jitter", "now")

    def __init__(
        self, interval: float, now: float, jitter: float = 0.0, *, floor: float = 0.0
    ) -> None:
        self._interval = interval
        self._jitter = jitter
        self._floor = floor
        self.now = now

    def next_poll(self, checked_at: float, refresh_at: float, least: float | None) -> float:
        """Return when to poll again after a success, in Unix seconds.

        Args:
            checked_at: when the attempt before this one was made; 0 for never.
            refresh_at: when this one was to be made.
            least: seconds that the service asked for just now; None where it did not.
        """
        idle = self.now - checked_at if checked_at else -1.0
        is_polling = 0 <= idle <= 2 * self._interval
        early = 0.0 if is_polling else FIRST_SHARE * self._jitter  # once spread, polls stay so
        seconds = self._interval * (1 - early)
        if is_polling and self.now < refresh_at:
            seconds = min(seconds, refresh_at - self.now)  # a refresh() in between changes nothing
        return self.now + max(seconds, least or 0.0, self._floor)

    def next_attempt(self, failures: int, *, is_without_value: bool = False) -> float:
        """When to ask again after a failure, in Unix seconds.

        Args:
            failures: how many there were in a row.
            is_without_value: there is no value until then.
        """
        early = 1 - FAILED_SHARE * self._jitter
        wait = max(_wait(self._interval, failures) * early, self._floor)
        if is_without_value:
            wait = min(wait, _wait(0.0, failures) * early)
        return self.now + wait


def _wait(interval: float, failures: int) -> float:
    """Seconds until the next attempt after so many failures in a row."""
    base = max(interval, 1.0)
    return min(base * 2.0 ** min(failures - 1, 20), max(base, LONGEST_WAIT_SECONDS))
