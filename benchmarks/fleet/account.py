"""An AWS account in virtual time: three services, their quotas, and a client for each caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from appconfig_env._backends.aws.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .world import World

FASTEST_SECONDS, SLOWEST_SECONDS = 0.008, 0.020  # one call, there and back
PAGE = 10  # GetParametersByPath


class Quotas(NamedTuple):
    """Calls per second of one account in one Region.

    Source: AWS General Reference, quotas of Systems Manager and of AppConfig. Parameter Store's is
    for its three reading calls together; 100 is what the setting "higher throughput" gives
    GetParametersByPath.
    """

    ssm: float = 40
    sessions: float = 500  # StartConfigurationSession
    polls: float = 1000  # GetLatestConfiguration


class Bucket:
    """A token bucket that holds one second's worth: AWS does not say how much a burst may be."""

    def __init__(self, world: World, rate: float) -> None:
        self._world = world
        self._rate = rate
        self._tokens = rate
        self._filled_at = 0.0

    def take(self) -> bool:
        """Take one token; whether there was one."""
        now = self._world.now()
        self._tokens = min(self._rate, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Account:
    """Has `parameters` parameters below every path, one document in every profile.

    Attributes:
        calls: the moment of every call, by operation.
        refused: how many of them were.
    """

    def __init__(self, world: World, quotas: Quotas, parameters: int = PAGE) -> None:
        self._world = world
        self._parameters = parameters
        ssm = Bucket(world, quotas.ssm)
        self._buckets = {
            "GetParameters": ssm,
            "GetParametersByPath": ssm,
            "StartConfigurationSession": Bucket(world, quotas.sessions),
            "GetLatestConfiguration": Bucket(world, quotas.polls),
        }
        self.is_down = False
        self.calls: list[float] = []
        self.refused = 0

    def answer(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """One call, which takes its time."""
        world = self._world
        span = SLOWEST_SECONDS - FASTEST_SECONDS
        half = (FASTEST_SECONDS + span * world.jitter()) / 2
        world.sleep(half)
        self.calls.append(world.now())
        is_taken = self._buckets[operation].take() and not self.is_down
        world.sleep(half)
        if not is_taken:
            self.refused += 1
            if self.is_down:
                raise AwsError(operation, "InternalServerError", "down", status=500)
            raise AwsError(operation, "ThrottlingException", "Rate exceeded", status=400)
        if operation == "StartConfigurationSession":
            return {"InitialConfigurationToken": "first"}
        if operation == "GetLatestConfiguration":
            is_first = parameters["ConfigurationToken"] == "first"
            body = b'{"a": 1}' if is_first else b""  # unchanged
            return {"NextPollConfigurationToken": "next", "Configuration": body}
        if operation == "GetParameters":
            found = [{"Name": name, "Value": "1"} for name in parameters["Names"]]
            return {"Parameters": found}
        first = int(parameters.get("NextToken", 0))
        last = min(first + PAGE, self._parameters)
        below = parameters["Path"]
        page = [{"Name": f"{below}/p{index}", "Value": "1"} for index in range(first, last)]
        return {"Parameters": page, **({"NextToken": str(last)} if last < self._parameters else {})}


class Client:
    """See `appconfig_env._backends.aws.errors.Client`; counts what one environment asks.

    Attributes:
        calls: how many calls it made.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self.calls = 0

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
    ) -> dict[str, Any]:
        """One attempt."""
        del timeout, region
        self.calls += 1
        return self._account.answer(operation, parameters)

    def close(self) -> None:
        """Nothing is open."""
