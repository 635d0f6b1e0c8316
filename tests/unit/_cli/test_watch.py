"""`run --watch`: the command is restarted when a value changed, and only then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cli import watch
from appconfig_env._cli.run import run
from appconfig_env._cli.run_options import Options
from appconfig_env._cli.watch import FileWatcher, Watcher, exit_code, stop, supervise
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

from ...support.fakes import Clock
from ...support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from appconfig_env._backends.base import Outcome
    from appconfig_env._cli.watch import Child

SOURCES = "APPCONFIG_ENV_SOURCES"
AWAY = Failure("unavailable", "no response", "try again later")


class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(
        self, level: str, message: str, fields: Mapping[str, object] | None = None
    ) -> None:
        del fields
        self.lines.append(f"{level}: {message}")


class Watched:
    """A watcher of a fake backend, and what the test moves."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.backend, self.clock, self.log = FakeBackend(), Clock(), Lines()
        settings = from_environ(environ)
        self.watcher = Watcher(settings, environ, self.backend, self.log, self.clock)

    def look(self, **documents: bytes | Outcome) -> list[str]:
        self.backend.documents.update({f"ssm:/{name}": one for name, one in documents.items()})
        return self.watcher.look()


def test_a_changed_value_is_noticed_when_its_source_is_stale() -> None:
    watched = Watched({SOURCES: "ssm:/a ssm:/b"})

    assert watched.look(a=b"1", b=b"1") == []
    assert watched.watcher.seconds() == 300
    assert watched.look(a=b"2") == []  # fresh: not read
    watched.clock.tick(300)
    assert watched.look(b=b"2") == ["A", "B"]
    watched.clock.tick(300)
    assert watched.look() == []


def test_a_new_and_a_missing_name_are_changes() -> None:
    watched = Watched({SOURCES: "ssm:/p/"})
    watched.look(**{"p/": Document(parameters={"a": "1", "b": "1"})})
    watched.clock.tick(300)

    assert watched.look(**{"p/": Document(parameters={"b": "1", "c": "1"})}) == ["A", "C"]


@pytest.mark.parametrize(
    "environ",
    [
        {SOURCES: "ssm:/a", "A": "own"},  # what the command does not get from the source
        {SOURCES: "ssm:/a?env=no"},
    ],
)
def test_what_the_command_does_not_have_in_its_environment_is_no_reason(
    environ: dict[str, str],
) -> None:
    watched = Watched(environ)
    watched.look(a=b"1")
    watched.clock.tick(300)

    assert watched.look(a=b"2") == []


def test_a_failure_keeps_the_value_and_is_logged_once() -> None:
    watched = Watched({SOURCES: "ssm:/a"})
    watched.look(a=b"1")

    for _ in range(3):
        watched.clock.tick(3000)
        assert watched.look(a=AWAY) == []
    assert watched.log.lines == [
        "warn: ssm:/a: no response; using the last value of A; try again later"
    ]
    watched.clock.tick(3000)
    assert watched.look(a=b"1") == []


def test_a_first_failure_is_the_commands_own_to_report() -> None:
    watched = Watched({SOURCES: "ssm:/a"})

    watched.look(a=AWAY)

    assert watched.log.lines == []


def test_files_are_read_at_each_look(tmp_path: Path) -> None:
    watched = Watched({SOURCES: f"file:{tmp_path}/a.env"})

    assert watched.watcher.seconds() == watch.LOCAL_SECONDS
    watched.look()
    watched.look()
    assert len(watched.backend.asked()) == 2


class Edited:
    """A file of --env-file, and what watches it."""

    def __init__(self, file: Path, **environ: str) -> None:
        self.file, self.log, self.made = file, Lines(), 0
        self.backend = FakeBackend({"ssm:/a": b"1", "ssm:/b": b"1"})
        self.write("X=1\nDB=ssm:/a\n")
        options = Options(env_files=(str(file),))
        self.watcher = FileWatcher(options, environ, self.make, self.log)

    def make(self, environ: Mapping[str, str]) -> Watcher:
        self.made += 1
        return Watcher(from_environ(environ), environ, self.backend, self.log, Clock())

    def write(self, text: str) -> None:
        self.file.write_text(text)

    def look(self) -> list[str]:
        return self.watcher.look()


def test_an_edited_file_is_a_change_and_its_sources_are_watched_from_then_on(
    tmp_path: Path,
) -> None:
    edited = Edited(tmp_path / "x.env")
    assert (edited.look(), edited.look()) == ([], [])

    edited.write("X=2\nDB=ssm:/b\nNEW=1\n")

    assert edited.look() == ["DB", "NEW", "X"]
    assert edited.look() == []
    assert edited.made == 2
    assert [reference for reference, _ in edited.backend.asked()] == ["ssm:/a", "ssm:/b"]


def test_what_the_environment_sets_itself_cannot_change_in_a_file(tmp_path: Path) -> None:
    edited = Edited(tmp_path / "x.env", X="own")
    edited.look()

    edited.write("X=2\nDB=ssm:/a\n")

    assert edited.look() == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("X=2\n=\n", "line 2: "),
        ("X=2\nAPPCONFIG_ENV_SORCES=x\n", "APPCONFIG_ENV_SORCES: unknown setting"),
        (None, "No such file or directory"),
    ],
)
def test_an_edited_file_that_is_invalid_changes_nothing_and_is_logged_once(
    tmp_path: Path, text: str | None, problem: str
) -> None:
    edited = Edited(tmp_path / "x.env")
    edited.look()

    if text is None:
        edited.file.unlink()
    else:
        edited.write(text)

    assert [edited.look() for _ in range(3)] == [[], [], []]
    (line,) = edited.log.lines
    assert line.startswith("warn: ")
    assert problem in line
    edited.write("X=3\nDB=ssm:/a\n")
    assert edited.look() == ["X"]


class FakeChild:
    """A command that ends as often as the test wants."""

    def __init__(self, returns: list[int | None]) -> None:
        self.returns = returns
        self.signals: list[int] = []
        self.killed = False

    def wait(self, timeout: float | None = None) -> int:
        found = self.returns.pop(0)
        if found is None:
            raise subprocess.TimeoutExpired("x", timeout or 0)
        return found

    def send_signal(self, number: int) -> None:
        self.signals.append(number)

    def kill(self) -> None:
        self.killed = True


def test_the_command_is_restarted_when_a_value_changed_and_its_exit_code_is_the_last() -> None:
    watched = Watched({SOURCES: "ssm:/a"})
    watched.look(a=b"1")
    watched.clock.tick(300)
    watched.backend.documents["ssm:/a"] = b"2"
    children = [FakeChild([None, 0]), FakeChild([7])]
    started: Iterator[Child] = iter(children)
    running: list[Child] = []

    code = supervise(lambda: next(started), watched.watcher, watched.log, running)

    assert code == 7
    assert [child.signals for child in children] == [[signal.SIGTERM], []]
    assert watched.log.lines == ["info: A changed, so the command is restarted"]
    assert running == [children[1]]


def test_many_names_are_not_all_listed() -> None:
    watched = Watched({SOURCES: "ssm:/p/"})
    names = [f"p{number}" for number in range(8)]
    watched.look(**{"p/": Document(parameters=dict.fromkeys(names, "1"))})
    watched.clock.tick(300)
    watched.backend.documents["ssm:/p/"] = Document(parameters=dict.fromkeys(names, "2"))
    started: Iterator[Child] = iter([FakeChild([None, 0]), FakeChild([0])])

    supervise(lambda: next(started), watched.watcher, watched.log, [])

    assert watched.log.lines == [
        "info: P0, P1, P2, P3, P4 and 3 more changed, so the command is restarted"
    ]


@pytest.mark.parametrize(("returns", "killed"), [([0], False), ([None, -9], True)])
def test_a_command_that_does_not_end_is_killed(returns: list[int | None], killed: bool) -> None:
    child = FakeChild(returns)

    stop(child)

    assert (child.signals, child.killed) == ([signal.SIGTERM], killed)


@pytest.mark.parametrize(("returned", "code"), [(0, 0), (3, 3), (-15, 143), (-9, 137)])
def test_the_exit_code_is_that_of_a_shell(returned: int, code: int) -> None:
    assert exit_code(returned) == code


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a run that watches a file; ends what is left."""
    (tmp_path / "a.env").write_text("A=1\n")
    processes = []

    def start(*command: str, options: Sequence[str] = ()) -> subprocess.Popen[str]:
        environ = {**os.environ, "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "s.json")}
        words = [sys.executable, "-m", "appconfig_env", "run", "--quiet", "--watch"]
        process = subprocess.Popen(
            [*words, *options, "--source", f"file:{tmp_path}/a.env", "--", *command],
            env={**environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_changed_file_restarts_a_real_command(
    tmp_path: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    process = started("/bin/sh", "-c", 'echo $A; [ "$A" = 2 ] && exit 7; exec sleep 60')

    assert line_of(process) == "1\n"
    (tmp_path / "a.env").write_text("A=2\n")
    assert line_of(process) == "2\n"
    assert process.wait() == 7


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_changed_env_file_restarts_a_real_command(
    tmp_path: Path, started: Callable[..., subprocess.Popen[str]]
) -> None:
    file = tmp_path / "own.env"
    file.write_text("B=1\n")
    command = 'echo $A$B; [ "$B" = 2 ] && exit 7; exec sleep 60'
    process = started("/bin/sh", "-c", command, options=["--env-file", str(file)])

    assert line_of(process) == "11\n"
    file.write_text("B=2\n")
    assert line_of(process) == "12\n"
    assert process.wait() == 7


def test_a_signal_ends_the_command(started: Callable[..., subprocess.Popen[str]]) -> None:
    process = started("/bin/sh", "-c", "echo $$; exec sleep 60")
    child = int(line_of(process))

    process.send_signal(signal.SIGTERM)

    assert process.wait() == 143
    while is_running(child):
        time.sleep(0.01)


def test_settings_that_are_invalid_are_reported_as_without_watching(
    capfd: pytest.CaptureFixture[str],
) -> None:
    options = Options(env_files=("/no/such",), watch=True, command=("/bin/true",))

    assert watch.main(options, {"APPCONFIG_ENV_SOURCES": "wrong:x"}, run) == 1
    assert (
        watch.main(options._replace(env_files=()), {"APPCONFIG_ENV_SOURCES": "wrong:x"}, run) == 1
    )

    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "--env-file: cannot read /no/such" in lines[0]
    assert "'wrong:x': expected a reference" in lines[1]
