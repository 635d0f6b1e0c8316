"""SnapStart: a snapshot is taken after init, and restored as several environments."""

from __future__ import annotations

import json
import os
import select
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import pytest

from ..support.life import ALL, APP, PATIENCE_SECONDS, SERVE, Life, eventually
from ..support.life.runtime_api import RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOUR = 3600.0
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

# Creates two twins of itself, and ends. A fork below Python's own is as close to a clone as a
# process can get: no hook of Python runs, memory is the same, and each has its own copy of /tmp.
BEGIN, SERVING = SERVE.partition("for line in sys.stdin")[::2]
IMAGE = f"""
import ctypes, os, shutil, subprocess, sys
if sys.argv[2] == "no hooks":
    sys.modules["snapshot_restore_py"] = None
{BEGIN}
if sys.argv[2] == "hooks":
    import snapshot_restore_py
    snapshot_restore_py.get_after_restore().pop(0)  # of the package's own helper, not of this one

def restore():
    from awslambdaric import lambda_runtime_hooks_runner
    lambda_runtime_hooks_runner.run_after_restore()
    return len(lambda_runtime_hooks_runner.get_after_restore())

def tokens():
    return sum(bool(entry.token) for entry in helper.live().store.snapshot.entries.values())

tmp = sys.argv[1]
get("LIMIT")
exec(sys.argv[3])
CLONE_NEWNS = 0x20000
for twin in ("one", "two"):
    if ctypes.PyDLL(None).fork() == 0:
        shutil.copytree(tmp, tmp + "-" + twin)
        assert ctypes.PyDLL(None).unshare(CLONE_NEWNS) == 0
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "--bind", tmp + "-" + twin, tmp], check=True)
        sys.stdin = open(os.environ["CLOCK"] + "." + twin + ".in")
        sys.stdout = open(os.environ["CLOCK"] + "." + twin + ".out", "w")
        break
else:
    os.wait(), os.wait()
    sys.exit()
for line in sys.stdin{SERVING}
"""


class Twin:
    """One of the two twins, by its pipes."""

    def __init__(self, life: Life, name: str) -> None:
        self._in, self._out = (life.folder / f"clock.{name}.{end}" for end in ("in", "out"))
        os.mkfifo(self._in)
        os.mkfifo(self._out)
        self._stderr = life.folder / "stderr"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        # Opened for reading and writing, so that neither end waits for a twin that never started.
        self._write = self._stack.enter_context(open(os.open(self._in, os.O_RDWR), "w"))
        self._read = self._stack.enter_context(open(os.open(self._out, os.O_RDWR)))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask(self, expression: str) -> Any:
        self._write.write(expression + "\n")
        self._write.flush()
        assert select.select([self._read], [], [], PATIENCE_SECONDS)[0], self._stderr.read_text()
        return json.loads(self._read.readline())


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """An environment under SnapStart, with credentials from the container's endpoint."""
    with Life(tmp_path) as life:
        for name in KEYS:
            del life.environ[name]
        life.environ.update(life.aws.environ(container=True))
        life.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
        (tmp_path / "tmp").mkdir()
        life.snapshot = tmp_path / "tmp" / "snapshot.json"
        life.environ["APPCONFIG_ENV_SNAPSHOT"] = str(life.snapshot)
        yield life


@pytest.fixture
def cloned(life: Life, namespaces: None) -> Iterator[Callable[..., list[Twin]]]:
    """A function that restores an image as twins."""
    del namespaces
    with ExitStack() as stack:

        def clone(*, hooks: bool = True, init: str = "") -> list[Twin]:
            twins = [Twin(life, "one"), Twin(life, "two")]
            life.start(
                prefix=["unshare", "--mount", "--map-root-user"],
                program=IMAGE,
                arguments=[str(life.folder / "tmp"), "hooks" if hooks else "no hooks", init],
            )
            assert [stack.enter_context(twin).ask("1") for twin in twins] == [1, 1], "it is over"
            return twins

        yield clone


def test_twins_start_with_the_same_state_and_then_continue_independently(
    life: Life, cloned: Callable[..., list[Twin]]
) -> None:
    one, two = cloned()
    known = "[status()[source]['version'] for source in status()]"
    assert one.ask(known) == two.ask(known)
    assert one.ask("dict(helper._view.now[2])") == two.ask("dict(helper._view.now[2])")
    assert [one.ask("tokens()"), two.ask("tokens()")] == [0, 0]
    assert "token" not in life.snapshot.read_text()
    assert one.ask("os.stat(os.environ['APPCONFIG_ENV_SNAPSHOT']).st_ino") != two.ask(
        "os.stat(os.environ['APPCONFIG_ENV_SNAPSHOT']).st_ino"
    ), "each has a /tmp of its own"

    before = {call.access_key for call in life.aws.calls} - {""}
    for key in before:
        life.aws.expire(key)
    life.tick(5 * HOUR)
    life.deploy(11)
    life.aws.clear_calls()
    for twin in (one, two):
        assert twin.ask("restore()") == 1
    assert life.operations() == sorted(
        2
        * [
            "ContainerCredentials",
            "GetLatestConfiguration",
            "GetParametersByPath",
            "GetSecretValue",
            "StartConfigurationSession",
        ]
    ), "by the hook, before any request, each with credentials and a session of its own"
    assert len({call.access_key for call in life.aws.calls} - {""} - before) == 2

    life.aws.clear_calls()
    assert [twin.ask(ALL) for twin in (one, two)] == [["11", "db.one", "s3cret"]] * 2
    assert life.aws.calls == []
    for limit in (12, 13):
        life.tick(60)
        life.deploy(limit)
        assert [twin.ask("get('LIMIT')") for twin in (one, two)] == [str(limit)] * 2
    assert life.aws.count("StartConfigurationSession") == 0, "from now on tokens are kept"
    assert life.aws.problems == []


@pytest.mark.parametrize("snapshot", ["", "/proc/none/snapshot.json"])
def test_without_the_hook_library_no_token_is_ever_shared(
    life: Life, cloned: Callable[..., list[Twin]], snapshot: str
) -> None:
    if snapshot:
        life.environ["APPCONFIG_ENV_SNAPSHOT"] = snapshot
    one, two = cloned(hooks=False, init="refresh()")
    assert [one.ask("tokens()"), two.ask("tokens()")] == [0, 0]
    for limit in (11, 12):
        life.tick(HOUR)
        life.deploy(limit)
        assert [twin.ask("get('LIMIT')") for twin in (one, two)] == [str(limit)] * 2
        assert [twin.ask(f"error({APP!r})") for twin in (one, two)] == [None, None]
    assert life.aws.problems == []


def test_credentials_from_before_the_snapshot_are_not_used_after_a_restore(
    life: Life, cloned: Callable[..., list[Twin]]
) -> None:
    # They are valid for another hour, but may belong to a function version that no longer exists.
    one, two = cloned(init="refresh()")
    before = {call.access_key for call in life.aws.calls} - {""}
    life.aws.clear_calls()
    assert [twin.ask("restore()") for twin in (one, two)] == [1, 1]
    after = {call.access_key for call in life.aws.calls} - {""}
    assert len(after) == 2
    assert not before & after
    assert life.aws.problems == []


HANDLER = """
import appconfig_env
AT_INIT = appconfig_env.get("LIMIT")

def handler(event, context):
    return eval(event)
"""


def test_the_runtime_itself_runs_the_hook_before_the_first_event(life: Life) -> None:
    (life.folder / "handler.py").write_text(HANDLER)
    with RuntimeApi() as api:
        runtime = life.start(
            words=["-m", "awslambdaric", "handler.handler"],
            AWS_LAMBDA_RUNTIME_API=api.address,
            LAMBDA_TASK_ROOT=str(life.folder),
            PYTHONPATH=str(life.folder),
        )
        assert api.waits_for_restore.wait(PATIENCE_SECONDS)
        life.deploy(11)
        life.aws.forward(HOUR)
        life.aws.clear_calls()
        api.restore()
        eventually(lambda: life.aws.count("GetSecretValue"))
        assert api.invoke("[AT_INIT, appconfig_env.get('LIMIT')]") == ["10", "11"]
        assert life.operations().count("StartConfigurationSession") == 1
        assert life.aws.problems == []
        runtime.process.terminate()
