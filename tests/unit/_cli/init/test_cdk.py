"""A CDK app gets one new file, in its own language, and lines for its stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._cli.init import cdk
from appconfig_env._cli.init.starter import IN_LAYER, WRAPPER, RefusedError, Result, Starter
from appconfig_env._cli.policy.needs import Place
from appconfig_env._cli.policy.render import statements
from appconfig_env.errors import AppConfigEnvError

from .starters import LAYER, starter

if TYPE_CHECKING:
    from pathlib import Path

# What the new file uses of the CDK, which records what it is called with.
LIBRARY = {
    "__init__.py": """
class Aws:
    PARTITION, REGION, ACCOUNT_ID = "<partition>", "<region>", "<account>"
class Node:
    def __init__(self): self.children = {}
    def try_find_child(self, name): return self.children.get(name)
class Stack:
    def __init__(self): self.node = Node()
    @staticmethod
    def of(function): return function.stack
""",
    "aws_iam.py": """
class PolicyStatement:
    def __init__(self, *, actions, resources):
        self.actions, self.resources = actions, resources
""",
    "aws_lambda.py": """
class ILayerVersion: ...
class Code:
    @staticmethod
    def from_asset(path): return path
class LayerVersion:
    def __init__(self, stack, name, *, code, layer_version_name):
        assert name not in stack.node.children
        stack.node.children[name] = self
        self.text = code
    @classmethod
    def from_layer_version_arn(cls, stack, name, arn):
        return cls(stack, name, code=arn, layer_version_name="")
class Function:
    def __init__(self, stack):
        self.stack = stack
        self.found = {"layers": [], "env": {}, "policy": []}
    def add_layers(self, layer): self.found["layers"].append(layer.text)
    def add_environment(self, name, value): self.found["env"][name] = value
    def add_to_role_policy(self, one): self.found["policy"].append([one.actions, one.resources])
""",
}
PROGRAM = """
import json
from aws_cdk import Stack, aws_lambda
from appconfig_env_cdk import add_appconfig_env
stack = Stack()
functions = [aws_lambda.Function(stack) for _ in range(2)]
for function in functions:
    add_appconfig_env(function)
print(json.dumps([function.found for function in functions]))
"""
PYTHON_APP = '{"app": "python3 app.py"}'
TYPESCRIPT_APP = '{"app": "npx ts-node --prefer-ts-exts bin/shop.ts"}'


def app(folder: Path, text: str = PYTHON_APP) -> str:
    (folder / "cdk.json").write_text(text)
    return str(folder)


def result_of_app(folder: Path, wanted: Starter) -> list[dict[str, Any]]:
    """Run an app that gives what is needed to two functions of one stack."""
    library = folder / "aws_cdk"
    library.mkdir()
    for name, text in LIBRARY.items():
        (library / name).write_text(text)
    (folder / cdk.PYTHON_FILE).write_text(cdk.python(wanted))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, capture_output=True, text=True, check=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("layer", ["", LAYER])
def test_the_functions_of_an_app_get_layer_variables_and_policy(tmp_path: Path, layer: str) -> None:
    wanted = starter(layer=layer)

    found = result_of_app(tmp_path, wanted)

    own = Place("<partition>", "<region>", "<account>")
    assert found[0] == found[1]
    assert found[0] == {
        "layers": [layer or "dist/appconfig-env-layer.zip"],
        "env": {WRAPPER: IN_LAYER, **wanted.variables},
        "policy": [
            [list(one.actions), list(one.resources)]
            for one in statements(wanted.needs.function, own)
        ],
    }


@pytest.mark.parametrize(
    ("text", "file", "line"),
    [
        (PYTHON_APP, "appconfig_env_cdk.py", "from appconfig_env_cdk import add_appconfig_env"),
        ('{"app": ".venv/bin/python -m x"}', "appconfig_env_cdk.py", None),
        (TYPESCRIPT_APP, "lib/appconfig-env.ts", "import { addAppConfigEnv } from './appconfig-"),
        ('{"app": "node bin/shop.js"}', "lib/appconfig-env.ts", None),
    ],
)
def test_the_file_is_in_the_language_of_the_app(
    tmp_path: Path, text: str, file: str, line: str | None
) -> None:
    result = cdk.edit(app(tmp_path, text), starter())

    (edit,) = result.edits
    assert (edit.path, edit.before) == (str(tmp_path / file), None)
    assert line is None or result.by_hand[0].startswith(line)
    assert result.notes[0].startswith("run appconfig-env layer to build")


def test_a_second_run_changes_nothing_and_a_changed_file_is_kept(tmp_path: Path) -> None:
    folder = app(tmp_path)
    path = tmp_path / cdk.PYTHON_FILE
    path.write_text(cdk.python(starter()))

    assert cdk.edit(folder, starter()) == Result()

    path.write_text("# own\n")
    result = cdk.edit(folder, starter())
    assert result.edits == []
    assert "it is there already, and was kept" in result.notes[-1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"app": "mvn -e -q compile exec:java"}', "expected an app in Python or TypeScript, got"),
        ("{}", "expected JSON with an app; run cdk init first"),
        ("[]", "expected JSON with an app"),
        ("x", "expected JSON with an app"),
    ],
)
def test_another_app_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(RefusedError, match=problem):
        cdk.edit(app(tmp_path, text), starter())


def test_a_folder_without_an_app_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AppConfigEnvError, match=r"cdk.json: No such file or directory; correct"):
        cdk.edit(str(tmp_path), starter())


def test_no_part_of_a_value_is_code() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/a/", "X.y": "ssm:/x?default=`${a}'\"{b}\\"}

    in_typescript = cdk.typescript(starter(environ))

    assert "'X.y': 'ssm:/x?default=`${a}\\'\"{b}\\\\'," in in_typescript
    compile(cdk.python(starter(environ)), cdk.PYTHON_FILE, "exec")


def test_the_path_of_the_typescript_file_is_in_the_folder_of_stacks() -> None:
    assert cdk.TYPESCRIPT_FILE.split(os.sep) == ["lib", "appconfig-env.ts"]
