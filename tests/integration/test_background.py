"""Background fetches of deferred sources: real wrapper, real processes, delayed responses."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._backends.aws.retry import POLICY
from appconfig_env._cache import handoff as handoffs
from appconfig_env._cache.file_lock import FileLock
from appconfig_env._cache.handoff import BackgroundFetch
from appconfig_env._cache.snapshot_json import loads
from appconfig_env._helper.helper import Helper
from appconfig_env._wrapper.background import FROZEN_SECONDS, PIPE_BYTES
from appconfig_env._wrapper.main import main

from ..support.canary import SECRET
from ..support.fakes import Clock, wrapped
from ..support.life import (
    IN_LAMBDA,
    PATIENCE_SECONDS,
    HoldingAws,
    Runtime,
    eventually,
    process_state,
)
from ..support.paths import ROOT, WRAPPER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from appconfig_env._wrapper.background import Work

    from ..support.fake_aws import FakeAws

    Start = Callable[..., "WrappedRuntime"]

HANDOFF = "_APPCONFIG_ENV_HANDOFF"
# Evaluates one expression per line, like a runtime that waits for its next event.
SERVE = f"""
import concurrent.futures as threads
import json, os, signal, subprocess, sys
sys.path.insert(0, {str(ROOT)!r})
import appconfig_env
from appconfig_env import document, flag, get, refresh, status
signal.signal(signal.SIGINT, signal.SIG_DFL)

def children():
    return open(f"/proc/self/task/{{os.getpid()}}/children").read().split()

def attempt(text):
    try:
        return eval(text)
    except Exception as error:
        return [type(error).__name__, str(error)]

def forked(text):
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.write(writing, json.dumps(attempt(text)).encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as file:
        response = json.load(file)
    os.waitpid(process, 0)
    return response

for line in sys.stdin:
    print(json.dumps(attempt(line), default=sorted), flush=True)
"""
PROFILE = {"debug": "off", "checkout": {"enabled": True, "percent": 5}}
LATER = ("shop/prod/later", "prod/db", "/later")
ENV_BOUND = {
    ("StartConfigurationSession", "shop/prod/app"): 1,
    ("GetLatestConfiguration", "shop/prod/app"): 1,
    ("GetParametersByPath", "/shop/prod"): 1,
}
FOR_GET = {
    ("StartConfigurationSession", "shop/prod/later"): 1,
    ("GetLatestConfiguration", "shop/prod/later"): 1,
    ("GetParametersByPath", "/later"): 1,
    ("GetSecretValue", "prod/db"): 1,
}


class WrappedRuntime(Runtime):
    """The wrapper, and the program that it executes."""

    def __init__(
        self, environ: Mapping[str, str], stderr: Path, *command: str, **options: Any
    ) -> None:
        command = command or (sys.executable, "-c", SERVE)
        super().__init__([str(WRAPPER), *command], environ, stderr, **options)

    def background(self) -> BackgroundFetch:
        """The wrapper's handoff; the runtime must have responded once."""
        items = Path(f"/proc/{self.pid}/environ").read_text().split("\0")
        found = handoffs.loads(dict(item.split("=", 1) for item in items if item)[HANDOFF])
        assert found is not None
        assert found.background is not None, self.stderr()
        return found.background


def asked(aws: FakeAws) -> Counter[tuple[str, str]]:
    return Counter((call.operation, call.resource) for call in aws.calls)


def is_gone(process: int) -> bool:
    """Whether a process has ended, even if its parent has not reaped it yet."""
    return process_state(process) in "ZX"


def has_no_child(runtime: WrappedRuntime) -> None:
    """Wait until the runtime has no child and no zombie.

    The child releases its lock a moment before it exits; on a busy machine a thread of the helper
    waits for that, and get() does not.
    """
    eventually(lambda: runtime.ask("children()") == [])


def files(process: int) -> set[str]:
    """The open files of a process."""
    found = set()
    for entry in Path(f"/proc/{process}/fd").iterdir():
        try:
            found.add(os.readlink(entry))
        except FileNotFoundError:  # has been closed
            continue
    return found


@pytest.fixture
def aws() -> Iterator[HoldingAws]:
    """An account with two profiles and two paths, one of each only for get(), and a secret."""
    with HoldingAws() as aws:
        aws.put_profile("shop", "prod", "app", {"limit": 10}, label="v1")
        aws.put_profile("shop", "prod", "later", PROFILE, label="v1")
        aws.put_parameter("/shop/prod/host", "db.one")
        aws.put_parameter("/later/plain", "simple")
        aws.put_parameter("/later/token", "secure", type="SecureString")
        aws.put_secret("prod/db", json.dumps({"password": SECRET}))
        yield aws
        aws.release()


@pytest.fixture
def environ(aws: HoldingAws, tmp_path: Path) -> dict[str, str]:
    return {
        **aws.environ(),
        "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
        # The child waits so long for held responses, also on a busy machine.
        "APPCONFIG_ENV_DEADLINE_SECONDS": "60",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/shop/prod/ "
        "appconfig:shop/prod/later?env=no secretsmanager:prod/db?env=no ssm:/later/?env=no",
    }


@pytest.fixture
def in_lambda(environ: dict[str, str]) -> None:
    environ |= IN_LAMBDA


@pytest.fixture
def start(environ: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """A function that starts a runtime with the wrapper."""
    started: list[WrappedRuntime] = []

    def start(
        *command: str, environ: Mapping[str, str] = environ, **options: Any
    ) -> WrappedRuntime:
        started.append(WrappedRuntime(environ, tmp_path / "stderr", *command, **options))
        return started[-1]

    yield start
    for runtime in started:
        runtime.end()


ALL = "[get('PASSWORD'), get('DEBUG'), get('TOKEN'), get('PLAIN')]"
ALL_VALUES = [SECRET, "off", "secure", "simple"]


def test_deferred_sources_do_not_delay_the_runtime(aws: HoldingAws, start: Start) -> None:
    aws.held.update(LATER)
    runtime = start()

    assert runtime.ask("[os.environ['LIMIT'], os.environ['HOST']]") == ["10", "db.one"]
    assert runtime.ask("[get('LIMIT', type=int), get('HOST')]") == [10, "db.one"]
    assert runtime.ask("document('appconfig:shop/prod/app')") == {"limit": 10}
    assert runtime.ask("children()") == [str(runtime.background().process)]
    assert not is_gone(runtime.background().process), "the server still holds its responses"

    aws.release()
    assert runtime.ask(ALL) == ALL_VALUES
    assert runtime.ask("document('secretsmanager:prod/db')") == {"password": SECRET}
    assert runtime.ask("flag('checkout').attributes") == {"percent": 5}
    assert runtime.ask("[name for name in os.environ if name in ('PASSWORD', 'DEBUG')]") == []
    assert asked(aws) == {**ENV_BOUND, **FOR_GET}, (
        "each is requested once, by the wrapper or the child"
    )
    assert aws.received == {"shop/prod/app": 1, "shop/prod/later": 1}
    assert aws.problems == []


def test_a_deferred_binary_secret_is_the_same_bytes_in_the_function(
    aws: HoldingAws, start: Start, environ: dict[str, str], tmp_path: Path
) -> None:
    body = SECRET.encode() + bytes(range(256))
    aws.put_secret("prod/store", body)
    environ["APPCONFIG_ENV_SOURCES"] = (
        "ssm:/shop/prod/ secretsmanager:prod/store?format=binary&env=no"
    )

    runtime = start(environ=environ)

    assert runtime.ask("list(document('secretsmanager:prod/store'))") == list(body)
    assert runtime.ask("get('STORE')") == base64.b64encode(body).decode()
    assert aws.count("GetSecretValue") == 1
    for file in tmp_path.glob("snapshot.json*"):
        assert body not in file.read_bytes()
        assert base64.b64encode(body) not in file.read_bytes()


def test_the_helper_continues_polling_with_the_child_s_token(aws: HoldingAws, start: Start) -> None:
    runtime = start()
    assert runtime.ask("get('DEBUG')") == "off"
    changed = {**PROFILE, "debug": "on"}
    aws.put_profile("shop", "prod", "later", changed, label="v2")
    aws.put_secret("prod/db", json.dumps({"password": "rotated"}))
    aws.forward(60)
    aws.clear_calls()
    assert runtime.ask("refresh()") == ["DEBUG", "PASSWORD"]
    assert runtime.ask("[get('DEBUG'), get('PASSWORD')]") == ["on", "rotated"]
    assert aws.count("StartConfigurationSession") == 0, "the child's sessions continue"
    assert aws.count("GetLatestConfiguration") == 2
    assert aws.received == {"shop/prod/later": 1}
    assert aws.problems == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("get('PASSWORD')", SECRET),
        ("get('DEBUG')", "off"),
        ("get('NOT_THERE', 'd')", "d"),
        ("document('appconfig:shop/prod/later#debug')", "off"),
        ("document('ssm:/later/')", {"plain": "simple", "token": "secure"}),
        (
            "[*threads.ThreadPoolExecutor(3).map(get, ['PLAIN', 'DEBUG', 'TOKEN'])]",
            ["simple", "off", "secure"],
        ),
        ("flag('checkout', source='appconfig:shop/prod/later').enabled", True),
        ("flag('checkout').enabled", True),
    ],
)
def test_a_get_before_the_child_has_finished_waits_for_it(
    aws: HoldingAws, start: Start, environ: dict[str, str], expression: str, value: object
) -> None:
    aws.held.update(LATER)
    runtime = start()
    runtime.ask("get('LIMIT')")
    eventually(lambda: asked(aws).keys() >= {*FOR_GET} - {("GetLatestConfiguration", LATER[0])})
    runtime.send(expression)
    lock = environ["APPCONFIG_ENV_SNAPSHOT"] + ".lock"
    eventually(lambda: runtime.has_answered() or lock in files(runtime.pid))
    assert not runtime.has_answered()
    aws.release()
    assert runtime.response() == value
    assert runtime.ask(ALL) == ALL_VALUES
    assert asked(aws) == {**ENV_BOUND, **FOR_GET}


def test_the_wait_is_bounded_and_late_values_are_loaded_later(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    # The wrapper needs a part of the deadline: eight times what a cold start takes now.
    began = time.monotonic()
    undisturbed = start()
    assert undisturbed.ask(ALL) == ALL_VALUES
    deadline = max(1.0, 8 * (time.monotonic() - began))
    undisturbed.end()
    Path(environ["APPCONFIG_ENV_SNAPSHOT"]).unlink()
    aws.held.update(LATER)
    times = {
        "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": "50",
        "APPCONFIG_ENV_DEADLINE_SECONDS": f"{deadline:.3f}",
    }
    runtime = start(environ={**environ, **times})
    for expression in ("get('PASSWORD')", "get('PASSWORD', 'a default')"):
        kind, message = runtime.ask(expression)
        assert (kind, "secretsmanager:prod/db" in message) == ("LoadError", True)
    kind, message = runtime.ask("document('secretsmanager:prod/db')")
    assert (kind, "secretsmanager:prod/db: " in message) == ("MissingKeyError", True)
    assert runtime.ask("[get('LIMIT'), get('HOST')]") == ["10", "db.one"]
    assert runtime.ask("status()['secretsmanager:prod/db']['version']") == ""
    eventually(lambda: is_gone(runtime.background().process))

    aws.release()
    eventually(lambda: runtime.ask(ALL) == ALL_VALUES)
    assert aws.problems == []


def test_a_slow_child_is_waited_for_until_the_cold_start_deadline(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    aws.held.update(LATER)
    runtime = start(environ={**environ, "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": "50"})
    runtime.ask("get('LIMIT')")
    lock = environ["APPCONFIG_ENV_SNAPSHOT"] + ".lock"
    runtime.send("get('ABSENT', 'd')")
    eventually(lambda: runtime.has_answered() or lock in files(runtime.pid))
    time.sleep(0.2)  # four times the poll timeout
    assert not runtime.has_answered()
    aws.release()
    assert runtime.response() == "d"
    assert runtime.ask(ALL) == ALL_VALUES
    assert asked(aws) == {**ENV_BOUND, **FOR_GET}


def test_after_the_handoff_the_runtime_has_no_child_no_zombie_and_no_pipe(
    aws: HoldingAws, start: Start
) -> None:
    aws.held.update(LATER)
    runtime = start()
    runtime.ask("get('LIMIT')")
    child, pipe = runtime.background().process, f"pipe:[{runtime.background().inode}]"
    assert pipe in files(runtime.pid)
    assert runtime.ask("children()") == [str(child)]
    aws.release()
    runtime.ask("get('PASSWORD')")
    has_no_child(runtime)
    assert not Path(f"/proc/{child}").exists()
    assert pipe not in files(runtime.pid)


def test_a_name_that_a_deferred_source_cannot_set_does_not_wait_for_it(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    aws.held.add("prod/db")
    sources = "ssm:/shop/prod/ secretsmanager:prod/db?env=no&as=LATE"
    runtime = start(environ={**environ, "APPCONFIG_ENV_SOURCES": sources})
    assert runtime.ask("[get('HOST'), get('LOG_LEVEL', 'default'), get('NONE')]") == [
        "db.one",
        "default",
        None,
    ]
    assert aws.count("GetSecretValue") <= 1
    aws.release()
    assert json.loads(runtime.ask("get('LATE')")) == {"password": SECRET}


def test_from_the_import_on_no_program_that_the_runtime_starts_has_the_pipe(start: Start) -> None:
    runtime = start()
    pipe = f"pipe:[{runtime.ask('1') and runtime.background().inode}]"
    assert pipe in files(runtime.pid)
    listed = "subprocess.run(['ls', '-l', '/proc/self/fd'], close_fds=False, capture_output=True)"
    assert pipe not in runtime.ask(f"{listed}.stdout.decode()")
    assert runtime.ask("get('PASSWORD')") == SECRET


def test_the_first_get_reaps_a_child_that_has_finished(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    sources = "appconfig:shop/prod/app appconfig:shop/prod/later?env=no"
    runtime = start(environ={**environ, "APPCONFIG_ENV_SOURCES": sources})
    runtime.ask("1")
    child, pipe = runtime.background().process, f"pipe:[{runtime.background().inode}]"
    eventually(lambda: is_gone(child))
    assert runtime.ask("get('LIMIT')") == "10", "any get() reaps it"
    has_no_child(runtime)
    assert pipe not in files(runtime.pid)
    assert runtime.ask("get('DEBUG')") == "off"
    assert aws.received == {"shop/prod/app": 1, "shop/prod/later": 1}
    assert aws.problems == []


def test_the_child_is_detached_from_stdin_and_stdout(aws: HoldingAws, start: Start) -> None:
    aws.held.update(LATER)
    runtime = start()
    runtime.ask("1")
    process, child = runtime.process, runtime.background().process
    eventually(lambda: aws.count("GetSecretValue"))
    assert os.readlink(f"/proc/{child}/fd/0") == "/dev/null"
    assert os.readlink(f"/proc/{child}/fd/1") == "/dev/null"
    inherited = {os.readlink(f"/proc/{process.pid}/fd/{number}") for number in (0, 1)}
    assert not inherited & files(child), "a reader of the runtime's output sees its end"


@pytest.mark.parametrize("end", ["exit", "crash", "kill"])
def test_the_child_ends_with_the_runtime(aws: HoldingAws, start: Start, end: str) -> None:
    aws.held.update(LATER)
    runtime = start()
    runtime.ask("1")
    child = runtime.background().process
    eventually(lambda: aws.count("GetSecretValue"))
    assert not is_gone(child)
    if end == "crash":
        runtime.send("os._exit(9)")
    elif end == "kill":
        runtime.process.kill()
    assert runtime.end() == {"exit": 0, "crash": 9, "kill": -signal.SIGKILL}[end]
    eventually(lambda: is_gone(child))
    assert aws.count("GetSecretValue") < POLICY.attempts, "it did not end by giving up"
    assert "Traceback" not in runtime.stderr()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_process_group_ends_all_processes_without_a_traceback(
    aws: HoldingAws, start: Start, number: signal.Signals
) -> None:
    aws.held.update(LATER)
    runtime = start()
    runtime.ask("1")
    child = runtime.background().process
    eventually(lambda: aws.count("GetSecretValue"))
    os.killpg(runtime.pid, number)
    assert runtime.end() == -number
    eventually(lambda: is_gone(child))
    assert "Traceback" not in runtime.stderr()


def test_the_child_does_not_keep_the_output_of_a_short_runtime_open(
    aws: HoldingAws, environ: dict[str, str]
) -> None:
    aws.held.update(LATER)
    done = subprocess.run(
        [str(WRAPPER), sys.executable, "-c", "print('done')"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    assert done.stdout == "done\n"
    assert "3 sources loading in the background" in done.stderr


def test_a_command_that_cannot_be_executed_leaves_no_child(
    aws: HoldingAws, environ: dict[str, str]
) -> None:
    aws.held.update(LATER)
    # Both outputs end when their last writer closes them, and the child has stderr open.
    done = subprocess.run(
        [str(WRAPPER), "/no/such/python3"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 127
    assert "3 sources loading in the background" in done.stderr
    assert "/no/such/python3: does not exist" in done.stderr
    assert FileLock(environ["APPCONFIG_ENV_SNAPSHOT"] + ".lock").is_held


def test_a_failed_prefetch_leaves_no_child(aws: HoldingAws, environ: dict[str, str]) -> None:
    aws.deny("GetParametersByPath", "/shop/prod")
    aws.held.update(LATER)
    done = subprocess.run(
        [str(WRAPPER), sys.executable, "-c", ""],
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "ssm:/shop/prod/: " in done.stderr
    assert not asked(aws).keys() & FOR_GET.keys()


def test_if_the_child_is_killed_the_helper_loads_by_itself(aws: HoldingAws, start: Start) -> None:
    aws.held.update(LATER)
    runtime = start()
    runtime.ask("get('LIMIT')")
    eventually(lambda: aws.count("GetSecretValue"))
    aws.held.clear()  # responses that are already held remain held
    os.kill(runtime.background().process, signal.SIGKILL)
    assert runtime.ask(ALL) == ALL_VALUES
    has_no_child(runtime)
    assert aws.count("GetSecretValue") == 2
    assert aws.received["shop/prod/later"] == 1
    assert aws.problems == []


def test_a_child_that_was_frozen_exits_and_the_helper_loads_by_itself(
    aws: HoldingAws, start: Start
) -> None:
    aws.held.update(LATER)
    runtime = start()
    runtime.ask("get('LIMIT')")
    eventually(lambda: aws.count("GetSecretValue"))
    both = (runtime.background().process, runtime.pid)
    for process in both:
        os.kill(process, signal.SIGSTOP)
    time.sleep(FROZEN_SECONDS + 0.1)  # long enough to count as a freeze by the wall clock
    for process in both:
        os.kill(process, signal.SIGCONT)
    eventually(lambda: is_gone(both[0]))
    assert aws.count("GetSecretValue") < POLICY.attempts, "it did not end by giving up"
    aws.held.clear()
    assert runtime.ask(ALL) == ALL_VALUES, "while the child's responses are still held"
    has_no_child(runtime)
    assert aws.problems == []


def test_no_secret_is_on_disk_or_visible_to_other_processes(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    canaries = ["c4n4ry-one", "c4n4ry-two"]
    aws.put_secret("prod/db", json.dumps({"password": canaries[0]}))
    aws.put_parameter("/later/token", canaries[0], type="SecureString")
    aws.held.update(LATER)
    runtime = start(environ={**environ, "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": "trace"})
    runtime.ask("1")
    child = runtime.background().process
    eventually(lambda: aws.count("GetSecretValue"))
    seen = [
        Path(f"/proc/{process}/{name}").read_text()
        for process in (child, runtime.pid)
        for name in ("cmdline", "environ")
    ]
    aws.release()

    assert runtime.ask("[get('PASSWORD'), get('TOKEN')]") == [canaries[0]] * 2
    snapshot = Path(environ["APPCONFIG_ENV_SNAPSHOT"])
    seen.append(snapshot.read_text())
    aws.put_secret("prod/db", json.dumps({"password": canaries[1]}))
    aws.put_parameter("/later/token", canaries[1], type="SecureString")
    aws.forward(60)
    assert runtime.ask("refresh()") == ["PASSWORD", "TOKEN"]
    assert runtime.ask("[get('PASSWORD'), get('TOKEN')]") == [canaries[1]] * 2
    seen.append(Path(f"{snapshot}.state").read_text())
    seen += [snapshot.read_text(), runtime.ask("repr(dict(os.environ))"), runtime.stderr()]

    assert "checkout" in seen[-3], "the profile, which is not secret"
    assert "simple" not in seen[-3], "one SecureString makes its whole path secret"
    for text in seen:
        assert not [canary for canary in canaries if canary in text]
    left = {entry.name for entry in snapshot.parent.iterdir()}
    assert left == {"snapshot.json", "snapshot.json.lock", "snapshot.json.state", "stderr"}


def test_secrets_larger_than_the_pipe_are_read_again(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    count = 20
    assert count * 65_000 > PIPE_BYTES
    sources = [f"secretsmanager:prod/big{number}?env=no&as=BIG{number}" for number in range(count)]
    for number in range(count):
        aws.put_secret(f"prod/big{number}", chr(ord("a") + number) * 65_000)
    runtime = start(environ={**environ, "APPCONFIG_ENV_SOURCES": " ".join(sources)})
    assert runtime.ask("get('BIG7') == 'h' * 65_000")
    assert runtime.ask("[get(f'BIG{number}')[0] for number in range(20)]") == [
        *"abcdefghijklmnopqrst"
    ]
    has_no_child(runtime)
    assert aws.count("BatchGetSecretValue") == 2, "by the child, then by the helper"
    assert aws.problems == []


def test_a_failed_deferred_source_fails_its_get_but_not_the_cold_start(
    aws: HoldingAws, start: Start
) -> None:
    aws.deny("GetSecretValue")
    runtime = start()
    assert runtime.ask("get('LIMIT')") == "10"
    kind, message = runtime.ask("get('PASSWORD')")
    assert kind == "LoadError"
    assert "secretsmanager:prod/db: GetSecretValue failed: AccessDeniedException" in message
    assert "AccessDenied" in runtime.ask("status()['secretsmanager:prod/db']['last_error']")
    assert runtime.ask("[get('DEBUG'), get('TOKEN')]") == ["off", "secure"]
    assert "error: secretsmanager:prod/db: GetSecretValue failed" in runtime.stderr()
    assert asked(aws) == {**ENV_BOUND, **FOR_GET}


@pytest.mark.parametrize("has_finished", [True, False])
@pytest.mark.parametrize(
    ("operation", "failed"),
    [
        ("GetSecretValue", "secretsmanager:prod/db"),
        ("StartConfigurationSession", "appconfig:shop/prod/later"),
    ],
)
def test_the_helper_writes_the_metrics_of_the_background_fetch(
    aws: HoldingAws,
    start: Start,
    environ: dict[str, str],
    operation: str,
    failed: str,
    *,
    has_finished: bool,
) -> None:
    # Once the child has ended, its failures of profiles are in the snapshot file.
    aws.deny(operation)
    sources = f"ssm:/shop/prod/ ssm:/later/?env=no {failed}?env=no"
    more = {"APPCONFIG_ENV_SOURCES": sources, "APPCONFIG_ENV_METRICS": "emf"}
    if not has_finished:
        aws.hold("/later", "/later/")
    runtime = start(environ={**environ, **more})
    prefetch = runtime.response()
    assert (prefetch["PrefetchFailures"], "source" in prefetch) == (0, False)
    assert runtime.ask("1") == 1
    if has_finished:
        eventually(lambda: is_gone(runtime.background().process))

    runtime.send("get('PLAIN')")
    aws.release()
    metrics = runtime.response()

    assert (metrics["RefreshFailures"], metrics["source"]) == (1, failed)
    assert runtime.response() == "simple"
    assert runtime.ask("get('TOKEN')") == "secure", "nothing was read, so there are no metrics"


def test_a_failed_optional_deferred_source_uses_its_default(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    sources = (
        "ssm:/none?env=no&as=A&default=a ssm:/none/x?env=no&as=B&optional "
        "secretsmanager:none?env=no&as=C&default=c appconfig:shop/prod/none?env=no&optional"
    )
    runtime = start(environ={**environ, "APPCONFIG_ENV_SOURCES": sources})
    assert runtime.ask("[get('A'), get('B'), get('B', 'default'), get('C')]") == [
        "a",
        None,
        "default",
        "c",
    ]
    has_no_child(runtime)
    lines = runtime.stderr().splitlines()
    for source, note in (
        ("ssm:/none", "A is set to its default"),
        ("ssm:/none/x", "B is not set"),
        ("secretsmanager:none", "C is set to its default"),
        ("appconfig:shop/prod/none", "its variables are not set"),
    ):
        assert [f"; {note}; " in line for line in lines if f"warn: {source}: " in line] == [True]
    assert aws.problems == []


def test_on_error_continue_continues_without_a_failed_deferred_source(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    aws.deny("GetSecretValue")
    runtime = start(environ={**environ, "APPCONFIG_ENV_ON_ERROR": "continue"})
    assert runtime.ask("[get('PASSWORD'), get('PASSWORD', 'd'), get('DEBUG')]") == [
        None,
        "d",
        "off",
    ]


def test_the_fallback_is_used_for_an_unreachable_deferred_source(
    aws: HoldingAws, start: Start, environ: dict[str, str], tmp_path: Path
) -> None:
    start().ask("get('DEBUG')")
    fallback = tmp_path / "fallback.json"
    Path(environ["APPCONFIG_ENV_SNAPSHOT"]).rename(fallback)
    aws.fail("StartConfigurationSession", close=True, times=None)
    given = {
        **environ,
        "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/later?env=no",
        "APPCONFIG_ENV_FALLBACK": str(fallback),
        "APPCONFIG_ENV_DEADLINE_SECONDS": "0.5",
    }
    runtime = start(environ=given)
    assert runtime.ask("get('DEBUG')") == "off"
    has_no_child(runtime)
    assert "warn: appconfig:shop/prod/later: " in runtime.stderr()


@pytest.mark.usefixtures("in_lambda")
def test_a_second_start_reads_only_secrets(aws: HoldingAws, start: Start) -> None:
    first = start()
    assert first.ask(ALL) == ALL_VALUES
    first.end()
    aws.clear_calls()
    second = start()
    assert second.ask("children()") == [str(second.background().process)]
    assert second.ask(ALL) == ALL_VALUES
    assert asked(aws) == {("GetSecretValue", "prod/db"): 1, ("GetParametersByPath", "/later"): 1}
    assert aws.problems == []


@pytest.mark.usefixtures("in_lambda")
def test_a_second_start_with_nothing_to_read_has_no_child(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    sources = "appconfig:shop/prod/app appconfig:shop/prod/later?env=no"
    given = {**environ, "APPCONFIG_ENV_SOURCES": sources}
    first = start(environ=given)
    assert first.ask("get('DEBUG')") == "off"
    first.end()
    aws.clear_calls()
    second = start(environ=given)
    has_no_child(second)
    assert second.ask("[get('LIMIT'), get('DEBUG')]") == ["10", "off"]
    assert aws.calls == []


@pytest.mark.usefixtures("in_lambda")
def test_a_snapshot_s_values_are_used_until_the_child_has_refreshed_them(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    given = {**environ, "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/ ssm:/b?env=no&ttl=0"}
    aws.put_parameter("/b", "one")
    first = start(environ=given)
    assert first.ask("get('B')") == "one"
    first.end()
    aws.put_parameter("/b", "two")
    aws.held.add("/b")
    second = start(environ=given)
    assert second.ask("[get('B'), get('HOST')]") == ["one", "db.one"]
    child = second.background().process
    assert not is_gone(child)
    aws.release()
    eventually(lambda: is_gone(child))
    eventually(lambda: second.ask("get('B')") == "two")
    has_no_child(second)
    assert aws.problems == []


@pytest.mark.usefixtures("in_lambda")
def test_after_a_crash_during_a_background_fetch_the_next_start_fetches_again(
    aws: HoldingAws, start: Start
) -> None:
    aws.held.update(LATER)
    first = start()
    first.ask("1")
    eventually(lambda: aws.count("GetSecretValue"))
    child = first.background().process
    first.process.kill()
    first.end()
    eventually(lambda: is_gone(child))  # until then the child holds the lock
    aws.release()
    aws.clear_calls()
    second = start()
    assert second.ask(ALL) == ALL_VALUES
    assert asked(aws) == FOR_GET
    assert aws.problems == []


def without_a_child(environ: dict[str, str], way: str) -> dict[str, str]:
    return (
        environ
        | {
            "snap-start": {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"},
            "no folder": {"APPCONFIG_ENV_SNAPSHOT": "/proc/none/snapshot.json"},
        }[way]
    )


@pytest.mark.parametrize("way", ["snap-start", "no folder"])
def test_if_no_child_is_possible_the_prefetch_waits_for_everything_but_secrets(
    aws: HoldingAws, start: Start, environ: dict[str, str], way: str
) -> None:
    runtime = start(environ=without_a_child(environ, way))
    has_no_child(runtime)
    assert aws.received == {"shop/prod/app": 1, "shop/prod/later": 1}
    assert aws.count("GetSecretValue") == 0
    assert runtime.ask(ALL) == ALL_VALUES
    assert aws.count("GetSecretValue") == 1
    assert aws.problems == []


def test_if_another_process_has_the_lock_the_prefetch_waits_for_everything_but_secrets(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    lock = FileLock(environ["APPCONFIG_ENV_SNAPSHOT"] + ".lock")
    runtime = start()
    has_no_child(runtime)
    assert aws.received == {"shop/prod/app": 1, "shop/prod/later": 1}
    assert aws.count("GetSecretValue") == 0
    lock.release()
    assert runtime.ask(ALL) == ALL_VALUES
    assert aws.problems == []


def test_if_the_file_cannot_be_written_the_helper_loads_by_itself(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    Path(environ["APPCONFIG_ENV_SNAPSHOT"]).mkdir()  # nothing can be renamed onto it
    runtime = start()
    assert runtime.ask(ALL) == ALL_VALUES
    has_no_child(runtime)
    assert "was not written" in runtime.stderr()
    assert aws.count("GetSecretValue") == 1, "through the pipe"
    assert aws.problems == []


def test_a_command_other_than_python_has_no_child(aws: HoldingAws, environ: dict[str, str]) -> None:
    done = subprocess.run(
        [str(WRAPPER), "/usr/bin/env"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    assert "LIMIT=10\n" in done.stdout
    assert "DEBUG=" not in done.stdout
    assert "in the background" not in done.stderr
    handoff = next(line for line in done.stdout.split("\n") if line.startswith(HANDOFF))
    assert '"background"' not in handoff
    documents = json.loads(Path(environ["APPCONFIG_ENV_SNAPSHOT"]).read_text())["documents"]
    assert json.loads(documents["appconfig:shop/prod/later"]["body"])["debug"] == "off"
    assert aws.count("GetSecretValue") == 0


def test_a_local_folder_needs_no_child(
    start: Start, environ: dict[str, str], tmp_path: Path
) -> None:
    local = tmp_path / "local"
    local.mkdir()
    (local / "secrets.json").write_text('{"prod/db": {"password": "local"}}')
    given = {
        **environ,
        "APPCONFIG_ENV_LOCAL_DIR": str(local),
        "APPCONFIG_ENV_SOURCES": "secretsmanager:prod/db?env=no",
    }
    runtime = start(environ=given)
    has_no_child(runtime)
    assert runtime.ask("get('PASSWORD')") == "local"


def test_a_file_needs_no_child(start: Start, environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "extra.json").write_text('{"extra": 1}')
    given = {**environ, "APPCONFIG_ENV_SOURCES": f"file:{tmp_path}/extra.json?env=no"}
    runtime = start(environ=given)
    has_no_child(runtime)
    assert runtime.ask("get('EXTRA')") == "1"


def test_a_profile_in_two_formats_is_received_once(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    sources = (
        "appconfig:shop/prod/app appconfig:shop/prod/app?format=text&env=no&as=WHOLE "
        "appconfig:shop/prod/later?env=no appconfig:shop/prod/later?format=text&env=no&as=TEXT"
    )
    runtime = start(environ={**environ, "APPCONFIG_ENV_SOURCES": sources})
    assert runtime.ask("[get('LIMIT'), get('WHOLE'), get('DEBUG')]") == [
        "10",
        '{"limit": 10}',
        "off",
    ]
    assert runtime.ask("json.loads(get('TEXT'))['debug']") == "off"
    assert aws.received == {"shop/prod/app": 1, "shop/prod/later": 1}
    assert aws.problems == []


def test_only_the_process_started_by_the_wrapper_takes_the_handoff_not_forked_workers(
    aws: HoldingAws, start: Start
) -> None:
    aws.held.update(LATER)
    runtime = start()
    runtime.ask("1")
    eventually(lambda: aws.count("GetSecretValue"))
    aws.release()
    assert runtime.ask(f"[forked({ALL!r}), forked({ALL!r})]") == [ALL_VALUES] * 2
    assert aws.count("GetSecretValue") == 3, "by the child and by each worker"
    assert runtime.ask(ALL) == ALL_VALUES
    has_no_child(runtime)
    assert aws.count("GetSecretValue") == 3, "not by their parent"
    assert aws.received == {"shop/prod/app": 1, "shop/prod/later": 1}
    assert aws.problems == []


def test_workers_forked_during_a_background_fetch_leave_the_handoff_to_their_parent(
    aws: HoldingAws, start: Start
) -> None:
    aws.held.update(LATER)
    runtime = start()
    assert runtime.ask("get('LIMIT')") == "10"
    assert runtime.ask("forked(\"get('LIMIT')\")") == "10"
    aws.release()
    assert runtime.ask(f"forked({ALL!r})") == ALL_VALUES
    assert aws.count("GetSecretValue") == 2, "by the child and by the worker"
    assert runtime.ask(ALL) == ALL_VALUES
    has_no_child(runtime)
    assert aws.count("GetSecretValue") == 2, "not by its parent"
    assert aws.problems == []


# What a program does with the pipe's descriptor number before its first get().
NUMBERS = {
    "closed": "",
    "a file": "os.dup2(os.open('/dev/null', os.O_RDONLY), number)",
    "another pipe": "reading, writing = os.pipe(); os.write(writing, b'mine'); "
    "os.dup2(reading, number)",
}


@pytest.mark.parametrize("number", NUMBERS)
def test_a_program_that_inherits_only_the_environment_loads_by_itself(
    aws: HoldingAws, start: Start, number: str
) -> None:
    runtime = start()
    runtime.ask("1")
    program = "\n".join((
        "import json, os, sys",
        f"number = {runtime.background().descriptor}",
        NUMBERS[number],
        f"sys.path.insert(0, {str(ROOT)!r})",
        "from appconfig_env import get",
        f"response = {ALL}",
        "rest = os.read(number, 9).decode() if 'reading' in globals() else ''",
        "print(json.dumps([*response, rest]))",
    ))  # fmt: skip
    given = f"[sys.executable, '-c', {program!r}], stdout=-1, timeout=20"
    found = runtime.ask(f"json.loads(subprocess.run({given}).stdout)")
    assert found == [*ALL_VALUES, "mine" if number == "another pipe" else ""]
    assert runtime.ask(ALL) == ALL_VALUES
    assert aws.count("GetSecretValue") == 2
    assert aws.problems == []


def test_the_next_wrapper_is_passed_through(
    aws: HoldingAws, start: Start, environ: dict[str, str], tmp_path: Path
) -> None:
    following = tmp_path / "next"
    following.write_text('#!/bin/sh\nexport SEEN=yes\nexec "$@"\n')
    following.chmod(0o755)
    runtime = start(environ={**environ, "APPCONFIG_ENV_NEXT_WRAPPER": str(following)})
    assert runtime.ask("os.environ['SEEN']") == "yes"
    assert runtime.ask(ALL) == ALL_VALUES
    has_no_child(runtime)
    assert asked(aws) == {**ENV_BOUND, **FOR_GET}


@pytest.mark.parametrize("redirect", ["<&-", ">&-", "<&- >&-"])
def test_the_child_works_with_closed_standard_files(
    aws: HoldingAws, environ: dict[str, str], tmp_path: Path, redirect: str
) -> None:
    script = "; ".join((
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import appconfig_env",
        f"open({str(tmp_path / 'started')!r}, 'w').close()",
        f"open({str(tmp_path / 'response')!r}, 'w').write(appconfig_env.get('PASSWORD'))",
    ))  # fmt: skip
    aws.held.update(LATER)
    lock = environ["APPCONFIG_ENV_SNAPSHOT"] + ".lock"
    command = ["/bin/sh", "-c", f'exec "$@" {redirect}', "sh", str(WRAPPER), sys.executable]
    with subprocess.Popen([*command, "-c", script], env=environ) as process:
        eventually((tmp_path / "started").exists)
        eventually(lambda: process.poll() is not None or lock in files(process.pid))
        eventually(lambda: aws.count("GetSecretValue"))
        aws.release()
        assert process.wait(PATIENCE_SECONDS) == 0
    assert (tmp_path / "response").read_text() == SECRET
    assert asked(aws) == {**ENV_BOUND, **FOR_GET}
    assert aws.problems == []


def test_if_no_child_can_be_started_the_helper_loads_by_itself(
    aws: HoldingAws, environ: dict[str, str]
) -> None:
    found: dict[str, str] = {}
    said: list[str] = []
    code = main(
        ["python3"],
        environ,
        execve=lambda _path, _words, result: found.update(result),
        start_background=lambda _work, _seconds: None,
        write_line=said.append,
    )
    assert code == 0
    assert found["LIMIT"] == "10"
    assert asked(aws) == ENV_BOUND
    handoff = handoffs.loads(found[HANDOFF])
    assert handoff is not None
    assert handoff.background is None
    assert "in the background" not in said[-1]
    assert FileLock(environ["APPCONFIG_ENV_SNAPSHOT"] + ".lock").is_held, "no process holds it"


def test_the_child_writes_the_file_and_sends_only_secrets_through_the_pipe(
    aws: HoldingAws, environ: dict[str, str]
) -> None:
    aws.deny("StartConfigurationSession", "shop/prod/later")
    found: dict[str, str] = {}
    sent: list[bytes] = []
    said: list[str] = []

    def at_once(work: Work, seconds: float) -> BackgroundFetch:
        assert seconds == 60.0
        work(sent.append)
        return BackgroundFetch(1, 2, 3)

    given = {
        **environ,
        "APPCONFIG_ENV_SOURCES": environ["APPCONFIG_ENV_SOURCES"] + " ssm:/b?env=no",
    }
    aws.put_parameter("/b", "both")
    code = main(
        ["python3.13"],
        given,
        execve=lambda _path, _words, result: found.update(result),
        start_background=at_once,
        write_line=said.append,
    )
    assert code == 0
    handoff = handoffs.loads(found[HANDOFF])
    assert handoff is not None
    assert handoff.background is not None
    assert handoff.background.inode == 3
    (data,) = sent
    secrets = loads(data, with_secrets=True).entries
    assert list(secrets) == ["secretsmanager:prod/db", "ssm:/later/"]
    later = secrets["ssm:/later/"].document
    assert later is not None
    assert later.parameters == {"plain": "simple", "token": "secure"}
    known = loads(Path(environ["APPCONFIG_ENV_SNAPSHOT"]).read_bytes()).entries
    assert len(known) == 6
    assert known["ssm:/b"].document is not None
    assert known["ssm:/b"].document.body == b"both"
    assert known["ssm:/later/"].document is None
    assert list(known["ssm:/later/"].redacted.values()) == [["PLAIN", "TOKEN"]]
    failure = known["appconfig:shop/prod/later"].failure
    assert failure is not None
    assert (failure.kind, failure.code) == ("denied", "AccessDeniedException")
    assert "error: appconfig:shop/prod/later: " in said[0]
    assert "2 values from 2 sources in " in said[1]
    assert "4 sources loading in the background" in said[1]


def time_for_a_call(environ: Mapping[str, str]) -> float:
    """Half a second, or more on a busy machine: eight times what a prefetch takes now."""
    began = time.monotonic()
    wrapped(environ, Clock(time.time()))
    return max(0.5, 8 * (time.monotonic() - began))


def test_workers_that_each_read_a_secret_wait_for_each_other_and_none_fails(
    aws: HoldingAws, environ: dict[str, str]
) -> None:
    # Two calls take longer than the others wait for the lock: then they read without it.
    unit = time_for_a_call(environ)
    aws.delay("GetSecretValue", 2 * unit)
    times = {"AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": f"{3 * unit:.3f}s"}
    helpers = [Helper({**wrapped(environ, Clock(time.time())), **times}) for _ in range(6)]
    with ThreadPoolExecutor(len(helpers)) as threads:
        found = list(threads.map(lambda helper: helper.get("PASSWORD"), helpers))
    assert found == [SECRET] * len(helpers)


def test_threads_wait_for_the_thread_that_waits_for_another_process(
    aws: HoldingAws, environ: dict[str, str]
) -> None:
    # The wait for the lock and the call take longer than a refresh may, each alone does not.
    unit = time_for_a_call(environ)
    aws.delay("GetSecretValue", 4 * unit)
    times = {"AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": f"{7 * unit:.3f}s"}
    helper = Helper({**wrapped(environ, Clock(time.time())), **times})
    other = FileLock(environ["APPCONFIG_ENV_SNAPSHOT"] + ".lock")
    assert other.is_held
    with ThreadPoolExecutor(3) as threads:
        responses = [threads.submit(helper.get, "PASSWORD") for _ in range(3)]
        time.sleep(4 * unit)
        other.release()
        assert [response.result() for response in responses] == [SECRET] * 3


def test_a_secret_refreshed_by_another_process_is_kept_when_aws_fails(
    aws: HoldingAws, start: Start, environ: dict[str, str]
) -> None:
    sources = {
        "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/",
        "PASS": "secretsmanager:prod/db#password",
    }
    runtime = start(environ={**environ, **sources})
    assert runtime.ask("get('PASS')") == SECRET
    assert runtime.ask("sorted(refresh())") == []
    aws.fail("GetSecretValue", code="InternalServiceError")
    script = "import appconfig_env as a; print(a.get('PASS'), a.get('ABSENT', 'd'))"
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {script}"
    command = [sys.executable, "-c", script]
    assert runtime.ask(f"subprocess.check_output({command}, text=True)") == f"{SECRET} d\n"


def test_without_a_free_descriptor_for_the_pipe_the_start_continues_without_a_child() -> None:
    script = (
        "import os, resource, sys; sys.path.insert(0, sys.argv[1])\n"
        "from appconfig_env._wrapper import background\n"
        "least = os.open('/dev/null', os.O_RDONLY)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (least + 1, least + 1))\n"
        "print(background.start(print, 1.0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(ROOT)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "None\n"
