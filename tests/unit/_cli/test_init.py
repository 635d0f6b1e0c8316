"""`init` shows what it would change, and changes it only with --write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli.init.starter import EXAMPLE
from appconfig_env._cli.policy.template_yaml import parse

from .process import Done, ran

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = """\
Resources:
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
"""
ROLE = "arn:aws:iam::111122223333:role/reader"
LAYER = "arn:aws:lambda:eu-west-1:123456789012:layer:appconfig-env:7"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*words: str, **environ: str) -> Done:
    return ran("init", *words, environ=environ)


def test_without_write_a_diff_is_shown_and_nothing_written(folder: Path) -> None:
    path = folder / "template.yaml"
    path.write_text(TEMPLATE)

    done = init("--source", "ssm:/shop/prod/")

    assert (done.exit_code, done.err) == (0, "")
    assert done.out.startswith("--- a/template.yaml\n+++ b/template.yaml\n@@ ")
    assert "+          APPCONFIG_ENV_SOURCES: ssm:/shop/prod/\n" in done.out
    assert "nothing was written; pass --write to do so\n" in done.out
    assert path.read_text() == TEMPLATE


def test_with_write_the_file_is_as_the_diff_has_it(folder: Path) -> None:
    path = folder / "template.yaml"
    path.write_text(TEMPLATE)
    shown = json.loads(init("--source", "ssm:/shop/prod/", "--json").out)

    done = init("--source", "ssm:/shop/prod/", "--write")

    assert done.out.startswith("wrote template.yaml\n")
    added = [line[1:] for line in shown["edits"][0]["diff"].splitlines()[3:] if line[0] == "+"]
    assert set(path.read_text().splitlines()) == {*TEMPLATE.splitlines(), *added}
    again = init("--source", "ssm:/shop/prod/", "--write")
    assert again.out == "nothing to change: all of it is there already\n"


def test_the_sources_are_those_of_the_environment_if_none_are_given(folder: Path) -> None:
    (folder / "template.yaml").write_text(TEMPLATE)

    init(
        "--write",
        APPCONFIG_ENV_SOURCES="ssm:/a/",
        DB="secretsmanager:db#x",
        APPCONFIG_ENV_LOCAL_DIR="/nowhere",
        LIMIT="10",
    )

    data: object = parse((folder / "template.yaml").read_text())
    assert isinstance(data, dict)
    variables = data["Resources"]["Shop"]["Properties"]["Environment"]["Variables"]
    assert variables == {
        "AWS_LAMBDA_EXEC_WRAPPER": "/opt/appconfig-env",
        "APPCONFIG_ENV_SOURCES": "ssm:/a/",
        "DB": "secretsmanager:db#x",
    }


def test_without_sources_an_example_is_used_and_noted(folder: Path) -> None:
    (folder / "template.yaml").write_text(TEMPLATE)

    done = init()

    assert f"+          APPCONFIG_ENV_SOURCES: {EXAMPLE}\n" in done.out
    assert f"- replace {EXAMPLE}, an example, with your own sources, or pass --source\n" in done.out


def test_a_role_that_is_assumed_is_a_note(folder: Path) -> None:
    (folder / "template.yaml").write_text(TEMPLATE)

    done = init("--source", "ssm:/a/", APPCONFIG_ENV_ROLE_ARN=ROLE)

    assert "Action: sts:AssumeRole" in done.out
    assert f"run appconfig-env policy --role {ROLE}\n" in done.out


def test_a_published_layer_is_named_by_its_arn(folder: Path) -> None:
    (folder / "template.yaml").write_text(TEMPLATE)

    done = init("--source", "ssm:/a/", "--layer", LAYER)

    assert f"+        - {LAYER}\n" in done.out
    assert "AppConfigEnvLayer" not in done.out


def test_what_is_refused_has_the_lines_to_add_and_fails(folder: Path) -> None:
    text = TEMPLATE + "      Layers: !Ref All\n"
    (folder / "template.yaml").write_text(text)

    done = init("--source", "ssm:/a/", "--write")

    assert done.exit_code == 1
    assert "- template.yaml was not edited: Layers is not a list; add the lines" in done.out
    assert "# under the function's Properties\nLayers:\n" in done.out
    assert (folder / "template.yaml").read_text() == text


@pytest.mark.parametrize(
    ("words", "files", "written"),
    [
        (("terraform",), {"main.tf": ""}, "appconfig_env.tf"),
        (("cdk",), {"cdk.json": '{"app": "python app.py"}'}, "appconfig_env_cdk.py"),
        (("cdk",), {"cdk.json": '{"app": "npx tsx bin/x.ts"}'}, "lib/appconfig-env.ts"),
        (("dockerfile",), {"Dockerfile": "FROM public.ecr.aws/lambda/python:3.13\n"}, "Dockerfile"),
        (("local",), {}, "local/ssm.json"),
        (("local", "--file", "other"), {}, "other/ssm.json"),
        (("sam", "--file", "x.yaml"), {"x.yaml": TEMPLATE}, "x.yaml"),
    ],
)
def test_each_kind_is_written(
    folder: Path, words: tuple[str, ...], files: dict[str, str], written: str
) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)

    shown = init(*words, "--source", "ssm:/shop/host")
    done = init(*words, "--source", "ssm:/shop/host", "--write")
    again = init(*words, "--source", "ssm:/shop/host", "--write")

    assert (shown.exit_code, done.exit_code, again.exit_code) == (0, 0, 0)
    assert f"+++ b/{written}\n" in shown.out
    assert "/shop/host" in (folder / written).read_text()
    assert f"{written}\n" in done.out
    assert again.out == "nothing to change: all of it is there already\n"


def test_the_kind_is_that_of_the_folder(folder: Path) -> None:
    (folder / "main.tf").touch()

    assert "appconfig_env.tf" in init("--source", "ssm:/a/").out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "this folder has neither template.yaml nor cdk.json"),
        (("ansible",), "'ansible' is not one of 'sam', 'cdk', 'terraform', 'dockerfile', 'local'"),
        (("local", "--source", "smm:/a"), "--source: 'smm:/a': expected a reference that starts"),
        (("local", "--layer", "x"), "--layer: expected arn:aws:lambda:REGION:ACCOUNT:layer:NAME"),
        (("local", "--wheel", "x"), "--wheel applies to dockerfile alone; remove it"),
        (("local", "--layer", LAYER), "--layer applies to sam, cdk and terraform alone; remove it"),
        (("cdk", "--function", "x"), "--function applies to sam and terraform alone; remove it"),
    ],
)
def test_a_wrong_command_line_is_misuse_with_a_remedy(
    folder: Path, words: tuple[str, ...], problem: str
) -> None:
    done = init(*words)

    assert (done.exit_code, done.out) == (2, "")
    assert problem in done.err
    assert list(folder.iterdir()) == []


def test_a_file_that_is_not_there_is_an_error(folder: Path) -> None:
    done = init("sam", "--source", "ssm:/a/")

    assert done.exit_code == 1
    assert done.err == (
        "appconfig-env: error: template.yaml: No such file or directory; correct the path\n"
    )
    assert list(folder.iterdir()) == []


def test_json_has_diffs_notes_and_lines(folder: Path) -> None:
    (folder / "main.tf").touch()

    found = json.loads(init("--source", "ssm:/a/", "--json").out)

    assert (found["written"], found["refused"]) == (False, False)
    assert [one["is_new"] for one in found["edits"]] == [True]
    assert found["notes"][-1].startswith("add the lines below to aws_lambda_function.FUNCTION")
    assert found["by_hand"][0] == 'resource "aws_lambda_function" "FUNCTION" {'


@pytest.mark.usefixtures("folder")
def test_a_default_is_not_shown_in_an_error() -> None:
    done = init("local", "--source", "smm:/a?default=c4n4ry")

    assert "c4n4ry" not in done.err


def test_the_sources_may_be_in_a_dotenv_file(folder: Path) -> None:
    (folder / "main.tf").touch()
    (folder / ".env").write_text("DB=secretsmanager:prod/db\nLIMIT=10\n")

    init("--env-file", ".env", "--write")

    text = (folder / "appconfig_env.tf").read_text()
    assert 'DB                      = "secretsmanager:prod/db"' in text
    assert "LIMIT" not in text
