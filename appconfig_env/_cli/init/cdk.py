"""Writes a file for a CDK app, in Python or TypeScript, that adds all to a function."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from ..policy import render
from ..policy.needs import Place
from .files import read
from .starter import IN_LAYER, LAYER_FILE, WRAPPER, Edit, RefusedError, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .starter import Starter

PYTHON_FILE = "appconfig_env_cdk.py"
TYPESCRIPT_FILE = os.path.join("lib", "appconfig-env.ts")
_OWN = Place("\0PARTITION\0", "\0REGION\0", "\0ACCOUNT_ID\0")
PYTHON = '''\
"""Adds appconfig-env to the functions of this app; made by appconfig-env init."""

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

VARIABLES = %(variables)s
POLICY = %(policy)s


def add_appconfig_env(function: lambda_.Function) -> None:
    """Add layer, variables and permissions of appconfig-env to a function."""
    function.add_layers(_layer(Stack.of(function)))
    for name, value in VARIABLES.items():
        function.add_environment(name, value)
    for actions, resources in POLICY:
        function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=resources))


def _layer(stack: Stack) -> lambda_.ILayerVersion:
    layer = stack.node.try_find_child("AppConfigEnvLayer")
    return layer or %(layer)s
'''
TYPESCRIPT = """\
// Adds appconfig-env to the functions of this app; made by appconfig-env init.
import { Aws, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';

const VARIABLES: Record<string, string> = %(variables)s;
const POLICY: { actions: string[]; resources: string[] }[] = %(policy)s;

/** Add layer, variables and permissions of appconfig-env to a function. */
export function addAppConfigEnv(fn: lambda.Function): void {
  fn.addLayers(layer(Stack.of(fn)));
  for (const [name, value] of Object.entries(VARIABLES)) {
    fn.addEnvironment(name, value);
  }
  for (const statement of POLICY) {
    fn.addToRolePolicy(new iam.PolicyStatement(statement));
  }
}

function layer(stack: Stack): lambda.ILayerVersion {
  const found = stack.node.tryFindChild('AppConfigEnvLayer') as lambda.ILayerVersion | undefined;
  return found ?? %(layer)s;
}
"""


def edit(folder: str, starter: Starter) -> Result:
    """Return the new file for the app in a folder, and what to add to its stack.

    Raises:
        RefusedError: the app's language is neither Python nor TypeScript.
        AppConfigEnvError: cdk.json cannot be read.
    """
    is_python = _is_python(os.path.join(folder, "cdk.json"))
    file = PYTHON_FILE if is_python else TYPESCRIPT_FILE
    path = os.path.normpath(os.path.join(folder, file))
    text = python(starter) if is_python else typescript(starter)
    before = read(path) if os.path.exists(path) else None
    if before == text:
        return Result()
    notes = [] if starter.layer else [f"run appconfig-env layer to build {LAYER_FILE}"]
    if before is not None:
        notes.append(f"compare {path} with these lines; it is there already, and was kept")
        return Result([], notes, text.splitlines())
    notes.append("add the lines below to the stack that has the function")
    return Result([Edit(path, None, text)], notes, lines(is_python=is_python))


def python(starter: Starter) -> str:
    """Return the file for an app in Python."""
    if starter.layer:
        layer = (
            "lambda_.LayerVersion.from_layer_version_arn(\n"
            f'        stack, "AppConfigEnvLayer", {json.dumps(starter.layer)}\n    )'
        )
    else:
        layer = (
            'lambda_.LayerVersion(\n        stack,\n        "AppConfigEnvLayer",\n'
            f"        code=lambda_.Code.from_asset({json.dumps(LAYER_FILE)}),\n"
            '        layer_version_name="appconfig-env",\n    )'
        )
    variables = {WRAPPER: IN_LAYER, **starter.variables}
    members = [f"    {json.dumps(name)}: {_python(value)},\n" for name, value in variables.items()]
    policy = [
        f"    (\n        {_list(map(_python, one.actions), '        ')},\n"
        f"        {_list(map(_python_arn, one.resources), '        ')},\n    ),\n"
        for one in render.statements(starter.needs.function, _OWN)
    ]
    return PYTHON % {
        "variables": "{\n" + "".join(members) + "}",
        "policy": "[\n" + "".join(policy) + "]",
        "layer": layer,
    }


def typescript(starter: Starter) -> str:
    """Return the file for an app in TypeScript."""
    if starter.layer:
        arn = _typescript(starter.layer)
        layer = (
            "lambda.LayerVersion.fromLayerVersionArn(\n"
            f"    stack,\n    'AppConfigEnvLayer',\n    {arn},\n  )"
        )
    else:
        layer = (
            "new lambda.LayerVersion(stack, 'AppConfigEnvLayer', {\n"
            f"    code: lambda.Code.fromAsset({_typescript(LAYER_FILE)}),\n"
            "    layerVersionName: 'appconfig-env',\n  })"
        )
    variables = {WRAPPER: IN_LAYER, **starter.variables}
    members = [f"  {_key(name)}: {_typescript(value)},\n" for name, value in variables.items()]
    policy = [
        f"  {{\n    actions: {_list(map(_typescript, one.actions), '    ', 2)},\n"
        f"    resources: {_list(map(_typescript_arn, one.resources), '    ', 2)},\n  }},\n"
        for one in render.statements(starter.needs.function, _OWN)
    ]
    return TYPESCRIPT % {
        "variables": "{\n" + "".join(members) + "}",
        "policy": "[\n" + "".join(policy) + "]",
        "layer": layer,
    }


def lines(*, is_python: bool) -> list[str]:
    """Return what to add to a stack."""
    if is_python:
        return [
            "from appconfig_env_cdk import add_appconfig_env",
            "",
            "add_appconfig_env(function)  # after the function was created",
        ]
    return [
        "import { addAppConfigEnv } from './appconfig-env';",
        "",
        "addAppConfigEnv(fn); // after the function was created",
    ]


def _is_python(path: str) -> bool:
    """Whether the app that a cdk.json starts is written in Python.

    Raises:
        RefusedError: it is neither that nor TypeScript, or the file has no app.
        AppConfigEnvError: the file cannot be read.
    """
    text = read(path)
    try:
        app = str(json.loads(text)["app"])
    except (ValueError, TypeError, KeyError):
        raise RefusedError(f"{path}: expected JSON with an app", "run cdk init first") from None
    words = app.split()
    if any(word.endswith(".py") or "python" in word for word in words):
        return True
    if any(word.endswith((".ts", ".js", ".mts", ".mjs")) or "ts-node" in word for word in words):
        return False
    raise RefusedError(
        f"{path}: expected an app in Python or TypeScript, got {app!r}",
        "add layer, variables and policy yourself",
    )


def _list(items: Iterable[str], indent: str, step: int = 4) -> str:
    found: Sequence[str] = [*items]
    if len(found) == 1:
        return f"[{found[0]}]"
    deeper = indent + " " * step
    return "[\n" + "".join(f"{deeper}{item},\n" for item in found) + f"{indent}]"


def _python(text: str) -> str:
    return json.dumps(text)


def _python_arn(arn: str) -> str:
    """Return an ARN as an f-string, if it has what only CDK knows."""
    literal = _python(arn.replace("{", "{{").replace("}", "}}"))
    for name in ("PARTITION", "REGION", "ACCOUNT_ID"):
        literal = literal.replace(f"\\u0000{name}\\u0000", f"{{Aws.{name}}}")
    return f"f{literal}" if "{Aws." in literal else _python(arn)


def _key(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else _typescript(name)


def _typescript(text: str) -> str:
    escaped = json.dumps(text)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{escaped}'"


def _typescript_arn(arn: str) -> str:
    """Return an ARN as a template literal, if it has what only CDK knows."""
    if "\0" not in arn:
        return _typescript(arn)
    literal = arn.replace("\\", "\\\\").replace("`", "\\`").replace("$", "\\$")
    for name in ("PARTITION", "REGION", "ACCOUNT_ID"):
        literal = literal.replace(f"\0{name}\0", f"${{Aws.{name}}}")
    return f"`{literal}`"
