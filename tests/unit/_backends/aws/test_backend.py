"""The plan of a fetch over all services."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.aws.errors import NO_CREDENTIALS, UNREACHABLE, AwsError
from appconfig_env._backends.aws.retry import POLICY
from appconfig_env._config.aws import Access, AwsSettings
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure, LoadError, SourceError

from ....support.fake_client import FakeClient, Response
from ....support.fakes import VirtualSystem
from .calls import (
    PATIENCE_SECONDS,
    POLL,
    PROFILE,
    SESSION,
    Staged,
    fetch,
    one_secret,
    parameters,
    request,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def test_without_requests_no_call_is_made() -> None:
    client = FakeClient()
    assert fetch(client) == {}
    assert client.closed == 1


def test_services_do_not_wait_for_each_other() -> None:
    together = threading.Barrier(3, timeout=PATIENCE_SECONDS)

    def meet(response: Response) -> Response:
        def wait(asked: Mapping[str, Any]) -> dict[str, Any]:
            together.wait()
            return response(asked) if callable(response) else dict(POLL)

        return wait

    client = FakeClient(
        GetLatestConfiguration=meet(POLL),
        GetParameters=meet(parameters),
        GetSecretValue=meet(one_secret),
    )
    requests = [request(PROFILE, "t"), request("ssm:a"), request("secretsmanager:a")]
    found = AwsBackend(client, 1)(requests, PATIENCE_SECONDS)
    assert all(isinstance(one, Document) for one in found.values())


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


@pytest.mark.parametrize("source", [PROFILE, "ssm:/a/", "ssm:a", "secretsmanager:a"])
def test_a_document_knows_how_long_it_took_to_read(source: str) -> None:
    system = Staged()

    def slow(response: Response) -> Response:
        def respond(asked: Mapping[str, Any]) -> dict[str, Any]:
            system.at += 1.5
            return response(asked) if callable(response) else dict(POLL | SESSION)

        return respond

    page = {"Parameters": [{"Name": "/a/b", "Value": "1", "Type": "String"}]}
    client = FakeClient(
        StartConfigurationSession=slow(SESSION),
        GetLatestConfiguration=slow(POLL),
        GetParametersByPath=[slow(lambda _: page | {"NextToken": "2"}), slow(lambda _: page)],
        GetParameters=slow(parameters),
        GetSecretValue=slow(one_secret),
    )
    found = fetch(client, source, system=system)[source]
    assert found.read_seconds == 1.5 * len(client.calls)


def fails_once(response: Callable[[Any], dict[str, Any]], system: VirtualSystem) -> Response:
    """Fail, and respond to the next attempt; each takes a second and a half."""
    failures = iter([AwsError("any", "InternalServerError", status=500)])

    def respond(asked: Mapping[str, Any]) -> dict[str, Any]:
        system.at += 1.5
        for failure in failures:
            raise failure
        return response(asked)

    return respond


def test_failed_attempts_of_successive_calls_do_not_count_as_reading() -> None:
    system = VirtualSystem()
    page = {"Parameters": [{"Name": "/a/b", "Value": "1", "Type": "String"}]}
    first = fails_once(lambda _: page | {"NextToken": "2"}, system)
    second = fails_once(lambda _: page, system)
    client = FakeClient(GetParametersByPath=[first, first, second, second])
    assert fetch(client, "ssm:/a/", system=system)["ssm:/a/"].read_seconds == 3.0


def test_failed_attempts_for_one_source_do_not_count_for_another_one() -> None:
    system = VirtualSystem()  # with a single worker, which makes one call after the other
    client = FakeClient(
        GetSecretValue=fails_once(one_secret, system), GetParameters=fails_once(parameters, system)
    )
    found = fetch(client, "secretsmanager:a", "ssm:a", system=system)
    first, second = sorted(document.read_seconds for document in found.values())
    assert first == 1.5
    assert second == 1.5 + system.slept[0] + 1.5 + 1.5


@pytest.mark.parametrize(
    ("source", "region"),
    [
        ("ssm:bad", "eu-west-1"),
        ("ssm:/bad/", "eu-west-1"),
        ("ssm:arn:aws:ssm:us-east-1:1:parameter/bad", "us-east-1"),
    ],
)
def test_a_failure_that_no_client_made_has_the_region_and_the_role(
    source: str, region: str
) -> None:
    role = "arn:aws:iam::1:role/reader"
    settings = AwsSettings(
        appconfig=Access(region="us-west-2", role_arn="arn:aws:iam::2:role/other"),
        others=Access(region="eu-west-1", role_arn=role),
    )
    client = FakeClient(
        GetParameters={"Parameters": [], "InvalidParameters": ["bad"]},
        GetParametersByPath={"Parameters": []},
    )
    backend = AwsBackend(client, 3, settings=settings)
    failure = backend([request(source)], PATIENCE_SECONDS)[request(source).resource.reference]
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.region, failure.role_arn) == ("missing", region, role)
