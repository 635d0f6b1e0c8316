"""True time, what is deployed and what is out of order; AppConfig's strict fake, without a wire."""

from __future__ import annotations

import json
from _thread import LockType, allocate_lock
from typing import TYPE_CHECKING, Any, NamedTuple

from appconfig_env._backends.aws import protocol as operations
from appconfig_env._backends.aws.errors import UNREACHABLE, AwsError
from appconfig_env._http.messages import HttpAnswer

from ...support.fake_aws.account import Account, Caller
from ...support.fake_aws.appconfig import AppConfigData
from ...support.fake_aws.wire import Answer, Denied, Protocol, Refusal, refusal_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROFILE = ("shop", "prod", "app")
# What is wrong with a document of a number, and whether text can still be made of it.
BAD = {
    "broken JSON": (b'{"n": %d', True),
    "no UTF-8": (b'{"n": "%d\xff"}', False),
    "two values for one name": (b'{"n": %d, "N": 2}', True),
    "a list": (b"[%d", True),
    "a value that no variable can have": (b'{"n": %d, "bell": "\\u0000"}', True),
}
FAULTS = ("throttled", "broken", "denied", "unreachable", "lost", "garbage")
HTML = Answer(200, {"Content-Type": "text/html"}, b"<html>Sign in to this hotel</html>")


class Deployment(NamedTuple):
    """One deployed version; `json` and `text`: whether sources of that format can use it."""

    number: int
    body: bytes
    json: bool = True
    text: bool = True


class Call(NamedTuple):
    """One call: who made it, and what it got: "ok", or an error's code or problem."""

    who: str
    operation: str
    got: str


class World:
    """What goes on outside of an execution environment, in virtual time.

    Attributes:
        time: true time, and AWS's own, in Unix seconds.
        skew: how far the environments' wall clock is ahead of it.
        current: what is deployed; None for nothing.
        deployed: what ever was.
        jumps: when the wall clock was set.
        calls: every call so far.
    """

    def __init__(self) -> None:
        self.time = 1_700_000_000.0
        self.skew = 0.0
        self.account = Account(lambda: self.time, "us-east-1")
        self.appconfig = AppConfigData(self.account)
        self.current: Deployment | None = None
        self.earlier: list[Deployment] = []
        self.deployed: list[Deployment] = []  # ever
        self.numbers = 0
        self.jumps: list[float] = []
        self.raised_at = self.time
        self.calls: list[Call] = []
        self._faults: dict[str, tuple[str, int | None]] = {}

    def wall(self) -> float:
        """The environments' clock."""
        return self.time + self.skew

    def jump(self, seconds: float) -> None:
        """Set that clock; AWS's goes on."""
        self.skew += seconds
        self.jumps.append(self.time)

    def deploy(self, bad: str = "") -> None:
        """Deploy a new version, good or bad in the way that BAD tells."""
        self.numbers += 1
        n = self.numbers
        flag = {"enabled": n % 2 == 0, "n": n}
        body = json.dumps({"n": n, "twin": {"n": n}, "feature": flag}).encode()
        made = Deployment(n, body)
        if bad:
            pattern, is_text = BAD[bad]
            made = Deployment(n, pattern % n, json=False, text=is_text)
        if self.current is not None:
            self.earlier.append(self.current)
        self.current = made
        self.deployed.append(made)
        self.appconfig.put(PROFILE, made.body, "application/json", f"v{n}")

    def roll_back(self) -> None:
        """Deploy the version before."""
        if self.earlier:
            self.current = self.earlier.pop()
            self.appconfig.roll_back(PROFILE)

    def withdraw(self) -> None:
        """Leave the profile without a deployment."""
        if self.current is not None:
            self.earlier.append(self.current)
            self.current = None
            self.appconfig.undeploy(PROFILE)

    def advertise(self, seconds: int | None, text: str | None, *, unsaid: bool) -> None:
        """Have the service ask for other intervals from now on; `unsaid`: want them at once."""
        self.appconfig.next_poll_interval_seconds = seconds
        self.appconfig.next_poll_interval_text = text
        self.appconfig.raises_unsaid = unsaid
        self.raised_at = self.time

    def fail(self, operation: str, fault: str, times: int | None) -> None:
        """Put `operation` out of order for so many calls; None for until `recover`."""
        self._faults[operation] = (fault, times)

    def recover(self) -> None:
        """Put all in order."""
        self._faults.clear()

    @property
    def is_well(self) -> bool:
        """Whether every call is answered."""
        return not self._faults

    def call(self, who: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one call, through the fake and the package's own reading of its answers.

        Raises:
            AwsError: as the port tells.
        """
        got = "ok"
        try:
            answer = self._answer(who, operation, parameters, self._fault(operation))
            headers = {name.lower(): text for name, text in answer.headers.items()}
            return operations.result(operation, HttpAnswer(answer.status, headers, answer.body))
        except AwsError as error:
            got = str(error.details.get("Details", error.code))
            raise
        finally:
            self.calls.append(Call(who, operation, got))

    def _answer(
        self, who: str, operation: str, parameters: Mapping[str, Any], fault: str
    ) -> Answer:
        refusals = {
            "throttled": Refusal(429, "ThrottlingException", "Rate exceeded"),
            "broken": Refusal(500, "InternalServerException", "try again"),
            "denied": Denied("AccessDeniedException", "not authorized"),
        }
        if fault == "unreachable":
            raise AwsError(operation, UNREACHABLE, "no route")
        if fault == "garbage":
            return HTML
        try:
            if fault in refusals:
                raise refusals[fault]
            answer = self.appconfig.operations[operation](parameters, Caller(who))
        except Refusal as refusal:
            answer = refusal_answer(refusal, Protocol.REST_JSON)
        if fault == "lost":
            self.appconfig.answer_lost(parameters)
            raise AwsError(operation, UNREACHABLE, "the connection was closed")
        return answer

    def _fault(self, operation: str) -> str:
        fault, times = self._faults.get(operation, ("", None))
        if times is not None:
            self._faults[operation] = (fault, times - 1)
            if times <= 1:
                del self._faults[operation]
        return fault


class Client:
    """One process's client: the port, in this world."""

    def __init__(self, world: World, who: str) -> None:
        self._world = world
        self._who = who

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
    ) -> dict[str, Any]:
        """See the port."""
        assert timeout > 0
        assert not region
        return self._world.call(self._who, operation, parameters)

    def close(self) -> None:
        """See the port."""


class System:
    """The package's `System`, on which no real time passes: threads run at once, sleeps are short.

    Args:
        jitter: what it draws, always.
    """

    def __init__(self, jitter: float = 0.5) -> None:
        self._now = 0.0
        self._chance = jitter

    def now(self) -> float:
        """Seconds slept so far."""
        return self._now

    def sleep(self, seconds: float, /) -> None:
        """Let them have passed."""
        self._now += seconds

    def start(self, work: Callable[..., object], arguments: tuple[Any, ...], /) -> None:
        """Do it now."""
        work(*arguments)

    def lock(self) -> LockType:
        """A real one."""
        return allocate_lock()

    def jitter(self) -> float:
        """See the class."""
        return self._chance
