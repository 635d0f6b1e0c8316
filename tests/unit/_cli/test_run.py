"""`run` with options: its errors, and what the command gets of them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli import run
from appconfig_env._cli.run import USAGE
from appconfig_env._cli.run_options import LOG_LEVEL, Options

from ...support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([], "missing command; write appconfig-env run"),
        (["--quiet"], "missing command; write appconfig-env run"),
        (["--quiet", "--"], "missing command; write appconfig-env run"),
        (["--source"], "argument --source: expected one argument; run appconfig-env run --help"),
        (["--soruce", "x", "a"], "--soruce (nearest: --source); run appconfig-env run --help"),
        (["--sour", "ssm:/x", "a"], "--sour (nearest: --source); run appconfig-env run --help"),
        (["--source", "smm:/x", "a"], "--source: 'smm:/x': expected a reference"),
        (["--source", "ssm:/x?defualt=s3cret", "a"], "--source: 'ssm:/x': unknown option"),
    ],
)
def test_a_wrong_command_line_is_an_error_with_a_remedy(
    capsys: pytest.CaptureFixture[str], words: list[str], error: str
) -> None:
    assert run.main(words) == 2

    found = capsys.readouterr()
    assert found.out == ""
    assert error in found.err
    assert "s3cret" not in found.err


def test_the_help_has_its_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--help"]) == 0

    text = capsys.readouterr().out
    assert text.startswith(f"usage: {USAGE}\n")
    assert "\nexample:\n  # start a program" in text


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "cannot read {} (No such file or directory); correct its path"),
        (b"A=1\n=\n", "{}: line 2: "),
        (b"A=1\nA=2\n", "{}: duplicate name 'A' (line 2); remove one"),
        (b"A=\xff", "{}: expected UTF-8 text"),
        (b"A=`x`\n", "{}: line 1: "),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes | None, error: str
) -> None:
    file = tmp_path / "x.env"
    if content is not None:
        file.write_bytes(content)

    code = run.run(Options(env_files=(str(file),), command=("/bin/true",)), {})

    assert code == 1
    message = capfd.readouterr().err
    assert message.startswith(f"appconfig-env: error: --env-file: {error.format(file)}")
    assert message.count("\n") == 1


class Executed:
    """What would be executed."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.environ: dict[str, str] = {}

    def __call__(self, path: str, words: list[str], environ: dict[str, str]) -> None:
        del path
        self.words, self.environ = words, environ


def executed(options: Options, environ: dict[str, str], tmp_path: Path) -> Executed:
    found = Executed()
    environ = {"APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"), **environ}
    assert run.run(options._replace(command=("/x", "y")), environ, execve=found) == 0
    return found


@pytest.mark.parametrize("level", [None, "debug", "info"])
def test_quiet_is_about_our_own_log_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], level: str | None
) -> None:
    (tmp_path / "a.env").write_text("A=1\n")
    environ = {} if level is None else {LOG_LEVEL: level}
    sources = (f"file:{tmp_path}/a.env",)

    found = executed(Options(sources=sources, quiet=True), environ, tmp_path)

    assert found.words == ["/x", "y"]
    assert found.environ["A"] == "1"
    assert found.environ.get(LOG_LEVEL) == level
    assert capfd.readouterr().err == ""


def test_quiet_still_says_why_nothing_was_executed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    options = Options(sources=(f"file:{tmp_path}/no",), quiet=True, command=("/x",))

    assert run.run(options, {}) == 1
    assert "cannot be read (No such file or directory)" in capfd.readouterr().err


def test_a_local_folder_replaces_aws(tmp_path: Path) -> None:
    folder = tmp_path / "local"
    folder.mkdir()
    (folder / "ssm.env").write_text("/shop/host=h\n")
    (tmp_path / "app.env").write_text("HOST=ssm:/shop/host\nPLAIN=1\n")
    options = Options(local_dir=str(folder), env_files=(str(tmp_path / "app.env"),))

    found = executed(options, {}, tmp_path)

    assert (found.environ["HOST"], found.environ["PLAIN"]) == ("h", "1")


def test_below_the_wrapper_the_options_still_hold(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("of a source")
    (tmp_path / "outer.env").write_text("TRAP=ssm:/never/read\n")
    folder = tmp_path / "local"
    folder.mkdir()
    (folder / "ssm.env").write_text("/x=resolved\n")
    (tmp_path / "inner.env").write_text("X=ssm:/x\n")
    ours = [sys.executable, "-m", "appconfig_env", "run"]
    inner = [
        *ours, "--source", f"file:{tmp_path}/a.txt?as=A", "--local-dir", str(folder),
        "--env-file", str(tmp_path / "inner.env"), "--", "/bin/sh", "-c", "echo $A, $X, $TRAP",
    ]  # fmt: skip
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "APPCONFIG_ENV_SOURCES": f"file:{tmp_path}/outer.env",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    }

    done = subprocess.run(
        [*ours, "--", *inner], env=environ, capture_output=True, text=True, check=False
    )

    assert done.stdout == "of a source, resolved, ssm:/never/read\n", done.stderr
