"""The forms of a policy: each is read back by what reads it."""

from __future__ import annotations

import json
import textwrap

import pytest
import yaml

from appconfig_env._backends.aws import services
from appconfig_env._cli.policy import render
from appconfig_env._cli.policy.needs import Place, needs_of
from appconfig_env._cli.policy.template_yaml import parse
from appconfig_env._cli.policy.templates import rules_of
from appconfig_env._config.settings import from_environ

OWN = Place("aws", "eu-west-1", "123456789012")
SOURCES = (
    "appconfig:shop/prod/app ssm:/shop/prod/ ssm:/shop/a ssm:/shop/b "
    "secretsmanager:prod/db secretsmanager:prod/mail ssm:/aws/service/ami"
)


def statements(own: Place = OWN, sources: str = SOURCES) -> list[render.Statement]:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": sources})
    return render.statements(needs_of(settings).function, own)


def test_json_and_yaml_are_the_same_policy() -> None:
    found = statements()

    assert yaml.safe_load(render.to_yaml(found)) == json.loads(render.to_json(found))
    assert json.loads(render.to_json(found)) == render.document(found)


def test_a_policy_has_one_statement_for_each_kind_of_resource() -> None:
    document = render.document(statements(sources="ssm:/shop/a ssm:/shop/b ssm:/c/"))

    assert document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Parameters",
                "Effect": "Allow",
                "Action": "ssm:GetParameters",
                "Resource": [
                    "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/a",
                    "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/b",
                ],
            },
            {
                "Sid": "ParametersBelowPaths",
                "Effect": "Allow",
                "Action": "ssm:GetParametersByPath",
                "Resource": "arn:aws:ssm:eu-west-1:123456789012:parameter/c",
            },
        ],
    }


def test_the_policies_of_a_sam_function_have_cloudformations_own_variables() -> None:
    found = statements(render.PSEUDO_PARAMETERS)
    text = "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n"
    text += textwrap.indent(render.to_sam(found), "      ")

    read = rules_of(parse(text), OWN)
    direct = rules_of(render.document(statements()), OWN)

    assert [[one.arn for one in rule.resources] for rule in read.rules] == [
        [one.arn for one in rule.resources] for rule in direct.rules
    ]
    assert all(one.is_whole for rule in read.rules for one in rule.resources)


def test_what_names_no_variable_is_not_substituted() -> None:
    text = render.to_sam(statements(render.PSEUDO_PARAMETERS, "secretsmanager:a secretsmanager:b"))

    assert 'Resource: "*"' in text
    assert text.count("!Sub") == 2


@pytest.mark.parametrize("write", [render.to_json, render.to_yaml, render.to_sam])
def test_a_policy_of_nothing_can_be_read_too(write: object) -> None:
    assert callable(write)
    text = write([])

    assert "Statement" in text
    assert yaml.safe_load(text)


def test_every_action_has_a_statement_whose_sid_iam_accepts() -> None:
    needed = {f"{services.prefix(name)}:{one}" for one, name in services.SERVICES.items()}

    assert render.SIDS.keys() == needed | {"kms:Decrypt"}
    assert all(sid.isalnum() for sid in render.SIDS.values())


def test_the_size_is_without_white_space() -> None:
    found = statements()

    assert render.size(found) == len(json.dumps(render.document(found), separators=(",", ":")))
