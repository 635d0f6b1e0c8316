"""template.yaml, checked with AWS's own tools, `sam build` and this project's grammar."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from appconfig_env._cli import layer as _layer
from appconfig_env._cli.layer.pythons import PYTHONS
from appconfig_env._config.settings import from_environ

from ..support.paths import ROOT

TEMPLATE = ROOT / "template.yaml"
SAM = ROOT / ".venv-sam" / "bin" / "sam"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/prod/db-AbCdEf"
CFN_LINT = SAM.with_name("cfn-lint")

needs_sam = pytest.mark.skipif(not SAM.exists(), reason="make sam installs AWS SAM")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's functions, each replaced by its argument."""


_Loader.add_multi_constructor("!", lambda loader, _, node: loader.construct_scalar(node))


def load(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(text, Loader=_Loader)
    return loaded


def resources() -> dict[str, Any]:
    template = load(TEMPLATE.read_text())
    return {name: {"Properties": {}, **it} for name, it in template["Resources"].items()}


def function() -> dict[str, Any]:
    properties: dict[str, Any] = resources()["ExampleFunction"]["Properties"]
    return properties


def variables() -> dict[str, str]:
    """The function's environment as CloudFormation resolves it, with a name for each resource."""
    values = {
        "AWS::StackName": "shop",
        "DatabaseSecret": SECRET,
    }
    return {
        name: re.sub(r"\$\{([\w:]+)\}", lambda match: values.get(match[1], match[1].lower()), text)
        for name, text in function()["Environment"]["Variables"].items()
    }


def statements() -> list[dict[str, Any]]:
    return [one for policy in function()["Policies"] for one in policy["Statement"]]


def run(*command: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run one of AWS's tools offline: no credentials, no Region, no telemetry."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "SAM_CLI_TELEMETRY": "0",
        "VENV": sys.prefix,  # for the Makefile, which `sam build` runs
    }
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )


@needs_sam
def test_cfn_lint_finds_nothing(tmp_path: Path) -> None:
    result = run(CFN_LINT, "--include-checks", "I", "--", TEMPLATE, home=tmp_path)

    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr


@needs_sam
def test_sam_validate_finds_nothing(tmp_path: Path) -> None:
    result = run(SAM, "validate", "--lint", home=tmp_path)

    assert result.returncode == 0, result.stdout + result.stderr


@needs_sam
@pytest.mark.skipif(
    not Path(sys.prefix, ".runtime").exists(),
    reason="sam build uses the environment that make creates",
)
def test_sam_build_builds_layer_and_function_without_docker(tmp_path: Path) -> None:
    build = tmp_path / "build"

    result = run(SAM, "build", "--build-dir", build, home=tmp_path)

    assert result.returncode == 0, result.stdout + result.stderr
    layer = build / "AppConfigEnvLayer"
    assert (layer / "appconfig-env").stat().st_mode & 0o777 == 0o755
    assert (layer / "python" / "appconfig_env" / "__init__.py").is_file()
    assert (layer / "python" / "tenacity" / "__init__.py").is_file()
    assert [path.name for path in (build / "ExampleFunction").iterdir()] == ["handler.py"]
    (tmp_path / "same").mkdir()
    _layer.build(tmp_path / "same")
    assert contents(layer) == contents(tmp_path / "same"), "as by `make layer`"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_layer_has_the_byte_code_of_every_runtime_that_is_named() -> None:
    every = resources()
    runtimes = {
        one["Properties"]["Runtime"] for one in every.values() if "Runtime" in one["Properties"]
    }
    runtimes |= set(every["AppConfigEnvLayer"]["Properties"]["CompatibleRuntimes"])

    assert runtimes <= set(PYTHONS)


def test_the_makefile_has_a_target_for_exactly_what_sam_builds_with_make() -> None:
    makefile = (ROOT / "Makefile").read_text()

    built = {
        name
        for name, resource in resources().items()
        if resource.get("Metadata", {}).get("BuildMethod") == "makefile"
    }
    assert built
    assert built == set(re.findall(r"^build-(\w+):", makefile, re.MULTILINE))


def test_the_function_s_sources_can_be_parsed() -> None:
    settings = from_environ(variables())

    assert {source.resource.reference for source in settings.sources} == {
        "appconfig:application/prodenvironment/appprofile",
        "appconfig:application/prodenvironment/flagsprofile",
        "ssm:/shop/prod/",
        f"secretsmanager:{SECRET}",
    }


def test_the_wrapper_s_path_is_the_layer_s() -> None:
    assert variables()["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/appconfig-env"


def test_the_permissions_are_minimal() -> None:
    actions = {
        action
        for one in statements()
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }

    assert actions == {
        "appconfig:StartConfigurationSession",
        "appconfig:GetLatestConfiguration",
        "ssm:GetParametersByPath",
        "secretsmanager:GetSecretValue",
    }


def test_every_permission_names_its_resource() -> None:
    for one in statements():
        arns = [one["Resource"]] if isinstance(one["Resource"], str) else one["Resource"]
        assert all(arn == "DatabaseSecret" or arn.startswith("arn:$") for arn in arns)
        assert not [arn for arn in arns if "*" in arn]


def test_the_function_depends_on_everything_that_it_reads() -> None:
    every = resources()
    read = {
        name
        for name, resource in every.items()
        if resource["Type"] in ("AWS::AppConfig::Deployment", "AWS::SSM::Parameter")
    }

    assert set(every["ExampleFunction"]["DependsOn"]) == read


def test_the_example_has_the_same_names_as_the_demo_s_documents() -> None:
    parameters = {
        resource["Properties"]["Name"].rpartition("/")[2]
        for resource in resources().values()
        if resource["Type"] == "AWS::SSM::Parameter"
    }
    local = (ROOT / "examples" / "local" / "ssm.env").read_text().split()

    assert parameters == {line.partition("=")[0].rpartition("/")[2] for line in local}
