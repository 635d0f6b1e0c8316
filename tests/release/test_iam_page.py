"""docs/iam.md: its table is what the command computes, and its blocks run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import yaml

from appconfig_env._cli.policy.needs import Place, needs_of
from appconfig_env._config.settings import from_environ
from appconfig_env._config.sources import SCHEMES

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "iam.md").read_text()
OWN = Place("aws", "eu-west-1", "111122223333")


def rows() -> list[list[str]]:
    """The cells of the table, each with what is in backticks."""
    table = PAGE.partition("<!-- iam:needs -->")[2].partition("<!-- /iam:needs -->")[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def run(block: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = folder / "appconfig-env"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m appconfig_env "$@"\n')
    command.chmod(0o755)
    environ = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    script = ["/bin/sh", "-uc", block]
    return subprocess.run(
        script, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


def test_the_table_is_what_the_command_computes() -> None:
    found = rows()

    for reference, actions, resource in found:
        settings = from_environ({"APPCONFIG_ENV_SOURCES": reference.strip("`")})
        needed = needs_of(settings).function
        assert ", ".join(f"`{one.action}`" for one in needed) == actions
        assert ", ".join(f"`{arn}`" for arn in {one.target.arn(OWN) for one in needed}) == resource
    assert {row[0].strip("`").partition(":")[0] for row in found} == SCHEMES.keys()


def test_the_blocks_print_policies(tmp_path: Path) -> None:
    of_role, of_function, _ = blocks("sh")

    policy = json.loads(run(of_role, tmp_path).stdout)
    printed = run(of_function, tmp_path).stdout

    arns = [one["Resource"] for one in policy["Statement"]]
    assert arns == [
        "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/prod",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-??????",
    ]
    assert [printed] == blocks("yaml")


def test_the_check_finds_what_the_page_shows(tmp_path: Path) -> None:
    resource = "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/prod/*"
    statement = {"Effect": "Allow", "Action": "ssm:GetParametersByPath", "Resource": resource}
    (tmp_path / "policy.json").write_text(yaml.safe_dump({"Statement": [statement]}))

    done = run(blocks("sh")[-1], tmp_path)

    assert done.returncode == 1
    assert [done.stdout] == blocks("text")
