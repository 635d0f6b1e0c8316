"""Parsing the SDK's variables and those of AWS's extension."""

from __future__ import annotations

from typing import Any

import pytest

from appconfig_env._config import aws as settings
from appconfig_env._config.aws import Access, AwsSettings

from .fields import changed, undocumented

PREFIX = "AWS_APPCONFIG_EXTENSION_"
OWN = "APPCONFIG_ENV_"


def parsed(environ: dict[str, str]) -> AwsSettings:
    problems: list[str] = []
    aws = settings.from_environ(environ, problems)
    assert problems == []
    return aws


def error_of(environ: dict[str, str]) -> str:
    problems: list[str] = []
    settings.from_environ(environ, problems)
    assert len(problems) == 1
    return problems[0]


def test_an_empty_environment_has_defaults() -> None:
    aws = parsed({})
    assert (aws.region, aws.endpoints, aws.max_connections) == ("", {}, 3)
    for access in (aws.appconfig, aws.others):
        assert access.role == ("", "", "appconfig-env")
        assert access.region == ""


def test_every_service_is_read_in_the_functions_own_region_unless_another_is_set() -> None:
    aws = parsed({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "x"})
    assert (aws.region, aws.appconfig.region, aws.others.region) == ("eu-west-1",) * 3
    assert parsed({"AWS_DEFAULT_REGION": "eu-west-1"}).region == "eu-west-1"


# By the prefix of a setting: the services for which it holds.
SERVICES = {PREFIX: ["appconfigdata"], OWN: ["ssm", "secretsmanager"]}


@pytest.mark.parametrize("prefix", SERVICES)
@pytest.mark.parametrize(
    ("setting", "value", "attribute"),
    [
        ("ROLE_ARN", "arn:aws:iam::1:role/reader", "role_arn"),
        ("ROLE_EXTERNAL_ID", "partner", "external_id"),
        ("ROLE_SESSION_NAME", "shop", "session_name"),
        ("SERVICE_REGION", "us-east-1", "region"),
    ],
)
def test_a_role_and_a_region_hold_for_the_services_that_their_setting_is_about(
    prefix: str, setting: str, value: str, attribute: str
) -> None:
    aws = parsed({"AWS_REGION": "eu-west-1", prefix + setting: value})

    found = {
        service
        for services in SERVICES.values()
        for service in services
        if getattr(aws.access(service), attribute) == value
    }

    assert found == set(SERVICES[prefix])
    assert aws.region == "eu-west-1"


@pytest.mark.parametrize("prefix", SERVICES)
def test_the_setting_that_names_a_role_is_known(prefix: str) -> None:
    for service in SERVICES[prefix]:
        assert parsed({}).access(service).role_setting == prefix + "ROLE_ARN"


def test_a_service_specific_endpoint_wins_over_the_general_one() -> None:
    environ = {"AWS_ENDPOINT_URL": "http://all:1", "AWS_ENDPOINT_URL_SSM": "https://ssm/x"}
    assert parsed(environ).endpoints == {
        "appconfigdata": "http://all:1",
        "ssm": "https://ssm/x",
        "secretsmanager": "http://all:1",
        "sts": "http://all:1",
    }
    assert parsed(environ | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}).endpoints == {}


@pytest.mark.parametrize(
    "name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER", PREFIX + "PROXY_URL"]
)
@pytest.mark.parametrize(
    "url",
    ["canary", "ftp://canary", "http://", "http://me:canary@", "http://a:canary", "http://a?canary",
     "http://me:%zzcanary@a", "http://canary b", "http://a:99999"],
)  # fmt: skip
def test_an_invalid_url_is_an_error_that_does_not_repeat_it(name: str, url: str) -> None:
    assert (
        error_of({name: url})
        == f"{name}: expected a URL such as https://host:port; correct or unset the variable"
    )


@pytest.mark.parametrize(
    ("raw", "expected"), [("true", True), ("True", True), ("false", False), ("", False)]
)
def test_flags_are_true_or_false(raw: str, expected: bool) -> None:
    assert parsed({"AWS_USE_FIPS_ENDPOINT": raw}).use_fips is expected
    assert parsed({"AWS_USE_DUALSTACK_ENDPOINT": raw}).use_dualstack is expected


@pytest.mark.parametrize(
    "name",
    [
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_USE_FIPS_ENDPOINT",
    ],
)
@pytest.mark.parametrize("raw", ["yes", "1", "maybe", " true"])
def test_any_other_flag_value_is_an_error(name: str, raw: str) -> None:
    assert error_of({name: raw}) == (
        f"{name}: expected true or false, got {raw!r}; correct or unset the variable"
    )


@pytest.mark.parametrize("name", [None, ""])
def test_without_a_functions_name_the_profile_identifies_the_caller(name: str | None) -> None:
    environ = {"AWS_PROFILE": "me"} | ({} if name is None else {"AWS_LAMBDA_FUNCTION_NAME": name})
    assert "me" in parsed(environ).principal
    in_lambda = environ | {"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "1"}
    assert parsed(in_lambda).principal == ("f", "1")


@pytest.mark.parametrize("name", [PREFIX + "ROLE_ARN", OWN + "ROLE_ARN"])
@pytest.mark.parametrize("arn", ["reader", "arn:aws:iam::1:user/me", "arn:aws:iam::1"])
def test_a_role_is_an_arn(arn: str, name: str) -> None:
    assert error_of({name: arn}).startswith(f"{name}: expected arn:aws:iam::")


def test_a_role_may_have_a_path_and_be_in_another_partition() -> None:
    arn = "arn:aws-cn:iam::1:role/team/reader"
    aws = parsed({PREFIX + "ROLE_ARN": arn, OWN + "ROLE_ARN": arn})
    assert (aws.appconfig.role_arn, aws.others.role_arn) == (arn, arn)


def test_proxy_headers_are_pairs() -> None:
    headers = parsed({PREFIX + "PROXY_HEADERS": "X-Team: a b,Proxy-Authorization:Basic eDp5:"})
    assert headers.proxy_headers == (("X-Team", "a b"), ("Proxy-Authorization", "Basic eDp5:"))
    assert parsed({PREFIX + "PROXY_HEADERS": " "}).proxy_headers == ()


@pytest.mark.parametrize(
    "raw", ["canary", ": canary", "a b: canary", "X: can\nary", "X: canäry", "X: 1,"]
)
def test_an_invalid_proxy_header_is_an_error_that_does_not_repeat_it(raw: str) -> None:
    problem = error_of({PREFIX + "PROXY_HEADERS": raw})
    assert problem.startswith(PREFIX + "PROXY_HEADERS: expected 'name: value' pairs")
    assert "can" not in problem


@pytest.mark.parametrize("raw", ["0", "-1", "1001", "three", "3.0", "٣"])
def test_the_number_of_connections_is_an_integer(raw: str) -> None:
    assert PREFIX + "MAX_CONNECTIONS: expected an integer" in error_of(
        {PREFIX + "MAX_CONNECTIONS": raw}
    )


def test_the_identity_is_only_what_determines_which_values_are_read() -> None:
    one = {"AWS_REGION": "eu-west-1", PREFIX + "MAX_CONNECTIONS": "1"}
    for name, value in (
        (PREFIX + "PROXY_URL", "http://proxy"),
        (PREFIX + "ROLE_SESSION_NAME", "a name for logs"),
        (OWN + "ROLE_SESSION_NAME", "a name for logs"),
    ):
        assert parsed(one | {name: value}).identity() == parsed(one).identity()
    for name, value in (
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", "http://a"),
        (PREFIX + "ROLE_ARN", "arn:aws:iam::1:role/r"),
        (PREFIX + "ROLE_EXTERNAL_ID", "x"),
        (PREFIX + "SERVICE_REGION", "us-east-1"),
        (OWN + "ROLE_ARN", "arn:aws:iam::1:role/r"),
        (OWN + "ROLE_EXTERNAL_ID", "x"),
        (OWN + "SERVICE_REGION", "us-east-1"),
    ):
        assert parsed(one | {name: value}).identity() != parsed(one).identity()


# The fields that are not part of the identity: why processes that differ in one of them may share a
# snapshot file.
NOT_IN_IDENTITY = {
    "region": "where roles are assumed; where each service is read is in its Access",
    "ca_bundle": "how the same service is reached",
    "use_fips": "how the same service is reached",
    "use_dualstack": "how the same service is reached",
    "proxy_url": "how the same service is reached",
    "proxy_headers": "how the same service is reached",
    "max_connections": "how the same service is reached",
    "client": "how the same service is reached",
}
CHANGED: dict[str, object] = {
    "endpoints": {"ssm": "http://x"},
    "proxy_headers": (("a", "b"),),
    "principal": ("x",),
    "appconfig": Access(role_arn="arn:aws:iam::1:role/r"),
    "others": Access(role_arn="arn:aws:iam::1:role/r"),
}


@pytest.mark.parametrize("name", AwsSettings.__slots__)
def test_a_field_is_part_of_the_identity_or_has_a_reason_why_not(name: str) -> None:
    access: dict[str, Any] = dict.fromkeys(("appconfig", "others"), Access(region="eu-west-1"))
    plain = AwsSettings(**access)
    given: dict[str, Any] = {name: CHANGED.get(name) or changed(getattr(plain, name))}

    aws = AwsSettings(**{**access, **given})

    assert (aws.identity() == plain.identity()) == (name in NOT_IN_IDENTITY)


def test_every_field_is_in_the_docstring() -> None:
    assert undocumented(AwsSettings) == undocumented(Access) == set()
