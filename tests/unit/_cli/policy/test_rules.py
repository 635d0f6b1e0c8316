"""What is read of the statements of a policy."""

from __future__ import annotations

import pytest

from appconfig_env._cli.policy.needs import Place
from appconfig_env._cli.policy.rules import Rule, RulesError, of_document
from appconfig_env._cli.policy.template_yaml import parse

OWN = Place("aws", "eu-west-1", "123456789012")
STATEMENT = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "arn:x"}
DOCUMENT = {"Version": "2012-10-17", "Statement": [STATEMENT]}
START = "arn:aws:ssm:eu-west-1:123456789012:parameter"


@pytest.mark.parametrize(
    "data",
    [
        DOCUMENT,
        {"Version": "2012-10-17", "Statement": STATEMENT},
        [STATEMENT],
        STATEMENT,
        {"PolicyDocument": DOCUMENT},  # aws iam get-role-policy
        {"PolicyVersion": {"VersionId": "v1", "Document": DOCUMENT}},  # aws iam get-policy-version
    ],
)
def test_each_form_of_a_policy_is_read(data: object) -> None:
    (rule,) = of_document(data, OWN)

    assert rule.allows
    assert rule.actions == ("ssm:GetParameters",)
    assert [one.arn for one in rule.resources] == ["arn:x"]
    assert rule.name == "statement 1"


def test_a_statement_keeps_what_it_excludes_and_that_it_has_conditions() -> None:
    data = {
        "Sid": "Most",
        "Effect": "Deny",
        "NotAction": ["s3:*"],
        "NotResource": "arn:x",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }

    (rule,) = of_document(data, OWN)

    assert rule == Rule(
        "Most",
        allows=False,
        actions=("s3:*",),
        resources=rule.resources,
        is_not_action=True,
        is_not_resource=True,
        has_condition=True,
    )


@pytest.mark.parametrize(
    ("resource", "arn", "is_whole"),
    [
        ('!Sub "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:x"', None, True),
        ('!Sub "arn:aws:ssm:eu-west-1:123456789012:${Name}"', f"{START[:-9]}*", False),
        ('!Sub ["${A}", {A: b}]', "*", False),
        ('!Join ["", ["arn:aws:ssm:", !Ref "AWS::Region", ":123456789012:x"]]', None, True),
        ("!Ref Secret", "*", False),
        ("!GetAtt Secret.Arn", "*", False),
        ("!ImportValue secret", "*", False),
        ('!Sub "a${!b}"', "a${b}", True),
        ('"arn:x"', "arn:x", True),
    ],
)
def test_what_only_the_deployment_knows_is_a_wildcard(
    resource: str, arn: str | None, *, is_whole: bool
) -> None:
    statement = f"Effect: Allow\nAction: ssm:GetParameters\nResource: {resource}"
    (rule,) = of_document(parse(statement), OWN)

    (found,) = rule.resources

    assert found.arn == (arn or "arn:aws:ssm:eu-west-1:123456789012:x")
    assert found.is_whole == is_whole


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "expected an IAM policy"),
        ("text", "expected an IAM policy"),
        ([1], "expected an IAM policy"),
        ({"a": 1}, "expected an IAM policy"),
        ({"Effect": "Maybe", "Action": "a:B", "Resource": "*"}, "statement 1: expected an Effect"),
        ({"Sid": "S", "Effect": "Allow", "Resource": "*"}, "S: expected an Effect"),
        ({"Effect": "Allow", "Action": "a:B"}, "statement 1: expected an Effect"),
    ],
)
def test_what_is_not_a_policy_is_an_error(data: object, problem: str) -> None:
    with pytest.raises(RulesError, match=problem):
        list(of_document(data, OWN))
