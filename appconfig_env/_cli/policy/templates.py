"""Finds the policies of a function in a SAM or CloudFormation template; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..._config.wording import listed, quoted
from .needs import ANY
from .rules import WRAPPERS, Rule, Rules, RulesError, as_list, of_document, pattern, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .needs import Place

_ARN = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:"
_PARAMETER = f"{_ARN % 'ssm'}parameter"
_READ = ("ssm:GetParameters", "ssm:GetParameter", "ssm:GetParametersByPath")
# SAM's policy templates for what is read here: their parameter, what is before it in the resource,
# the actions on that, and those on *. Only one of the others has such an action, for rotation.
# Source: samtranslator/policy_templates_data/policy_templates.json.
_TEMPLATES: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {
    "SSMParameterReadPolicy": (
        "ParameterName", f"{_PARAMETER}/", _READ, ("ssm:DescribeParameters",),
    ),
    "SSMParameterWithSlashPrefixReadPolicy": (
        "ParameterName", _PARAMETER, _READ, ("ssm:DescribeParameters",),
    ),
    "AWSSecretsManagerGetSecretValuePolicy": (
        "SecretArn", "", ("secretsmanager:GetSecretValue",), (),
    ),
    "KMSDecryptPolicy": ("KeyId", f"{_ARN % 'kms'}key/", ("kms:Decrypt",), ()),
}  # fmt: skip
_OF_ROTATION = "AWSSecretsManagerRotationPolicy"
# Policies that AWS manages, for functions, and that allow nothing of what is read here.
_OF_FUNCTIONS = (
    "AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole", "AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess", "AWSLambdaSQSQueueExecutionRole", "AWSLambdaDynamoDBExecutionRole",
    "AWSLambdaKinesisExecutionRole", "CloudWatchLambdaInsightsExecutionRolePolicy",
)  # fmt: skip
# The resources whose policies are those of a role; buckets and others have policies of their own.
_WITH_ROLES = ("AWS::IAM::", "AWS::Serverless::")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ODD = re.compile("[^A-Za-z0-9]+")
_FUNCTIONS = ("AWS::Lambda::Function", "AWS::Serverless::Function")


def rules_of(data: object, own: Place, name: str = "") -> Rules:
    """Return the statements in a parsed file.

    Args:
        data: a policy, its statements, what the AWS command line prints of one, or a template.
        own: the caller's partition, Region and account; * for what is not known.
        name: the function, role or policy in a template; empty if there is only one.

    Raises:
        RulesError: there is no policy, or not in the form of one.
    """
    if isinstance(data, dict) and isinstance(data.get("Resources"), dict):
        return _of_template(data["Resources"], own, name)
    if name:
        raise RulesError("only a template has functions by name", "remove --function")
    return Rules(tuple(of_document(data, own)))


def variables(data: object, name: str = "") -> tuple[str, dict[str, str]]:
    """Return the name of a function in a template, and its variables.

    What only the deployment knows is a word made of its own name, such as AWS-StackName.

    Args:
        data: a parsed file; if it is not a template, there are none.
        name: the function; empty for the only one.
    """
    resources = data.get("Resources") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(resources, dict):
        return "", {}
    functions = [one for one in resources if _type(resources[one]) in _FUNCTIONS]
    if not name and len(functions) == 1:
        name = functions[0]
    if name not in functions:
        return "", {}
    everywhere = _member(data.get("Globals"), "Function", "Environment", "Variables")
    own = _member(resources[name], "Properties", "Environment", "Variables")
    return name, {
        str(key): _VARIABLE.sub(lambda it: _ODD.sub("-", it[1]), text_of(value))
        for key, value in {**everywhere, **own}.items()
    }


def _member(data: object, *keys: str) -> Mapping[str, object]:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _of_template(resources: Mapping[str, object], own: Place, name: str) -> Rules:
    by_resource = {
        owner: of_one for owner in resources if (of_one := _of_resource(resources[owner], own))
    }
    found: dict[str, Rules] = {}
    used: set[str] = set()
    for function in resources:
        if _type(resources[function]) in _FUNCTIONS:
            parts = [part for part in _parts(function, resources) if part in by_resource]
            used.update(parts)
            if parts:
                found[function] = _joined([by_resource[part] for part in parts])
    found |= {owner: of_one for owner, of_one in by_resource.items() if owner not in used}
    if not found:
        raise RulesError("no function or role of the template has a policy", "add one")
    if name in by_resource:  # a role or a policy may be meant by itself
        found.setdefault(name, by_resource[name])
    if name and name not in found:
        raise RulesError(
            f"no policy of {quoted(name)} in the template, which has those of "
            f"{listed(found, name)}",
            "name one of them with --function",
        )
    if not name and len(found) > 1:
        raise RulesError(
            f"the template has policies of {listed(found)}", "name one of them with --function"
        )
    return found[name or next(iter(found))]


def _parts(function: str, resources: Mapping[str, object]) -> list[str]:
    """Return the names of a function, its role, and the policies that are attached to the role."""
    role = _named(_properties(resources[function]).get("Role"))
    attached = [
        name
        for name, resource in resources.items()
        if role and role in map(_named, as_list(_properties(resource).get("Roles")))
    ]
    return [function, *([role] if role else []), *attached]


def _joined(parts: list[Rules]) -> Rules:
    return Rules(
        tuple(rule for part in parts for rule in part.rules),
        tuple(one for part in parts for one in part.unread),
    )


def _named(value: object) -> str:
    """Return the resource that a Ref, or a GetAtt of its ARN, refers to; empty for others."""
    text = text_of(value).removesuffix(".Arn}").removesuffix("}")
    return text.removeprefix("${") if isinstance(value, dict) else ""


def _properties(resource: object) -> Mapping[str, object]:
    properties = resource.get("Properties") if isinstance(resource, dict) else None
    return properties if isinstance(properties, dict) else {}


def _type(resource: object) -> object:
    return resource.get("Type") if isinstance(resource, dict) else None


def _of_resource(resource: object, own: Place) -> Rules | None:
    """Return the rules of one resource of a template; None if it has no policies of a role."""
    if not str(_type(resource)).startswith(_WITH_ROLES):
        return None
    properties = _properties(resource)
    documents = as_list(properties.get("Policies"))
    if "PolicyDocument" in properties:
        documents.append(properties)
    rules: list[Rule] = []
    unread = [text_of(one) for one in as_list(properties.get("ManagedPolicyArns"))]
    for one in documents:
        if not isinstance(one, dict):
            unread.append(text_of(one))
        elif {"Statement", "Effect", *WRAPPERS} & one.keys():
            rules += of_document(one, own)
        elif (name := str(next(iter(one), ""))) in _TEMPLATES:
            rules += _of_policy_template(name, one[name], own)
        elif name == "Ref" or name.startswith("Fn::"):
            unread.append(text_of(one))
        elif name == _OF_ROTATION:
            unread.append(name)
    unread = [one for one in unread if one.rpartition("/")[2] not in _OF_FUNCTIONS]
    return Rules(tuple(rules), tuple(unread)) if rules or unread or documents else None


def _of_policy_template(name: str, arguments: object, own: Place) -> Iterator[Rule]:
    parameter, before, actions, on_any = _TEMPLATES[name]
    value = arguments.get(parameter) if isinstance(arguments, dict) else None
    if value is None:
        raise RulesError(f"{name}: expected {parameter}", "add it")
    yield Rule(name, allows=True, actions=actions, resources=(pattern(value, own, before),))
    if on_any:
        yield Rule(name, allows=True, actions=on_any, resources=(pattern(ANY, own),))
