"""The command replaces the wrapper: arguments, signals, exit codes, errors."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from appconfig_env._wrapper.exec import ExecError, become, environ_at_exec, execute

from ...support.paths import ROOT, WRAPPER
from .starts import PYTHON, environ, start

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "name", ["one two", " one ", 'quo"te', "$HOME", "", "é", "new\nline", "*", "`id`"]
)
def test_arguments_are_untouched(folder: Path, name: str) -> None:
    script = "import json, sys; print(json.dumps(sys.argv[1:]))"
    done = start(environ(folder), *PYTHON, "-c", script, name, "--", "-x")
    assert json.loads(done.stdout) == [name, "--", "-x"]


def test_exec_is_in_place_and_keeps_inherited_descriptors(folder: Path) -> None:
    reading, writing = os.pipe()
    try:
        script = f"import os; os.write({writing}, str(os.getpid()).encode())"
        given = environ(folder, APPCONFIG_ENV_SOURCES="appconfig:shop/prod/app")
        with subprocess.Popen(
            [str(WRAPPER), *PYTHON, "-c", script],
            env=given,
            pass_fds=[writing],
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.wait(timeout=30) == 0
        assert int(os.read(reading, 100)) == process.pid
    finally:
        os.close(reading)
        os.close(writing)


def test_an_entry_without_a_name_is_not_passed_on() -> None:
    script = "from appconfig_env._wrapper.exec import initial_environ; print(initial_environ())"
    done = subprocess.run(
        ["/usr/bin/env", "-i", "=x", "A=1", sys.executable, "-c", script],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert done.stdout == "{'A': '1'}\n"


@pytest.mark.parametrize("number", [signal.SIGPIPE, signal.SIGXFSZ])
def test_after_a_failed_exec_signals_are_ignored_as_before(number: signal.Signals) -> None:
    assert signal.getsignal(number) == signal.SIG_IGN  # as Python itself does
    with pytest.raises(FileNotFoundError):
        become("/none", ["none"], {})
    assert signal.getsignal(number) == signal.SIG_IGN


def test_the_command_inherits_no_ignored_signal(folder: Path) -> None:
    done = start(environ(folder), "/bin/grep", "SigIgn", "/proc/self/status")
    ignored = int(done.stdout.split()[1], 16)
    # Only the two that Python ignores; other signals may be ignored by the parent.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        assert not ignored >> (number - 1) & 1


def test_the_exit_code_is_the_commands(folder: Path) -> None:
    assert start(environ(folder), "/bin/sh", "-c", "exit 42").returncode == 42


def test_a_command_that_does_not_exist_exits_127(folder: Path) -> None:
    done = start(environ(folder), "/no/such/command")
    assert done.returncode == 127
    assert "/no/such/command: does not exist" in done.stderr


def test_a_command_that_is_not_executable_exits_126(folder: Path) -> None:
    (folder / "plain").write_text("text")
    done = start(environ(folder), str(folder / "plain"))
    assert done.returncode == 126
    assert "cannot be executed" in done.stderr


@pytest.mark.parametrize("words", [["run", "--"], ["run"]])
def test_a_relative_command_is_looked_up_in_the_path(folder: Path, words: list[str]) -> None:
    done = start(environ(folder), *words, "sh", "-c", "echo found")
    assert done.stdout == "found\n"


def test_a_script_that_cannot_run_is_explained(folder: Path) -> None:
    script = folder / "script"
    script.write_text("#!/bin/sh\r\n")
    script.chmod(0o755)
    done = start(environ(folder), str(script))
    assert done.returncode == 127
    assert "exists, but its interpreter (#!) or loader is missing" in done.stderr
    script.write_text("echo\n")
    done = start(environ(folder), str(script))
    assert done.returncode == 126
    assert "begin it with a #! line" in done.stderr


def test_an_environment_that_is_too_large_is_explained(folder: Path) -> None:
    values = {f"/big/p{number}": "x" * 100_000 for number in range(40)}
    (folder / "ssm.json").write_text(json.dumps(values))
    done = start(environ(folder, APPCONFIG_ENV_SOURCES="ssm:/big/"), "/bin/true")
    assert done.returncode == 126
    assert "environment is too large" in done.stderr
    assert "env=no" in done.stderr


class FailingExecve:
    """A fake of execve: fails for the paths of a table, else keeps the path."""

    def __init__(self, **errors: int) -> None:
        self.errors = {name.replace("_", "/"): error for name, error in errors.items()}
        self.path = ""

    def __call__(self, path: str, words: list[str], environ: dict[str, str]) -> None:
        del words, environ
        if error := self.errors.get(path):
            raise OSError(error, os.strerror(error))
        self.path = path


PATHS = {"PATH": "/a:/b:/c"}


def test_the_first_folder_of_path_that_has_the_command_is_used() -> None:
    execve = FailingExecve(_a_x=errno.ENOENT, _b_x=errno.ENOTDIR)
    assert execute(["x"], PATHS, execve) == 0
    assert execve.path == "/c/x"


def test_a_later_folder_is_tried_if_an_earlier_file_is_not_executable() -> None:
    execve = FailingExecve(_a_x=errno.EACCES)
    assert execute(["x"], PATHS, execve) == 0
    assert execve.path == "/b/x"


@pytest.mark.parametrize(
    ("errors", "code", "text"),
    [
        ([errno.ENOENT] * 3, 127, "x: does not exist in any folder of PATH; check its name"),
        ([errno.EACCES, errno.ENOENT, errno.ENOENT], 126, "x: cannot be executed (Permission"),
        ([errno.ENOENT, errno.ENOEXEC, errno.ENOENT], 126, "begin it with a #! line"),
        ([errno.E2BIG, 0, 0], 126, "the environment is too large"),
    ],
)
def test_the_worst_error_of_all_folders_is_reported(
    errors: list[int], code: int, text: str
) -> None:
    execve = FailingExecve(**dict(zip(("_a_x", "_b_x", "_c_x"), errors, strict=True)))
    with pytest.raises(ExecError) as caught:
        execute(["x"], PATHS, execve)
    assert caught.value.exit_code == code
    assert text in str(caught.value)


def test_the_largest_variables_are_named_without_their_values() -> None:
    environ = {"PATH": "/a", "SMALL": "s", "LARGE": "c4n4ry" * 9, "LARGER": "c4n4ry" * 10}
    with pytest.raises(ExecError, match=r"the largest: LARGER, LARGE, PATH\)") as caught:
        execute(["x"], environ, FailingExecve(_a_x=errno.E2BIG))
    assert "c4n4ry" not in str(caught.value)


def test_the_environment_of_another_process_is_the_one_that_it_was_executed_with() -> None:
    given = {"A": "1", "B": "a=b\nc", "C": ""}
    program = "import os; os.environ['A'] = '2'; print(flush=True); input()"
    with subprocess.Popen(
        [*PYTHON, "-c", program], env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert environ_at_exec(str(process.pid)) == given
        process.communicate(b"\n")


def test_the_environment_of_a_process_that_does_not_exist_is_empty() -> None:
    assert environ_at_exec(str(2**22 + 1)) == {}
