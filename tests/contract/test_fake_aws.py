"""Tests the fake with boto3: what a correct client receives, and how a wrong one is refused."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
    SSLError,
)

from ..support.fake_aws import FakeAws, FakeAwsProcess
from ..support.life import eventually
from ..support.servers import Proxy

Client = Callable[..., Any]
SHOP = {
    "ApplicationIdentifier": "shop",
    "EnvironmentIdentifier": "prod",
    "ConfigurationProfileIdentifier": "app",
}
ROLE = "arn:aws:iam::123456789012:role/reader"


def client_of(aws: FakeAws, service: str, environ: Mapping[str, str], **options: Any) -> Any:
    session = boto3.session.Session(
        aws_access_key_id=environ.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=environ.get("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=environ.get("AWS_SESSION_TOKEN"),
        region_name=options.pop("region", "us-east-1"),
    )
    settings = {"read_timeout": 5, "parameter_validation": False, **options}
    config = Config(retries={"total_max_attempts": 1}, **settings)
    return session.client(
        service, endpoint_url=aws.url, verify=environ.get("AWS_CA_BUNDLE"), config=config
    )


@pytest.fixture
def aws(fake_aws: FakeAws) -> FakeAws:
    return fake_aws


@pytest.fixture
def client(aws: FakeAws) -> Iterator[Client]:
    made = []

    def make(service: str, **options: Any) -> Any:
        made.append(client_of(aws, service, aws.environ(), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def refused(call: Callable[..., Any], **params: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    response: dict[str, Any] = caught.value.response
    return response


def code_of(response: Mapping[str, Any]) -> tuple[int, str]:
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def start(appconfig: Any, **more: Any) -> str:
    token: str = appconfig.start_configuration_session(**SHOP, **more)["InitialConfigurationToken"]
    return token


def poll(appconfig: Any, token: str) -> dict[str, Any]:
    response: dict[str, Any] = appconfig.get_latest_configuration(ConfigurationToken=token)
    # Read here, because an unread body keeps its connection.
    return {**response, "Body": response.pop("Configuration").read()}


def problem_of(response: Mapping[str, Any]) -> str:
    assert code_of(response) == (400, "BadRequestException")
    (parameter,) = response["Details"]["InvalidParameters"].values()
    return str(parameter["Problem"])


# AppConfig Data


def test_a_session_receives_the_configuration_once(aws: FakeAws, client: Client) -> None:
    aws.put_profile("shop", "prod", "app", {"a": 1}, label="v1")
    appconfig = client("appconfigdata")
    token = start(appconfig)
    first = poll(appconfig, token)
    assert first["Body"] == b'{"a": 1}'
    assert (first["VersionLabel"], first["ContentType"]) == ("v1", "application/json")
    assert first["NextPollIntervalInSeconds"] == 60
    aws.forward(60)
    again = poll(appconfig, first["NextPollConfigurationToken"])
    assert again["Body"] == b""
    assert again["VersionLabel"] == ""
    assert aws.received == {"shop/prod/app": 1}
    assert [call.status for call in aws.calls] == [201, 200, 200]
    assert {call.resource for call in aws.calls} == {"shop/prod/app"}
    assert aws.problems == []


def test_a_new_deployment_arrives_at_the_next_poll(aws: FakeAws, client: Client) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    appconfig = client("appconfigdata")
    token = start(appconfig, RequiredMinimumPollIntervalInSeconds=15)
    first = poll(appconfig, token)
    aws.put_profile("shop", "prod", "app", "two")
    aws.forward(15)
    again = poll(appconfig, first["NextPollConfigurationToken"])
    assert again["Body"] == b"two"
    assert again["NextPollIntervalInSeconds"] == 15


def test_tokens_are_long_and_good_for_one_call(aws: FakeAws, client: Client) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    appconfig = client("appconfigdata")
    token = start(appconfig)
    assert len(token) > 1000
    assert set("/+=") <= set(token)
    poll(appconfig, token)
    response = refused(appconfig.get_latest_configuration, ConfigurationToken=token)
    assert problem_of(response) == "Corrupted"
    assert "used twice" in aws.problems[0]


def test_a_token_expires_after_a_day(aws: FakeAws, client: Client) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    appconfig = client("appconfigdata")
    token = start(appconfig)
    aws.forward(24 * 3600)
    response = refused(appconfig.get_latest_configuration, ConfigurationToken=token)
    assert problem_of(response) == "Expired"


def test_a_made_up_token_is_corrupted(aws: FakeAws, client: Client) -> None:
    response = refused(client("appconfigdata").get_latest_configuration, ConfigurationToken="x/+=")
    assert problem_of(response) == "Corrupted"
    assert aws.count("GetLatestConfiguration") == 1


def test_an_early_poll_is_refused_without_spending_its_token(aws: FakeAws, client: Client) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    appconfig = client("appconfigdata")
    first = poll(appconfig, start(appconfig))
    token = first["NextPollConfigurationToken"]
    response = refused(appconfig.get_latest_configuration, ConfigurationToken=token)
    assert problem_of(response) == "PollIntervalNotSatisfied"
    assert response["Error"]["Message"] == "Request too early"
    assert "too early" in aws.problems[0]
    aws.forward(60)
    poll(appconfig, token)


def test_the_interval_can_be_raised_and_its_enforcement_turned_off(
    aws: FakeAws, client: Client
) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    aws.appconfig.next_poll_interval_seconds = 120
    appconfig = client("appconfigdata")
    first = poll(appconfig, start(appconfig))
    assert first["NextPollIntervalInSeconds"] == 120
    token = first["NextPollConfigurationToken"]
    aws.forward(119)
    refused(appconfig.get_latest_configuration, ConfigurationToken=token)
    aws.appconfig.enforces_interval = False
    poll(appconfig, token)


def test_an_interval_can_be_raised_without_notice(aws: FakeAws, client: Client) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    appconfig = client("appconfigdata")
    token = poll(appconfig, start(appconfig))["NextPollConfigurationToken"]
    aws.appconfig.next_poll_interval_seconds = 120
    aws.appconfig.raises_unannounced = True
    aws.forward(60)
    response = refused(appconfig.get_latest_configuration, ConfigurationToken=token)
    assert problem_of(response) == "PollIntervalNotSatisfied"
    assert aws.problems == [], "it kept the interval that it was sent"
    aws.forward(60)
    assert poll(appconfig, token)["NextPollIntervalInSeconds"] == 120


def test_the_interval_s_header_can_have_any_text(aws: FakeAws, client: Client) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    aws.appconfig.next_poll_interval_text = "86401"
    appconfig = client("appconfigdata")
    first = poll(appconfig, start(appconfig))
    assert first["NextPollIntervalInSeconds"] == 86401
    aws.appconfig.next_poll_interval_text = ""
    aws.forward(60)
    again = poll(appconfig, first["NextPollConfigurationToken"])
    assert "NextPollIntervalInSeconds" not in again


def test_a_rollback_is_a_change_only_for_sessions_that_saw_the_other_version(
    aws: FakeAws, client: Client
) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    appconfig = client("appconfigdata")
    tokens = [poll(appconfig, start(appconfig))["NextPollConfigurationToken"] for _ in range(2)]
    aws.put_profile("shop", "prod", "app", "two")
    aws.forward(60)
    seen = poll(appconfig, tokens[0])
    assert seen["Body"] == b"two"
    aws.roll_back("shop", "prod", "app")
    aws.forward(60)
    assert poll(appconfig, seen["NextPollConfigurationToken"])["Body"] == b"one"
    assert poll(appconfig, tokens[1])["Body"] == b""


def test_a_token_of_impossible_length_is_refused(aws: FakeAws, client: Client) -> None:
    appconfig = client("appconfigdata")
    response = refused(appconfig.get_latest_configuration, ConfigurationToken="x" * 8193)
    assert code_of(response) == (400, "BadRequestException")
    assert "8192" in aws.problems[0]


def test_the_ledger_records_each_use_of_a_token_and_its_outcome(
    aws: FakeAws, client: Client
) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    appconfig = client("appconfigdata")
    first = start(appconfig)
    second = poll(appconfig, first)["NextPollConfigurationToken"]
    for token in (second, first, "made up"):
        refused(appconfig.get_latest_configuration, ConfigurationToken=token)
    aws.forward(60)
    poll(appconfig, second)
    assert [(use.token, use.session, use.outcome, use.is_taken) for use in aws.ledger] == [
        (1, 1, "changed", True),
        (2, 1, "PollIntervalNotSatisfied", False),
        (1, 1, "Corrupted", False),
        (0, 0, "BadRequestException", False),
        (2, 1, "unchanged", True),
    ]
    assert {use.access_key for use in aws.ledger} == {aws.account.function.access_key}
    assert aws.ledger[-1].at >= aws.ledger[0].at + 60


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"ApplicationIdentifier": "no"}, "Application"),
        ({"EnvironmentIdentifier": "no"}, "Environment"),
        ({"ConfigurationProfileIdentifier": "no"}, "ConfigurationProfile"),
        ({"ConfigurationProfileIdentifier": "idle"}, "Deployment"),
    ],
)
def test_a_missing_resource_is_named(
    aws: FakeAws, client: Client, changed: Mapping[str, str], kind: str
) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    aws.undeploy("shop", "prod", "idle")
    params = {**SHOP, **changed}
    response = refused(client("appconfigdata").start_configuration_session, **params)
    assert code_of(response) == (404, "ResourceNotFoundException")
    assert response["ResourceType"] == kind
    assert set(response["ReferencedBy"].items()) <= set(params.items())


def test_a_missing_deployment_can_fail_at_the_first_poll_instead(
    aws: FakeAws, client: Client
) -> None:
    aws.undeploy("shop", "prod", "app")
    aws.appconfig.missing_deployment_fails_at = "GetLatestConfiguration"
    appconfig = client("appconfigdata")
    response = refused(appconfig.get_latest_configuration, ConfigurationToken=start(appconfig))
    assert response["ResourceType"] == "Deployment"


def test_ids_work_as_well_as_names(aws: FakeAws, client: Client) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    ids = {name: aws.identifier(value) for name, value in SHOP.items()}
    client("appconfigdata").start_configuration_session(**ids)
    assert aws.calls[0].resource == "shop/prod/app"


def test_a_lost_response_spends_the_token_without_a_problem(aws: FakeAws, client: Client) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    appconfig = client("appconfigdata")
    token = start(appconfig)
    aws.fail("GetLatestConfiguration", close="after")
    with pytest.raises(ConnectionClosedError):
        poll(appconfig, token)
    response = refused(appconfig.get_latest_configuration, ConfigurationToken=token)
    assert problem_of(response) == "Corrupted"
    assert aws.problems == []


# Parameter Store


def test_a_path_is_returned_in_pages_of_ten(aws: FakeAws, client: Client) -> None:
    for number in range(23):
        aws.put_parameter(f"/shop/prod/p{number:02}", str(number))
    aws.put_parameter("/shop/prod/deep/er", "x")
    ssm = client("ssm")
    pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path="/shop/prod/"))
    assert [len(page["Parameters"]) for page in pages] == [10, 10, 3]
    deep = ssm.get_paginator("get_parameters_by_path").paginate(Path="/shop", Recursive=True)
    assert len(list(deep.search("Parameters"))) == 24
    assert aws.problems == []


def test_an_empty_page_can_have_a_next_one(aws: FakeAws, client: Client) -> None:
    aws.put_parameter("/shop/a", "1")
    aws.ssm.empty_pages = 1
    pages = list(client("ssm").get_paginator("get_parameters_by_path").paginate(Path="/shop"))
    assert [len(page["Parameters"]) for page in pages] == [0, 1]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Path": "/shop", "MaxResults": 11}, "ValidationException"),
        ({"Path": "shop"}, "ValidationException"),
        ({"Path": "/shop", "NextToken": "made up"}, "InvalidNextToken"),
    ],
)
def test_a_wrong_path_request_is_refused(
    aws: FakeAws, client: Client, params: Mapping[str, Any], code: str
) -> None:
    assert code_of(refused(client("ssm").get_parameters_by_path, **params)) == (400, code)
    assert len(aws.problems) == 1


def test_parameters_are_found_by_version_label_and_arn(aws: FakeAws, client: Client) -> None:
    aws.put_parameter("/a", "one", labels=["stable"])
    aws.put_parameter("/a", "two")
    aws.put_parameter("plain", "x,y", type="StringList")
    ssm = client("ssm")
    arn = "arn:aws:ssm:us-east-1:123456789012:parameter/plain"
    response = ssm.get_parameters(Names=["/a:1", "/a:stable", "/a", arn, "/no", "/a:9"])
    found = {(p["Name"], p.get("Selector"), p["Value"]) for p in response["Parameters"]}
    expected = {("/a", ":1", "one"), ("/a", ":stable", "one"), ("/a", None, "two")}
    assert found == {*expected, ("plain", None, "x,y")}
    assert response["InvalidParameters"] == ["/a:9", "/no"]
    assert ssm.get_parameter(Name="/a")["Parameter"]["Version"] == 2


def test_eleven_names_are_refused(aws: FakeAws, client: Client) -> None:
    response = refused(client("ssm").get_parameters, Names=[f"/p{n}" for n in range(11)])
    assert code_of(response) == (400, "ValidationException")
    assert "11 names" in aws.problems[0]


def test_a_secure_string_is_ciphertext_unless_decrypted(aws: FakeAws, client: Client) -> None:
    aws.put_parameter("/key", "s3cret", type="SecureString")
    ssm = client("ssm")
    assert "s3cret" not in ssm.get_parameter(Name="/key")["Parameter"]["Value"]
    shown = ssm.get_parameter(Name="/key", WithDecryption=True)["Parameter"]
    assert (shown["Value"], shown["Type"]) == ("s3cret", "SecureString")


def test_missing_parameters_and_missing_versions_have_different_errors(
    aws: FakeAws, client: Client
) -> None:
    aws.put_parameter("/a", "one")
    ssm = client("ssm")
    assert code_of(refused(ssm.get_parameter, Name="/no")) == (400, "ParameterNotFound")
    assert code_of(refused(ssm.get_parameter, Name="/a:7")) == (400, "ParameterVersionNotFound")


def test_a_name_with_a_slash_must_begin_with_one(aws: FakeAws, client: Client) -> None:
    ssm = client("ssm")
    one = refused(ssm.get_parameter, Name="shop/prod/x")
    many = refused(ssm.get_parameters, Names=["/shop/prod/x", "shop/prod/x"])
    for response in (one, many):
        assert code_of(response) == (400, "ValidationException")
        assert "sub-paths divided by slash" in str(response)
    assert len(aws.problems) == 2


def test_a_secret_can_be_read_through_parameter_store(aws: FakeAws, client: Client) -> None:
    aws.put_secret("db", "s3cret")
    name = "/aws/reference/secretsmanager/db"
    shown = client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert shown["Value"] == "s3cret"
    assert code_of(refused(client("ssm").get_parameter, Name=name))[1] == "ValidationException"


# Secrets Manager


def test_a_secret_has_stages_and_holds_text_or_bytes(aws: FakeAws, client: Client) -> None:
    aws.put_secret("db", "old")
    arn = aws.put_secret("db", "new")
    aws.put_secret("blob", b"\x00\xff")
    secrets = client("secretsmanager")
    assert secrets.get_secret_value(SecretId="db")["SecretString"] == "new"
    assert secrets.get_secret_value(SecretId=arn)["VersionStages"] == ["AWSCURRENT"]
    assert secrets.get_secret_value(SecretId=arn[:-7])["Name"] == "db"
    old = secrets.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")
    assert old["SecretString"] == "old"
    assert secrets.get_secret_value(SecretId="blob")["SecretBinary"] == b"\x00\xff"


def test_a_batch_reports_failures_inside_its_response(aws: FakeAws, client: Client) -> None:
    aws.put_secret("a", "1")
    aws.put_secret("b", "2")
    aws.put_secret("gone", "3")
    aws.delete_secret("gone", scheduled=True)
    aws.deny("GetSecretValue", "b")
    response = client("secretsmanager").batch_get_secret_value(
        SecretIdList=["a", "b", "gone", "no"]
    )
    assert [value["SecretString"] for value in response["SecretValues"]] == ["1"]
    assert {error["SecretId"]: error["ErrorCode"] for error in response["Errors"]} == {
        "b": "AccessDeniedException",
        "gone": "InvalidRequestException",
        "no": "ResourceNotFoundException",
    }


def test_twenty_one_secrets_are_refused(aws: FakeAws, client: Client) -> None:
    ids = [f"s{number}" for number in range(21)]
    response = refused(client("secretsmanager").batch_get_secret_value, SecretIdList=ids)
    assert code_of(response) == (400, "ValidationException")
    assert "21 secrets" in aws.problems[0]


def test_a_missing_secret_or_stage_is_not_found(aws: FakeAws, client: Client) -> None:
    aws.put_secret("a", "1")
    get = client("secretsmanager").get_secret_value
    for params in ({"SecretId": "no"}, {"SecretId": "a", "VersionStage": "AWSPENDING"}):
        assert code_of(refused(get, **params)) == (400, "ResourceNotFoundException")


# Credentials


def test_an_assumed_role_signs_further_calls(aws: FakeAws, client: Client) -> None:
    aws.put_role(ROLE, external_id="partner")
    aws.put_parameter("/a", "one")
    assume = client("sts").assume_role
    credentials = assume(RoleArn=ROLE, RoleSessionName="shop", ExternalId="partner")["Credentials"]
    environ = {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }
    client_of(aws, "ssm", environ).get_parameter(Name="/a")
    keys = [call.access_key for call in aws.calls]
    assert keys == [aws.environ()["AWS_ACCESS_KEY_ID"], credentials["AccessKeyId"]]
    aws.expire(credentials["AccessKeyId"])
    response = refused(client_of(aws, "ssm", environ).get_parameter, Name="/a")
    assert code_of(response) == (400, "ExpiredTokenException")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"ExternalId": "stranger"}, (403, "AccessDenied")),
        ({"RoleArn": ROLE + "s"}, (403, "AccessDenied")),
        ({"RoleSessionName": "no spaces"}, (400, "ValidationError")),
    ],
)
def test_a_role_is_refused_with_wrong_parameters(
    aws: FakeAws, client: Client, changed: Mapping[str, str], code: tuple[int, str]
) -> None:
    aws.put_role(ROLE, external_id="partner")
    params = {"RoleArn": ROLE, "RoleSessionName": "shop", "ExternalId": "partner", **changed}
    assert code_of(refused(client("sts").assume_role, **params)) == code


def test_container_credentials_sign_valid_requests(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.put_parameter("/a", "one")
    for name, value in aws.environ(container=True).items():
        monkeypatch.setenv(name, value)
    assert client_of(aws, "ssm", {}).get_parameter(Name="/a")["Parameter"]["Value"] == "one"
    assert [call.operation for call in aws.calls] == ["ContainerCredentials", "GetParameter"]
    assert aws.problems == []


# Signatures


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("ssm", "get_parameter", {"Name": "/a"}, (400, "InvalidSignatureException")),
        ("appconfigdata", "start_configuration_session", SHOP, (403, "InvalidSignatureException")),
        ("sts", "get_caller_identity", {}, (403, "SignatureDoesNotMatch")),
    ],
)
def test_a_wrong_secret_key_is_refused(
    aws: FakeAws, service: str, operation: str, params: Mapping[str, Any], code: tuple[int, str]
) -> None:
    environ = {**aws.environ(), "AWS_SECRET_ACCESS_KEY": "wrong"}
    client = client_of(aws, service, environ)
    assert code_of(refused(getattr(client, operation), **params)) == code
    assert len(aws.problems) == 1


def test_a_wrong_session_token_is_refused(aws: FakeAws) -> None:
    environ = {**aws.environ(), "AWS_SESSION_TOKEN": "another"}
    response = refused(client_of(aws, "ssm", environ).get_parameter, Name="/a")
    assert code_of(response) == (400, "UnrecognizedClientException")


def test_an_unknown_region_is_refused(aws: FakeAws, client: Client) -> None:
    aws.put_parameter("/a", "one")
    response = refused(client("ssm", region="eu-west-1").get_parameter, Name="/a")
    assert "valid region" in response["Error"]["Message"]
    aws.account.regions.add("eu-west-1")
    shown = client("ssm", region="eu-west-1").get_parameter(Name="/a")["Parameter"]
    assert ":eu-west-1:" in shown["ARN"]
    assert aws.calls[-1].region == "eu-west-1"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_clock_more_than_five_minutes_off_is_refused_with_the_server_s_date(
    aws: FakeAws, client: Client, seconds: float
) -> None:
    aws.skew(seconds + (2 if seconds > 0 else -2))
    response = refused(client("ssm").get_parameter, Name="/a")
    assert response["Error"]["Code"] == "InvalidSignatureException"
    assert response["Error"]["Message"].startswith("Signature ")
    assert response["ResponseMetadata"]["HTTPHeaders"]["date"].endswith("GMT")
    assert aws.problems == []


def signed(aws: FakeAws, method: str, path: str, **headers: str) -> tuple[str, dict[str, str]]:
    environ = aws.environ()
    credentials = Credentials(
        environ["AWS_ACCESS_KEY_ID"],
        environ["AWS_SECRET_ACCESS_KEY"],
        environ["AWS_SESSION_TOKEN"],
    )
    request = AWSRequest(method, aws.url + path, headers=headers)
    SigV4Auth(credentials, "appconfig", "us-east-1").add_auth(request)
    return path, dict(request.headers.items())


def send(aws: FakeAws, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=5)
    try:
        connection.request(method, path, headers=dict(headers))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_a_query_signed_without_percent_encoding_is_refused(aws: FakeAws, client: Client) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    token = start(client("appconfigdata"))
    raw = signed(aws, "GET", f"/configuration?configuration_token={token}")
    status, text = send(aws, "GET", *raw)
    assert (status, "does not match" in text) == (403, True)
    good = signed(aws, "GET", f"/configuration?configuration_token={quote(token, safe='')}")
    assert send(aws, "GET", *good) == (200, "one")


def test_every_amazon_header_has_to_be_signed(aws: FakeAws) -> None:
    path, headers = signed(aws, "GET", "/configuration?configuration_token=x")
    status, text = send(aws, "GET", path, {**headers, "X-Amz-More": "1"})
    assert (status, "x-amz-more" in text) == (403, True)


def test_an_unsigned_request_is_refused(aws: FakeAws) -> None:
    status, _ = send(aws, "GET", "/configuration?configuration_token=x", {})
    assert status == 403
    assert "MissingAuthenticationToken" in aws.problems[0]


# Faults


def test_faults_are_queued_and_used_up(aws: FakeAws, client: Client) -> None:
    aws.put_parameter("/a", "one")
    aws.throttle("GetParameter", times=2)
    aws.fail("GetParameter", status=503, code="ServiceUnavailable")
    get = client("ssm").get_parameter
    for expected in [(400, "ThrottlingException")] * 2 + [(503, "ServiceUnavailable")]:
        assert code_of(refused(get, Name="/a")) == expected
    get(Name="/a")
    assert [call.status for call in aws.calls] == [400, 400, 503, 200]


@pytest.mark.parametrize("close", [True, "before", "midway", "after"])
def test_a_connection_can_break(aws: FakeAws, client: Client, close: Any) -> None:
    aws.put_parameter("/a", "one")
    aws.fail("GetParameter", close=close)
    get = client("ssm").get_parameter
    with pytest.raises(Exception, match=r"(?i)connection|incomplete"):
        get(Name="/a")
    get(Name="/a")


def test_a_fault_can_have_any_body(aws: FakeAws, client: Client) -> None:
    aws.fail("GetParameter", status=502, body=b"<html>Bad gateway</html>")
    assert code_of(refused(client("ssm").get_parameter, Name="/a"))[0] == 502


def test_denials_have_aws_s_wording(aws: FakeAws, client: Client) -> None:
    aws.put_parameter("/shop/a", "one")
    aws.put_parameter("/other/a", "two")
    aws.put_profile("shop", "prod", "app", "one")
    aws.deny("GetParametersByPath", "/shop/")
    aws.deny("StartConfigurationSession")
    ssm = client("ssm")
    response = refused(ssm.get_parameters_by_path, Path="/shop")
    assert code_of(response) == (400, "AccessDeniedException")
    message = response["Error"]["Message"]
    assert "is not authorized to perform: ssm:GetParametersByPath on resource: arn:" in message
    assert ":parameter/shop because no identity-based policy" in message
    assert ssm.get_parameters_by_path(Path="/other")["Parameters"]
    response = refused(client("appconfigdata").start_configuration_session, **SHOP)
    assert code_of(response) == (403, "AccessDeniedException")
    aws.recover()
    assert ssm.get_parameters_by_path(Path="/shop")["Parameters"]


def test_decryption_can_be_denied_alone(aws: FakeAws, client: Client) -> None:
    aws.put_parameter("/key", "s3cret", type="SecureString")
    aws.deny("Decrypt")
    ssm = client("ssm")
    response = refused(ssm.get_parameter, Name="/key", WithDecryption=True)
    assert "kms:Decrypt" in response["Error"]["Message"]
    ssm.get_parameter(Name="/key")


def test_a_late_response_spends_the_token_without_a_problem(aws: FakeAws) -> None:
    aws.put_profile("shop", "prod", "app", "one")
    appconfig = client_of(aws, "appconfigdata", aws.environ())
    token = start(appconfig)
    aws.delay("GetLatestConfiguration", 3.0)
    impatient = client_of(aws, "appconfigdata", aws.environ(), read_timeout=0.2)
    with pytest.raises(ReadTimeoutError):
        poll(impatient, token)
    aws.recover()
    eventually(lambda: aws.count("GetLatestConfiguration"))
    response = refused(appconfig.get_latest_configuration, ConfigurationToken=token)
    assert problem_of(response) == "Corrupted"
    assert aws.problems == []


def test_one_connection_carries_many_calls(aws: FakeAws, client: Client) -> None:
    ssm = client("ssm")
    for _ in range(5):
        ssm.get_parameters(Names=["/a"])
    assert (aws.connections, len(aws.calls)) == (1, 5)
    aws.clear_calls()
    assert aws.calls == []


def test_a_dropped_connection_is_replaced(aws: FakeAws, client: Client) -> None:
    ssm = client("ssm")
    ssm.get_parameters(Names=["/a"])
    aws.drop_connections()
    ssm.get_parameters(Names=["/a"])
    assert aws.connections == 2


# TLS, processes, proxies


def test_tls_is_served_for_localhost(fake_aws_tls: FakeAws) -> None:
    fake_aws_tls.put_parameter("/a", "one")
    environ = fake_aws_tls.environ()
    ssm = client_of(fake_aws_tls, "ssm", environ)
    assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "one"
    del environ["AWS_CA_BUNDLE"]
    with pytest.raises(SSLError):
        client_of(fake_aws_tls, "ssm", environ).get_parameter(Name="/a")
    assert fake_aws_tls.problems == []


def test_the_fake_runs_in_its_own_process() -> None:
    with FakeAwsProcess(tls=True, profiles=2, parameters=20, secrets=1) as aws:
        environ = aws.environ()
        session = boto3.session.Session(
            environ["AWS_ACCESS_KEY_ID"],
            environ["AWS_SECRET_ACCESS_KEY"],
            environ["AWS_SESSION_TOKEN"],
            "us-east-1",
        )
        ssm = session.client("ssm", endpoint_url=aws.url, verify=aws.ca_file)
        pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/shop/prod")
        assert len(list(pages.search("Parameters"))) == 20
        assert aws.summary()["calls"] == {"GetParametersByPath": 2}
        assert json.loads(json.dumps(aws.summary()))["problems"] == []


@pytest.mark.parametrize("tls", [False, True])
def test_the_proxy_forwards_calls_and_records_their_headers(tls: bool) -> None:
    with FakeAws(tls=tls) as aws, Proxy(require=("X-Team", "shop")) as proxy:
        parts = urlsplit(aws.url)
        connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=5)
        if tls:
            connection.request("CONNECT", parts.netloc, headers={"X-Team": "shop"})
            assert connection.getresponse().status == 200
        else:
            connection.request("GET", f"{aws.url}/none", headers={"X-Team": "shop"})
            assert connection.getresponse().status == 404
        connection.close()
        ssm = client_of(aws, "ssm", aws.environ(), proxies={parts.scheme: proxy.url})
        with pytest.raises(Exception, match=r"407|(?i:proxy)"):
            ssm.get_parameter(Name="/a")
        assert [request.status for request in proxy.requests] == [200, 407]
        assert proxy.requests[0].headers["x-team"] == "shop"


def test_moto_and_ministack_respond(moto_server: str, ministack: str) -> None:
    for url in (moto_server, ministack):
        session = boto3.session.Session("key", "secret", None, "us-east-1")
        ssm = session.client("ssm", endpoint_url=url)
        ssm.put_parameter(Name="/a", Value="one", Type="String")
        assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "one"
