"""Processes forked after the first read, by multiprocessing or directly."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest

from appconfig_env._helper import process_hooks
from appconfig_env._helper.helper import Helper

from ..support.life import ALL, SERVE, VALUES, Life, eventually
from ..support.paths import ROOT

# `forked` evaluates in a child process, which is killed if it hangs.
BEGIN = SERVE.partition("for line in sys.stdin")[0]
FORK = f"""
{BEGIN}
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # forks with threads are intended here

def forked(text, seconds=40):
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        signal.alarm(seconds)
        os.write(writing, json.dumps(attempt(text)).encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as file:
        response = file.read()
    os.waitpid(process, 0)
    return json.loads(response) if response else "it hung"
"""
SERVE_FORKS = FORK + SERVE[len(BEGIN) :]


def test_children_get_values_and_share_the_session_through_the_file(life: Life) -> None:
    runtime = life.start(program=SERVE_FORKS)
    assert runtime.ask("get('LIMIT')") == "10"
    for limit in (11, 12, 13):
        life.deploy(limit)
        life.tick(60)
        assert runtime.ask(f"forked({ALL!r})") == [str(limit), "db.one", "s3cret"]
        assert runtime.ask(f"forked({ALL!r})") == [str(limit), "db.one", "s3cret"]
        assert runtime.ask("get('LIMIT')") == str(limit)
    assert life.aws.count("StartConfigurationSession") == 1
    assert life.aws.received == {"shop/prod/app": 4}
    assert life.aws.problems == []


def test_without_a_file_children_have_their_own_sessions(life: Life) -> None:
    runtime = life.start(program=SERVE_FORKS, APPCONFIG_ENV_SNAPSHOT="/proc/none/snapshot.json")
    assert runtime.ask("get('LIMIT')") == "10"
    life.tick(60)
    assert runtime.ask("refresh()") == []
    life.deploy(11)
    life.tick(60)
    assert [runtime.ask("forked(\"get('LIMIT')\")") for _ in range(2)] == ["11", "11"]
    assert runtime.ask("get('LIMIT')") == "11"
    assert life.aws.problems == []


# Makes the first import of a module slow, and forks the process during it.
DURING_AN_IMPORT = """
class Slow:
    def __init__(self, name):
        self.name, self.reached, self.seconds = name, threading.Event(), float(sys.argv[2])
    def find_spec(self, name, path, target=None):
        if name == self.name and threading.current_thread() is not threading.main_thread():
            self.reached.set()
            time.sleep(self.seconds)

slow = Slow(sys.argv[1])
sys.meta_path.insert(0, slow)
threading.Thread(target=get, args=("LIMIT",), daemon=True).start()
slow.reached.wait()
print(json.dumps(forked("get('LIMIT')")))
"""


@pytest.mark.parametrize(
    "module",
    [
        "appconfig_env._backends.router",
        "appconfig_env._cache.store",
        "appconfig_env._backends.aws.choose",
    ],
)
def test_a_child_forked_during_another_thread_s_import_works(life: Life, module: str) -> None:
    runtime = life.start(wrapper=False, program=FORK + DURING_AN_IMPORT, arguments=[module, "0.2"])
    assert runtime.response() == "10"


def test_a_fork_does_not_wait_forever_for_another_thread_s_import(life: Life) -> None:
    program = FORK.replace(
        "helper = Helper(now=now)", "helper = Helper(now=now, make_backend=slow)"
    )
    program = program.replace(
        "def now()",
        "def slow(settings, environ):\n"
        "    if threading.current_thread() is not threading.main_thread():\n"
        "        reached.set()\n"
        "        time.sleep(60)\n"
        "    from appconfig_env._backends.router import Router\n"
        "    return Router(settings, environ)\n\n"
        "reached = threading.Event()\n\n"
        "def now()",
    )
    program += (
        "threading.Thread(target=get, args=('LIMIT',), daemon=True).start()\n"
        "reached.wait()\n"
        "print(json.dumps(forked(\"get('LIMIT')\")), flush=True)\n"
        "os._exit(0)\n"
    )
    assert life.start(wrapper=False, program=program).response() == "10"


IN_A_THREAD = "threading.Thread(target=get, args=('LIMIT',)).start()"


def test_a_child_forked_during_a_refresh_can_refresh(life: Life) -> None:
    runtime = life.start(program=SERVE_FORKS)
    assert runtime.ask("get('LIMIT')") == "10"
    life.deploy(11)
    life.tick(60)
    life.aws.clear_calls()
    life.aws.hold("GetLatestConfiguration")
    assert runtime.ask(IN_A_THREAD) is None
    eventually(lambda: life.aws.count("GetLatestConfiguration"))
    life.aws.held.clear()  # the response that is already held remains held

    assert runtime.ask("forked(\"get('LIMIT')\")") == "10", "its parent is refreshing"
    life.aws.release()
    eventually(lambda: runtime.ask("get('LIMIT')") == "11")
    assert runtime.ask("forked(\"get('LIMIT')\")") == "11"
    assert life.aws.problems == []


def test_a_child_takes_over_if_its_parent_dies_during_a_refresh(life: Life) -> None:
    orphan = """
threading.Thread(target=get, args=("LIMIT",), daemon=True).start()
sys.stdin.readline()
parent = os.getpid()
if os.fork() == 0:
    while os.getppid() == parent:
        time.sleep(0.01)
    print(json.dumps("alone"), flush=True)
    sys.stdin.readline()
    signal.alarm(40)
    print(json.dumps([get("LIMIT"), error("appconfig:shop/prod/app")]), flush=True)
    os._exit(0)
os.kill(parent, signal.SIGKILL)
"""
    program = FORK + "get('LIMIT')\nhelper.get('HOST')\n"
    program += "print(json.dumps('ready'), flush=True)\nsys.stdin.readline()\n" + orphan
    runtime = life.start(program=program)
    assert runtime.response() == "ready"
    life.deploy(11)
    life.tick(60)
    life.aws.clear_calls()
    life.aws.hold("GetLatestConfiguration")
    runtime.send("refresh in a thread")
    eventually(lambda: life.aws.count("GetLatestConfiguration"))
    runtime.send("fork and die")
    assert runtime.response() == "alone"
    life.aws.lose()
    runtime.send("get")
    assert runtime.response() == ["11", None], "the lock was released with the parent"
    assert life.aws.problems == []


READS = ("GetLatestConfiguration", "GetParametersByPath", "GetSecretValue")


@pytest.mark.parametrize(
    ("operation", "made"), [("ContainerCredentials", ()), ("GetParametersByPath", READS)]
)
def test_a_child_shares_no_connection_and_no_lock_with_a_waiting_parent(
    life: Life, operation: str, made: tuple[str, ...]
) -> None:
    given = life.aws.environ(container=True)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        del life.environ[name]
    runtime = life.start(
        wrapper=False,
        program=SERVE_FORKS,
        APPCONFIG_ENV_SNAPSHOT="/proc/none/snapshot.json",  # else it would wait for its parent
        **given,
    )
    life.aws.hold(operation)
    runtime.ask(IN_A_THREAD)
    eventually(lambda: all(life.aws.count(one) for one in (operation, *made)))
    life.aws.held.clear()
    before = list(life.aws.calls)  # the parent makes no other call while it waits

    assert runtime.ask(f"forked({ALL!r})") == VALUES

    its = life.aws.calls[len(before) :]
    assert {call.operation for call in its} >= set(READS)
    assert not {call.connection for call in its} & {call.connection for call in before}
    life.aws.release()
    assert runtime.ask(ALL) == VALUES
    assert life.aws.problems == []


POOL = f"""
import json, multiprocessing, os, sys
sys.path.insert(0, {str(ROOT)!r})
import appconfig_env

def work(number):
    appconfig_env.refresh()
    return [appconfig_env.get(name) for name in ("LIMIT", "HOST", "DB_PASSWORD")]

if __name__ == "__main__":
    assert appconfig_env.get("LIMIT") == "10"
    with multiprocessing.get_context(sys.argv[1]).Pool(3) as pool:
        print(json.dumps(pool.map(work, range(6), chunksize=1)), flush=True)
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_multiprocessing_workers_get_values_with_any_start_method(life: Life, method: str) -> None:
    life.aws.appconfig.enforces_interval = False
    (life.folder / "pool.py").write_text(POOL)
    runtime = life.start(words=[str(life.folder / "pool.py")], arguments=[method])
    assert runtime.response() == [VALUES] * 6
    assert runtime.end() == 0
    assert life.aws.count("StartConfigurationSession") == 1, "the wrapper's"
    assert life.aws.received == {"shop/prod/app": 1}
    assert life.aws.problems == []


# Forks while a task waits for a thread that reads, and lets the child go on with the same loop.
IN_A_LOOP = f"""
import asyncio, json, os, signal, sys, threading, warnings
sys.path.insert(0, {str(ROOT)!r})
from appconfig_env._backends.fake import FakeBackend
from appconfig_env._helper.helper import Helper
from appconfig_env.openfeature import AppConfigProvider

warnings.simplefilter("ignore", DeprecationWarning)  # forks with threads are intended here
FLAGS = "appconfig:shop/prod/flags"
parent, called, never = os.getpid(), threading.Event(), threading.Event()
now, holds = [1e9], False

class Backend(FakeBackend):
    def __call__(self, requests, timeout):
        if os.getpid() == parent and holds:
            called.set()
            never.wait()
        return super().__call__(requests, timeout)

def backend(settings, environ):
    checkout = {{"enabled": True, "limit": 10 if os.getpid() == parent else 11}}
    return Backend({{FLAGS: json.dumps({{"checkout": checkout}}).encode()}})

environ = {{"APPCONFIG_ENV_SOURCES": FLAGS, "AWS_REGION": "us-east-1",
    "APPCONFIG_ENV_SNAPSHOT": "/proc/none/snapshot.json"}}  # else it would wait for its parent
helper = Helper(environ, now=lambda: now[0], make_backend=backend, jitter=lambda: 0.0)
provider = AppConfigProvider(helper=helper)

async def limit():
    return (await provider.resolve_integer_details_async("checkout.limit", 1)).value

loop = asyncio.new_event_loop()
if sys.argv[1] == "poll":
    loop.run_until_complete(limit())
    now[0] += 60
holds = True
waiting = loop.create_task(limit())
loop.run_until_complete(asyncio.to_thread(called.wait))
process = os.fork()
if process == 0:
    signal.alarm(40)
    limits = [loop.run_until_complete(waiting)]
    limits.append(loop.run_until_complete(limit()))
    print(json.dumps(limits), flush=True)
    os._exit(0)
os._exit(os.waitpid(process, 0)[1])
"""


@pytest.mark.parametrize(("held", "limits"), [("first read", [1, 11]), ("poll", [10, 11])])
def test_a_forked_task_does_not_wait_for_its_parents_thread(held: str, limits: list[int]) -> None:
    found = subprocess.run(
        [sys.executable, "-c", IN_A_LOOP, held],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (found.stderr, found.returncode) == ("", 0)
    assert json.loads(found.stdout) == limits


def test_threads_that_fork_at_the_same_time_do_not_release_each_other_s_locks() -> None:
    # So many that one which waited a second for each of them would not end in time.
    helpers = [Helper({}) for _ in range(100)]
    is_held, is_over = threading.Event(), threading.Event()
    in_time: list[bool] = []

    def first() -> None:  # another library's hook delays it for longer than the second one waits
        process_hooks._before_fork()
        is_held.set()
        in_time.append(is_over.wait(60))
        process_hooks._after_fork_in_parent()

    thread = threading.Thread(target=first)
    thread.start()
    is_held.wait(60)
    process_hooks._before_fork()
    process_hooks._after_fork_in_parent()
    is_over.set()
    thread.join()
    assert in_time == [True]
    for helper in helpers:
        assert helper.importing.acquire(timeout=5)
        helper.importing.release()
