"""docs/command.md has the help of every verb, and its commands run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli import ownership, verbs
from appconfig_env._cli.export import FORMATS
from appconfig_env._cli.main import main
from tools import write_command
from tools.page import fill, marks

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "command.md").read_text()


def test_the_page_is_up_to_date() -> None:
    assert fill(PAGE, write_command.parts(), write_command.KIND) == PAGE, "run make command"


def test_every_mark_is_filled() -> None:
    found = dict(marks(PAGE, write_command.KIND))

    assert found.keys() == write_command.parts().keys()
    assert all(found.values())


@pytest.mark.parametrize("verb", verbs.VERBS, ids=lambda verb: verb.name)
def test_the_help_on_the_page_is_what_the_command_prints(
    verb: verbs.Verb, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main([verb.name, "--help"])
    except SystemExit as ended:  # of argparse
        code = int(ended.code or 0)

    assert code == 0
    assert capsys.readouterr().out.strip() == write_command.help_of(verb)


def test_the_first_commands_run(tmp_path: Path) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    command = tmp_path / "bin" / "appconfig-env"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m appconfig_env "$@"\n')
    command.chmod(0o755)

    done = subprocess.run(
        ["/bin/sh", "-euc", block],
        cwd=tmp_path,
        env={
            "PATH": f"{command.parent}:{os.defpath}",
            "PYTHONPATH": str(ROOT),
            "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^ok +ssm:/shop/prod/ +\w+ +HOST$", done.stdout, re.MULTILINE)
    assert "1 source, 0 errors, 0 warnings" in done.stdout
    assert re.search(r"^HOST +\*{4} +ssm:/shop/prod/ +\w+ +set$", done.stdout, re.MULTILINE)
    assert "\nlocalhost\n" in done.stdout
    assert "\nHOST=localhost\n" in done.stdout


def rows(head: str) -> list[str]:
    """The first cells of the table with this head."""
    _, _, text = PAGE.partition(f"| {head} | ")
    lines = text.partition("\n\n")[0].splitlines()[2:]
    return [line.split("|")[1].strip(" `") for line in lines]


def test_the_tables_have_every_state_and_every_format() -> None:
    assert rows("state") == list(ownership.STATES)
    assert rows("format") == list(FORMATS)
