"""The command line: verbs, paths to execute, and the usage for everything else."""

from __future__ import annotations

from importlib import metadata

import pytest

from appconfig_env._cli import verbs
from appconfig_env._cli.main import main

USAGE = verbs.usage()


def test_help_is_printed_and_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["-h"]):
        assert main(words) == 0
        assert capsys.readouterr() == (USAGE, "")
    assert all(name in USAGE for name in verbs.names())


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"appconfig-env {metadata.version('appconfig-env')}\n"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "missing command; name one of those below"),
        ([""], "missing command; name one of those below"),
        *[
            (
                [word],
                (
                    f"unknown command {word!r}{near}; correct it, or write "
                    f"appconfig-env run -- {word} to execute a program"
                ),
            )
            for word, near in (
                ("tarce", " (nearest: trace)"),
                ("Layer", " (nearest: layer)"),
                ("version", " (nearest: --version)"),
                ("install", ""),
                ("bash", ""),
            )
        ],
        *[
            ([word, "x"], f"unknown option {word!r}{near}; use one of those below")
            for word, near in (
                ("--verison", " (nearest: --version)"),
                ("--hlep", " (nearest: --help)"),
                ("-v", ""),
                ("--output", ""),
                ("-", ""),
            )
        ],
    ],
)
def test_anything_else_is_an_error_with_the_usage(
    capsys: pytest.CaptureFixture[str], words: list[str], problem: str
) -> None:
    assert main(words) == 2
    assert capsys.readouterr() == ("", f"appconfig-env: error: {problem}\n\n{USAGE}")


@pytest.mark.parametrize(
    ("option", "nearest"),
    [("-v", ""), ("--bogus", ""), ("-", ""), ("--quite", " (nearest: --quiet)")],
)
def test_an_unknown_option_of_run_is_an_error(
    capsys: pytest.CaptureFixture[str], option: str, nearest: str
) -> None:
    assert main(["run", option, "/no/such"]) == 2

    usage, error, _ = capsys.readouterr().err.split("\n")
    assert usage == "usage: appconfig-env run [OPTION ...] -- COMMAND [ARGUMENT ...]"
    assert error == (
        f"appconfig-env run: error: unrecognized arguments: {option}{nearest}; "
        "run appconfig-env run --help"
    )


@pytest.mark.parametrize("words", [["run"], ["run", "--"]])
def test_a_run_without_a_command_is_an_error(
    capfd: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(words) == 2
    assert "missing command; write appconfig-env run -- COMMAND\n" in capfd.readouterr().err


@pytest.mark.parametrize("words", [["/no/such"], ["run", "/no/such"], ["run", "--", "/no/such"]])
def test_a_path_is_executed(capfd: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words) == 127
    assert "/no/such: does not exist; check its path" in capfd.readouterr().err
