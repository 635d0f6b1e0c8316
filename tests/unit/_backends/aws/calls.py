"""Requests, answers and systems for the tests of the backend."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.aws.errors import AwsError
from appconfig_env._backends.base import Request
from appconfig_env._backends.system import THIS_SYSTEM
from appconfig_env._config import references as _reference
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from appconfig_env._backends.system import System

    from ....support.fake_client import FakeClient


POLL = {"NextPollConfigurationToken": "t2", "Configuration": b"{}", "NextPollIntervalInSeconds": 60}
SESSION = {"InitialConfigurationToken": "t1"}
PROFILE = "appconfig:shop/prod/app"
PATIENCE_SECONDS = 30.0


def request(text: str, token: str = "") -> Request:
    return Request(_reference.parse(text).resource, token)


class Eager:
    """This system, but without waits between retries."""

    now = staticmethod(THIS_SYSTEM.now)
    sleep = staticmethod(THIS_SYSTEM.sleep)
    start = staticmethod(THIS_SYSTEM.start)
    lock = staticmethod(THIS_SYSTEM.lock)

    @staticmethod
    def jitter() -> float:
        return 0.0


class Staged(Eager):
    """A system whose time stands still until the deadline, which comes once a call hangs.

    Attributes:
        workers: how many threads run.
        most_workers: how many ran at the same time.
    """

    def __init__(self) -> None:
        self.at = 0.0
        self.workers = self.most_workers = 0
        self.changed = threading.Condition()
        self._is_hanging = False
        self._may_go_on = threading.Event()

    def now(self) -> float:
        return self.at

    def start(self, work: Callable[..., object], arguments: tuple[Any, ...]) -> object:
        def counted() -> None:
            work(*arguments)
            with self.changed:
                self.workers -= 1
                self.changed.notify_all()

        with self.changed:
            self.workers += 1
            self.most_workers = max(self.most_workers, self.workers)
        return THIS_SYSTEM.start(counted, ())

    def lock(self) -> StagedLock:
        return StagedLock(self)

    def hang(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """A call that is answered only after `go_on`."""
        with self.changed:
            self._is_hanging = True
            self.changed.notify_all()
        assert self._may_go_on.wait(PATIENCE_SECONDS)
        return parameters(asked)

    def go_on(self) -> None:
        """Let the calls that hang return, and wait until their workers have ended."""
        self._may_go_on.set()
        with self.changed:
            assert self.changed.wait_for(lambda: self.workers == 0, PATIENCE_SECONDS)

    def until_deadline(self, seconds: float) -> None:
        """Wait until only calls that hang are left, and move the clock by `seconds`."""
        with self.changed:
            is_over = self.changed.wait_for(self._is_stuck, PATIENCE_SECONDS)
        assert is_over
        self.at += seconds

    def _is_stuck(self) -> bool:
        return self.workers == 0 or (self._is_hanging and self.workers == 1)


class StagedLock:
    """A lock for which only virtual time passes."""

    def __init__(self, system: Staged) -> None:
        self._system = system
        self._lock = threading.Lock()
        self.release = self._lock.release

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if timeout < 0:
            return self._lock.acquire(blocking)
        self._system.until_deadline(timeout)
        return self._lock.acquire(blocking=False)

    def __enter__(self) -> bool:
        return self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


EAGER = Eager()


def fetch(
    client: FakeClient,
    *texts: str,
    timeout: float = PATIENCE_SECONDS,
    connections: int = 3,
    system: System = EAGER,
) -> Mapping[str, Any]:
    backend = AwsBackend(client, connections, system=system)
    return backend([request(text) for text in texts], timeout)


def poll(client: FakeClient, token: str) -> Any:
    backend = AwsBackend(client, 3, system=EAGER)
    return backend([request(PROFILE, token)], PATIENCE_SECONDS)[PROFILE]


def error(
    operation: str, code: str, message: str = "", status: int = 400, **details: Any
) -> AwsError:
    return AwsError(operation, code, message, status=status, details=details)


def bad_token(problem: str) -> AwsError:
    details = {"InvalidParameters": {"ConfigurationToken": {"Problem": problem}}}
    return error("GetLatestConfiguration", "BadRequestException", "bad", Details=details)


def parameters(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result of GetParameters in which `bad...` does not exist."""
    found = []
    for asked_name in asked["Names"]:
        name, colon, selector = asked_name.partition(":")
        if not name.startswith("bad"):
            one = {"Name": name, "Value": f"value of {asked_name}", "Version": 7, "Type": "String"}
            found.append(one | ({"Selector": colon + selector} if colon else {}))
    bad = [name for name in asked["Names"] if name.startswith("bad")]
    return {"Parameters": sorted(found, key=lambda one: str(one["Name"])), "InvalidParameters": bad}


def secret(name: str) -> dict[str, Any]:
    arn = f"arn:aws:secretsmanager:eu-west-1:1:secret:{name}-AbCdEf"
    return {"Name": name, "ARN": arn, "SecretString": f"value of {name}", "VersionId": "v1"}


def one_secret(asked: Mapping[str, Any]) -> dict[str, Any]:
    return secret(str(asked["SecretId"]))


def many_secrets(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {"SecretValues": [secret(name) for name in asked["SecretIdList"]], "Errors": []}


def body(outcome: object) -> bytes | None:
    assert isinstance(outcome, Document), outcome
    return outcome.body


def reason(outcome: object) -> str:
    assert isinstance(outcome, Failure), outcome
    return str(outcome)
