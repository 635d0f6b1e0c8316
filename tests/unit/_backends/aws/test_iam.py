"""The action and the ARN that a denial asks for."""

from __future__ import annotations

import pytest

from appconfig_env._backends.aws import iam
from appconfig_env._config.sources import APPCONFIG, SECRETS_MANAGER, SSM, Resource

USER = "User: arn:aws:sts::123456789012:assumed-role/shop/worker is not authorized to perform: "
PATH = Resource(SSM, ("/shop/prod/",))
CIPHERTEXT = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this "
    "region, or you are not allowed to access. (Service: AWSKMS)"
)


@pytest.mark.parametrize(
    ("operation", "message", "action"),
    [
        ("GetParametersByPath", "", "ssm:GetParametersByPath"),
        ("GetParametersByPath", f"{USER}ssm:GetParametersByPath on", "ssm:GetParametersByPath"),
        # AWS may check another action than the operation's own.
        ("GetParametersByPath", f"{USER}ssm:GetParameters on", "ssm:GetParameters"),
        ("GetParametersByPath", f"{USER}nothing that is an action", "ssm:GetParametersByPath"),
        ("GetParametersByPath", f"{USER}a:b/c on", "ssm:GetParametersByPath"),
        ("GetParametersByPath", CIPHERTEXT, "kms:Decrypt"),
        ("GetParametersByPath", "Access to KMS is not allowed", "kms:Decrypt"),
        ("GetParametersByPath", f"{USER}kms:Decrypt on", "kms:Decrypt"),
        (
            "GetParametersByPath",
            f"{USER}ssm:GetParametersByPath on resource: arn:aws:ssm:e:1:parameter/KMS",
            "ssm:GetParametersByPath",
        ),
    ],
)
def test_the_action_is_the_messages_or_the_operations(
    operation: str, message: str, action: str
) -> None:
    assert iam.action("ssm", operation, message) == action


def test_appconfigs_actions_have_another_prefix_than_its_endpoint() -> None:
    action = iam.action("appconfigdata", "GetLatestConfiguration", "")
    assert action == "appconfig:GetLatestConfiguration"


@pytest.mark.parametrize("punctuation", ["", ".", ",", " because no policy allows it"])
def test_the_arn_in_the_message_wins(punctuation: str) -> None:
    arn = "arn:aws:ssm:eu-west-1:210987654321:parameter/shop/prod/"
    message = f"{USER}ssm:GetParametersByPath on resource: {arn}{punctuation}"
    found = iam.resource_arn("ssm:GetParametersByPath", message, PATH, region="us-east-1")
    assert found == arn


@pytest.mark.parametrize(
    "named", ["arn:aws:ssm:e:1:\x1b[2J", "arn:aws", "arn:a:b:c:d:" + "x" * 2048]
)
def test_an_invalid_arn_in_the_message_is_ignored(named: str) -> None:
    message = f"{USER}ssm:GetParametersByPath on resource: {named}"
    found = iam.resource_arn("ssm:GetParametersByPath", message, PATH, region="eu-west-1")
    assert found == "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/prod"


def test_the_account_of_the_caller_is_the_account_of_the_resource() -> None:
    for partition in ("aws", "aws-cn"):
        message = USER.replace("arn:aws:", f"arn:{partition}:") + "ssm:GetParametersByPath"
        found = iam.resource_arn("ssm:GetParametersByPath", message, PATH, region="x")
        assert found == f"arn:{partition}:ssm:x:123456789012:parameter/shop/prod"


@pytest.mark.parametrize(
    ("resource", "action", "arn"),
    [
        (PATH, "ssm:GetParametersByPath", "arn:aws:ssm:eu-west-1:*:parameter/shop/prod"),
        (Resource(SSM, ("/",)), "ssm:GetParametersByPath", "arn:aws:ssm:eu-west-1:*:parameter/"),
        (
            Resource(SSM, ("/shop/host:3",)),
            "ssm:GetParameters",
            "arn:aws:ssm:eu-west-1:*:parameter/shop/host",
        ),
        (Resource(SSM, ("host",)), "ssm:GetParameters", "arn:aws:ssm:eu-west-1:*:parameter/host"),
        (
            Resource(SSM, ("arn:aws:ssm:us-west-2:210987654321:parameter/host:label",)),
            "ssm:GetParameters",
            "arn:aws:ssm:us-west-2:210987654321:parameter/host",
        ),
        (
            Resource(SECRETS_MANAGER, ("prod/db",)),
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-west-1:*:secret:prod/db-??????",
        ),
        (
            Resource(SECRETS_MANAGER, ("arn:aws:secretsmanager:us-west-2:2:secret:db-AbC123",)),
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:us-west-2:2:secret:db-AbC123",
        ),
        (
            Resource(SECRETS_MANAGER, ("arn:aws:secretsmanager:us-west-2:2:secret:db",)),
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:us-west-2:2:secret:db-??????",
        ),
        (Resource(SECRETS_MANAGER, ("prod/db",)), "secretsmanager:BatchGetSecretValue", "*"),
        # A name may look like an ID, which ARNs have.
        (
            Resource(APPCONFIG, ("shop", "prod", "app")),
            "appconfig:GetLatestConfiguration",
            "arn:aws:appconfig:eu-west-1:*:application/*/environment/*/configuration/*",
        ),
        (PATH, "kms:Decrypt", "arn:aws:kms:eu-west-1:*:key/*"),
    ],
)
def test_an_arn_is_built_from_what_is_known(resource: Resource, action: str, arn: str) -> None:
    assert iam.resource_arn(action, "", resource, region="eu-west-1") == arn


@pytest.mark.parametrize(
    ("region", "start"),
    [
        ("", "arn:*:ssm:*:*:"),
        ("cn-north-1", "arn:aws-cn:ssm:cn-north-1:*:"),
        ("us-gov-west-1", "arn:aws-us-gov:ssm:us-gov-west-1:*:"),
        ("eusc-de-east-1", "arn:*:ssm:eusc-de-east-1:*:"),
    ],
)
def test_an_unknown_region_or_partition_is_a_wildcard(region: str, start: str) -> None:
    found = iam.resource_arn("ssm:GetParametersByPath", "", PATH, region=region)
    assert found == f"{start}parameter/shop/prod"


def test_a_key_is_never_the_parameter_that_a_message_names() -> None:
    key = "arn:aws:kms:eu-west-1:210987654321:key/k"
    for named, found in (key, key), ("arn:aws:ssm:eu-west-1:1:parameter/x", ""):
        message = f"{USER}kms:Decrypt on resource: {named}"
        assert iam.resource_arn("kms:Decrypt", message, None) == found
    message = f"{USER}kms:Decrypt on resource: the key"
    found = iam.resource_arn("kms:Decrypt", message, PATH, region="eu-west-1")
    assert found == "arn:aws:kms:eu-west-1:*:key/*"  # a key may belong to another account


def test_without_a_resource_only_the_role_is_known() -> None:
    role = "arn:aws:iam::210987654321:role/shop"
    assert iam.resource_arn("ssm:GetParameters", "", None, role_arn=role) == ""
    assert iam.resource_arn("sts:AssumeRole", "", None, role_arn=role) == role
