"""What a policy does not allow though it is needed, and what it allows too much."""

from __future__ import annotations

from typing import Any

import pytest

from appconfig_env._cli.policy import render
from appconfig_env._cli.policy.audit import Audit, audit_of
from appconfig_env._cli.policy.needs import Place, needs_of
from appconfig_env._cli.policy.templates import rules_of
from appconfig_env._config.settings import from_environ

OWN = Place("aws", "eu-west-1", "*")
ALL = (
    "appconfig:shop/prod/app ssm:/shop/prod/ ssm:/shop/host "
    "secretsmanager:prod/db secretsmanager:prod/mail"
)
PATH = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/prod"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db"


def check(sources: str, *statements: dict[str, Any], own: Place = OWN) -> Audit:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": sources})
    return audit_of(needs_of(settings).function, rules_of(list(statements), own), own)


def allow(action: Any, resource: Any = "*", **others: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **others}


def deny(action: Any, resource: Any = "*", **others: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **others}


@pytest.mark.parametrize("account", ["*", "123456789012"])
def test_what_the_command_prints_is_all_that_is_needed_and_allows_nothing_else(
    account: str,
) -> None:
    own = OWN._replace(account=account)
    settings = from_environ({"APPCONFIG_ENV_SOURCES": ALL})
    found = needs_of(settings).function
    document = render.document(render.statements(found, own))

    assert audit_of(found, rules_of(document, own), own) == Audit((), (), ())


def test_each_missing_action_is_named_with_its_arn_and_source() -> None:
    found = check("ssm:/shop/prod/", allow("s3:GetObject"))

    (one,) = found.missing
    assert (one.action, one.resource) == (
        "ssm:GetParametersByPath",
        "arn:aws:ssm:eu-west-1:*:parameter/shop/prod",
    )
    assert one.text.endswith("(ssm:/shop/prod/); add it")
    assert found.excess == ()


@pytest.mark.parametrize(
    ("sources", "action", "resource"),
    [
        ("ssm:/shop/prod/", "ssm:GetParametersByPath", f"{PATH}/*"),
        ("ssm:/shop/prod/", "ssm:GetParametersByPath", f"{PATH}/"),
        ("ssm:/shop/prod/", "ssm:GetParametersByPath", PATH.replace("eu-", "us-")),
        ("ssm:/shop/host", "ssm:GetParameter", "*"),
        ("ssm:/shop/host", "ssm:GetParametersByPath", "*"),
        ("secretsmanager:prod/db", "secretsmanager:GetSecretValue", SECRET),
        ("secretsmanager:prod/db", "secretsmanager:GetSecretValue", f"{SECRET}2-AbCdEf"),
        ("secretsmanager:prod/db", "secretsmanager:DescribeSecret", f"{SECRET}-AbCdEf"),
    ],
)
def test_what_looks_like_enough_but_is_not(sources: str, action: str, resource: str) -> None:
    assert check(sources, allow(action, resource)).missing


@pytest.mark.parametrize(
    ("sources", "action", "resource"),
    [
        ("ssm:/shop/prod/", "ssm:GetParametersByPath", PATH),
        ("ssm:/shop/prod/", "SSM:getparametersbypath", PATH),
        ("ssm:/shop/prod/", "ssm:GetParametersByPath", "arn:aws:ssm:*:*:parameter/shop/*"),
        ("ssm:/shop/prod/", "ssm:Get*", "*"),
        ("ssm:/shop/prod/", "*", "*"),
        ("secretsmanager:prod/db", "secretsmanager:GetSecretValue", f"{SECRET}-??????"),
        ("secretsmanager:prod/db", "secretsmanager:GetSecretValue", f"{SECRET}-AbCdEf"),
        ("secretsmanager:prod/db", "secretsmanager:GetSecretValue", f"{SECRET}*"),
    ],
)
def test_what_is_enough(sources: str, action: str, resource: str) -> None:
    assert check(sources, allow(action, resource)).missing == ()


@pytest.mark.parametrize(
    ("sources", "statement", "remedy"),
    [
        ("ssm:/shop/prod/", allow("ssm:*"), "allow ssm:GetParametersByPath only"),
        ("ssm:/shop/prod/", allow("*"), "allow ssm:GetParametersByPath only"),
        ("ssm:/shop/prod/", allow("secretsmanager:*"), "remove it"),
        ("ssm:/shop/prod/", allow("ssm:PutParameter", PATH), "needed by no source; remove it"),
        (
            "ssm:/shop/prod/",
            allow("ssm:GetParametersByPath", "arn:aws:ssm:*:*:parameter/shop/*"),
            "allow it on arn:aws:ssm:eu-west-1:*:parameter/shop/prod only",
        ),
        ("ssm:/shop/prod/", allow("ssm:GetParametersByPath"), "parameter/shop/prod only"),
        ("ssm:/a/", allow("ssm:GetParametersByPath", PATH), "more than is needed; remove it"),
        (
            "secretsmanager:prod/db",
            allow("secretsmanager:GetSecretValue", f"{SECRET}-*"),
            "secret:prod/db-?????? only",
        ),
        ("ssm:/x", allow("kms:Decrypt"), "is for every key; name the key"),
        ("ssm:/x", allow("kms:Decrypt", "arn:aws:kms:*:*:key/*"), "name the key"),
        ("ssm:/x", allow("sts:AssumeRole"), "needed by no source; remove it"),
        (
            "ssm:/x",
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            "list what is needed instead",
        ),
        (
            "ssm:/x",
            {"Effect": "Allow", "Action": "ssm:GetParameters", "NotResource": PATH},
            "list what is needed instead",
        ),
    ],
)
def test_what_is_more_than_enough(sources: str, statement: dict[str, Any], remedy: str) -> None:
    texts = [one.text for one in check(sources, statement).excess]

    assert len(texts) == 1
    assert texts[0].endswith(remedy)


@pytest.mark.parametrize(
    "statement",
    [
        allow("logs:PutLogEvents"),
        allow("dynamodb:*"),
        allow("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/k1"),
        allow("kms:Decrypt", Condition={"StringEquals": {"kms:ViaService": "ssm"}}),
        deny("ssm:PutParameter"),
        allow("ssm:GetParameters", "arn:aws:ssm:eu-west-1:1:parameter/x"),
    ],
)
def test_what_is_about_other_things_or_needed_is_not_too_much(statement: dict[str, Any]) -> None:
    assert check("ssm:/x", statement).excess == ()


@pytest.mark.parametrize(
    "statement",
    [
        deny("ssm:*"),
        deny("ssm:GetParameters", "arn:aws:ssm:*:*:parameter/shop/*"),
        {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::b/*"},
    ],
)
def test_a_statement_that_denies_takes_precedence(statement: dict[str, Any]) -> None:
    needed = allow("ssm:GetParameters", "arn:aws:ssm:eu-west-1:*:parameter/shop/host")

    found = check("ssm:/shop/host", needed, statement)

    (one,) = found.missing
    assert "statement 2 denies it (ssm:/shop/host); change that statement" in one.text


@pytest.mark.parametrize(
    "statement",
    [
        deny("ssm:GetParametersByPath", PATH),  # of an account that may be another one
        deny("ssm:*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
    ],
)
def test_a_statement_that_may_deny_is_a_note(statement: dict[str, Any]) -> None:
    found = check("ssm:/shop/prod/", allow("ssm:GetParametersByPath", PATH), statement)

    assert found.missing == ()
    assert any("in statement 2; check them" in note for note in found.notes)


def test_what_depends_on_a_condition_or_a_variable_is_a_note() -> None:
    under_condition = allow("ssm:GetParameters", Condition={"Bool": {"x": "true"}})
    of_variable = allow("secretsmanager:GetSecretValue", {"Ref": "Secret"}, Sid="Own")

    found = check("ssm:/x secretsmanager:y", under_condition, of_variable)

    assert found.missing == ()
    assert [note.rpartition(" in ")[2] for note in found.notes] == [
        "statement 1; check them",
        "Own; check them",
    ]
    assert all(one.action != "secretsmanager:GetSecretValue" for one in found.excess)


def test_a_statement_for_one_profile_may_be_for_another_than_the_one_that_is_read() -> None:
    actions = ["appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"]
    arn = "arn:aws:appconfig:eu-west-1:123456789012:application/a1/environment/e1/configuration/p1"

    found = check("appconfig:shop/prod/app", allow(actions, arn))

    assert (found.missing, found.excess) == ((), ())
    assert len(found.notes) == 2
    assert all("depends on conditions, variables or IDs" in note for note in found.notes)


def test_secrets_can_be_read_without_batches() -> None:
    found = check("secretsmanager:a secretsmanager:b", allow("secretsmanager:GetSecretValue"))

    assert found.missing == ()
    assert any("read one by one; allow it on *" in note for note in found.notes)


def test_an_action_without_resources_is_allowed_on_all_only() -> None:
    arns = [f"arn:aws:secretsmanager:eu-west-1:*:secret:{name}-??????" for name in "ab"]
    actions = ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"]

    found = check("secretsmanager:a secretsmanager:b", allow(actions, arns))

    assert any("BatchGetSecretValue" in note for note in found.notes)


def test_other_policies_of_the_role_may_have_what_is_missing_here() -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": "ssm:/x"})
    policies = {"Policies": ["AmazonSSMReadOnlyAccess"]}
    function = {"Type": "AWS::Serverless::Function", "Properties": policies}
    template = {"Resources": {"F": function}}

    found = audit_of(needs_of(settings).function, rules_of(template, OWN), OWN)

    assert found.missing == ()
    assert found.notes[0].startswith("AmazonSSMReadOnlyAccess is not read; export it")
    assert "no statement allows it; see the other policies" in found.notes[1]
