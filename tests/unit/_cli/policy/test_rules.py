"""What is read of a policy or of a template."""

from __future__ import annotations

import pytest

from appconfig_env._cli.policy.needs import Place
from appconfig_env._cli.policy.rules import Rule, Rules, RulesError, rules
from appconfig_env._cli.policy.template_yaml import parse

OWN = Place("aws", "eu-west-1", "123456789012")
STATEMENT = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "arn:x"}
DOCUMENT = {"Version": "2012-10-17", "Statement": [STATEMENT]}
START = "arn:aws:ssm:eu-west-1:123456789012:parameter"


def arns(found: Rules) -> list[str]:
    return [one.arn for rule in found.rules for one in rule.resources]


def function(policies: str, name: str = "F") -> str:
    lines = ["Resources:", f"  {name}:", "    Type: AWS::Serverless::Function", "    Properties:"]
    return "\n".join([*lines, "      Policies:", *(f"        {x}" for x in policies.split("\n"))])


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
    (rule,) = rules(data, OWN).rules

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

    (rule,) = rules(data, OWN).rules

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
    (rule,) = rules(parse(statement), OWN).rules

    (found,) = rule.resources

    assert found.arn == (arn or "arn:aws:ssm:eu-west-1:123456789012:x")
    assert found.is_whole == is_whole


@pytest.mark.parametrize(
    ("template", "resources"),
    [
        ("- SSMParameterReadPolicy:\n    ParameterName: shop/a", [f"{START}/shop/a", "*"]),
        (
            "- SSMParameterWithSlashPrefixReadPolicy:\n    ParameterName: /shop/a",
            [f"{START}/shop/a", "*"],
        ),
        ("- AWSSecretsManagerGetSecretValuePolicy:\n    SecretArn: arn:x", ["arn:x"]),
        (
            "- KMSDecryptPolicy:\n    KeyId: k1",
            ["arn:aws:kms:eu-west-1:123456789012:key/k1"],
        ),
    ],
)
def test_sams_policy_templates_are_read(template: str, resources: list[str]) -> None:
    assert arns(rules(parse(function(template)), OWN)) == resources


def test_policies_that_are_elsewhere_are_listed() -> None:
    policies = "- AmazonSSMReadOnlyAccess\n- !Ref Own\n- S3ReadPolicy:\n    BucketName: x"

    found = rules(parse(function(policies)), OWN)

    assert found == Rules((), ("AmazonSSMReadOnlyAccess", "${Own}", "S3ReadPolicy"))


def test_the_policies_of_a_role_are_read() -> None:
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasic"],
            "Policies": [{"PolicyName": "p", "PolicyDocument": DOCUMENT}],
        },
    }
    policy = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": DOCUMENT}}

    found = rules({"Resources": {"R": role, "Q": {"Type": "x"}}}, OWN)

    assert arns(found) == ["arn:x"]
    assert found.unread == ("arn:aws:iam::aws:policy/service-role/AWSLambdaBasic",)
    assert arns(rules({"Resources": {"P": policy}}, OWN)) == ["arn:x"]


def test_one_of_several_functions_is_named() -> None:
    both = {"Resources": {
        name: {"Properties": {"Policies": [{"Statement": [STATEMENT | {"Resource": name}]}]}}
        for name in ("Shop", "Mail")
    }}  # fmt: skip

    assert arns(rules(both, OWN, "Mail")) == ["Mail"]
    with pytest.raises(RulesError, match="policies of 'Mail', 'Shop'; name one of them with"):
        rules(both, OWN)
    with pytest.raises(RulesError, match=r"no policy of 'Shp' in the template, .* 'Shop', 'Mail'"):
        rules(both, OWN, "Shp")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "expected an IAM policy"),
        ("text", "expected an IAM policy"),
        ([1], "expected an IAM policy"),
        ({"a": 1}, "expected an IAM policy"),
        ({"Resources": {}}, "no function or role"),
        ({"Resources": {"F": {"Properties": {}}, "G": "x"}}, "no function or role"),
        ({"Effect": "Maybe", "Action": "a:B", "Resource": "*"}, "statement 1: expected an Effect"),
        ({"Sid": "S", "Effect": "Allow", "Resource": "*"}, "S: expected an Effect"),
        ({"Effect": "Allow", "Action": "a:B"}, "statement 1: expected an Effect"),
        (
            {"Resources": {"F": {"Properties": {"Policies": {"KMSDecryptPolicy": {}}}}}},
            "KMSDecryptPolicy: expected KeyId",
        ),
    ],
)
def test_what_has_no_policy_is_an_error(data: object, problem: str) -> None:
    with pytest.raises(RulesError, match=problem):
        rules(data, OWN)


def test_a_function_is_named_in_a_template_only() -> None:
    with pytest.raises(RulesError, match="remove --function"):
        rules(DOCUMENT, OWN, "Shop")
