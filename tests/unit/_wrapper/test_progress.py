"""The line that shows on a terminal what a run is waiting for."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.base import Request
from appconfig_env._backends.fake import FakeBackend
from appconfig_env._config.references import parse
from appconfig_env._config.settings import from_environ
from appconfig_env._wrapper.progress import Progress, is_shown

from ...support.life import SHOWN, Life
from ...support.paths import WRAPPER
from .starts import PYTHON

if TYPE_CHECKING:
    from pathlib import Path

    from appconfig_env._backends.base import Outcome

PATIENCE_SECONDS = 120
LOG_LEVEL = "AWS_APPCONFIG_EXTENSION_LOG_LEVEL"


def requests(count: int) -> list[Request]:
    return [Request(parse(f"ssm:/p{number}").resource) for number in range(count)]


class Slow(FakeBackend):
    """Returns once the terminal has been written to some times, or fails."""

    def __init__(self, times: int, read: int = 0, error: BaseException | None = None) -> None:
        super().__init__()
        self.written: list[str] = []
        self._times = times
        self._read = read
        self._error = error
        self._has_written = threading.Event()

    def write(self, text: str) -> None:
        self.written.append(text)
        if len(self.written) == self._times:
            self._has_written.set()

    def count_read(self) -> int:
        return self._read

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        assert self._has_written.wait(PATIENCE_SECONDS)
        if self._error is not None:
            raise self._error
        return super().__call__(requests, timeout)


def shown(backend: Slow, count: int, columns: int = 80) -> list[str]:
    """What is written to the terminal: lines without the seconds in them, and blanks."""
    progress = Progress(backend, write=backend.write, columns=lambda: columns, every_seconds=0.001)
    assert len(progress(requests(count), 1.0)) == count
    return backend.written


@pytest.mark.parametrize(
    ("count", "read", "line"),
    [
        (5, 2, "waiting for 3 of 5 resources ("),
        (5, 0, "waiting for 5 of 5 resources ("),
        (1, 0, "waiting for 1 of 1 resource ("),
        (2, 2, "waiting for 1 of 2 resources ("),
    ],
    ids=["some", "all", "one", "the last one is being rendered"],
)
def test_the_line_counts_the_resources_that_are_not_read(count: int, read: int, line: str) -> None:
    written = shown(Slow(1, read), count)
    assert written[0].startswith(f"\rappconfig-env: {line}")


def test_the_line_is_written_over_and_then_erased() -> None:
    *lines, last = shown(Slow(3), 5)
    assert len(lines) >= 3
    assert all(line.startswith("\r") and "\n" not in line for line in lines)
    longest = max(len(line) - 1 for line in lines)
    assert last == f"\r{' ' * longest}\r"


def test_a_line_that_a_terminal_would_wrap_is_cut() -> None:
    *lines, last = shown(Slow(2), 5, columns=20)
    assert {line.strip() for line in lines} == {"appconfig-env: wait"}
    assert last == f"\r{' ' * 19}\r"


def test_a_fast_read_writes_nothing() -> None:
    written: list[str] = []
    backend = FakeBackend()
    Progress(backend, write=written.append, every_seconds=PATIENCE_SECONDS)(requests(2), 1.0)
    assert (len(backend.requests), written) == (2, [])


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("canary")])
def test_an_interrupted_read_erases_the_line_too(error: BaseException) -> None:
    backend = Slow(1, error=error)
    with pytest.raises(type(error)):
        shown(backend, 2)
    assert backend.written[-1].strip() == ""


@pytest.mark.parametrize(
    "environ",
    [
        {},  # pytest's standard error is not a terminal
        {"AWS_LAMBDA_FUNCTION_NAME": "f"},
    ],
)
def test_nothing_is_shown_without_a_terminal(environ: dict[str, str]) -> None:
    assert not is_shown(from_environ(environ), environ)


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path)


def on_terminal(life: Life, *command: str, until: bytes) -> tuple[int, str, bytes]:
    """Run a command with a terminal as standard error, and release AWS at a text in it.

    Returns:
        The exit code, the command's output, and what was written to the terminal.
    """
    ours, theirs = pty.openpty()
    life.aws.hold("GetParametersByPath")
    with subprocess.Popen(
        command,
        env=life.environ,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    ) as process:
        os.close(theirs)
        screen = b""
        while until not in screen:
            screen += os.read(ours, 1024)
        life.aws.release()
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        try:
            while data := os.read(ours, 1024):
                screen += data
        except OSError:
            pass  # the last one that had it open has closed it
    os.close(ours)
    return process.returncode, output, screen


SHOW = "import os; print(os.environ['LIMIT'], os.environ['HOST'], os.environ['DB_PASSWORD'])"


def test_on_a_terminal_a_run_shows_what_it_is_waiting_for(life: Life) -> None:
    with life:
        code, output, screen = on_terminal(
            life, str(WRAPPER), *PYTHON, "-c", SHOW, until=b"waiting for 1 of 3 resources"
        )
    assert (code, output) == (0, SHOWN)
    _, _, after = screen.rpartition(b"waiting for 1 of 3 resources")
    assert b" \rappconfig-env: 3 values from 3 sources" in after, "after the line was erased"


def test_on_a_terminal_bake_shows_it_too(life: Life) -> None:
    command = [str(WRAPPER), "bake", "--output", str(life.folder / "fallback.json")]
    with life:
        code, _, screen = on_terminal(life, *command, until=b"waiting for 1 of 2 resources")
    assert code == 0, screen
    _, _, after = screen.rpartition(b"waiting for 1 of 2 resources")
    assert b" \rappconfig-env: " in after


@pytest.mark.parametrize(
    "words",
    [["check", "--online"], ["show"], ["export"], ["get", "LIMIT"]],
    ids=lambda words: words[0],
)
def test_on_a_terminal_the_other_verbs_show_it_too(life: Life, words: list[str]) -> None:
    with life:
        code, output, screen = on_terminal(life, str(WRAPPER), *words, until=b"waiting for ")
    assert code == 0, screen
    assert "waiting" not in output
    _, _, after = screen.rpartition(b"waiting for ")
    assert after.endswith(b" \r"), "the line was not erased"


SILENT = {
    "error": {LOG_LEVEL: "error"},
    "fatal": {LOG_LEVEL: "fatal"},
    "none": {LOG_LEVEL: "none"},
    "JSON": {"AWS_LAMBDA_LOG_FORMAT": "JSON"},
    "Lambda": {"AWS_LAMBDA_FUNCTION_NAME": "f"},
}
ASK = """
import os, sys
from appconfig_env._config.settings import from_environ
from appconfig_env._wrapper.progress import is_shown
print(is_shown(from_environ(os.environ), os.environ))
"""


@pytest.mark.parametrize("case", [*SILENT, "warn", "debug"])
def test_the_line_is_a_person_s_and_not_a_log_s(case: str, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environ = SILENT.get(case, {LOG_LEVEL: case})
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env=environ | {"PYTHONPATH": str(WRAPPER.parent.parent)},
        stdout=subprocess.PIPE,
        stderr=theirs,
        cwd=tmp_path,
        text=True,
        check=True,
    )
    os.close(ours)
    os.close(theirs)
    assert done.stdout == f"{case not in SILENT}\n"
