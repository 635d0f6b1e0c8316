"""A Terraform module gets one new file, and lines for its function."""

from __future__ import annotations

import os

import pytest

from appconfig_env._cli.init import terraform
from appconfig_env._cli.init.starter import Result

from .starters import LAYER, starter

MAIN = 'resource "aws_lambda_function" "shop" {\n  function_name = "shop"\n}\n'
OTHER = 'resource "aws_lambda_function" "mail" {}\n'


def test_the_new_file_is_in_the_module_and_the_function_is_named() -> None:
    result = terraform.edit("infra", {"main.tf": MAIN}, "", starter())

    (edit,) = result.edits
    assert (edit.path, edit.before) == (os.path.join("infra", "appconfig_env.tf"), None)
    assert edit.after == terraform.module(starter())
    assert result.notes == [
        "run appconfig-env layer to build dist/appconfig-env-layer.zip",
        "add the lines below to aws_lambda_function.shop and its role",
    ]
    assert result.by_hand[0] == 'resource "aws_lambda_function" "shop" {'


@pytest.mark.parametrize(
    ("texts", "name", "function"),
    [
        ({}, "", "FUNCTION"),
        ({"a.tf": MAIN, "b.tf": OTHER}, "", "FUNCTION"),
        ({"a.tf": MAIN, "b.tf": OTHER}, "mail", "mail"),
        ({"a.tf": f"  {MAIN}"}, "", "FUNCTION"),
    ],
)
def test_the_lines_are_for_the_only_function_or_the_one_that_is_named(
    texts: dict[str, str], name: str, function: str
) -> None:
    result = terraform.edit(".", texts, name, starter())

    assert f"aws_lambda_function.{function} and" in result.notes[-1]


def test_a_second_run_changes_nothing() -> None:
    texts = {terraform.FILE: terraform.module(starter()), "main.tf": MAIN}

    assert terraform.edit(".", texts, "", starter()) == Result()


def test_a_file_that_was_changed_is_kept() -> None:
    texts = {terraform.FILE: "# own\n", "main.tf": MAIN}

    result = terraform.edit(".", texts, "", starter())

    assert result.edits == []
    assert "it is there already, and was kept" in result.notes[-1]
    assert "\n".join(result.by_hand) + "\n" == terraform.module(starter())


def test_a_published_layer_is_used_by_its_arn() -> None:
    text = terraform.module(starter(layer=LAYER))

    assert f'appconfig_env_layers = ["{LAYER}"]' in text
    assert "aws_lambda_layer_version" not in text


def test_nothing_of_a_value_is_evaluated() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/a/", "X.y": "ssm:/x?default=${a}%25%7Bb%7D"}

    assert '"X.y"                   = "ssm:/x?default=$${a}%25%7Bb%7D"' in terraform.module(
        starter(environ)
    )
