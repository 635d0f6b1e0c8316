"""The calls for each kind of source, and what becomes of the results."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.aws.errors import (
    INVALID_RESPONSE,
    NO_CREDENTIALS,
    UNREACHABLE,
    AwsError,
)
from appconfig_env._backends.aws.retry import POLICY
from appconfig_env._backends.base import Request, Unchanged
from appconfig_env._backends.system import THIS_SYSTEM
from appconfig_env._config import references as _reference
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure, LoadError, SourceError

from ....support.fake_client import Answer, FakeClient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from appconfig_env._backends.system import System

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


# AppConfig


def test_a_profile_without_a_token_starts_a_session_and_polls_once() -> None:
    client = FakeClient(StartConfigurationSession=SESSION, GetLatestConfiguration=POLL)
    found = poll(client, "")
    assert client.calls == [
        (
            "StartConfigurationSession",
            {
                "ApplicationIdentifier": "shop",
                "EnvironmentIdentifier": "prod",
                "ConfigurationProfileIdentifier": "app",
                "RequiredMinimumPollIntervalInSeconds": 15,
            },
            "",
        ),
        ("GetLatestConfiguration", {"ConfigurationToken": "t1"}, ""),
    ]
    assert (found.body, found.token) == (b"{}", "t2")
    assert found.poll_seconds is not None
    assert found.poll_seconds > 60, "the service counts from its answer, which came later"


def test_a_profile_with_a_token_starts_no_session() -> None:
    client = FakeClient(
        GetLatestConfiguration=POLL | {"VersionLabel": "v2", "ContentType": "text/x"}
    )
    found = poll(client, "kept")
    assert client.calls == [("GetLatestConfiguration", {"ConfigurationToken": "kept"}, "")]
    assert isinstance(found, Document)
    assert (found.version, found.content_type) == ("v2", "text/x")


def test_an_empty_response_to_a_kept_token_means_unchanged() -> None:
    found = poll(FakeClient(GetLatestConfiguration=POLL | {"Configuration": b""}), "kept")
    assert isinstance(found, Unchanged)
    assert (found.token, found.is_early) == ("t2", False)
    assert found.poll_seconds is not None
    assert found.poll_seconds > 60


def test_an_empty_response_in_a_new_session_is_an_empty_document() -> None:
    empty = POLL | {"Configuration": b""}
    client = FakeClient(StartConfigurationSession=SESSION, GetLatestConfiguration=empty)
    found = poll(client, "")
    assert body(found) == b""


def test_an_empty_response_after_a_token_was_refused_is_an_empty_document() -> None:
    answers: list[Answer] = [bad_token("Expired"), POLL | {"Configuration": b""}]
    client = FakeClient(StartConfigurationSession=SESSION, GetLatestConfiguration=answers)
    assert poll(client, "kept").body == b""


@pytest.mark.parametrize(
    "refusal",
    [
        bad_token("Expired"),
        bad_token("Corrupted"),
        error("GetLatestConfiguration", "BadRequestException", "Token not valid"),
    ],
)
def test_a_token_that_is_refused_leads_to_one_new_session(refusal: AwsError) -> None:
    client = FakeClient(StartConfigurationSession=SESSION, GetLatestConfiguration=[refusal, POLL])
    assert body(poll(client, "old")) == b"{}"
    assert client.operations() == [
        "GetLatestConfiguration", "StartConfigurationSession", "GetLatestConfiguration",
    ]  # fmt: skip


def test_a_new_token_that_is_refused_too_is_an_error() -> None:
    refusal = bad_token("Corrupted")
    client = FakeClient(StartConfigurationSession=SESSION, GetLatestConfiguration=refusal)
    assert "BadRequestException" in reason(poll(client, "old"))
    assert client.operations().count("StartConfigurationSession") == 1


def test_a_lost_response_costs_a_new_session_and_is_not_an_error() -> None:
    lost = AwsError("GetLatestConfiguration", UNREACHABLE, "closed")
    answers: list[Answer] = [lost, bad_token("Corrupted"), POLL]
    client = FakeClient(StartConfigurationSession=SESSION, GetLatestConfiguration=answers)
    assert body(poll(client, "")) == b"{}"


def test_throttling_never_leads_to_a_new_session() -> None:
    refusal = error("GetLatestConfiguration", "ThrottlingException", status=429)
    client = FakeClient(GetLatestConfiguration=[refusal, refusal, POLL])
    assert body(poll(client, "kept")) == b"{}"
    assert client.operations() == ["GetLatestConfiguration"] * 3
    assert {call[1]["ConfigurationToken"] for call in client.calls} == {"kept"}


@pytest.mark.parametrize(
    "refusal",
    [
        error("GetLatestConfiguration", "AccessDeniedException", status=403),
        error("GetLatestConfiguration", "ResourceNotFoundException", status=404),
        error("GetLatestConfiguration", "ExpiredTokenException", status=403),
    ],
)
def test_denial_and_absence_are_not_retried(refusal: AwsError) -> None:
    client = FakeClient(GetLatestConfiguration=refusal)
    found = poll(client, "kept")
    assert refusal.code in reason(found)
    assert not found.is_unavailable
    assert len(client.calls) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        bad_token("PollIntervalNotSatisfied"),
        error("GetLatestConfiguration", "BadRequestException", "Request too early"),
    ],
)
def test_a_poll_that_was_too_early_keeps_the_token(refusal: AwsError) -> None:
    client = FakeClient(GetLatestConfiguration=refusal)
    found = poll(client, "kept")
    assert found.is_early
    assert found.token == "kept"
    assert len(client.calls) == 1


def test_a_refused_session_is_requested_once() -> None:
    refusal = error("StartConfigurationSession", "BadRequestException", "no such thing")
    client = FakeClient(StartConfigurationSession=refusal)
    assert "StartConfigurationSession failed: BadRequestException" in reason(poll(client, ""))
    assert len(client.calls) == 1


def test_a_session_without_a_token_is_an_error() -> None:
    found = poll(FakeClient(StartConfigurationSession={}), "")
    assert "no InitialConfigurationToken" in reason(found)


@pytest.mark.parametrize(
    ("interval", "seconds"), [({}, 15.0), ({"NextPollIntervalInSeconds": 5}, 15.0)]
)
def test_the_poll_interval_has_a_minimum(interval: dict[str, int], seconds: float) -> None:
    answer = {"NextPollConfigurationToken": "t", "Configuration": b"x", **interval}
    found = poll(FakeClient(GetLatestConfiguration=answer), "kept")
    assert found.poll_seconds is not None
    assert seconds < found.poll_seconds < 60


# Parameter Store


def test_names_are_requested_in_batches_of_ten() -> None:
    client = FakeClient(GetParameters=parameters)
    found = fetch(client, *[f"ssm:name{number}" for number in range(23)])
    assert sorted(len(call[1]["Names"]) for call in client.calls) == [3, 10, 10]
    assert all(call[1]["WithDecryption"] is True for call in client.calls)
    assert [body(found[f"ssm:name{number}"]) for number in (0, 22)] == [
        b"value of name0",
        b"value of name22",
    ]


def test_a_name_that_two_sources_use_is_requested_once() -> None:
    client = FakeClient(GetParameters=parameters)
    found = fetch(client, "ssm:a", "ssm:a?format=json")
    assert [call[1]["Names"] for call in client.calls] == [["a"]]
    assert {body(one) for one in found.values()} == {b"value of a"}
    assert len(found) == 2


def test_names_that_do_not_exist_fail_alone() -> None:
    client = FakeClient(GetParameters=parameters)
    found = fetch(client, "ssm:a", "ssm:bad")
    assert body(found["ssm:a"]) == b"value of a"
    assert "ParameterNotFound" in reason(found["ssm:bad"])
    assert len(client.calls) == 1


def test_versions_and_labels_of_one_parameter_are_kept_apart_by_the_client() -> None:
    def without_selectors(asked: Mapping[str, Any]) -> dict[str, Any]:
        answer = parameters(asked)
        for one in answer["Parameters"]:
            one.pop("Selector", None)
        return answer

    for answers in (parameters, without_selectors):
        client = FakeClient(GetParameters=answers)
        found = fetch(client, "ssm:a", "ssm:a:3", "ssm:a:good", "ssm:b:good", "ssm:c")
        assert {text: body(one) for text, one in found.items()} == {
            "ssm:a": b"value of a",
            "ssm:a:3": b"value of a:3",
            "ssm:a:good": b"value of a:good",
            "ssm:b:good": b"value of b:good",
            "ssm:c": b"value of c",
        }
        assert len(client.calls) == 3


def test_an_arn_is_read_in_its_own_region() -> None:
    def by_arn(asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"Parameters": [
            {"Name": name.partition("parameter")[2] or name, "ARN": name, "Value": name}
            for name in asked["Names"]
        ]}  # fmt: skip

    arns = [f"arn:aws:ssm:{region}:1:parameter/a/b" for region in ("eu-west-1", "us-east-1")]
    client = FakeClient(GetParameters=by_arn)
    found = fetch(client, "ssm:/a", *(f"ssm:{arn}" for arn in arns))
    assert sorted((region, call["Names"]) for _, call, region in client.calls) == [
        ("", ["/a"]),
        ("eu-west-1", arns[:1]),
        ("us-east-1", arns[1:]),
    ]
    assert [body(found[f"ssm:{arn}"]) for arn in arns] == [arn.encode() for arn in arns]


@pytest.mark.parametrize("name", ["/a/b", "a/b", "arn:aws:ssm:eu-west-1:1:parameter/a/b"])
def test_a_shared_parameter_is_found_under_any_name_in_the_response(name: str) -> None:
    client = FakeClient(GetParameters={"Parameters": [{"Name": name, "Value": "v"}]})
    text = "ssm:arn:aws:ssm:eu-west-1:1:parameter/a/b:good"
    assert body(fetch(client, text)[text]) == b"v"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "InvalidKeyId"])
def test_a_batch_of_names_that_is_refused_is_requested_name_by_name(code: str) -> None:
    def guarded(asked: Mapping[str, Any]) -> dict[str, Any]:
        if "secret" in asked["Names"]:
            raise error("GetParameters", code)
        return parameters(asked)

    client = FakeClient(GetParameters=guarded)
    found = fetch(client, "ssm:a", "ssm:secret", "ssm:b")
    assert (body(found["ssm:a"]), body(found["ssm:b"])) == (b"value of a", b"value of b")
    assert code in reason(found["ssm:secret"])
    assert len(client.calls) == 4


@pytest.mark.parametrize("code", ["ExpiredTokenException", "UnrecognizedClientException"])
def test_a_batch_whose_caller_is_refused_is_not_requested_again(code: str) -> None:
    client = FakeClient(GetParameters=error("GetParameters", code))
    assert all(code in reason(one) for one in fetch(client, "ssm:a", "ssm:b").values())
    assert len(client.calls) == 1


def test_a_path_is_read_page_by_page_even_if_one_is_empty() -> None:
    pages: list[Answer] = [
        {"Parameters": [{"Name": "/a/x", "Value": "1", "Type": "String"}], "NextToken": "p2"},
        {"Parameters": [], "NextToken": "p3"},
        {"Parameters": [{"Name": "/a/b/y", "Value": "2", "Type": "SecureString"}]},
    ]
    client = FakeClient(GetParametersByPath=pages)
    found = fetch(client, "ssm:/a/")["ssm:/a/"]
    assert found.parameters == {"x": "1", "b/y": "2"}
    assert found.secret_parameters == {"b/y"}
    assert [call[1].get("NextToken") for call in client.calls] == [None, "p2", "p3"]
    assert client.calls[0][1] == {
        "Path": "/a", "Recursive": True, "WithDecryption": True, "MaxResults": 10,
    }  # fmt: skip


def test_a_path_may_be_one_level_or_everything() -> None:
    client = FakeClient(GetParametersByPath={"Parameters": [{"Name": "/x", "Value": "1"}]})
    found = fetch(client, "ssm:/?recursive=no")
    assert client.calls[0][1]["Path"] == "/"
    assert client.calls[0][1]["Recursive"] is False
    assert found["ssm:/?recursive=no"].parameters == {"x": "1"}


def test_a_repeated_page_token_is_an_error_and_not_an_endless_loop() -> None:
    client = FakeClient(GetParametersByPath={"Parameters": [], "NextToken": "same"})
    assert "NextToken came twice" in reason(fetch(client, "ssm:/a/")["ssm:/a/"])
    assert len(client.calls) == 2


def test_a_path_without_parameters_is_an_error() -> None:
    found = fetch(FakeClient(GetParametersByPath={"Parameters": []}), "ssm:/a/")["ssm:/a/"]
    assert "no parameters under this path" in reason(found)
    assert not found.is_unavailable


def test_a_page_that_fails_fails_the_path() -> None:
    pages: list[Answer] = [
        {"Parameters": [{"Name": "/a/x", "Value": "1"}], "NextToken": "p2"},
        error("GetParametersByPath", "InvalidNextToken"),
    ]
    assert "InvalidNextToken" in reason(
        fetch(FakeClient(GetParametersByPath=pages), "ssm:/a/")["ssm:/a/"]
    )


# Secrets Manager


def test_secrets_are_requested_in_batches_of_twenty() -> None:
    client = FakeClient(BatchGetSecretValue=many_secrets, GetSecretValue=one_secret)
    found = fetch(client, *[f"secretsmanager:s{number}" for number in range(41)])
    sizes = [
        len(call["SecretIdList"]) for name, call, _ in client.calls if name.startswith("Batch")
    ]
    assert sizes == [20, 20]
    assert client.operations().count("GetSecretValue") == 1
    assert body(found["secretsmanager:s40"]) == b"value of s40"
    assert all(one.secret for one in found.values())


def test_a_single_secret_needs_no_permission_for_batches() -> None:
    client = FakeClient(GetSecretValue=one_secret)
    fetch(client, "secretsmanager:a", "secretsmanager:a?format=json")
    assert client.calls == [("GetSecretValue", {"SecretId": "a"}, "")]


def test_a_staged_secret_is_requested_with_its_stage() -> None:
    client = FakeClient(GetSecretValue=one_secret)
    fetch(client, "secretsmanager:a?stage=AWSPREVIOUS")
    assert client.calls == [
        ("GetSecretValue", {"SecretId": "a", "VersionStage": "AWSPREVIOUS"}, "")
    ]


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnknownOperationException"])
def test_secrets_whose_batch_is_refused_are_requested_one_by_one(code: str) -> None:
    client = FakeClient(
        BatchGetSecretValue=error("BatchGetSecretValue", code), GetSecretValue=one_secret
    )
    found = fetch(client, *[f"secretsmanager:s{number}" for number in range(5)])
    assert {body(one) for one in found.values()} == {f"value of s{n}".encode() for n in range(5)}
    assert client.operations().count("GetSecretValue") == 5


def test_errors_inside_a_batch_fail_their_secrets_alone() -> None:
    def with_errors(asked: Mapping[str, Any]) -> dict[str, Any]:
        codes = {"gone": "ResourceNotFoundException", "busy": "InternalServiceError"}
        return {
            "SecretValues": [secret(name) for name in asked["SecretIdList"] if name == "a"],
            "Errors": [
                {"SecretId": n, "ErrorCode": code, "Message": "m"} for n, code in codes.items()
            ],
        }

    client = FakeClient(BatchGetSecretValue=with_errors, GetSecretValue=one_secret)
    names = ("a", "gone", "busy", "silent")
    found = fetch(client, *[f"secretsmanager:{name}" for name in names])
    assert body(found["secretsmanager:a"]) == b"value of a"
    assert "GetSecretValue failed: ResourceNotFoundException: m" in reason(
        found["secretsmanager:gone"]
    )
    # Transient errors, and secrets missing in the response, are requested one by one.
    asked = [call["SecretId"] for name, call, _ in client.calls if name == "GetSecretValue"]
    assert sorted(asked) == ["busy", "silent"]
    assert body(found["secretsmanager:silent"]) == b"value of silent"


def test_secrets_on_another_page_of_a_batch_are_requested_one_by_one() -> None:
    def first_only(asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"SecretValues": [secret(asked["SecretIdList"][0])], "NextToken": "more"}

    client = FakeClient(BatchGetSecretValue=first_only, GetSecretValue=one_secret)
    found = fetch(client, "secretsmanager:a", "secretsmanager:b")
    assert body(found["secretsmanager:b"]) == b"value of b"


def test_secrets_are_found_by_name_arn_and_partial_arn() -> None:
    def by_name(asked: Mapping[str, Any]) -> dict[str, Any]:
        assert len(asked["SecretIdList"]) == 2
        return {"SecretValues": [secret("a"), secret("b")]}

    arn = "arn:aws:secretsmanager:eu-west-1:1:secret:"
    client = FakeClient(BatchGetSecretValue=by_name)
    found = fetch(client, f"secretsmanager:{arn}a-AbCdEf", f"secretsmanager:{arn}b")
    assert sorted(body(one) or b"" for one in found.values()) == [b"value of a", b"value of b"]
    assert [region for _, _, region in client.calls] == ["eu-west-1"]
    assert {one.name for one in found.values()} == {"a", "b"}


def test_a_binary_secret_is_its_bytes_and_one_without_either_is_an_error() -> None:
    answers: list[Answer] = [{"SecretBinary": b"\0\xff"}, {"Name": "b"}]
    client = FakeClient(GetSecretValue=answers)
    assert body(fetch(client, "secretsmanager:a")["secretsmanager:a"]) == b"\0\xff"
    assert "no SecretString and no SecretBinary" in reason(
        fetch(client, "secretsmanager:b")["secretsmanager:b"]
    )


# Deadline, retries, workers


def test_no_request_makes_no_call() -> None:
    client = FakeClient()
    assert fetch(client) == {}
    assert client.closed == 1


@pytest.mark.parametrize("connections", [1, 2, 5])
def test_each_service_has_no_more_calls_at_a_time_than_connections(connections: int) -> None:
    together = threading.Barrier(connections, timeout=PATIENCE_SECONDS)

    def meet(asked: Mapping[str, Any]) -> dict[str, Any]:
        together.wait()  # until so many calls are made at the same time
        return one_secret(asked)

    client = FakeClient(
        BatchGetSecretValue=error("BatchGetSecretValue", "AccessDeniedException"),
        GetSecretValue=meet,
    )
    system = Staged()
    texts = [f"secretsmanager:s{number}" for number in range(40)]
    found = fetch(client, *texts, connections=connections, system=system)
    assert (client.peak_in_flight, system.most_workers) == (connections, connections)
    assert all(isinstance(one, Document) for one in found.values())


def test_services_do_not_wait_for_each_other() -> None:
    together = threading.Barrier(3, timeout=PATIENCE_SECONDS)

    def meet(answer: Answer) -> Answer:
        def wait(asked: Mapping[str, Any]) -> dict[str, Any]:
            together.wait()
            return answer(asked) if callable(answer) else dict(POLL)

        return wait

    client = FakeClient(
        GetLatestConfiguration=meet(POLL),
        GetParameters=meet(parameters),
        GetSecretValue=meet(one_secret),
    )
    requests = [request(PROFILE, "t"), request("ssm:a"), request("secretsmanager:a")]
    found = AwsBackend(client, 1)(requests, PATIENCE_SECONDS)
    assert all(isinstance(one, Document) for one in found.values())


def test_a_client_that_hangs_is_abandoned_at_the_deadline() -> None:
    go_on = threading.Event()
    ended: list[str] = []

    def hang(asked: Mapping[str, Any]) -> dict[str, Any]:
        go_on.wait(PATIENCE_SECONDS)
        ended.append("GetParameters")
        return parameters(asked)

    found = fetch(FakeClient(GetParameters=hang), "ssm:a", timeout=0.05)
    assert ended == []
    assert "no answer within 0.05 s" in reason(found["ssm:a"])
    go_on.set()


def test_what_was_read_before_the_deadline_is_kept_and_what_comes_later_is_not() -> None:
    system = Staged()
    client = FakeClient(GetParameters=system.hang, GetSecretValue=one_secret)
    found = fetch(client, "ssm:a", "secretsmanager:s", timeout=1.0, system=system)
    system.go_on()
    text = reason(found["ssm:a"])
    assert text.startswith("GetParameters failed: Unreachable: no answer within 1 s; check the")
    assert found["ssm:a"].is_unavailable
    assert body(found["secretsmanager:s"]) == b"value of s"


def test_a_call_that_was_not_attempted_is_reported_as_such() -> None:
    system = Staged()
    client = FakeClient(GetParameters=system.hang, GetParametersByPath=system.hang)
    found = fetch(client, "ssm:/a/", "ssm:/b/", connections=1, timeout=0.2, system=system)
    system.go_on()
    problem = "not attempted before the deadline"
    (late,) = [reference for reference in found if problem in reason(found[reference])]
    assert "AWS_APPCONFIG_EXTENSION_MAX_CONNECTIONS" in reason(found[late])


def test_a_call_that_was_not_attempted_reports_the_failure_before_it() -> None:
    system = Staged()
    broken = error("GetParametersByPath", "InternalServerError", "the first", status=500)
    client = FakeClient(GetParametersByPath=[broken, system.hang])
    found = fetch(client, "ssm:/a/", "ssm:/b/", connections=1, timeout=1.5, system=system)
    system.go_on()
    problem = (
        "not attempted before the deadline; an earlier call failed: "
        "GetParametersByPath failed: InternalServerError"
    )
    assert problem in reason(found["ssm:/b/"])


def test_a_timeout_reports_the_last_failure() -> None:
    system = Staged()
    broken = error("GetParameters", "InternalServerError")
    client = FakeClient(GetParameters=[broken, system.hang])
    found = fetch(client, "ssm:a", timeout=1.5, system=system)
    system.go_on()
    assert reason(found["ssm:a"]).startswith(
        "GetParameters failed: no answer within 1.5 s after InternalServerError"
    )


def test_a_first_attempt_that_may_hang_leaves_time_for_another() -> None:
    client = FakeClient(GetSecretValue=one_secret)
    for timeout in (8, 3):
        fetch(client, "secretsmanager:a", timeout=timeout, system=Staged())
    assert client.timeouts == [5.0, 3.0]


@pytest.mark.parametrize(
    "failure",
    [
        AwsError("GetParameters", UNREACHABLE, "closed"),
        error("GetParameters", "InternalServerError", status=500),
        error("GetParameters", "ThrottlingException"),
        error("GetParameters", "HTTP 503", status=503),
    ],
)
def test_a_transient_failure_is_retried(failure: AwsError) -> None:
    client = FakeClient(GetParameters=[failure, failure, parameters])
    assert body(fetch(client, "ssm:a")["ssm:a"]) == b"value of a"


@pytest.mark.parametrize(
    ("failure", "unreachable"),
    [
        (AwsError("GetParameters", UNREACHABLE, "certificate not accepted", is_final=True), True),
        (AwsError("GetParameters", INVALID_RESPONSE, "expected a JSON object", status=200), True),
        (error("GetParameters", "InvalidKeyId"), False),
    ],
)
def test_a_permanent_failure_is_not_retried(failure: AwsError, unreachable: bool) -> None:
    client = FakeClient(GetParameters=failure)
    found = fetch(client, "ssm:a")["ssm:a"]
    assert reason(found) == failure.reason
    assert found.is_unavailable is unreachable
    assert len(client.calls) == 1


def test_our_own_bug_is_an_error_without_values_and_does_not_hang() -> None:
    client = FakeClient(
        GetParameters=RuntimeError("canary"), GetParametersByPath={"Parameters": [{}]}
    )
    found = fetch(client, "ssm:a", "ssm:/a/")  # one that hung would say "no answer within"
    report = "report it as a bug of appconfig-env"
    assert reason(found["ssm:a"]) == f"InvalidResponse: unexpected RuntimeError; {report}"
    assert reason(found["ssm:/a/"]) == f"InvalidResponse: unexpected KeyError; {report}"


def test_connections_are_closed_after_each_fetch() -> None:
    client = FakeClient(GetParameters=parameters)
    fetch(client, "ssm:a")
    assert client.closed == 1


@pytest.mark.parametrize(
    ("code", "message", "line"),
    [
        ("ExpiredTokenException", "The token is expired", "ExpiredTokenException: The token is"),
        (UNREACHABLE, "no address for {host} (DNS)", "Unreachable: no address for appconfigdata"),
        ("ThrottlingException", "Rate exceeded", "ThrottlingException: Rate exceeded"),
        (NO_CREDENTIALS, "no credentials found; set AWS_PROFILE", "NoCredentials: no credentials"),
    ],
)
def test_one_cause_is_one_line_for_four_sources(code: str, message: str, line: str) -> None:
    operations = {
        "StartConfigurationSession": "appconfigdata",
        "GetParametersByPath": "ssm",
        "GetParameters": "ssm",
        "GetSecretValue": "secretsmanager",
    }
    failures = {
        operation: AwsError(
            operation, code, message.format(host=host), status=400, request_id=f"r-{operation}"
        )
        for operation, host in operations.items()
    }
    once = POLICY._replace(attempts=1, waits_for_quota=False)
    backend = AwsBackend(FakeClient(**failures), 3, policy=once)
    sources = [PROFILE, "ssm:/a/", "ssm:b", "secretsmanager:c"]
    found = backend([request(source) for source in sources], PATIENCE_SECONDS)
    failed = {source: found[source] for source in sources}
    error = LoadError(
        SourceError(source, failure)
        for source, failure in failed.items()
        if isinstance(failure, Failure)
    )
    assert len(error.errors) == 4
    (only,) = str(error).splitlines()
    named, _, rest = only.partition(": ")
    assert sorted(named.split(", ")) == sorted(sources)
    assert line in rest
    assert all(operation in rest and f"r-{operation}" in rest for operation in operations)
