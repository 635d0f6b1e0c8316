"""The parser of options: its errors end in what to do, and the exit code is 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli import bake, layer, trace
from appconfig_env._cli.arguments import Parser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--colour"], "unrecognized arguments: --colour"),
        (["--output"], "argument --output: expected one argument"),
        (["a; b"], "unrecognized arguments: a; b"),
        (["--ouput", "x"], "unrecognized arguments: --ouput x (nearest: --output)"),
        (["--ouput=x"], "unrecognized arguments: --ouput=x (nearest: --output)"),
        (["-output", "x"], "unrecognized arguments: -output x (nearest: --output)"),
        (
            ["--ouput=x", "--hlep"],
            "unrecognized arguments: --ouput=x --hlep (nearest: --output, --help)",
        ),
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


@pytest.mark.parametrize(
    ("main", "wrong", "option"),
    [
        (layer.main, "--pyton", "--python"),
        (layer.main, "--limits", "--limit"),
        (trace.main, "--witdh", "--width"),
    ],
)
def test_an_unknown_option_names_the_nearest_one_of_its_verb(
    capsys: pytest.CaptureFixture[str],
    main: Callable[[list[str]], int],
    wrong: str,
    option: str,
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([wrong, "3.13"])

    assert f"{wrong} 3.13 (nearest: {option}); run " in capsys.readouterr().err


def test_an_error_of_a_verb_has_its_level(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    missing = str(tmp_path / "python3.99")

    assert layer.main(["--python", missing, "--output", str(tmp_path / "layer.zip")]) == 1

    assert capsys.readouterr().err.startswith(f"appconfig-env: error: {missing}: not found")


def test_an_error_with_a_remedy_of_its_own_ends_in_that(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser(prog="appconfig-env trace")

    with pytest.raises(SystemExit, match="2"):
        parser.error("--width: expected at least 60 columns, got 5", "widen it")

    assert capsys.readouterr().err.endswith("got 5; widen it\n")
