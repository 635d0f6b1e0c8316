"""Fills docs/command.md: the exit codes and every verb's `--help`, from the command itself."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from appconfig_env._cli import verbs
from tools.messages import ROOT
from tools.page import fill, table

if TYPE_CHECKING:
    from appconfig_env._cli.arguments import Parser
    from appconfig_env._cli.commands import VerbCommand

PAGE = ROOT / "docs" / "command.md"
KIND = "command"  # of the page's marks


def main() -> None:
    """Write the page."""
    PAGE.write_text(fill(PAGE.read_text(), parts(), KIND))


def parts() -> dict[str, str]:
    """Return the generated parts, by their marks."""
    codes = [(str(code), meaning) for code, meaning in verbs.EXIT_CODES]
    return {
        "exit-codes": table(("exit code", "meaning"), codes, rule="---"),
        "verbs": "\n\n".join(section(verb) for verb in verbs.VERBS),
    }


def section(verb: verbs.Verb) -> str:
    """Return the section of a verb: what it does, and its help."""
    summary = f"{verb.summary[0].upper()}{verb.summary[1:]}."
    return f"### {verb.name}\n\n{summary}\n\n```text\n{help_of(verb)}\n```"


def help_of(verb: verbs.Verb) -> str:
    """Return what `appconfig-env VERB --help` prints."""
    module = import_module(f"appconfig_env._cli.{verb.name}")
    if not verb.needs_extra:
        parser: Parser = module.make_parser()
        return parser.format_help().strip()
    command: VerbCommand = module.command
    with command.make_context(f"appconfig-env {verb.name}", [], resilient_parsing=True) as context:
        return command.get_help(context).strip()


if __name__ == "__main__":
    main()
