"""The options of `run`: where they end, and what they add to the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli.run import make_parser
from appconfig_env._cli.run_options import (
    LOCAL_DIR,
    LOG_LEVEL,
    SOURCES,
    Options,
    environ_for,
    own_words,
    parsed,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["a", "--quiet"], Options(command=("a", "--quiet"))),
        (["--quiet", "a", "-c"], Options(quiet=True, command=("a", "-c"))),
        (["--quiet", "--", "-a"], Options(quiet=True, command=("-a",))),
        (["--", "--quiet"], Options(command=("--quiet",))),
        (["--watch", "--", "a", "--", "b"], Options(watch=True, command=("a", "--", "b"))),
        (
            ["--source", "ssm:/a/", "--source=ssm:/b/", "a"],
            Options(sources=("ssm:/a/", "ssm:/b/"), command=("a",)),
        ),
        (
            ["--env-file", "x", "--env-file=y", "--local-dir", "z", "a"],
            Options(env_files=("x", "y"), local_dir="z", command=("a",)),
        ),
    ],
)
def test_options_end_where_the_command_begins(words: list[str], options: Options) -> None:
    assert parsed(make_parser(), words) == options


@pytest.mark.parametrize(
    "options",
    [
        Options(command=("a", "-b")),
        Options(("ssm:/a/", "ssm:/b/"), "dir", ("x", "y"), quiet=True, command=("a",)),
    ],
)
def test_the_command_is_started_by_a_run_with_the_same_options(options: Options) -> None:
    verb, *words = own_words(options._replace(watch=True))

    assert verb == "run"
    assert parsed(make_parser(), words) == options


@pytest.mark.parametrize(
    ("options", "environ", "expected"),
    [
        (Options(sources=("ssm:/a/", "ssm:/b/")), {}, {SOURCES: "ssm:/a/ ssm:/b/"}),
        (Options(sources=("ssm:/b/",)), {SOURCES: "ssm:/a/"}, {SOURCES: "ssm:/a/ ssm:/b/"}),
        (Options(local_dir="x"), {LOCAL_DIR: "y"}, {LOCAL_DIR: "x"}),
        (Options(quiet=True), {LOG_LEVEL: "debug"}, {LOG_LEVEL: "error"}),
        (Options(), {"A": "1"}, {"A": "1"}),
    ],
)
def test_options_change_the_environment(
    options: Options, environ: dict[str, str], expected: dict[str, str]
) -> None:
    assert environ_for(options, environ) == expected


def test_what_is_set_wins_over_a_file_and_a_later_file_over_an_earlier_one(tmp_path: Path) -> None:
    first, second = tmp_path / "1.env", tmp_path / "2.env"
    first.write_text("A=1\nB='x # y'\nC=1\n")
    second.write_text("\ufeffB=2\n", encoding="utf-8")

    found = environ_for(Options(env_files=(str(first), str(second))), {"A": "own"})

    assert found == {"A": "own", "B": "2", "C": "1"}
