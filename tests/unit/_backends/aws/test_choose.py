"""The rule that chooses the client."""

from __future__ import annotations

import subprocess
import sys

import pytest

from appconfig_env._backends.aws import choose as clients
from appconfig_env._backends.aws.errors import AwsError
from appconfig_env._backends.aws.lean_client import LeanClient
from appconfig_env._config import aws as settings

from ....support.paths import ROOT

LAMBDA = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_SESSION_TOKEN": "c",
}
PROXY = "AWS_APPCONFIG_EXTENSION_PROXY_URL"


def reason(environ: dict[str, str]) -> str:
    problems: list[str] = []
    found = settings.from_environ(environ, problems)
    assert problems == []
    return clients.reason_for_boto3(found, environ)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"AWS_PROFILE": ""},
        {"AWS_USE_FIPS_ENDPOINT": "false"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
        {PROXY: "http://proxy:3128"},
        {PROXY: "http://proxy:3128", "HTTPS_PROXY": "http://other:3128"},
        {"AWS_APPCONFIG_EXTENSION_SERVICE_REGION": "us-gov-west-1"},
        {"AWS_APPCONFIG_EXTENSION_ROLE_ARN": "arn:aws:iam::1:role/r"},
        {
            "APPCONFIG_ENV_SERVICE_REGION": "cn-north-1",
            "APPCONFIG_ENV_ROLE_ARN": "arn:aws:iam::1:role/r",
        },
        {
            "AWS_ACCESS_KEY_ID": "",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9001/creds",
        },
    ],
)
def test_lambdas_environment_needs_no_boto3(more: dict[str, str]) -> None:
    environ = LAMBDA | more
    assert reason(environ) == ""
    assert isinstance(clients.client(settings.from_environ(environ, []), environ), LeanClient)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"AWS_ACCESS_KEY_ID": ""}, "no credentials in the environment"),
        ({"AWS_PROFILE": "me"}, "AWS_PROFILE"),
        ({"AWS_REGION": ""}, "no AWS_REGION"),
        (
            {"AWS_REGION": "", "AWS_APPCONFIG_EXTENSION_SERVICE_REGION": "eu-west-1"},
            "no AWS_REGION",
        ),
        ({"AWS_REGION": "us-iso-east-1"}, "Region us-iso-east-1"),
        ({"AWS_APPCONFIG_EXTENSION_SERVICE_REGION": "us-iso-east-1"}, "Region us-iso-east-1"),
        ({"APPCONFIG_ENV_SERVICE_REGION": "us-iso-east-1"}, "Region us-iso-east-1"),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "AWS_USE_FIPS_ENDPOINT"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "AWS_USE_DUALSTACK_ENDPOINT"),
        ({PROXY: "https://proxy"}, "a proxy that is itself reached by TLS"),
        ({PROXY: "HTTPS://proxy"}, "a proxy that is itself reached by TLS"),
        ({"HTTPS_PROXY": "http://proxy"}, "HTTP_PROXY or HTTPS_PROXY"),
        ({"http_proxy": "http://proxy"}, "HTTP_PROXY or HTTPS_PROXY"),
    ],
)
def test_everything_else_needs_boto3(more: dict[str, str], why: str) -> None:
    environ = LAMBDA | more
    assert reason(environ) == why
    chosen = clients.client(settings.from_environ(environ, []), environ)
    assert type(chosen).__name__ == "Boto3Client"
    chosen.close()


@pytest.mark.parametrize("more", [{}, {"AWS_PROFILE": "me"}])
def test_boto3_makes_the_calls_if_it_is_named(more: dict[str, str]) -> None:
    environ = LAMBDA | more
    chosen = clients.client(settings.from_environ(environ, [], client="boto3"), environ)
    assert type(chosen).__name__ == "Boto3Client"
    chosen.close()


def test_the_lean_client_is_used_if_it_is_named_and_suffices() -> None:
    chosen = clients.client(settings.from_environ(LAMBDA, [], client="lean"), LAMBDA)
    assert isinstance(chosen, LeanClient)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"AWS_ACCESS_KEY_ID": ""}, "no credentials in the environment"),
        ({"AWS_PROFILE": "me"}, "AWS_PROFILE"),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "AWS_USE_FIPS_ENDPOINT"),
    ],
)
def test_no_call_is_made_if_the_lean_client_is_named_and_does_not_suffice(
    more: dict[str, str], why: str
) -> None:
    environ = LAMBDA | more
    chosen = clients.client(settings.from_environ(environ, [], client="lean"), environ)
    with pytest.raises(AwsError) as caught:
        chosen.call("GetParameters", {"Names": ["a"]}, timeout=1.0)
    chosen.close()
    assert (caught.value.kind, caught.value.is_transient) == ("misconfigured", False)
    assert str(caught.value) == (
        f"APPCONFIG_ENV_CLIENT=lean: these settings need boto3 ({why}); set it to auto"
    )


def test_the_lean_client_loads_nothing_heavy() -> None:
    script = (
        "import sys; before = set(sys.modules)\n"
        "import appconfig_env._backends.aws.lean_client, appconfig_env._backends.aws.choose\n"
        "print(*(set(sys.modules) - before))"
    )
    out = subprocess.run(
        [sys.executable, "-S", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    # `re` is imported by json, which every response needs.
    heavy = {
        "boto3", "botocore", "tenacity", "dotenv", "dataclasses", "asyncio", "typing", "threading",
        "urllib", "urllib.parse", "http", "http.client", "email", "logging", "datetime", "ssl",
    }  # fmt: skip
    assert heavy & set(out.stdout.split()) == set()
