"""docs/command.md has the help of the command and of every verb."""

from __future__ import annotations

from tools import write_command as script

from ..support.paths import ROOT

PAGE = (ROOT / "docs" / "command.md").read_text()


def test_the_page_is_up_to_date_or_run_make_command() -> None:
    assert script.written() == PAGE


def test_the_page_has_the_usage_of_every_verb() -> None:
    for verb in script.verbs():
        assert f"\n## {verb}\n" in PAGE
        assert f"\nusage: appconfig-env {verb} " in PAGE
