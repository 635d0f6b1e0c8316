"""Writes a file for a Terraform module: the layer, the variables and the policy of a function."""

from __future__ import annotations

import json
import os
import re
from itertools import takewhile
from typing import TYPE_CHECKING

from ..policy import render
from ..policy.needs import Place
from .starter import IN_LAYER, LAYER_FILE, RUNTIMES, WRAPPER, Edit, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .starter import Starter

FILE = "appconfig_env.tf"
OWN = Place(
    "${data.aws_partition.appconfig_env.partition}",
    # Both the attribute of version 6 of the provider and that of older ones would be refused by
    # the other; this one is in all.
    "${data.aws_region.appconfig_env.id}",
    "${data.aws_caller_identity.appconfig_env.account_id}",
)
_FUNCTION = re.compile(r'^resource\s+"aws_lambda_function"\s+"([^"]+)"', re.MULTILINE)
DATA = """\
data "aws_partition" "appconfig_env" {}

data "aws_region" "appconfig_env" {}

data "aws_caller_identity" "appconfig_env" {}
"""


def edit(folder: str, texts: Mapping[str, str], name: str, starter: Starter) -> Result:
    """Return the new file for a module, and what to add to its function.

    Args:
        folder: the module's folder.
        texts: the module's other files, by name.
        name: the function's name in the module; empty for the only one.
        starter: what the function needs.
    """
    functions = [found for text in texts.values() for found in _FUNCTION.findall(text)]
    name = name or (functions[0] if len(functions) == 1 else "FUNCTION")
    path = os.path.normpath(os.path.join(folder, FILE))
    text = module(starter)
    if texts.get(FILE) == text:
        return Result()
    notes = [] if starter.layer else [f"run appconfig-env layer to build {LAYER_FILE}"]
    if FILE in texts:
        notes.append(f"compare {path} with these lines; it is there already, and was kept")
        return Result([], notes, text.splitlines())
    notes.append(f"add the lines below to aws_lambda_function.{name} and its role")
    return Result([Edit(path, None, text)], notes, lines(name))


def module(starter: Starter) -> str:
    """Return the file's contents, formatted as `terraform fmt` does."""
    layer = json.dumps(starter.layer) if starter.layer else _OWN_LAYER
    variables = {
        _key(name): text for name, text in {WRAPPER: IN_LAYER, **starter.variables}.items()
    }
    width = max(map(len, variables))
    parts = [
        "# What appconfig-env needs; made by appconfig-env init.",
        "locals {",
        f"  appconfig_env_layers = [{layer}]",
        "  appconfig_env_variables = {",
        *(f"    {one:{width}} = {_string(value)}" for one, value in variables.items()),
        "  }",
        "}",
        "",
        *([] if starter.layer else _layer()),
        DATA,
        *_policy(starter),
    ]
    return "\n".join(parts) + "\n"


def lines(name: str) -> list[str]:
    """Return what to add to the function and its role."""
    return [
        f'resource "aws_lambda_function" "{name}" {{',
        "  layers = local.appconfig_env_layers",
        "  environment {",
        "    variables = merge(local.appconfig_env_variables, {})",
        "  }",
        "}",
        "",
        'resource "aws_iam_role_policy" "appconfig_env" {',
        '  name   = "appconfig-env"',
        "  role   = aws_iam_role.ROLE.id",
        "  policy = data.aws_iam_policy_document.appconfig_env.json",
        "}",
    ]


_OWN_LAYER = "aws_lambda_layer_version.appconfig_env.arn"


def _layer() -> list[str]:
    runtimes = ", ".join(json.dumps(one) for one in RUNTIMES)
    path = f'"${{path.module}}/{LAYER_FILE}"'
    return [
        'resource "aws_lambda_layer_version" "appconfig_env" {',
        '  layer_name          = "appconfig-env"',
        f"  filename            = {path} # made by appconfig-env layer",
        f"  source_code_hash    = filebase64sha256({path})",
        f"  compatible_runtimes = [{runtimes}]",
        "}",
        "",
    ]


def _policy(starter: Starter) -> list[str]:
    found = ['data "aws_iam_policy_document" "appconfig_env" {']
    for number, one in enumerate(render.statements(starter.needs.function, OWN)):
        found += [""] if number else []
        found += [
            "  statement {",
            *_attributes(
                sid=_string(one.sid),
                actions=_list(map(_string, one.actions)),
                resources=_list(map(_template, one.resources)),
            ),
            "  }",
        ]
    return [*found, "}"]


def _attributes(**values: str) -> list[str]:
    """Return lines of NAME = VALUE; `terraform fmt` aligns neighbours that have one line."""
    width = 0
    lines: list[str] = []
    names = [*values]
    for at, name in enumerate(names):
        if "\n" in values[name]:
            width = len(name)
        elif not at or "\n" in values[names[at - 1]]:
            of_group = takewhile(lambda one: "\n" not in values[one], names[at:])
            width = max(map(len, of_group))
        lines.append(f"    {name:{width}} = {values[name]}")
    return lines


def _list(items: Iterable[str]) -> str:
    found = [*items]
    if len(found) == 1:
        return f"[{found[0]}]"
    return "[\n" + "".join(f"      {item},\n" for item in found) + "    ]"


def _key(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else _string(name)


def _string(text: str) -> str:
    """Return a text as a string of HCL, in which ${ and %{ begin what is evaluated."""
    return _template(text.replace("${", "$${").replace("%{", "%%{"))


def _template(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
