"""From cold start to refreshed value with third-party emulators: moto and ministack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from appconfig_env._helper.helper import Helper
from appconfig_env.errors import LoadError

from ..support.fakes import Clock, steadily, wrapped

if TYPE_CHECKING:
    from pathlib import Path

CREDENTIALS = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}


def client(service: str, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def put(ssm: Any, name: str, value: str, kind: str = "String") -> None:
    ssm.put_parameter(Name=name, Value=value, Type=kind, Overwrite=True)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {**CREDENTIALS, "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json")}


def test_parameters_and_secrets_are_read_from_moto(
    moto_server: str, environ: dict[str, str]
) -> None:
    ssm, secrets = client("ssm", moto_server), client("secretsmanager", moto_server)
    for number in range(23):
        put(ssm, f"/shop/prod/level/p{number}", f"value {number}")
    put(ssm, "/shop/prod/token", "sëcure=$1", "SecureString")
    put(ssm, "/shop/prod/hosts", "a,b", "StringList")
    put(ssm, "/one", "1")
    secrets.create_secret(Name="prod/db", SecretString=json.dumps({"user": "u", "password": "p"}))
    secrets.create_secret(Name="prod/key", SecretString="text")
    secrets.create_secret(Name="prod/bytes", SecretBinary=b"plain bytes")
    environ |= {
        "AWS_ENDPOINT_URL": moto_server,
        "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/ secretsmanager:prod/db?prefix=DB_",
        "KEY": "secretsmanager:prod/key",
        "BYTES": "secretsmanager:prod/bytes",
        "ONE": "ssm:/one",
        "ONE_AGAIN": "ssm:/one:1",
    }
    clock = Clock()
    exported = wrapped(environ, clock)
    assert [exported[f"LEVEL_P{number}"] for number in range(23)] == [
        f"value {n}" for n in range(23)
    ]
    assert (exported["TOKEN"], exported["HOSTS"]) == ("sëcure=$1", "a,b")
    assert (exported["DB_USER"], exported["DB_PASSWORD"]) == ("u", "p")
    assert (exported["KEY"], exported["BYTES"]) == ("text", "plain bytes")
    assert (exported["ONE"], exported["ONE_AGAIN"]) == ("1", "1")

    helper = Helper(exported, now=clock, jitter=steadily)
    put(ssm, "/shop/prod/level/p7", "new")
    put(ssm, "/one", "2")
    secrets.put_secret_value(
        SecretId="prod/db", SecretString=json.dumps({"user": "u", "password": "q"})
    )
    assert helper.get("LEVEL_P7") == "value 7"
    clock.at += 301
    assert helper.get("LEVEL_P7") == "new"
    assert (helper.get("ONE"), helper.get("ONE_AGAIN")) == ("2", "1")
    assert helper.get("DB_PASSWORD") == "q"


@mock_aws
def test_boto3_s_calls_go_through_moto_s_hook(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")  # for the clients of this test
    ssm, secrets = boto3.client("ssm"), boto3.client("secretsmanager")
    put(ssm, "/shop/prod/host", "localhost")
    put(ssm, "/shop/prod/token", "secure", "SecureString")
    put(ssm, "/one", "1")
    secrets.create_secret(Name="prod/db", SecretString=json.dumps({"password": "p"}))
    secrets.create_secret(Name="prod/bytes", SecretBinary=b"plain bytes")
    environ |= {
        "APPCONFIG_ENV_CLIENT": "boto3",
        "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/ secretsmanager:prod/bytes?as=BYTES",
        "ONE": "ssm:/one",
        "NONE": "ssm:/none?default=x",
        "PASSWORD": "secretsmanager:prod/db#password",
    }
    clock = Clock()
    exported = wrapped(environ, clock)
    names = ("HOST", "TOKEN", "BYTES", "ONE", "NONE", "PASSWORD")
    assert [exported[name] for name in names] == [
        "localhost", "secure", "plain bytes", "1", "x", "p",
    ]  # fmt: skip

    helper = Helper(exported, now=clock, jitter=steadily)
    put(ssm, "/shop/prod/host", "db.one")
    clock.at += 301
    assert helper.get("HOST") == "db.one"


@mock_aws
def test_what_moto_does_not_have_is_a_failure_with_its_code(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    sources = {"APPCONFIG_ENV_CLIENT": "boto3", "ONE": "ssm:/one", "TWO": "secretsmanager:two"}
    with pytest.raises(LoadError) as caught:
        Helper(environ | sources, jitter=steadily).get("ONE")
    assert {error.failure.kind for error in caught.value.errors} == {"missing"}


def test_a_role_is_assumed_in_moto(moto_server: str, environ: dict[str, str]) -> None:
    put(client("ssm", moto_server), "/one", "1")
    exported = wrapped(
        environ
        | {
            "AWS_ENDPOINT_URL": moto_server,
            "APPCONFIG_ENV_ROLE_ARN": "arn:aws:iam::123456789012:role/reader",
            "APPCONFIG_ENV_ROLE_EXTERNAL_ID": "shop",
            "ONE": "ssm:/one",
        },
        Clock(),
    )
    assert exported["ONE"] == "1"


def deploy(appconfig: Any, ids: dict[str, str], content: str) -> None:
    version = appconfig.create_hosted_configuration_version(
        ApplicationId=ids["application"],
        ConfigurationProfileId=ids["profile"],
        Content=content.encode(),
        ContentType="application/json",
    )
    appconfig.start_deployment(
        ApplicationId=ids["application"],
        EnvironmentId=ids["environment"],
        ConfigurationProfileId=ids["profile"],
        ConfigurationVersion=str(version["VersionNumber"]),
        DeploymentStrategyId=ids["strategy"],
    )


def test_profiles_are_read_from_ministack(ministack: str, environ: dict[str, str]) -> None:
    appconfig = client("appconfig", ministack)
    application = appconfig.create_application(Name="shop")["Id"]
    ids = {
        "application": application,
        "environment": appconfig.create_environment(ApplicationId=application, Name="prod")["Id"],
        "profile": appconfig.create_configuration_profile(
            ApplicationId=application, Name="app", LocationUri="hosted"
        )["Id"],
        "strategy": appconfig.create_deployment_strategy(
            Name="at once",
            DeploymentDurationInMinutes=0,
            GrowthFactor=100,
            FinalBakeTimeInMinutes=0,
            ReplicateTo="NONE",
        )["Id"],
    }
    deploy(appconfig, ids, '{"limit": 10}')
    environ |= {
        "AWS_ENDPOINT_URL": ministack,
        "APPCONFIG_ENV_SOURCES": "appconfig:{application}/{environment}/{profile}".format(**ids),
    }
    clock = Clock()
    exported = wrapped(environ, clock)
    assert exported["LIMIT"] == "10"
    helper = Helper(exported, now=clock, jitter=steadily)
    clock.at += 46
    assert helper.get("LIMIT") == "10"
    deploy(appconfig, ids, '{"limit": 11}')
    clock.at += 61
    assert helper.get("LIMIT") == "11"
    assert [entry["last_error"] for entry in helper.status().values()] == [None]
