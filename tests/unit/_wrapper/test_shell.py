"""What the wrapper script's shell does to the environment, and how it is undone."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._wrapper.exec import DROPPED
from appconfig_env._wrapper.main import main
from appconfig_env._wrapper.shell import restore

from ...support.paths import WRAPPER
from .starts import PYTHON, FakeExecve

SHELLS = [path for name in ("dash", "bash", "busybox", "sh") if (path := shutil.which(name))]
# Names that no shell's script can set, and names that a script would use.
NAMES = {
    "spring.datasource.url": "jdbc:x",
    "my-name": "a=b",
    "1PASSWORD": "1",
    "a.lines": "one\n two\n\nthree\n",
    "a.mark": "* ? \\n $HOME `x`",
    "a.bytes": "caf\udce9",
    "a.empty": "",
    "here": "h",
    "self": "s",
    "python": "p",
    "package": "q",
    "pair": "r",
}
SHOW = """
import os, sys
sys.stdout.buffer.write(b"\\0".join(b"=".join(pair) for pair in os.environb.items()))
"""


def started(shell: str, environ: dict[str, str]) -> tuple[dict[str, str], str]:
    """Start the wrapper in `shell`; return the command's environment, and the log."""
    command = [shell, *(["sh"] if shell.endswith("busybox") else [])]
    done = subprocess.run(
        [*command, str(WRAPPER), *PYTHON, "-c", SHOW],
        env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        check=True,
        timeout=60,
    )
    pairs = (item.partition(b"=") for item in done.stdout.split(b"\0"))
    shown = {name.decode(): value.decode(errors="surrogateescape") for name, _, value in pairs}
    return shown, done.stderr.decode()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("more", [{}, {"BASH_VERSION": "5.2"}, {"RANDOM": "7"}], ids=str)
def test_every_shell_keeps_every_variable(shell: str, more: dict[str, str]) -> None:
    shown, _ = started(shell, {**NAMES, **more})
    assert {name: shown.get(name) for name in NAMES} == NAMES
    assert DROPPED not in shown


@pytest.mark.parametrize("shell", [path for path in SHELLS if path.endswith("dash")])
def test_the_separators_of_words_stay_as_they_are(shell: str) -> None:
    assert started(shell, {"IFS": "xyz"})[0]["IFS"] == "xyz"
    assert "IFS" not in started(shell, {})[0]


@pytest.mark.parametrize("shell", [path for path in SHELLS if path.endswith("dash")])
def test_variables_that_are_too_long_to_be_restored_are_reported(shell: str) -> None:
    shown, log = started(shell, {"a.b": "c4n4ry" * 10_000, "c.d": "c4n4ry" * 10_000, "E": "1"})
    assert shown["E"] == "1"
    assert "appconfig-env: warn: variables whose names are not identifiers, such as a.b, may" in log
    assert "c4n4ry" not in log


@pytest.mark.parametrize("shell", [path for path in SHELLS if path.endswith("dash")])
def test_a_variable_that_cannot_be_restored_is_named_in_the_log(shell: str) -> None:
    shown, log = started(shell, {"a.control": "canary \1", "B": "1\1"})
    assert ("a.control" in shown, shown["B"]) == (False, "1\1")
    assert "appconfig-env: warn: a.control is missing: /bin/sh drops it" in log
    assert "canary" not in log


def test_a_shell_that_cannot_read_proc_is_reported() -> None:
    environ = {DROPPED: "?", "A": "1"}
    (warning,) = restore(environ)
    assert environ == {"A": "1"}
    assert "may be missing" in warning


@pytest.mark.parametrize(("level", "count"), [("info", 1), ("warn", 1), ("error", 0), ("none", 0)])
def test_the_report_is_a_warning_of_the_log(level: str, count: int) -> None:
    environ = {"AWS_APPCONFIG_EXTENSION_LOG_LEVEL": level}
    lines: list[str] = []
    code = main(
        ["/bin/x"],
        environ,
        execve=FakeExecve(),
        write_line=lines.append,
        warnings=["a.b is missing"],
    )
    assert code == 0
    assert lines.count("appconfig-env: warn: a.b is missing") == count


NOT_AN_IDENTIFIER = st.from_regex(r"\A[a-z]+[.\-][a-z\n]*\Z")
TEXT = st.text(st.characters(exclude_characters="\0\1\2", exclude_categories=["Cs"]))


@given(st.dictionaries(NOT_AN_IDENTIFIER, TEXT))
def test_what_the_script_passes_is_restored(variables: dict[str, str]) -> None:
    passed = "\n".join(f"{name}={value}".replace("\n", "\1") for name, value in variables.items())
    environ = {DROPPED: passed}
    assert restore(environ) == []
    assert environ == variables


def test_no_variable_of_the_shell_is_replaced() -> None:
    environ = {DROPPED: "a.b=dropped\n=none\nno equals sign", "a.b": "kept"}
    assert restore(environ) == []
    assert environ == {"a.b": "kept"}


def test_the_script_of_another_shell_leaves_no_process() -> None:
    show = "import os; print(open(f'/proc/self/task/{os.getpid()}/children').read().split())"
    for shell in SHELLS:
        command = [shell, *(["sh"] if shell.endswith("busybox") else [])]
        done = subprocess.run(
            [*command, str(WRAPPER), sys.executable, "-c", show],
            env={"a.b": "1"},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout == "[]\n"
