"""Tests of the handler against moto, which answers instead of AWS."""

import json
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto_shop import handler

import appconfig_env
from appconfig_env import BindError
from appconfig_env.pytest_plugin import AppConfig

SETTINGS = {
    "APPCONFIG_ENV_CLIENT": "boto3",  # moto sees only what boto3 sends
    "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/",
    "DB_PASSWORD": "secretsmanager:shop/prod/db#password",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}


@pytest.fixture
def parameters(appconfig: AppConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return Parameter Store in moto; there is a secret too."""
    del appconfig  # for its isolation: each test reads moto again
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        secret = json.dumps({"password": "s3cret"})
        boto3.client("secretsmanager").create_secret(Name="shop/prod/db", SecretString=secret)
        client = boto3.client("ssm")
        put(client, "DB_HOST", "one")
        yield client


def put(client: Any, name: str, value: str) -> None:
    client.put_parameter(Name=f"/shop/prod/{name}", Value=value, Type="String", Overwrite=True)


def test_the_handler_has_the_parameters_and_the_secret(parameters: Any) -> None:
    put(parameters, "PAGE_SIZE", "20")

    assert handler({}, None) == {"db": "one", "page_size": 20, "has_password": True}


def test_a_parameter_that_changes_is_read_after_its_interval(
    parameters: Any, appconfig: AppConfig
) -> None:
    assert handler({}, None)["db"] == "one"
    put(parameters, "DB_HOST", "two")
    assert handler({}, None)["db"] == "one"

    appconfig.tick(300)

    assert handler({}, None)["db"] == "two"


def test_a_parameter_that_is_not_valid_is_an_error_with_its_source(parameters: Any) -> None:
    put(parameters, "PAGE_SIZE", "many")

    with pytest.raises(BindError, match=r"PAGE_SIZE \(ssm:/shop/prod/\): the value is not a valid"):
        handler({}, None)


@pytest.mark.usefixtures("parameters")
def test_load_resolves_references_in_the_environment() -> None:
    appconfig_env.load()

    assert os.environ["DB_PASSWORD"] == "s3cret"
