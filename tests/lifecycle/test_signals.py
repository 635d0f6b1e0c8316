"""SIGTERM and SIGKILL at any moment: all processes end, nothing is left, the next start works."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from appconfig_env import LoadError
from appconfig_env._cache import snapshot_file as _snapshot_file
from appconfig_env._cache.file_lock import FileLock
from appconfig_env._cache.snapshot_json import loads
from appconfig_env._content.document import Document
from appconfig_env._helper.helper import Helper

from ..support.life import (
    APP,
    IN_LAMBDA,
    PATIENCE_SECONDS,
    SERVE,
    SHOWN,
    Life,
    eventually,
    process_state,
)
from ..support.paths import ROOT, WRAPPER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appconfig_env._backends.base import Outcome, Request

ENDS = [signal.SIGTERM, signal.SIGKILL]


def is_free(life: Life) -> bool:
    lock = FileLock(f"{life.snapshot}.lock")
    lock.release()
    return not lock.problem


def is_whole(life: Life) -> bool:
    """Whether there is a complete snapshot; a partial one raises."""
    data = _snapshot_file.read(str(life.snapshot))
    if data is None:
        return False
    loads(data)
    return True


@pytest.fixture
def sigint_is_not_ignored() -> Iterator[None]:
    """A shell's background jobs ignore it, and so would the processes that they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("operation", ["GetLatestConfiguration", "GetParametersByPath"])
@pytest.mark.usefixtures("sigint_is_not_ignored")
def test_a_wrapper_terminated_during_the_prefetch_ends_at_once_and_leaves_nothing(
    life: Life, operation: str, number: signal.Signals
) -> None:
    life.aws.hold(operation)
    runtime = life.start()
    eventually(lambda: life.aws.count(operation))
    assert not is_free(life)
    os.kill(runtime.pid, number)
    assert runtime.end() == -number
    assert is_free(life)
    assert not is_whole(life)
    assert life.partial_files() == []
    assert runtime.stderr() == ""
    life.aws.release()
    done = life.run()
    assert (done.returncode, done.stdout) == (0, SHOWN)


@pytest.mark.parametrize(
    "words",
    [
        ["bake", "--output", "out.json"],
        ["trace", "--output", "out.svg"],
        ["check", "--online"],
        ["show"],
        ["export"],
        ["get", "LIMIT"],
    ],
    ids=lambda words: words[0],
)
@pytest.mark.usefixtures("sigint_is_not_ignored")
def test_ctrl_c_ends_the_other_commands_silently_too(life: Life, words: list[str]) -> None:
    life.aws.hold("GetParametersByPath")
    outputs = [life.folder / name for name in ("out.json", "out.svg")]
    words = [str(life.folder / word) if word.startswith("out.") else word for word in words]
    command = [sys.executable, "-m", "appconfig_env", *words]
    with subprocess.Popen(
        command, env=life.environ, cwd=ROOT, stderr=subprocess.PIPE, text=True, process_group=0
    ) as process:
        eventually(lambda: life.aws.count("GetParametersByPath"))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, errors) == (-signal.SIGINT, "")
    assert not any(output.exists() for output in outputs)


def test_if_a_background_fetch_is_terminated_the_helper_loads_by_itself(
    life: Life,
) -> None:
    life.aws.put_parameter("/later/mode", "slow")
    life.aws.hold("GetParametersByPath")
    life.environ["APPCONFIG_ENV_SOURCES"] = f"{APP} ssm:/later/?env=no"
    runtime = life.start()
    assert runtime.ask("get('LIMIT')") == "10"
    (child,) = runtime.ask("open(f'/proc/self/task/{os.getpid()}/children').read().split()")
    eventually(lambda: life.aws.count("GetParametersByPath"))
    life.aws.held.clear()
    os.kill(int(child), signal.SIGTERM)
    assert runtime.ask("get('MODE')") == "slow"
    eventually(lambda: process_state(int(child)) == "X")
    assert life.partial_files() == []
    assert "Traceback" not in runtime.stderr()
    assert life.aws.problems == []


def test_a_runtime_terminated_during_a_refresh_costs_the_next_start_one_session(life: Life) -> None:
    life.environ |= IN_LAMBDA
    runtime = life.start()
    assert runtime.ask("get('LIMIT')") == "10"
    life.deploy(11)
    life.aws.forward(60)
    life.aws.clear_calls()
    life.aws.hold("GetLatestConfiguration")
    runtime.send("refresh()")
    eventually(lambda: life.aws.count("GetLatestConfiguration"))
    os.kill(runtime.pid, signal.SIGTERM)
    assert runtime.end() == -signal.SIGTERM
    assert is_free(life)
    assert is_whole(life)
    state = life.snapshot.with_name("snapshot.json.state").read_text()
    assert "token" not in state, "it was taken out before it was used"
    life.aws.release()

    assert life.run().stdout == SHOWN, "as of the last poll that ended, while that is fresh"
    second = life.start()
    assert second.ask("[refresh(), get('LIMIT')][1]") == "11"
    assert life.aws.count("StartConfigurationSession") == 1
    assert life.aws.problems == []


# A program's handler of SIGTERM, which Lambda sends before it ends an environment.
EXITS = SERVE.replace(
    "for line in sys.stdin",
    "signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(7))\nfor line in sys.stdin",
)


def test_a_program_that_exits_on_sigterm_does_not_wait_for_aws(life: Life) -> None:
    # If it waited for AWS, it would be killed before this timeout.
    runtime = life.start(program=EXITS, AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS="1h")
    assert runtime.ask("get('LIMIT')") == "10"
    life.aws.hold("GetLatestConfiguration")
    before = life.aws.count("GetLatestConfiguration")
    runtime.send("refresh()")
    eventually(lambda: life.aws.count("GetLatestConfiguration") > before)
    while runtime.process.poll() is None:
        # Python misses a signal that arrives a moment before it begins to wait.
        os.kill(runtime.pid, signal.SIGTERM)
        time.sleep(0.1)
    assert runtime.end() == 7
    assert is_free(life)
    assert is_whole(life)


# A handler that calls get() itself, for example to send a last message, can interrupt the program
# anywhere.
ASKS = SERVE.replace(
    "for line in sys.stdin",
    """
heard = []
signal.signal(signal.SIGTERM, lambda number, frame: heard.append([get("LIMIT"), get("HOST")]))
for line in sys.stdin""",
)


def test_a_signal_handler_s_get_during_a_refresh_returns_the_last_values(life: Life) -> None:
    runtime = life.start(program=ASKS)
    assert runtime.ask("get('LIMIT')") == "10"
    life.deploy(11)
    life.tick(60)
    life.aws.hold("GetLatestConfiguration")
    before = life.aws.count("GetLatestConfiguration")
    runtime.send("get('LIMIT')")
    eventually(lambda: life.aws.count("GetLatestConfiguration") > before)
    os.kill(runtime.pid, signal.SIGTERM)
    life.aws.release()
    assert runtime.response() == "11"
    assert runtime.ask("heard") in ([["10", "db.one"]], [["11", "db.one"]])
    assert life.aws.problems == []


# The signal arrives while the first get() opens the store.
OPENS = SERVE.replace("helper = Helper(now=now)", "helper = Helper(now=now, make_backend=opening)")
OPENS = OPENS.replace(
    "def now()",
    """
heard = []
calls = 0

def opening(settings, environ):
    global calls
    calls += 1
    if calls == 1:
        signal.raise_signal(signal.SIGTERM)
    from appconfig_env._backends.router import Router
    return Router(settings, environ)

def now()""",
).replace(
    "for line in sys.stdin",
    """
signal.signal(signal.SIGTERM, lambda number, frame: heard.append([get("LIMIT"), get("HOST")]))
for line in sys.stdin""",
)


@pytest.mark.parametrize("wrapper", [True, False])
def test_a_signal_handler_s_get_during_the_first_get_does_not_hang(
    life: Life, wrapper: bool
) -> None:
    runtime = life.start(program=OPENS, wrapper=wrapper)
    assert runtime.ask("[get('LIMIT'), get('HOST')]") == ["10", "db.one"]
    assert runtime.ask("heard") == [["10", "db.one"]]
    life.deploy(11)
    life.tick(60)
    assert runtime.ask("get('LIMIT')") == "11"
    assert life.aws.received == {"shop/prod/app": 2}
    assert life.aws.problems == []


@pytest.mark.parametrize("number", ENDS)
def test_a_cold_start_ended_at_any_moment_leaves_a_complete_snapshot_or_none(
    life: Life, number: signal.Signals
) -> None:
    jitter = random.Random(number)  # noqa: S311 - moments, not secrets
    began = time.monotonic()
    life.run()
    whole_start = time.monotonic() - began
    life.snapshot.unlink()
    for _ in range(20):
        wrapper = subprocess.Popen(
            [str(WRAPPER), sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"],
            env=life.environ,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(jitter.uniform(0, whole_start))
        wrapper.send_signal(number)
        assert wrapper.wait(PATIENCE_SECONDS) == -number
        assert is_free(life)
        is_whole(life)
    done = life.run()
    assert (done.returncode, done.stdout) == (0, SHOWN)
    assert is_whole(life)
    assert life.partial_files() == []


# Writes a snapshot of one megabyte as fast as it can.
WRITES = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from appconfig_env._config.settings import from_environ
from appconfig_env._cache.repository import SnapshotRepository
from appconfig_env._cache.entry import Entry
from appconfig_env._cache.snapshot import Snapshot
from appconfig_env._content.document import Document
settings = from_environ({{"APPCONFIG_ENV_SNAPSHOT": sys.argv[1]}})
entry = Entry(checked_at=1.0, refresh_at=2.0, document=Document(b"x" * 2**20))
print(flush=True)
while True:
    with SnapshotRepository(settings, {{}}) as access:
        assert access.put(Snapshot(1.0, "f", {{"appconfig:a/b/c": entry}})) == ""
"""


@pytest.mark.parametrize("number", ENDS)
def test_a_writer_ended_at_any_moment_leaves_a_complete_snapshot(
    life: Life, number: signal.Signals
) -> None:
    jitter = random.Random(number)  # noqa: S311 - moments, not secrets
    rounds = left = 0
    while rounds < 12 or not left:
        rounds += 1
        with subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", WRITES, str(life.snapshot)], stdout=subprocess.PIPE
        ) as writer:
            try:
                assert writer.stdout is not None
                assert writer.stdout.read(1) == b"\n"
                eventually(life.snapshot.exists)
                if rounds % 2:
                    time.sleep(jitter.uniform(0, 0.02))
                else:
                    eventually(life.partial_files)
            finally:
                writer.send_signal(number)
            assert writer.wait(PATIENCE_SECONDS) == -number
        assert is_whole(life)
        assert is_free(life)
        left += bool(life.partial_files())
    # The next start removes the partial files, of which there is at least one.
    assert life.run().stdout == SHOWN
    assert life.partial_files() == []
    assert is_whole(life)


def test_a_signal_handler_s_get_during_the_first_read_returns_at_once(
    tmp_path: Path,
) -> None:
    took: list[float] = []

    def fetch(requests: list[Request], timeout: float) -> dict[str, Outcome]:
        del timeout
        os.kill(os.getpid(), signal.SIGUSR1)
        return {one.resource.reference: Document(b"v") for one in requests}

    environ = {"X": "ssm:/a", "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json")}
    helper = Helper(environ, make_backend=lambda _settings, _environ: fetch)

    def handler(*_: object) -> None:
        began = time.monotonic()
        with contextlib.suppress(LoadError):  # there is no value yet
            helper.get("X")
        took.append(time.monotonic() - began)

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        assert helper.get("X") == "v"
    finally:
        signal.signal(signal.SIGUSR1, before)
    (seconds,) = took
    assert seconds < 8, "it was twice the deadline of 8 s, twice"
