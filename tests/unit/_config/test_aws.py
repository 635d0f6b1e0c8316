"""How AWS is reached: the SDK's variables and those of AWS's extension."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appconfig_env._config import aws as settings

if TYPE_CHECKING:
    from appconfig_env._config.aws import AwsSettings

PREFIX = "AWS_APPCONFIG_EXTENSION_"


def good(environ: dict[str, str]) -> AwsSettings:
    problems: list[str] = []
    found = settings.from_environ(environ, problems)
    assert problems == []
    return found


def bad(environ: dict[str, str]) -> str:
    problems: list[str] = []
    settings.from_environ(environ, problems)
    assert len(problems) == 1
    return problems[0]


def test_an_empty_environment_has_defaults() -> None:
    found = good({})
    assert (found.region, found.service_region, found.endpoints) == ("", "", {})
    assert (found.max_connections, found.role_session_name) == (3, "appconfig-env")


def test_the_region_read_is_the_functions_own_unless_another_is_set() -> None:
    assert (
        good({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "x"}).service_region == "eu-west-1"
    )
    assert good({"AWS_DEFAULT_REGION": "eu-west-1"}).region == "eu-west-1"
    found = good({"AWS_REGION": "eu-west-1", PREFIX + "SERVICE_REGION": "us-east-1"})
    assert (found.region, found.service_region) == ("eu-west-1", "us-east-1")


def test_a_services_own_endpoint_wins_over_the_general_one() -> None:
    environ = {"AWS_ENDPOINT_URL": "http://all:1", "AWS_ENDPOINT_URL_SSM": "https://ssm/x"}
    assert good(environ).endpoints == {
        "appconfigdata": "http://all:1",
        "ssm": "https://ssm/x",
        "secretsmanager": "http://all:1",
        "sts": "http://all:1",
    }
    assert good(environ | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}).endpoints == {}


@pytest.mark.parametrize(
    "name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER", PREFIX + "PROXY_URL"]
)
@pytest.mark.parametrize(
    "url",
    ["canary", "ftp://canary", "http://", "http://me:canary@", "http://a:canary", "http://a?canary",
     "http://me:%zzcanary@a", "http://canary b", "http://a:99999"],
)  # fmt: skip
def test_a_url_that_is_none_is_named_and_not_repeated(name: str, url: str) -> None:
    problem = bad({name: url})
    assert problem == f"{name}: want a URL such as https://host:port, got something else"


@pytest.mark.parametrize(
    ("raw", "found"), [("true", True), ("True", True), ("false", False), ("", False)]
)
def test_flags_are_true_or_false(raw: str, found: bool) -> None:
    assert good({"AWS_USE_FIPS_ENDPOINT": raw}).use_fips is found
    assert good({"AWS_USE_DUALSTACK_ENDPOINT": raw}).use_dualstack is found


def test_a_flag_that_is_neither_is_refused() -> None:
    assert (
        bad({"AWS_USE_FIPS_ENDPOINT": "yes"})
        == "AWS_USE_FIPS_ENDPOINT: want true or false, got 'yes'"
    )


@pytest.mark.parametrize("arn", ["reader", "arn:aws:iam::1:user/me", "arn:aws:iam::1"])
def test_a_role_is_an_arn(arn: str) -> None:
    assert bad({PREFIX + "ROLE_ARN": arn}).startswith(PREFIX + "ROLE_ARN: want arn:aws:iam::")


def test_a_role_may_stand_below_a_path_and_in_another_partition() -> None:
    arn = "arn:aws-cn:iam::1:role/team/reader"
    assert good({PREFIX + "ROLE_ARN": arn}).role_arn == arn


def test_proxy_headers_are_pairs() -> None:
    headers = good({PREFIX + "PROXY_HEADERS": "X-Team: a b,Proxy-Authorization:Basic eDp5:"})
    assert headers.proxy_headers == (("X-Team", "a b"), ("Proxy-Authorization", "Basic eDp5:"))
    assert good({PREFIX + "PROXY_HEADERS": " "}).proxy_headers == ()


@pytest.mark.parametrize(
    "raw", ["canary", ": canary", "a b: canary", "X: can\nary", "X: canäry", "X: 1,"]
)
def test_a_proxy_header_that_is_none_is_counted_and_not_repeated(raw: str) -> None:
    problem = bad({PREFIX + "PROXY_HEADERS": raw})
    assert problem.startswith(PREFIX + "PROXY_HEADERS: want 'name: value' pairs")
    assert "can" not in problem


@pytest.mark.parametrize("raw", ["0", "-1", "1001", "three", "3.0", "٣"])
def test_connections_are_a_whole_number(raw: str) -> None:
    assert PREFIX + "MAX_CONNECTIONS: want a whole number" in bad({PREFIX + "MAX_CONNECTIONS": raw})


def test_what_decides_the_values_is_the_identity_and_no_more() -> None:
    one = {"AWS_REGION": "eu-west-1", PREFIX + "MAX_CONNECTIONS": "1"}
    same = {"AWS_REGION": "eu-west-1", PREFIX + "PROXY_URL": "http://proxy"}
    assert good(one).identity() == good(same).identity()
    for name, value in (
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", "http://a"),
        (PREFIX + "ROLE_ARN", "arn:aws:iam::1:role/r"),
        (PREFIX + "ROLE_EXTERNAL_ID", "x"),
    ):
        assert good(one | {name: value}).identity() != good(one).identity()
