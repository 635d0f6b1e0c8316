"""What a deployment tool makes of an example: the function, its environment and its permissions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from appconfig_env._cli.layer.pythons import PYTHONS
from appconfig_env._config.settings import from_environ
from appconfig_env._config.sources import APPCONFIG, SECRETS_MANAGER, SSM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ACCOUNT = "111122223333"
OF_AWS = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": "shop",
    "AWS::URLSuffix": "amazonaws.com",
}
LAYER = "AWS::Lambda::LayerVersion"
LOGS = {"logs:CreateLogStream", "logs:CreateLogGroup", "logs:PutLogEvents", "logs:TagResource"}
ACTIONS = {
    APPCONFIG: {"appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"},
    SSM: {"ssm:GetParametersByPath"},
    SECRETS_MANAGER: {"secretsmanager:GetSecretValue"},
}


class Deployed(NamedTuple):
    """A function as it would be deployed.

    Attributes:
        handler: module and name.
        runtime: Lambda's name of it.
        environment: its variables, with a text for each resource.
        allowed: the resource of each permission, by action.
        layers: how many it has.
    """

    handler: str
    runtime: str
    environment: dict[str, str]
    allowed: dict[str, str]
    layers: int


def check(found: Deployed) -> None:
    """Check that the function would read its sources, and may do nothing else."""
    assert found.layers == 1
    assert found.runtime in PYTHONS, "the layer has its byte code"
    assert found.environment["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/appconfig-env"
    settings = from_environ(found.environment)
    assert settings.warnings == ()
    resources = {one.resource.scheme: one.resource for one in settings.sources}
    assert resources.keys() == ACTIONS.keys()
    assert found.allowed.keys() - LOGS == {one for actions in ACTIONS.values() for one in actions}
    application, environment, profile = resources[APPCONFIG].parts
    ending = f"application/{application}/environment/{environment}/configuration/{profile}"
    arns = {
        APPCONFIG: f"arn:aws:appconfig:us-east-1:{ACCOUNT}:{ending}",
        SSM: f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter{resources[SSM].name.rstrip('/')}",
        SECRETS_MANAGER: resources[SECRETS_MANAGER].name,
    }
    for scheme, actions in ACTIONS.items():
        assert {found.allowed[action] for action in actions} == {arns[scheme]}


def from_cloudformation(template: Mapping[str, Any]) -> Deployed:
    """Return the one function of Python that a template of CloudFormation deploys."""
    resources: dict[str, Any] = template["Resources"]
    (function,) = [
        one["Properties"]
        for one in resources.values()
        if one["Type"] == "AWS::Lambda::Function" and "python" in one["Properties"]["Runtime"]
    ]
    policies = [
        statement
        for one in resources.values()
        for document in documents(one)
        for statement in document["Statement"]
    ]
    versions = [name for name, one in resources.items() if one["Type"] == LAYER]
    assert function["Layers"] == [{"Ref": name} for name in versions]
    return Deployed(
        function["Handler"],
        function["Runtime"],
        {
            name: text(value, resources)
            for name, value in function["Environment"]["Variables"].items()
        },
        allowed(policies, resources),
        len(function["Layers"]),
    )


def documents(resource: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield the policies of a resource that say what a function may do."""
    properties = resource.get("Properties", {})
    if resource["Type"] == "AWS::IAM::Policy":
        yield properties["PolicyDocument"]
    if resource["Type"] == "AWS::IAM::Role":
        yield from (one["PolicyDocument"] for one in properties.get("Policies", ()))


def allowed(
    statements: Iterable[Mapping[str, Any]], resources: Mapping[str, Any]
) -> dict[str, str]:
    """Return the resource of each action that is allowed."""
    found: dict[str, str] = {}
    for one in statements:
        assert one["Effect"] == "Allow"
        actions = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
        arns = one["Resource"] if isinstance(one["Resource"], list) else [one["Resource"]]
        for action in actions:
            assert action not in found or action in LOGS
            found[action] = " ".join(text(arn, resources) for arn in arns)
    return found


def text(value: object, resources: Mapping[str, Any]) -> str:
    """Return the text of a value with functions of CloudFormation."""
    if isinstance(value, str):
        return value
    assert isinstance(value, dict)
    ((name, argument),) = value.items()
    if name == "Ref":
        return reference(argument, resources)
    if name == "Fn::Join":
        return str(argument[0]).join(text(one, resources) for one in argument[1])
    assert name == "Fn::Sub", name
    return re.sub(r"\$\{([\w:]+)\}", lambda found: reference(found[1], resources), argument)


def reference(name: str, resources: Mapping[str, Any]) -> str:
    """Return what `Ref` returns for a resource: its ARN, or an ID."""
    if name in OF_AWS:
        return OF_AWS[name]
    if resources[name]["Type"] == "AWS::SecretsManager::Secret":
        return f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{name.lower()}-AbCdEf"
    return name.lower()
