"""Reads the statements of a policy, with CloudFormation's functions in them; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .needs import ANY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .needs import Place

# What CloudFormation puts there is the caller's own, as far as it is known.
_PSEUDO = {"AWS::Partition": "partition", "AWS::Region": "region", "AWS::AccountId": "account"}
_VARIABLE = re.compile(r"\$\{([^}!][^}]*)\}")
# Where the AWS command line, and a role in a template, have the document of a policy.
WRAPPERS = ("PolicyVersion", "Document", "PolicyDocument")


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


def of_document(data: object, own: Place) -> Iterator[Rule]:
    """Yield the statements of a policy.

    Args:
        data: a policy, its statements, or what the AWS command line prints of one.
        own: the caller's partition, Region and account; * for what is not known.

    Raises:
        RulesError: it is not in the form of a policy.
    """
    for wrapper in WRAPPERS:
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
    actions = as_list(statement.get("Action", statement.get("NotAction")))
    resources = as_list(statement.get("Resource", statement.get("NotResource")))
    if effect not in ("Allow", "Deny") or not actions or not resources:
        raise RulesError(
            f"{name}: expected an Effect of Allow or Deny, an Action and a Resource",
            "correct the statement",
        )
    return Rule(
        name,
        effect == "Allow",
        tuple(pattern(action, own).arn for action in actions),
        tuple(pattern(resource, own) for resource in resources),
        "Action" not in statement,
        "Resource" not in statement,
        bool(statement.get("Condition")),
    )


def as_list(value: object) -> list[object]:
    """Return a value that may be a list as one; empty for None."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def pattern(value: object, own: Place, prefix: str = "") -> Pattern:
    """Return a resource, which may be one of CloudFormation's functions."""
    text = text_of(value)
    whole: list[bool] = []

    def substitute(match: re.Match[str]) -> str:
        field = _PSEUDO.get(match[1].strip())
        whole.append(field is not None)
        return str(getattr(own, field)) if field else ANY

    arn = _VARIABLE.sub(substitute, prefix + text).replace("${!", "${")
    return Pattern(prefix + text, arn, all(whole))


def text_of(value: object) -> str:
    """Return a value as the text of a Fn::Sub, with a variable for what only AWS knows."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        [(function, argument)] = value.items()
        if function == "Ref":
            return f"${{{argument}}}"
        if function == "Fn::GetAtt":
            return "${" + ".".join(map(str, as_list(argument))) + "}"
        if function == "Fn::Sub":
            return text_of(argument[0] if isinstance(argument, list) and argument else argument)
        if function == "Fn::Join" and isinstance(argument, list) and len(argument) == 2:
            separator, parts = argument
            return str(separator).join(map(text_of, as_list(parts)))
        return f"${{{function}}}"
    return str(value)
