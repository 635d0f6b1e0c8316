"""What an environment's processes may ask AppConfig, and what they must say: the contract.

One rule gives all of it: **what a process serves and says is what came of one attempt of its
environment, by itself or by another process, and that attempt is not older than the wait it was
followed by.** So a value is as old as the interval while AWS answers, and else the last good one;
and an attempt that nobody forced comes no sooner than that wait, which bounds the calls.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from appconfig_env._cache.schedule import FAILED_SHARE, FIRST_SHARE
from appconfig_env._content.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from appconfig_env._backends.base import Outcome, Request
    from appconfig_env._config.settings import Settings

    from .world import Call, World

APP = "appconfig:shop/prod/app"
TEXT = f"{APP}?format=text"
FLOOR_SECONDS = 15.0
LONGEST_SECONDS = 86400.0  # the longest interval that AppConfig has
LONGEST_WAIT_SECONDS = 900.0
OLDEST_TOKEN_SECONDS = 23.75 * 3600
MOMENT_SECONDS = 1e-3
WAITS_SECONDS = 1.0  # how soon a process looks again whether another one is done
Numbers = frozenset[int | None]  # of deployments; None for no value


@dataclass
class Attempt:
    """What came of one request for one resource.

    Attributes:
        who: the process that made it.
        wall: when, by the environment's clock.
        numbers: which deployment is good after it; several where the file was not to be relied on.
        is_error: whether status() tells a failure after it; None for either.
        least, most: after how many seconds the next one may come, and must, if anybody asks.
        failures: how often in a row it failed.
        reason: the failure.
    """

    who: str
    wall: float
    numbers: Numbers
    is_error: bool | None
    least: float
    most: float
    failures: int = 0
    reason: str = ""

    def is_current(self, wall: float) -> bool:
        """Whether a process may still go by it."""
        return self.wall <= wall < self.wall + self.most

    def is_recent(self, wall: float) -> bool:
        """Whether another one would come too soon."""
        return self.wall <= wall < self.wall + self.least


class Expectations:
    """Of one environment.

    Attributes:
        interval: the least time between two polls that its settings allow, in seconds.
        is_writable: whether its processes share their snapshot's file now.
    """

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self.interval = max(settings.poll_seconds, FLOOR_SECONDS)
        self._keeps_tokens = True
        self.is_writable = True
        # While the file was lost or out of reach, or the clock went back, processes differ in what
        # they know, until one of them has put a good answer there.
        self._is_muddled = False
        self._muddled_until = -1.0
        # Two processes, or a process and a file that it cannot write, and a clock that went back:
        # nobody can tell which of them knows the newer. It is a good one, and asked when it is due.
        self._is_doubtful = False
        self._processes = 0
        self._attempts: dict[str, list[Attempt]] = {text: [] for text in settings.resources()}
        self._seen: dict[tuple[str, str], int] = {}  # the first one a process may still go by
        self._waits: dict[str, float] = {}  # when a process left it to another one
        self._token_since: float | None = None  # surely there is one, so old, for whoever is next
        self._who = ""
        self._is_forced = False
        self._made: set[str] = set()

    @contextmanager
    def step(self, who: str, *, is_forced: bool = False) -> Iterator[None]:
        """One call of one process."""
        self._world.time += MOMENT_SECONDS  # no two are at once
        self._who, self._is_forced = who, is_forced
        self._made = set()
        uses = len(self._world.appconfig.ledger)
        blamed = len(self._world.account.problems)
        yield
        self._is_forced = False
        for problem in self._world.account.problems[blamed:]:
            assert "Request too early" in problem, problem
        for number in range(uses, len(self._world.appconfig.ledger)):
            self._may_be_early(number, is_forced=is_forced)

    # What may be asked.

    def about_to_ask(self, who: str, requests: list[Request]) -> None:
        """See that it is time to."""
        asked = {request.resource.reference for request in requests}
        assert asked == self._attempts.keys(), "one profile has one session"
        if self._is_forced:
            return
        wall = self._world.wall()
        before = {text: self._latest(who, text) for text in asked}
        assert any(
            not known or not all(one.is_recent(wall) for one in known) for known in before.values()
        ), f"asked too soon, at {wall}, after {before}"

    def answered(
        self, who: str, outcomes: Mapping[str, Outcome], took: float, calls: list[Call]
    ) -> None:
        """Take note of what came, and see that it took no more calls than it had to."""
        self._count(calls)
        self._waits.pop(who, None)
        wall = self._world.wall()
        is_good = True
        for text, outcome in outcomes.items():
            attempt = self._attempt(who, text, outcome, took)
            is_good = is_good and attempt.is_error is False
            self._attempts[text].append(attempt)
            self._seen[who, text] = len(self._attempts[text]) - 1
            self._made.add(text)
        if is_good and self.is_writable and wall > self._muddled_until:
            self._is_muddled = self._is_doubtful = False
        if any(isinstance(one, Document) and not one.is_early for one in outcomes.values()):
            is_kept = self.is_writable and not self._is_muddled and self._keeps_tokens
            self._token_since = wall if is_good and is_kept else None

    def _attempt(self, who: str, text: str, outcome: Outcome, took: float) -> Attempt:
        wall = self._world.wall()
        last = self._last(who, text)
        numbers = self._known(who, text)
        if not isinstance(outcome, Document):
            return self._failed(who, last, numbers, outcome.reason)
        if outcome.is_early:
            if self._is_muddled:  # it leaves all as it was, and as what was it is not known
                most = max(self.interval, LONGEST_SECONDS)
                return Attempt(who, wall, numbers, is_error=None, least=0.0, most=most)
            assert last is not None, "too early for the first time"
            left = last.wall - wall
            least = max(0.0, min(FLOOR_SECONDS, left + last.least))
            most = max(FLOOR_SECONDS, left + last.most)
            failed = (last.is_error, least, most, last.failures, last.reason)
            return Attempt(who, wall, numbers, *failed)
        current = self._world.current
        assert current is not None
        is_good = current.text if text == TEXT else current.json
        if not is_good:
            assert not outcome.is_unchanged, "the token outlived a document that did not parse"
            return self._failed(who, last, numbers, f"(version v{current.number})")
        told = self._told()
        least = told
        if last is None or not last.is_current(wall):  # else it keeps its step
            least = max(told, self.interval * (1 - FIRST_SHARE))
        most = max(self.interval, told + took)
        return Attempt(
            who, wall, frozenset({current.number}), is_error=False, least=least, most=most
        )

    def _failed(self, who: str, last: Attempt | None, numbers: Numbers, reason: str) -> Attempt:
        failures = (last.failures if last else 0) + 1
        longest = max(self.interval, LONGEST_WAIT_SECONDS)
        wait = min(self.interval * 2.0 ** min(failures - 1, 20), longest)
        least = max(FLOOR_SECONDS, wait * (1 - FAILED_SHARE))
        wall = self._world.wall()
        if last is not None and not last.is_error and last.is_current(wall):
            # The service's interval binds, too.
            least = max(least, last.wall + last.least - wall)
            wait = max(wait, last.wall + last.most - wall)
        if self._is_muddled or not self.is_writable or None in numbers:
            # How often it failed is not known, or it has no value.
            made = [one.most for known in self._attempts.values() for one in known]
            least, wait = 0.5, max(longest, *made, wait)
        return Attempt(
            who, self._world.wall(), numbers, is_error=True, least=least, most=wait,
            failures=failures, reason=reason,
        )  # fmt: skip

    def _told(self) -> float:
        """How long the service just asked its client to wait."""
        service = self._world.appconfig
        text = service.next_poll_interval_text
        if text is not None:
            told = int(text) if text.isdigit() and len(text) < 10 else 0
        else:
            told = service.next_poll_interval_seconds or int(FLOOR_SECONDS)
        return min(max(float(told), FLOOR_SECONDS), LONGEST_SECONDS)

    def _count(self, calls: list[Call]) -> None:
        """See that one attempt makes no more calls than the contract allows."""
        operations = [call.operation for call in calls]
        started = [c for c in calls if c.operation.startswith("Start") and c.got == "ok"]
        # A second one where the answer in the first was lost.
        assert len(started) <= 2, f"more than two sessions: {calls}"
        if self._token_since is not None:
            age = self._world.wall() - self._token_since
            first = "Start" if age >= OLDEST_TOKEN_SECONDS else "GetLatest"
            assert operations[0].startswith(first), f"a token was lost, or too old: {calls}"
        for before, call in pairwise(calls):
            if (before.operation, call.operation) == (
                "GetLatestConfiguration", "StartConfigurationSession",
            ):  # fmt: skip
                assert "Corrupted" in before.got or "Expired" in before.got, calls
        assert len(operations) <= 60, "a start in vain, with all its attempts"

    def _may_be_early(self, number: int, *, is_forced: bool) -> None:
        ledger = self._world.appconfig.ledger
        use = ledger[number]
        if use.outcome != "PollIntervalNotSatisfied" or is_forced:
            return
        taken = [one for one in ledger[:number] if one.session == use.session and one.is_taken]
        jumps = [*self._world.jumps, self._world.raised_at]
        excuse = [at for at in jumps if taken[-1].at <= at <= use.at]
        assert excuse, f"polled too early, by clocks that agree: {taken[-1]}, {use}"

    # What must be said.

    def app_said(self, number: int | None, status: Mapping[str, Any], started: int | None) -> None:
        """See that it is what came of an attempt that counts still."""
        self._said(APP, number, status, started)

    def text_said(self, text: str | None, status: Mapping[str, Any], started: str | None) -> None:
        """See that it is a document as it was deployed, likewise."""
        known = {one.body.decode(errors="replace"): one.number for one in self._world.deployed}
        numbers = [None if one is None else known.get(one, -1) for one in (text, started)]
        assert -1 not in numbers, "a document that was never deployed"
        self._said(TEXT, numbers[0], status, numbers[1])

    def start_gave(self, number: int | None) -> None:
        """See that a start gives what is known then."""
        last = self._last(self._who, APP)
        if last is not None and last.is_error and not self._is_muddled:
            self.all_asked()
        allowed = self._known(self._who, APP)
        assert number in allowed, f"the start gave {number}, not one of {allowed}"

    def all_asked(self) -> None:
        """See that every source was asked in this step."""
        assert self._made == self._attempts.keys()

    def _said(
        self, text: str, number: int | None, status: Mapping[str, Any], started: int | None
    ) -> None:
        wall, attempts = self._world.wall(), self._attempts[text]
        waits = self._waits.get(self._who, wall + 1)
        is_waiting = waits <= wall < waits + WAITS_SECONDS
        error = status["last_error"]
        first = 0 if self._is_doubtful else self._seen.get((self._who, text), 0)
        anyhow = frozenset(one for known in attempts[first:] for one in known.numbers)
        for index in range(first, len(attempts)):
            one = attempts[index]
            numbers = anyhow if self._is_muddled else one.numbers
            is_same = number in numbers or (None in numbers and number == started)
            is_told = one.is_error in (None, error is not None) and one.reason in (error or "")
            if is_same and is_told and (one.is_current(wall) or is_waiting):
                self._seen[self._who, text] = first if self._is_muddled else index
                return
        raise AssertionError(
            f"{self._who} says {number} and {error} of {text} at {wall}, want one of"
            + "".join(f"\n  {one}" for one in attempts[first:][-8:])
        )

    # What is known.

    def _latest(self, who: str, text: str) -> list[Attempt]:
        """The attempts of which `who` must know one, and may take it for the last."""
        attempts = self._attempts[text]
        if not self._is_muddled and self.is_writable:
            return attempts[-1:]
        first = self._seen.get((who, text))
        return [] if first is None or self._is_doubtful else attempts[first:]

    def _last(self, who: str, text: str) -> Attempt | None:
        """The last attempt that `who` must know of."""
        attempts = self._attempts[text]
        if self._is_doubtful:
            return None
        if self._is_muddled or not self.is_writable:
            attempts = [one for one in attempts if one.who == who]
        return attempts[-1] if attempts else None

    def _known(self, who: str, text: str) -> Numbers:
        """Which deployments `who` may hold for the last good one."""
        attempts = self._attempts[text]
        if not attempts:
            return frozenset({None})
        if not self._is_muddled and self.is_writable:
            return attempts[-1].numbers
        first = None if self._is_doubtful else self._seen.get((who, text))
        known = attempts[first or 0 :]
        numbers = frozenset(number for one in known for number in one.numbers)
        return numbers if first is not None else numbers | {None}

    # What happens to them.

    @contextmanager
    def waiting(self, who: str) -> Iterator[None]:
        """Another process is on it: `who` leaves a refresh to that, and will do so for a second."""
        is_news = who not in self._waits
        token, self._token_since = self._token_since, None  # it is in the file, and so out of reach
        yield
        if self._made:
            assert not is_news, "two were on it"
            # One that has hung all the while is not waited for again, but has the file still.
            self._muddle()
            self._doubt()
        else:
            self._token_since = token
            self._waits[who] = self._world.wall()

    def tokens_lost(self) -> None:
        """There is no token any more."""
        self._token_since = None

    def file_lost(self) -> None:
        """There is no snapshot any more."""
        self._muddle()

    def writable_is(self, is_writable: bool) -> None:
        """Whether the file can be written, from now on."""
        if is_writable != self.is_writable:
            self.is_writable = is_writable
            self._muddle()
            self._doubt()

    def clock_went_back(self, wall: float) -> None:
        """The clock stood at `wall` before."""
        self._muddle()
        self._muddled_until = max(self._muddled_until, wall)
        self._doubt(is_stale=self._processes > 1 or not self.is_writable)

    def processes_are(self, count: int) -> None:
        """So many share the environment from now on."""
        self._processes = count
        self._doubt(is_stale=count > 1)

    def _doubt(self, *, is_stale: bool = True) -> None:
        if is_stale and self._is_muddled and self._world.wall() <= self._muddled_until:
            self._is_doubtful = True

    def _muddle(self) -> None:
        self._is_muddled = True
        self._token_since = None

    def keeps_no_tokens(self) -> None:
        """This is before a SnapStart snapshot, or after one that nobody was told of."""
        self._keeps_tokens = False
        self._token_since = None

    def twin(self) -> Expectations:
        """Those of a twin."""
        twin = Expectations(self._world, self._settings)
        twin.is_writable = self.is_writable
        twin._is_muddled = self._is_muddled
        twin._muddled_until = self._muddled_until
        twin._is_doubtful = self._is_doubtful
        twin._attempts = {text: list(made) for text, made in self._attempts.items()}
        twin._keeps_tokens = False
        return twin

    def copy_process(self, original: Expectations, who: str, name: str) -> None:
        """Let `name` know what its original `who` did."""
        for (one, text), index in original._seen.items():
            if one == who:
                self._seen[name, text] = index
        if who in original._waits:
            self._waits[name] = original._waits[who]
