"""The policies of a function in a template: its own, and those of its role."""

from __future__ import annotations

import pytest

from appconfig_env._cli.policy.needs import Place
from appconfig_env._cli.policy.rules import Rules, RulesError
from appconfig_env._cli.policy.template_yaml import parse
from appconfig_env._cli.policy.templates import rules_of, variables

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
    assert arns(rules_of(parse(function(template)), OWN)) == resources


def test_policies_that_are_elsewhere_are_listed() -> None:
    policies = "- AmazonSSMReadOnlyAccess\n- !Ref Own\n- S3ReadPolicy:\n    BucketName: x"

    found = rules_of(parse(function(policies)), OWN)

    assert found == Rules((), ("AmazonSSMReadOnlyAccess", "${Own}"))


def test_the_policies_of_a_role_are_read() -> None:
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"],
            "Policies": [{"PolicyName": "p", "PolicyDocument": DOCUMENT}],
        },
    }
    policy = {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": DOCUMENT}}

    found = rules_of({"Resources": {"R": role, "Q": {"Type": "x"}}}, OWN)

    assert arns(found) == ["arn:x"]
    assert found.unread == ("arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess",)
    assert arns(rules_of({"Resources": {"P": policy}}, OWN)) == ["arn:x"]


def test_one_of_several_functions_is_named() -> None:
    both = {"Resources": {
        name: {
            "Type": "AWS::Serverless::Function",
            "Properties": {"Policies": [{"Statement": [STATEMENT | {"Resource": name}]}]},
        }
        for name in ("Shop", "Mail")
    }}  # fmt: skip

    assert arns(rules_of(both, OWN, "Mail")) == ["Mail"]
    with pytest.raises(RulesError, match="policies of 'Mail', 'Shop'; name one of them with"):
        rules_of(both, OWN)
    with pytest.raises(RulesError, match=r"no policy of 'Shp' in the template, .* 'Shop', 'Mail'"):
        rules_of(both, OWN, "Shp")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"a": 1}, "expected an IAM policy"),
        ({"Resources": {}}, "no function or role"),
        ({"Resources": {"F": {"Properties": {}}, "G": "x"}}, "no function or role"),
        (
            function("- KMSDecryptPolicy: {}"),
            "KMSDecryptPolicy: expected KeyId",
        ),
    ],
)
def test_what_has_no_policy_is_an_error(data: object, problem: str) -> None:
    with pytest.raises(RulesError, match=problem):
        rules_of(parse(data) if isinstance(data, str) else data, OWN)


def test_a_function_is_named_in_a_template_only() -> None:
    with pytest.raises(RulesError, match="remove --function"):
        rules_of(DOCUMENT, OWN, "Shop")


CDK = {"Resources": {
    "Shop": {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Role": {"Fn::GetAtt": ["ShopRole", "Arn"]}},
    },
    "ShopRole": {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "ManagedPolicyArns": [{"Fn::Join": ["", [
                "arn:", {"Ref": "AWS::Partition"},
                ":iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
            ]]}],
        },
    },
    "ShopPolicy": {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyDocument": DOCUMENT, "Roles": [{"Ref": "ShopRole"}]},
    },
    "Bucket": {"Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": DOCUMENT}},
}}  # fmt: skip


@pytest.mark.parametrize("name", ["", "Shop", "ShopPolicy"])
def test_a_function_has_the_policies_of_its_role_as_cdk_writes_them(name: str) -> None:
    found = rules_of(CDK, OWN, name)

    assert arns(found) == ["arn:x"]
    assert found.unread == ()


@pytest.mark.parametrize(
    "role", [{"Fn::GetAtt": ["R", "Arn"]}, {"Fn::GetAtt": "R.Arn"}, {"Ref": "R"}]
)
def test_a_role_is_found_however_it_is_referred_to(role: object) -> None:
    shop = {"Type": "AWS::Serverless::Function", "Properties": {"Role": role}}
    policies = [{"PolicyName": "p", "PolicyDocument": DOCUMENT}]
    own = {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}

    assert arns(rules_of({"Resources": {"Shop": shop, "R": own}}, OWN, "Shop")) == ["arn:x"]


def test_a_function_whose_policies_are_of_other_services_has_no_rules() -> None:
    policies = "- AWSLambdaBasicExecutionRole\n- S3ReadPolicy:\n    BucketName: x"

    assert rules_of(parse(function(policies)), OWN) == Rules(())


def test_a_policy_of_rotation_is_listed() -> None:
    found = rules_of(
        parse(function("- AWSSecretsManagerRotationPolicy:\n    FunctionName: x")), OWN
    )

    assert found.unread == ("AWSSecretsManagerRotationPolicy",)


SHOP = {
    "Type": "AWS::Serverless::Function",
    "Properties": {"Environment": {"Variables": {
        "SOURCES": {"Fn::Sub": "ssm:/${AWS::StackName}/prod/"},
        "SECRET": {"Fn::Join": ["", ["secretsmanager:", {"Ref": "Secret"}, "#key"]]},
        "LIMIT": 10,
    }}},
}  # fmt: skip
GLOBALS = {"Function": {"Environment": {"Variables": {"LIMIT": 5, "LEVEL": "info"}}}}


def test_a_function_has_its_variables_and_those_of_all_functions() -> None:
    data = {"Globals": GLOBALS, "Resources": {"Shop": SHOP, "Bucket": {"Type": "AWS::S3::Bucket"}}}

    assert variables(data) == (
        "Shop",
        {
            "LIMIT": "10",
            "LEVEL": "info",
            "SOURCES": "ssm:/AWS-StackName/prod/",
            "SECRET": "secretsmanager:Secret#key",
        },
    )


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (None, ""),
        ([], ""),
        (DOCUMENT, ""),
        ({"Resources": []}, ""),
        ({"Resources": {"A": SHOP, "B": SHOP}}, ""),
        ({"Resources": {"A": SHOP}}, "B"),
        ({"Resources": {"A": "x"}}, "A"),
    ],
)
def test_without_one_function_there_are_no_variables(data: object, name: str) -> None:
    assert variables(data, name) == ("", {})


def test_a_function_without_variables_has_none() -> None:
    shop = {"Type": "AWS::Lambda::Function"}

    assert variables({"Resources": {"Shop": shop}}) == ("Shop", {})
