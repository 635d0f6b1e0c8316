"""What an environment's processes may request from AppConfig, and what they must return.

The contract follows from one rule: **what a process returns and reports is the result of one
attempt in its environment, by itself or by another process, and that attempt is not older than the
wait that followed it.** So a value is at most as old as the interval while AWS responds, and else
the last good one; and an attempt that was not forced comes no earlier than after that wait, which
bounds the calls.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from appconfig_env._backends.base import Unchanged
from appconfig_env._cache.schedule import FAILED_SHARE, FIRST_SHARE
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from appconfig_env._backends.base import Outcome, Request
    from appconfig_env._config.settings import Settings

    from .world import Call, World

APP = "appconfig:shop/prod/app"
TEXT = f"{APP}?format=text"
FLOOR_SECONDS = 15.0
LONGEST_SECONDS = 86400.0  # AppConfig's longest interval
LONGEST_WAIT_SECONDS = 900.0
OLDEST_TOKEN_SECONDS = 23.75 * 3600
MOMENT_SECONDS = 1e-3
WAITS_SECONDS = 1.0  # how often a process checks whether another one has finished
Numbers = frozenset[int | None]  # deployment numbers; None for no value


@dataclass
class Attempt:
    """The result of one request for one resource.

    Attributes:
        process: the process that made it.
        wall: when, by the environment's clock.
        numbers: the last good deployment after it; several if the file could not be relied on.
        is_error: whether status() reports a failure after it; None for either.
        min_wait, max_wait: seconds after which the next attempt may come, and must come on a call.
        failures: the number of consecutive failures.
        reason: the failure.
    """

    process: str
    wall: float
    numbers: Numbers
    is_error: bool | None
    min_wait: float
    max_wait: float
    failures: int = 0
    reason: str = ""

    def is_current(self, wall: float) -> bool:
        """Whether a process may still return its result."""
        return self.wall <= wall < self.wall + self.max_wait

    def is_recent(self, wall: float) -> bool:
        """Whether another attempt would be too early."""
        return self.wall <= wall < self.wall + self.min_wait


class Expectations:
    """The expectations of one environment.

    Attributes:
        interval: the shortest time between two polls that its settings allow, in seconds.
        is_writable: whether its processes can share the snapshot file.
    """

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self.interval = max(settings.poll_seconds, FLOOR_SECONDS)
        self._keeps_tokens = True
        self.is_writable = True
        # After the file was lost or unreachable, the state of the processes differs until one of
        # them has written a good document to the file. A clock that moves changes nothing.
        self._is_divergent = False
        self._attempts: dict[str, list[Attempt]] = {text: [] for text in settings.resources()}
        # By process and resource, the first attempt whose result the process may return.
        self._seen: dict[tuple[str, str], int] = {}
        self._waits: dict[str, float] = {}  # when a process found another one refreshing
        # Since when there has certainly been a token for the next process.
        self._token_since: float | None = None
        self._process = ""
        self._is_forced = False
        self._requested: set[str] = set()

    @contextmanager
    def step(self, process: str, *, is_forced: bool = False) -> Iterator[None]:
        """One call of one process."""
        self._world.time += MOMENT_SECONDS  # no two calls are simultaneous
        self._process, self._is_forced = process, is_forced
        self._requested = set()
        uses = len(self._world.appconfig.ledger)
        problems = len(self._world.account.problems)
        yield
        self._is_forced = False
        for problem in self._world.account.problems[problems:]:
            assert "Request too early" in problem, problem
        for number in range(uses, len(self._world.appconfig.ledger)):
            self._check_early_poll(number, is_forced=is_forced)

    # What may be requested.

    def before_request(self, process: str, requests: list[Request]) -> None:
        """Check that the request is not too early."""
        requested = {request.resource.reference for request in requests}
        assert requested == self._attempts.keys(), "one profile has one session"

        if self._is_forced:
            return
        wall = self._world.wall()
        before = {text: self._possible_last(process, text) for text in requested}
        assert any(
            not known or not all(one.is_recent(wall) for one in known) for known in before.values()
        ), f"requested too early, at {wall}, after {before}"

    def after_request(
        self, process: str, outcomes: Mapping[str, Outcome], seconds: float, calls: list[Call]
    ) -> None:
        """Record the outcomes, and check that no unnecessary calls were made."""
        self._check_calls(calls)
        self._waits.pop(process, None)
        wall = self._world.wall()
        is_good = True
        for text, outcome in outcomes.items():
            attempt = self._attempt(process, text, outcome, seconds)
            is_good = is_good and attempt.is_error is False
            self._attempts[text].append(attempt)
            self._seen[process, text] = len(self._attempts[text]) - 1
            self._requested.add(text)
        if is_good and self.is_writable:
            self._is_divergent = False
        if any(not isinstance(one, Failure) and not _is_early(one) for one in outcomes.values()):
            is_kept = self.is_writable and not self._is_divergent and self._keeps_tokens
            self._token_since = wall if is_good and is_kept else None
        elif self._token_since is not None:  # older than now by a clock that moved backwards
            self._token_since = min(self._token_since, wall)

    def _attempt(self, process: str, text: str, outcome: Outcome, seconds: float) -> Attempt:
        wall = self._world.wall()
        last = self._last(process, text)
        numbers = self._possible_numbers(process, text)
        if isinstance(outcome, Failure):
            return self._failed(process, last, numbers, str(outcome))
        if _is_early(outcome):
            if self._is_divergent:  # the state does not change, but it is not known
                max_wait = max(self.interval, LONGEST_SECONDS)
                return Attempt(
                    process, wall, numbers, is_error=None, min_wait=0.0, max_wait=max_wait
                )
            assert last is not None, "a first poll was too early"
            left = last.wall - wall
            min_wait = max(0.0, min(FLOOR_SECONDS, left + last.min_wait))
            max_wait = max(FLOOR_SECONDS, left + last.max_wait)
            failed = (last.is_error, min_wait, max_wait, last.failures, last.reason)
            return Attempt(process, wall, numbers, *failed)
        current = self._world.current
        assert current is not None
        is_good = current.text if text == TEXT else current.json
        if not is_good:
            assert isinstance(outcome, Document), "a token was kept after a bad document"
            return self._failed(process, last, numbers, f"(version v{current.number})")
        advertised = self._advertised_interval()
        min_wait = advertised
        if last is None or not last.is_current(wall):  # else polls keep their rhythm
            min_wait = max(advertised, self.interval * (1 - FIRST_SHARE))
        max_wait = max(self.interval, advertised + seconds)
        numbers = frozenset({current.number})
        return Attempt(process, wall, numbers, is_error=False, min_wait=min_wait, max_wait=max_wait)

    def _failed(self, process: str, last: Attempt | None, numbers: Numbers, reason: str) -> Attempt:
        failures = (last.failures if last else 0) + 1
        longest = max(self.interval, LONGEST_WAIT_SECONDS)
        wait = min(self.interval * 2.0 ** min(failures - 1, 20), longest)
        min_wait = max(FLOOR_SECONDS, wait * (1 - FAILED_SHARE))
        wall = self._world.wall()
        if last is not None and not last.is_error and last.is_current(wall):
            # The service's interval applies as well.
            min_wait = max(min_wait, last.wall + last.min_wait - wall)
            wait = max(wait, last.wall + last.max_wait - wall)
        if self._is_divergent or not self.is_writable or None in numbers:
            # The number of failures is not known, or there is no value.
            waits = [one.max_wait for known in self._attempts.values() for one in known]
            min_wait, wait = 0.5, max(longest, *waits, wait)
        return Attempt(
            process, self._world.wall(), numbers, is_error=True, min_wait=min_wait,
            max_wait=wait, failures=failures, reason=reason,
        )  # fmt: skip

    def _advertised_interval(self) -> float:
        """The interval that the service has just sent to its client."""
        service = self._world.appconfig
        text = service.next_poll_interval_text
        if text is not None:
            seconds = int(text) if text.isdigit() and len(text) < 10 else 0
        else:
            seconds = service.next_poll_interval_seconds or int(FLOOR_SECONDS)
        return min(max(float(seconds), FLOOR_SECONDS), LONGEST_SECONDS)

    def _check_calls(self, calls: list[Call]) -> None:
        """Check that one attempt makes no more calls than the contract allows."""
        operations = [call.operation for call in calls]
        started = [c for c in calls if c.operation.startswith("Start") and c.outcome == "ok"]
        # A second one if a response was lost in the first.
        assert len(started) <= 2, f"more than two sessions: {calls}"
        if self._token_since is not None:
            age = self._world.wall() - self._token_since
            first = "Start" if age >= OLDEST_TOKEN_SECONDS else "GetLatest"
            assert operations[0].startswith(first), f"a token was lost or too old: {calls}"
        for before, call in pairwise(calls):
            if (before.operation, call.operation) == (
                "GetLatestConfiguration", "StartConfigurationSession",
            ):  # fmt: skip
                assert "Corrupted" in before.outcome or "Expired" in before.outcome, calls
        assert len(operations) <= 60, "more calls than the attempts of a failed cold start"

    def _check_early_poll(self, number: int, *, is_forced: bool) -> None:
        ledger = self._world.appconfig.ledger
        use = ledger[number]
        if use.outcome != "PollIntervalNotSatisfied" or is_forced:
            return
        taken = [one for one in ledger[:number] if one.session == use.session and one.is_taken]
        jumps = [*self._world.jumps, self._world.raised_at]
        excuse = [at for at in jumps if taken[-1].at <= at <= use.at]
        assert excuse, f"polled too early, though the clocks agree: {taken[-1]}, {use}"

    # What must be returned.

    def app_returned(
        self, number: int | None, status: Mapping[str, Any], started: int | None
    ) -> None:
        """Check that the number is the result of a current attempt."""
        self._check_returned(APP, number, status, started)

    def text_returned(
        self, text: str | None, status: Mapping[str, Any], started: str | None
    ) -> None:
        """Check the same for a document's text."""
        known = {one.body.decode(errors="replace"): one.number for one in self._world.deployed}
        numbers = [None if one is None else known.get(one, -1) for one in (text, started)]
        assert -1 not in numbers, "a document that was never deployed"
        self._check_returned(TEXT, numbers[0], status, numbers[1])

    def wrapper_exported(self, number: int | None) -> None:
        """Check that the wrapper exported a number that was known at that time."""
        last = self._last(self._process, APP)
        if last is not None and last.is_error and not self._is_divergent:
            self.all_requested()
        allowed = self._possible_numbers(self._process, APP)
        assert number in allowed, f"the wrapper exported {number}, not one of {allowed}"

    def all_requested(self) -> None:
        """Check that every source was requested in this step."""
        assert self._requested == self._attempts.keys()

    def _check_returned(
        self, text: str, number: int | None, status: Mapping[str, Any], started: int | None
    ) -> None:
        wall, attempts = self._world.wall(), self._attempts[text]
        waits = self._waits.get(self._process, wall + 1)
        is_waiting = waits <= wall < waits + WAITS_SECONDS
        error = status["last_error"]
        first = self._seen.get((self._process, text), 0)
        all_numbers = frozenset(one for known in attempts[first:] for one in known.numbers)
        for index in range(first, len(attempts)):
            one = attempts[index]
            numbers = all_numbers if self._is_divergent else one.numbers
            is_same = number in numbers or (None in numbers and number == started)
            is_reported = one.is_error in (None, error is not None) and one.reason in (error or "")
            if is_same and is_reported and (one.is_current(wall) or is_waiting):
                self._seen[self._process, text] = first if self._is_divergent else index
                return
        raise AssertionError(
            f"{self._process} returns {number} and {error} for {text} at {wall}, expected one of"
            + "".join(f"\n  {one}" for one in attempts[first:][-8:])
        )

    # What processes know.

    def _possible_last(self, process: str, text: str) -> list[Attempt]:
        """The attempts that can be the last one that `process` knows."""
        attempts = self._attempts[text]
        if not self._is_divergent and self.is_writable:
            return attempts[-1:]
        first = self._seen.get((process, text))
        return [] if first is None else attempts[first:]

    def _last(self, process: str, text: str) -> Attempt | None:
        """The last attempt that `process` must know."""
        attempts = self._attempts[text]
        if self._is_divergent or not self.is_writable:
            attempts = [one for one in attempts if one.process == process]
        return attempts[-1] if attempts else None

    def _possible_numbers(self, process: str, text: str) -> Numbers:
        """The deployments that can be the last good one for `process`."""
        attempts = self._attempts[text]
        if not attempts:
            return frozenset({None})
        if not self._is_divergent and self.is_writable:
            return attempts[-1].numbers
        first = self._seen.get((process, text))
        known = attempts[first or 0 :]
        numbers = frozenset(number for one in known for number in one.numbers)
        return numbers if first is not None else numbers | {None}

    # Events.

    @contextmanager
    def waiting(self, process: str) -> Iterator[None]:
        """Another process refreshes: `process` leaves the refresh to it for a second."""
        is_new = process not in self._waits
        token, self._token_since = self._token_since, None  # in the file, which is locked
        yield
        if self._requested:
            assert not is_new, "two processes refreshed"
            # A process that hangs is not waited for again, but still holds the lock.
            self._diverge()
        else:
            self._token_since = token
            self._waits[process] = self._world.wall()

    def tokens_lost(self) -> None:
        """The token was lost."""
        self._token_since = None

    def file_lost(self) -> None:
        """The snapshot was lost."""
        self._diverge()

    def set_writable(self, is_writable: bool) -> None:
        """Set whether the file can be written."""
        if is_writable != self.is_writable:
            self.is_writable = is_writable
            self._diverge()

    def _diverge(self) -> None:
        self._is_divergent = True
        self._token_since = None

    def keeps_no_tokens(self) -> None:
        """Expect no tokens: before a SnapStart snapshot, or after a restore without hooks."""
        self._keeps_tokens = False
        self._token_since = None

    def twin(self) -> Expectations:
        """The expectations of a twin."""
        twin = Expectations(self._world, self._settings)
        twin.is_writable = self.is_writable
        twin._is_divergent = self._is_divergent
        twin._attempts = {text: list(attempts) for text, attempts in self._attempts.items()}
        twin._keeps_tokens = False
        return twin

    def copy_process(self, original: Expectations, process: str, name: str) -> None:
        """Copy the state of `process` to its clone `name`."""
        for (one, text), index in original._seen.items():
            if one == process:
                self._seen[name, text] = index
        if process in original._waits:
            self._waits[name] = original._waits[process]


def _is_early(outcome: Outcome) -> bool:
    return isinstance(outcome, Unchanged) and outcome.is_early
