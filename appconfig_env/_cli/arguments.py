"""The parser of a verb's options; every error ends in what to do about it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from .._config.wording import nearest
from . import verbs

if TYPE_CHECKING:
    from typing import NoReturn

WIDTH = 88  # of the help


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add `--json`, as all verbs have it."""
    parser.add_argument(
        "--json", action="store_true", dest="as_json", help="print JSON for machines"
    )


def write_json(data: object) -> None:
    """Write the result to standard output as JSON."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose own errors end in a remedy too, and name the nearest option.

    Its help ends in the example of its verb, and has the same lines on every terminal.
    """

    def __init__(
        self,
        *,
        prog: str,
        usage: str | None = None,
        description: str = "",
        epilog: str = "",
        allow_abbrev: bool = True,
        formatter_class: type[argparse.HelpFormatter] = argparse.HelpFormatter,
    ) -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=epilog,
            allow_abbrev=allow_abbrev,
            # Later Pythons pass more than `prog`.
            formatter_class=lambda prog, **more: formatter_class(prog, width=WIDTH, **more),
        )

    def format_help(self) -> str:
        """Return the help, with the example as it is."""
        verb = verbs.find(self.prog.rpartition(" ")[2])
        if verb is None:
            return super().format_help()
        example = "".join(f"  {line}\n" for line in verb.example.split("\n"))
        return f"{super().format_help()}\nexample:\n{example}"

    def options(self) -> list[str]:
        """Return all options."""
        return [*self._option_string_actions]

    def takes_value(self, word: str) -> bool:
        """Whether the word after an option is its value."""
        action = self._option_string_actions.get(word)
        return action is not None and action.nargs != 0

    def error(self, message: str, remedy: str = "") -> NoReturn:
        """Print the usage and an error, and exit with 2.

        Args:
            message: what was expected and what was there.
            remedy: what to do about it, as an imperative; by default, to see the help.
        """
        super().error(f"{message}{self._nearest(message)}; {remedy or f'run {self.prog} --help'}")

    def _nearest(self, message: str) -> str:
        """Return a note with the options that are most like the unknown ones in `message`."""
        known = self._option_string_actions
        options = [
            word.partition("=")[0].rstrip(":") for word in message.split() if word.startswith("-")
        ]
        near = [nearest(one, known) for one in options if one not in known and one.strip("-")]
        found = ", ".join(dict.fromkeys(filter(None, near)))
        return f" (nearest: {found})" if found else ""
