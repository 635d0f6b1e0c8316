"""The quick start, the installation and the guides: all code blocks of a page run, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appconfig_env import SettingsError

from ..support.fake_aws import FakeAws
from ..support.paths import ROOT
from ..support.stories import PAGES, REGION, Block, Story, blocks
from . import test_template as template
from .test_blocks import check

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("page", PAGES)
def test_all_blocks_of_a_page_run_in_order(page: str, tmp_path: Path) -> None:
    with FakeAws(region=REGION) as aws:
        story = Story(aws, tmp_path)
        for block in blocks((ROOT / page).read_text()):
            story.run(block)

        assert aws.problems == []
    for command in story.commands:
        if command[0] != "pip":
            check(command)


@template.needs_sam
def test_aws_accepts_the_template_for_sam(tmp_path: Path) -> None:
    (text,) = [
        block.text
        for block in blocks((ROOT / "docs" / "install.md").read_text())
        if block.title == "template.yaml"
    ]
    (tmp_path / "src").mkdir()
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "appconfig-env-layer.zip").touch()
    (tmp_path / "template.yaml").write_text(text)

    found = template.run(template.CFN_LINT, "--", tmp_path / "template.yaml", home=tmp_path)

    assert (found.returncode, found.stdout) == (0, ""), found.stdout + found.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        [Block("sh", "", "false\n")],
        [Block("sh", "", "echo a\n"), Block("text", "", "b\n")],
        [Block("python", "", "raise SystemExit(1)\n")],
        [Block("yaml", "", "Variables: {APPCONFIG_ENV_SOURCES: ssm:/shop/tset/}\n")],
        [Block("yaml", "", "Variables: {APPCONFIG_ENV_SUORCES: ssm:/shop/prod/}\n")],
        [Block("yaml", "", "Variables: {DB_HOST: smm:/shop/prod/DB_HOST}\n")],
        [Block("dockerfile", "Dockerfile", "COPY nowhere/ /opt/\n")],
        [Block("dockerfile", "Dockerfile", "RUN if\n")],
        [Block("json", "", '{"Statement": [{"Action": "ssm:GetParameterz"}]}\n')],
        [Block("python", "stack.py", "class ShopStack: pass\nFunction()\n")],
    ],
    ids=lambda wrong: f"{wrong[-1].language}: {wrong[-1].text.strip()}",
)
def test_a_block_that_is_wrong_fails(wrong: list[Block], tmp_path: Path) -> None:
    with FakeAws(region=REGION) as aws:
        story = Story(aws, tmp_path)

        *before, last = wrong
        for block in before:
            story.run(block)
        with pytest.raises((AssertionError, SettingsError)):
            story.run(last)


def test_a_block_of_another_language_is_not_skipped(tmp_path: Path) -> None:
    with FakeAws(region=REGION) as aws, pytest.raises(KeyError, match="cobol"):
        Story(aws, tmp_path).run(Block("cobol", "", "STOP RUN.\n"))


def test_a_block_with_a_title_is_a_file(tmp_path: Path) -> None:
    with FakeAws(region=REGION) as aws:
        story = Story(aws, tmp_path)

        story.run(Block("dotenv", "local/ssm.env", "/a=b\n"))

    assert (tmp_path / "local" / "ssm.env").read_text() == "/a=b\n"
