"""One fetch: deadline, retries, workers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.aws.errors import (
    INVALID_RESPONSE,
    MISCONFIGURED,
    UNREACHABLE,
    AwsError,
)
from appconfig_env._backends.aws.executor import ATTEMPT_SECONDS, Run
from appconfig_env._backends.aws.ssm import read_path
from appconfig_env._backends.base import calls_of
from appconfig_env._backends.calls import Call
from appconfig_env._config.aws import AwsSettings
from appconfig_env._config.references import parse
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

from ....support.fake_client import FakeClient
from ....support.fakes import VirtualSystem
from .calls import (
    EAGER,
    PATIENCE_SECONDS,
    PROFILE,
    SESSION,
    Staged,
    body,
    error,
    fetch,
    one_secret,
    parameters,
    reason,
    request,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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
    assert [type(found[text]) for text in texts] == [Document] * 40


def test_a_client_that_hangs_is_abandoned_at_the_deadline() -> None:
    system = Staged()
    client = FakeClient(GetParameters=system.hang)
    found = fetch(client, "ssm:a", timeout=0.05, system=system)
    assert client.in_flight == 1, "it has not returned"
    assert "no response within 0.05 s" in reason(found["ssm:a"])
    system.go_on()


def test_what_was_read_before_the_deadline_is_kept_and_what_comes_later_is_not() -> None:
    system = Staged()
    client = FakeClient(GetParameters=system.hang, GetSecretValue=one_secret)
    found = fetch(client, "ssm:a", "secretsmanager:s", timeout=1.0, system=system)
    system.go_on()
    text = reason(found["ssm:a"])
    assert text.startswith("GetParameters failed: Unreachable: no response within 1 s; check the")
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
        "GetParameters failed: no response within 1.5 s after InternalServerError"
    )


def at_the_deadline(*texts: str, **responses: Any) -> dict[str, str]:
    """What is reported of each resource if the calls whose response is "hang" hang."""
    system = Staged()
    prepared = {
        operation: [system.hang if one == "hang" else one for one in sequence]
        for operation, sequence in responses.items()
    }
    found = fetch(FakeClient(**prepared), *texts, connections=1, timeout=1.5, system=system)
    system.go_on()
    return {text: reason(one) for text, one in found.items() if isinstance(one, Failure)}


PAGE = {"Parameters": [{"Name": "/a/x", "Value": "1"}]}
NO_RESPONSE = "failed: Unreachable: no response within 1.5 s; check the Region"


def test_a_call_that_has_recovered_does_not_explain_the_timeout_of_the_next_page() -> None:
    broken = error("GetParametersByPath", "InternalServerError", status=500)
    pages = [broken, PAGE | {"NextToken": "2"}, "hang"]
    found = at_the_deadline("ssm:/a/", GetParametersByPath=pages)
    assert found["ssm:/a/"].startswith(f"GetParametersByPath {NO_RESPONSE}")


def test_a_session_that_has_recovered_does_not_explain_the_timeout_of_its_poll() -> None:
    broken = error("StartConfigurationSession", "InternalServerError", status=500)
    found = at_the_deadline(
        PROFILE, StartConfigurationSession=[broken, SESSION], GetLatestConfiguration=["hang"]
    )
    assert found[PROFILE].startswith(f"GetLatestConfiguration {NO_RESPONSE}")


def test_a_call_that_has_recovered_does_not_explain_why_others_were_not_attempted() -> None:
    broken = error("GetParametersByPath", "InternalServerError", status=500)
    found = at_the_deadline(
        "ssm:/a/", "ssm:/b/", "ssm:/c/", GetParametersByPath=[broken, PAGE, "hang"]
    )
    assert found.keys() == {"ssm:/b/", "ssm:/c/"}
    assert found["ssm:/b/"].startswith(f"GetParametersByPath {NO_RESPONSE}")
    assert found["ssm:/c/"] == (
        "no response within 1.5 s: not attempted before the deadline; "
        "raise AWS_APPCONFIG_EXTENSION_MAX_CONNECTIONS"
    )


@pytest.mark.parametrize(
    ("batch", "why"),
    [
        (
            error("BatchGetSecretValue", "AccessDeniedException"),
            f"an earlier call failed: {error('BatchGetSecretValue', 'AccessDeniedException')}",
        ),
        ({"SecretValues": []}, "raise AWS_APPCONFIG_EXTENSION_MAX_CONNECTIONS"),
    ],
)
def test_a_batch_that_was_replaced_by_single_calls_is_not_what_had_no_response(
    batch: Any, why: str
) -> None:
    found = at_the_deadline(
        "secretsmanager:a", "secretsmanager:b", BatchGetSecretValue=[batch], GetSecretValue=["hang"]
    )
    assert found["secretsmanager:a"].startswith(f"GetSecretValue {NO_RESPONSE}")
    assert found["secretsmanager:b"] == (
        f"no response within 1.5 s: not attempted before the deadline; {why}"
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
    found = fetch(client, "ssm:a", "ssm:/a/")  # one that hung would say "no response within"
    report = "report it as a bug of appconfig-env"
    assert reason(found["ssm:a"]) == f"InvalidResponse: unexpected RuntimeError; {report}"
    assert reason(found["ssm:/a/"]) == f"InvalidResponse: unexpected KeyError; {report}"


NAME = parse("ssm:/shop/prod/host").resource
OPERATION = "GetParameters"


class Attempt(NamedTuple):
    """How an attempt fails, and after how many seconds at most."""

    seconds: float
    message: str
    code: str = UNREACHABLE


RESET = Attempt(0.1, "connection to AWS broke (reset)")
SILENCE = Attempt(100.0, "no response from AWS in time")
LATE_REFUSAL = Attempt(100.0, "no right", "AccessDeniedException")


class Failing:
    """A client whose calls fail one after another.

    Attributes:
        timeouts: of the calls.
        raised: by the calls.
    """

    def __init__(self, system: VirtualSystem, *failures: Attempt) -> None:
        self._system = system
        self._failures: Iterator[Attempt] = iter(failures)
        self.timeouts: list[float] = []
        self.raised: list[AwsError] = []

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
    ) -> dict[str, Any]:
        del parameters, region
        self.timeouts.append(timeout)
        seconds, message, code = next(self._failures)
        self._system.at += min(seconds, timeout)
        self.raised.append(AwsError(operation, code, message))
        raise self.raised[-1]

    def close(self) -> None:
        """Nothing is open."""


def failure(seconds: float, *failures: Attempt) -> tuple[str, list[float]]:
    """What is reported after calls that fail so, and the time that each attempt had."""
    system = VirtualSystem()
    client = Failing(system, *failures)
    run = Run(client, seconds, 1, needed=[NAME.reference], system=system)
    run.add("ssm", [NAME], lambda run: run.call(OPERATION, {}, [NAME]))
    run.wait()
    outcome = run.outcomes[NAME.reference]
    assert isinstance(outcome, Failure)
    return outcome.summary, client.timeouts


@pytest.mark.parametrize(
    ("failures", "reported"),
    [
        ((RESET, SILENCE), RESET),
        ((RESET, RESET, SILENCE), RESET),
        ((SILENCE,), SILENCE),
        ((RESET, LATE_REFUSAL), LATE_REFUSAL),  # AWS has decided, if only just in time
    ],
)
def test_an_attempt_that_the_deadline_ended_does_not_hide_what_an_earlier_one_met(
    failures: tuple[Attempt, ...], reported: Attempt
) -> None:
    summary, timeouts = failure(1.0, *failures)

    assert summary == f"{reported.code}: {reported.message}"
    assert len(timeouts) == len(failures)


def test_the_last_of_the_attempts_that_had_their_time_is_reported() -> None:
    summary, timeouts = failure(8.0, RESET, SILENCE, SILENCE)

    assert timeouts[:2] == [ATTEMPT_SECONDS] * 2
    assert timeouts[2] < ATTEMPT_SECONDS
    assert summary == f"Unreachable: {SILENCE.message}"


def test_what_an_earlier_attempt_met_is_raised_again_as_a_copy() -> None:
    system = VirtualSystem()
    client = Failing(system, RESET, SILENCE)
    run = Run(client, 1.0, 1, needed=[NAME.reference], system=system)

    with pytest.raises(AwsError) as caught:
        run.call(OPERATION, {}, [NAME])

    assert caught.value.message == RESET.message
    assert caught.value not in client.raised


def refused(run: Run, text: str, code: str) -> None:
    """Let a call for the resource fail, of which its caller makes nothing."""
    with pytest.raises(AwsError, match=code):
        run.call(OPERATION, {}, [parse(text).resource])


@pytest.mark.parametrize(
    ("code", "kind"),
    [("AccessDeniedException", "unavailable"), ("ThrottlingException", "throttled")],
)
def test_a_refusal_does_not_decide_on_a_resource_that_was_still_read_at_the_deadline(
    code: str, kind: str
) -> None:
    client = FakeClient(GetParameters=error(OPERATION, code))
    run = Run(client, 1.0, 1, system=VirtualSystem())
    refused(run, "ssm:a", code)

    late = run.late(parse("ssm:a").resource)

    assert (late.kind, late.code) == (kind, code)
    assert late.summary == f"no response within 1 s after {code}"


def test_of_several_failures_the_last_one_explains_why_there_was_no_time() -> None:
    codes = ["AccessDeniedException", "InvalidKeyId"]
    client = FakeClient(GetParameters=[error(OPERATION, code) for code in codes])
    run = Run(client, 1.0, 1, system=VirtualSystem())
    refused(run, "ssm:a", codes[0])
    refused(run, "ssm:b", codes[1])

    late = run.late(parse("ssm:c").resource)

    assert f"an earlier call failed: {OPERATION} failed: InvalidKeyId" in late.summary


@pytest.mark.parametrize(("own", "reported"), [("", "eu-west-1"), ("us-east-1", "us-east-1")])
def test_the_region_that_the_client_states_is_reported_or_else_that_of_the_run(
    own: str, reported: str
) -> None:
    settings = AwsSettings(region="eu-west-1")
    run = Run(FakeClient(), 1.0, 1, settings=settings, system=VirtualSystem())
    denied = error(OPERATION, "AccessDeniedException")
    denied.region = own

    run.fail([NAME], denied)

    outcome = run.outcomes[NAME.reference]
    assert isinstance(outcome, Failure)
    assert outcome.region == reported


def test_a_fetch_took_no_longer_than_its_timeout_even_if_the_process_was_frozen() -> None:
    system = VirtualSystem()
    run = Run(FakeClient(), 2.0, 1, system=system)
    elapsed = []
    for system.at in (0.0, 1.5, 2.0, 3600.0):
        elapsed.append(run.elapsed)
    assert elapsed == [0.0, 1.5, 2.0, 2.0]


class Pages:
    """A client whose pages never end, each after so many seconds."""

    def __init__(self, system: VirtualSystem, seconds: float) -> None:
        self._system = system
        self._seconds = seconds
        self._number = 0

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
    ) -> dict[str, Any]:
        del parameters, region
        self._system.at += min(self._seconds, timeout * 0.95)  # calls end before the deadline
        if self._seconds > timeout * 0.95:
            raise AwsError(operation, UNREACHABLE, SILENCE.message)
        self._number += 1
        page = [{"Name": f"/shop/p{self._number}", "Value": "1"}]
        return {"Parameters": page, "NextToken": f"page {self._number}"}

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("seconds", [0.005, 0.019, 0.021])
def test_endless_pages_are_named_although_the_deadline_ends_the_last_call(seconds: float) -> None:
    system = VirtualSystem()
    path = parse("ssm:/shop/").resource
    run = Run(Pages(system, seconds), 1.0, 1, needed=[path.reference], system=system)
    run.add("ssm", [path], read_path, path)
    run.wait()
    outcome = run.outcomes[path.reference]
    assert isinstance(outcome, Failure)
    assert " pages with " in outcome.summary
    assert "APPCONFIG_ENV_DEADLINE_SECONDS" in outcome.hint


def test_a_page_that_fails_before_the_deadline_is_reported_as_such() -> None:
    system = VirtualSystem()
    path = parse("ssm:/shop/").resource
    client = Failing(system, *[RESET] * 6)
    run = Run(client, 30.0, 1, needed=[path.reference], system=system)
    run.add("ssm", [path], read_path, path)
    run.wait()
    outcome = run.outcomes[path.reference]
    assert isinstance(outcome, Failure)
    assert outcome.summary == f"Unreachable: {RESET.message}"


def recorded(client: FakeClient, *texts: str, records_all: bool) -> list[tuple[str, str, str]]:
    """The operation, the code and the request ID of each call that is recorded."""
    settings = AwsSettings(region="eu-west-1")
    client_calls: list[Call] | None = [] if records_all else None
    backend = AwsBackend(client, 1, settings=settings, system=EAGER, client_calls=client_calls)
    outcomes = backend([request(text) for text in texts], PATIENCE_SECONDS)
    for call in calls_of(outcomes):
        assert call.region in ("eu-west-1", "eu-west-9")
        assert call.seconds >= 0
        assert call.references == list(texts)
    return [
        (call.operation, call.failure.code if call.failure else "", call.request_id)
        for call in calls_of(outcomes)
    ]


FAILED = AwsError("GetParameters", "InternalServerError", status=500, request_id="r-1")


def answered(asked: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {"RequestId": "r-2", "Region": "eu-west-9"}
    return {**parameters(asked), "ResponseMetadata": metadata}


def test_each_attempt_is_recorded_with_its_code_and_request_id() -> None:
    found = recorded(FakeClient(GetParameters=[FAILED, answered]), "ssm:a", records_all=True)
    assert found == [("GetParameters", "InternalServerError", "r-1"), ("GetParameters", "", "r-2")]


def test_only_failures_are_recorded_unless_all_calls_are() -> None:
    client = FakeClient(GetParameters=[FAILED, parameters])
    assert recorded(client, "ssm:a", records_all=False) == [
        ("GetParameters", "InternalServerError", "r-1")
    ]


def test_a_result_without_metadata_is_recorded_without_a_request_id() -> None:
    found = recorded(FakeClient(GetParameters=parameters), "ssm:a", records_all=True)
    assert found == [("GetParameters", "", "")]


def test_a_failure_before_any_call_is_not_recorded() -> None:
    client = FakeClient(GetParameters=AwsError("", MISCONFIGURED, "no Region; set AWS_REGION"))
    assert recorded(client, "ssm:a", records_all=True) == []


def test_the_calls_of_the_client_itself_come_first_and_once() -> None:
    own = [Call("AssumeRole")]
    backend = AwsBackend(FakeClient(GetParameters=parameters), 1, system=EAGER, client_calls=own)
    for operations in (["AssumeRole", "GetParameters"], ["GetParameters"]):
        outcomes = backend([request("ssm:a")], PATIENCE_SECONDS)
        assert [call.operation for call in calls_of(outcomes)] == operations
