"""Reads the statements of a policy, or of the roles in a SAM or CloudFormation template; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ..._config.wording import listed, quoted
from .needs import ANY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .needs import Place

# What CloudFormation puts there is the caller's own, as far as it is known.
_PSEUDO = {"AWS::Partition": "partition", "AWS::Region": "region", "AWS::AccountId": "account"}
_VARIABLE = re.compile(r"\$\{([^}!][^}]*)\}")
# Where the AWS command line has the document of a policy.
_WRAPPERS = ("PolicyVersion", "Document", "PolicyDocument")
_ARN = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:"
_PARAMETER = f"{_ARN % 'ssm'}parameter"
_READ = ("ssm:GetParameters", "ssm:GetParameter", "ssm:GetParametersByPath")
# SAM's policy templates for what is read here: their parameter, what is before it in the resource,
# the actions on that, and those on *.
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


class RulesError(ValueError):
    """A file that has no policy, or more than one.

    Attributes:
        summary: what is wrong.
        hint: what to do about it, as an imperative.
    """

    def __init__(self, summary: str, hint: str) -> None:
        self.summary = summary
        self.hint = hint
        super().__init__(f"{summary}; {hint}")


class Pattern(NamedTuple):
    """What a statement has as a resource.

    Attributes:
        text: as the file has it.
        arn: the same, with * for what only the deployment knows.
        is_whole: whether nothing of it is unknown.
    """

    text: str
    arn: str
    is_whole: bool

    @property
    def path(self) -> str:
        """What follows the account; * if the pattern has no such part."""
        fields = self.arn.split(":", 5)
        return fields[5] if len(fields) > 5 else ANY


class Rule(NamedTuple):
    """One statement of a policy.

    Attributes:
        name: its Sid, or its number.
        allows: whether it allows or denies.
        actions: patterns; all other actions if `is_not_action`.
        resources: patterns; all other resources if `is_not_resource`.
        has_condition: whether it applies only under conditions, which are not evaluated.
    """

    name: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[Pattern, ...]
    is_not_action: bool = False
    is_not_resource: bool = False
    has_condition: bool = False


class Rules(NamedTuple):
    """The statements of one role, and what could not be read."""

    rules: tuple[Rule, ...]
    unread: tuple[str, ...] = ()


def rules(data: object, own: Place, name: str = "") -> Rules:
    """Return the statements in a parsed file.

    Args:
        data: a policy, its statements, what the AWS command line prints of one, or a template.
        own: the caller's partition, Region and account; * for what is not known.
        name: the function or role in a template; empty if only one has a policy.

    Raises:
        RulesError: there is no policy, or not in the form of one.
    """
    if isinstance(data, dict) and isinstance(data.get("Resources"), dict):
        return _of_template(data["Resources"], own, name)
    if name:
        raise RulesError("only a template has functions by name", "remove --function")
    return Rules(tuple(_of_document(data, own)))


def _of_document(data: object, own: Place) -> Iterator[Rule]:
    for wrapper in _WRAPPERS:
        if isinstance(data, dict) and wrapper in data:
            data = data[wrapper]
    if isinstance(data, dict) and "Effect" not in data:
        data = data.get("Statement")
    statements = data if isinstance(data, list) else [data]
    for number, statement in enumerate(statements, 1):
        if not isinstance(statement, dict) or "Effect" not in statement:
            raise RulesError(
                "expected an IAM policy as JSON or YAML, or a SAM or CloudFormation template",
                "pass a file that has one",
            )
        yield _rule(statement, number, own)


def _rule(statement: Mapping[str, object], number: int, own: Place) -> Rule:
    name = str(statement.get("Sid") or f"statement {number}")
    effect = statement["Effect"]
    actions = _list(statement.get("Action", statement.get("NotAction")))
    resources = _list(statement.get("Resource", statement.get("NotResource")))
    if effect not in ("Allow", "Deny") or not actions or not resources:
        raise RulesError(
            f"{name}: expected an Effect of Allow or Deny, an Action and a Resource",
            "correct the statement",
        )
    return Rule(
        name,
        effect == "Allow",
        tuple(_pattern(action, own).arn for action in actions),
        tuple(_pattern(resource, own) for resource in resources),
        "Action" not in statement,
        "Resource" not in statement,
        bool(statement.get("Condition")),
    )


def _list(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _pattern(value: object, own: Place, prefix: str = "") -> Pattern:
    """Return a resource, which may be one of CloudFormation's functions."""
    text = _text(value)
    whole: list[bool] = []

    def substitute(match: re.Match[str]) -> str:
        field = _PSEUDO.get(match[1].strip())
        whole.append(field is not None)
        return str(getattr(own, field)) if field else ANY

    arn = _VARIABLE.sub(substitute, prefix + text).replace("${!", "${")
    return Pattern(prefix + text, arn, all(whole))


def _text(value: object) -> str:
    """Return a value as the text of a Fn::Sub, with a variable for what only AWS knows."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        [(function, argument)] = value.items()
        if function == "Ref":
            return f"${{{argument}}}"
        if function == "Fn::GetAtt":
            return "${" + ".".join(map(str, _list(argument))) + "}"
        if function == "Fn::Sub":
            return _text(argument[0] if isinstance(argument, list) and argument else argument)
        if function == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
            separator, parts = argument
            return str(separator).join(map(_text, _list(parts)))
        return f"${{{function}}}"
    return str(value)


def _of_template(resources: Mapping[str, object], own: Place, name: str) -> Rules:
    found = {owner: rules for owner in resources if (rules := _of_owner(resources[owner], own))}
    if not found:
        raise RulesError("no function or role of the template has a policy", "add one")
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


def _of_owner(resource: object, own: Place) -> Rules | None:
    """Return the rules of one resource of a template; None if it has no policies."""
    properties = resource.get("Properties") if isinstance(resource, dict) else None
    if not isinstance(properties, dict):
        return None
    documents = _list(properties.get("Policies"))
    if "PolicyDocument" in properties:
        documents.append(properties)
    rules: list[Rule] = []
    unread: list[str] = [_text(one) for one in _list(properties.get("ManagedPolicyArns"))]
    for one in documents:
        if not isinstance(one, dict):
            unread.append(_text(one))
        elif {"Statement", "Effect", *_WRAPPERS} & one.keys():
            rules += _of_document(one, own)
        elif (name := next(iter(one), "")) in _TEMPLATES:
            rules += _of_policy_template(name, one[name], own)
        else:
            is_function = name == "Ref" or name.startswith("Fn::")
            unread.append(_text(one) if is_function else name)
    return Rules(tuple(rules), tuple(unread)) if rules or unread else None


def _of_policy_template(name: str, arguments: object, own: Place) -> Iterator[Rule]:
    parameter, before, actions, on_any = _TEMPLATES[name]
    value = arguments.get(parameter) if isinstance(arguments, dict) else None
    if value is None:
        raise RulesError(f"{name}: expected {parameter}", "add it")
    yield Rule(name, allows=True, actions=actions, resources=(_pattern(value, own, before),))
    if on_any:
        yield Rule(name, allows=True, actions=on_any, resources=(_pattern(ANY, own),))
