"""True time, deployments and faults, with AppConfig's strict fake called without a network."""

from __future__ import annotations

import json
from _thread import LockType, allocate_lock
from typing import TYPE_CHECKING, Any, NamedTuple

from appconfig_env._backends.aws import protocol as operations
from appconfig_env._backends.aws.errors import UNREACHABLE, AwsError
from appconfig_env._http.messages import HttpResponse

from ...support.fake_aws.account import Account, Caller
from ...support.fake_aws.appconfig import AppConfigData
from ...support.fake_aws.wire import Denied, Protocol, Refusal, Response, refusal_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROFILE = ("shop", "prod", "app")
# Broken documents for a given number, and whether they can still be read as text.
BAD = {
    "broken JSON": (b'{"n": %d', True),
    "invalid UTF-8": (b'{"n": "%d\xff"}', False),
    "duplicate name": (b'{"n": %d, "N": 2}', True),
    "a list": (b"[%d", True),
    "NUL in a value": (b'{"n": %d, "bell": "\\u0000"}', True),
}
FAULTS = ("throttled", "broken", "denied", "unreachable", "lost", "garbage")
HTML = Response(200, {"Content-Type": "text/html"}, b"<html>Sign in to this hotel</html>")


class Deployment(NamedTuple):
    """One deployed version; `json` and `text`: whether sources of that format can use it."""

    number: int
    body: bytes
    json: bool = True
    text: bool = True


class Call(NamedTuple):
    """One call, its caller, and its outcome: "ok", or an error's code or problem."""

    caller: str
    operation: str
    outcome: str


class World:
    """Everything outside of an execution environment, in virtual time.

    Attributes:
        time: true time, and AWS's own, in Unix seconds.
        skew: seconds that the environments' wall clock is ahead of it.
        current: the current deployment, or None.
        deployed: all deployments so far.
        jumps: when the wall clock was changed.
        calls: every call so far.
    """

    def __init__(self) -> None:
        self.time = 1_700_000_000.0
        self.skew = 0.0
        self.account = Account(lambda: self.time, "us-east-1")
        self.appconfig = AppConfigData(self.account)
        self.current: Deployment | None = None
        self.earlier: list[Deployment] = []
        self.deployed: list[Deployment] = []
        self.numbers = 0
        self.jumps: list[float] = []
        self.raised_at = self.time
        self.calls: list[Call] = []
        self._faults: dict[str, tuple[str, int | None]] = {}

    def wall(self) -> float:
        """The environments' wall clock."""
        return self.time + self.skew

    def jump(self, seconds: float) -> None:
        """Change the wall clock, but not AWS's."""
        self.skew += seconds
        self.jumps.append(self.time)

    def deploy(self, bad: str = "") -> None:
        """Deploy a new version; `bad` is a key of BAD, or empty for a good one."""
        self.numbers += 1
        n = self.numbers
        flag = {"enabled": n % 2 == 0, "n": n}
        body = json.dumps({"n": n, "twin": {"n": n}, "feature": flag}).encode()
        deployment = Deployment(n, body)
        if bad:
            pattern, is_text = BAD[bad]
            deployment = Deployment(n, pattern % n, json=False, text=is_text)
        if self.current is not None:
            self.earlier.append(self.current)
        self.current = deployment
        self.deployed.append(deployment)
        self.appconfig.put(PROFILE, deployment.body, "application/json", f"v{n}")

    def roll_back(self) -> None:
        """Deploy the previous version again."""
        if self.earlier:
            self.current = self.earlier.pop()
            self.appconfig.roll_back(PROFILE)

    def withdraw(self) -> None:
        """Remove the profile's deployment."""
        if self.current is not None:
            self.earlier.append(self.current)
            self.current = None
            self.appconfig.undeploy(PROFILE)

    def advertise(self, seconds: int | None, text: str | None, *, unannounced: bool) -> None:
        """Change the service's interval; `unannounced`: enforce it before it was sent."""
        self.appconfig.next_poll_interval_seconds = seconds
        self.appconfig.next_poll_interval_text = text
        self.appconfig.raises_unannounced = unannounced
        self.raised_at = self.time

    def fail(self, operation: str, fault: str, times: int | None) -> None:
        """Make `operation` fail `times` times; None for until `recover`."""
        self._faults[operation] = (fault, times)

    def recover(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def call(self, caller: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Process one call with the fake, and parse its response with the package's own code.

        Raises:
            AwsError: as documented by the client protocol.
        """
        outcome = "ok"
        try:
            response = self._response(caller, operation, parameters, self._fault(operation))
            headers = {name.lower(): text for name, text in response.headers.items()}
            return operations.result(
                operation, HttpResponse(response.status, headers, response.body)
            )
        except AwsError as error:
            outcome = str(error.details.get("Details", error.code))
            raise
        finally:
            self.calls.append(Call(caller, operation, outcome))

    def _response(
        self, caller: str, operation: str, parameters: Mapping[str, Any], fault: str
    ) -> Response:
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
            response = self.appconfig.operations[operation](parameters, Caller(caller))
        except Refusal as refusal:
            response = refusal_response(refusal, Protocol.REST_JSON)
        if fault == "lost":
            self.appconfig.response_lost(parameters)
            raise AwsError(operation, UNREACHABLE, "the connection was closed")
        return response

    def _fault(self, operation: str) -> str:
        fault, times = self._faults.get(operation, ("", None))
        if times is not None:
            self._faults[operation] = (fault, times - 1)
            if times <= 1:
                del self._faults[operation]
        return fault


class Client:
    """One process's client in this world."""

    def __init__(self, world: World, caller: str) -> None:
        self._world = world
        self._caller = caller

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
    ) -> dict[str, Any]:
        """See the client protocol."""
        assert timeout > 0
        assert not region
        return self._world.call(self._caller, operation, parameters)

    def close(self) -> None:
        """See the client protocol."""


class System:
    """A fake of the package's `System` without real time: threads run at once, sleeps do not wait.

    Args:
        jitter: the constant result of `jitter()`.
    """

    def __init__(self, jitter: float = 0.5) -> None:
        self._now = 0.0
        self._jitter = jitter

    def now(self) -> float:
        """Seconds slept so far."""
        return self._now

    def sleep(self, seconds: float, /) -> None:
        """Advance the time."""
        self._now += seconds

    def start(self, work: Callable[..., object], arguments: tuple[Any, ...], /) -> None:
        """Run `work` now."""
        work(*arguments)

    def lock(self) -> LockType:
        """Return a real lock."""
        return allocate_lock()

    def jitter(self) -> float:
        """Return the constant."""
        return self._jitter
