"""Fills docs/command.md with the help of the command and of each verb."""

from __future__ import annotations

import os
import subprocess
import sys

from appconfig_env._cli.main import VERBS
from tools.messages import ROOT
from tools.page import fill

PAGE = ROOT / "docs" / "command.md"
KIND = "command"  # of the page's marks


def main() -> None:
    """Write the page."""
    PAGE.write_text(written())


def written() -> str:
    """Return the page with its part filled."""
    return fill(PAGE.read_text(), {"helps": helps()}, KIND)


def helps() -> str:
    """Return the help of the command and of each verb that has one."""
    parts = [f"```text\n{help_of()}```"]
    parts += [f"## {verb}\n\n```text\n{help_of(verb)}```" for verb in verbs()]
    return "\n\n".join(parts)


def verbs() -> list[str]:
    """Return the verbs that have a help of their own."""
    return [verb for verb in VERBS if not verb.startswith("-") and verb != "run"]


def help_of(*verb: str) -> str:
    """Return what the option --help prints."""
    command = [sys.executable, "-m", "appconfig_env", *verb, "--help"]
    environ = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    done = subprocess.run(  # noqa: S603 # nosec B603 # our own command
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
