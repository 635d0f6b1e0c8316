"""The parser of a verb's options; every error ends in what to do about it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose own errors, which only describe the problem, end in a remedy too."""

    def error(self, message: str, remedy: str = "") -> NoReturn:
        """Print the usage and an error, and exit with 2.

        Args:
            message: what was expected and what was there.
            remedy: what to do about it, as an imperative; by default, to see the help.
        """
        super().error(f"{message}; {remedy or f'run {self.prog} --help'}")
