"""An AWS account in virtual time: its quotas, its responses, and a client for each environment."""

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

    Source: AWS General Reference, quotas of Systems Manager and of AppConfig. Parameter Store's
    counts all its reading calls; 100 is what "higher throughput" allows GetParametersByPath.
    """

    ssm: float = 40
    sessions: float = 500  # StartConfigurationSession
    polls: float = 1000  # GetLatestConfiguration


class Bucket:
    """A token bucket that holds one second's worth: AWS does not document how large a burst is."""

    def __init__(self, world: World, rate: float) -> None:
        self._world = world
        self._rate = rate
        self._tokens = rate
        self._filled_at = 0.0

    def take(self) -> bool:
        """Take one token; return whether there was one."""
        now = self._world.now()
        self._tokens = min(self._rate, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class _Refusal:
    """Makes equal errors: the first is built, the others are copies, which takes a tenth."""

    def __init__(self, code: str, message: str, status: int) -> None:
        self._words = (code, message, status)
        self._built: dict[str, AwsError] = {}

    def __call__(self, operation: str) -> AwsError:
        if operation not in self._built:
            code, message, status = self._words
            self._built[operation] = AwsError(operation, code, message, status=status)
        built = self._built[operation]
        error = AwsError.__new__(AwsError, *built.args)
        error.__dict__.update(built.__dict__)
        return error


class Account:
    """Has `parameters` parameters below every path, and one document in every profile.

    Attributes:
        calls: the moment of every call.
        refused: how many of them were.
        is_down: whether every call fails with status 500.
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
        self._down = _Refusal("InternalServerError", "down", 500)
        self._throttled = _Refusal("ThrottlingException", "Rate exceeded", 400)
        self.is_down = False
        self.calls: list[float] = []
        self.refused = 0

    def respond(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Respond to one call, which takes its time.

        Raises:
            AwsError: the quota is used up, or the account is down.
        """
        world = self._world
        span = SLOWEST_SECONDS - FASTEST_SECONDS
        half = (FASTEST_SECONDS + span * world.jitter()) / 2
        world.sleep(half)
        self.calls.append(world.now())
        is_taken = self._buckets[operation].take() and not self.is_down
        world.sleep(half)
        if not is_taken:
            self.refused += 1
            raise self._down(operation) if self.is_down else self._throttled(operation)
        if operation == "StartConfigurationSession":
            return {"InitialConfigurationToken": "first"}
        if operation == "GetLatestConfiguration":
            body = b'{"a": 1}' if parameters["ConfigurationToken"] == "first" else b""  # unchanged
            return {"NextPollConfigurationToken": "next", "Configuration": body}
        if operation == "GetParameters":
            return {"Parameters": [{"Name": name, "Value": "1"} for name in parameters["Names"]]}
        first = int(parameters.get("NextToken", 0))
        last = min(first + PAGE, self._parameters)
        below = parameters["Path"]
        page = [{"Name": f"{below}/p{index}", "Value": "1"} for index in range(first, last)]
        return {"Parameters": page, **({"NextToken": str(last)} if last < self._parameters else {})}


class Client:
    """What one environment makes its calls with; see the `Client` of the package's AWS port."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._errors: list[AwsError] = []

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
    ) -> dict[str, Any]:
        """Make one attempt."""
        del timeout, region
        try:
            return self._account.respond(operation, parameters)
        except AwsError as error:
            self._errors.append(error)
            raise

    def close(self) -> None:
        """Let go of what the errors' tracebacks hold, so that no garbage has to be collected."""
        for error in self._errors:
            error.__traceback__ = None
        self._errors.clear()
