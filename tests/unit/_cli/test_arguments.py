"""The parser of options: its errors end in what to do, and the exit code is 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli import bake, layer, trace
from appconfig_env._cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--colour"], "unrecognized arguments: --colour"),
        (["--output"], "argument --output: expected one argument"),
        (["a; b"], "unrecognized arguments: a; b"),
    ],
)
@pytest.mark.parametrize(
    ("verb", "main"), [("bake", bake.main), ("layer", layer.main), ("trace", trace.main)]
)
def test_a_wrong_command_line_of_a_verb_is_an_error_that_names_the_help(
    capsys: pytest.CaptureFixture[str],
    verb: str,
    main: Callable[[list[str]], int],
    words: list[str],
    problem: str,
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)

    captured = capsys.readouterr()
    assert captured.out == ""
    usage, _, last = captured.err.rstrip("\n").rpartition("\n")
    assert usage.startswith(f"usage: appconfig-env {verb} ")
    assert last == f"appconfig-env {verb}: error: {problem}; run appconfig-env {verb} --help"


def test_an_error_with_a_remedy_of_its_own_ends_in_that(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser(prog="appconfig-env trace")

    with pytest.raises(SystemExit, match="2"):
        parser.error("--width: expected at least 60 columns, got 5", "widen it")

    assert capsys.readouterr().err.endswith("got 5; widen it\n")
