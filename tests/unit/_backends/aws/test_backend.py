"""The plan of a fetch over all services."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._backends.aws.backend import AwsBackend
from appconfig_env._backends.aws.errors import NO_CREDENTIALS, UNREACHABLE, AwsError
from appconfig_env._backends.aws.retry import POLICY
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure, LoadError, SourceError

from ....support.fake_client import FakeClient, Response
from .calls import PATIENCE_SECONDS, POLL, PROFILE, fetch, one_secret, parameters, request

if TYPE_CHECKING:
    from collections.abc import Mapping


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
