"""Forked children, and clones of a SnapStart snapshot."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
import time
import weakref
from _thread import RLock
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._cache.file_lock import FileLock
from appconfig_env._config.environ import is_snap_start
from appconfig_env._config.settings import HANDOFF
from appconfig_env._helper import process_hooks
from appconfig_env._helper.helper import Helper

from ...support.fakes import steadily, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...support.fake_aws import FakeAws
    from ...support.fakes import AwsClock as Clock


@pytest.mark.parametrize(
    "text",
    [
        "", "x", '{"background":[1,2]}', '{"background":[1,999999,3]}', '{"background":[1,-1,3]}',
        f'{{"background":[1,{10**20},3]}}', '{"background":["a","b","c"]}', '{"background":[',
    ],
)  # fmt: skip
def test_a_handoff_without_this_process_s_pipe_changes_no_file(text: str) -> None:
    process_hooks.keep_pipe({HANDOFF: text})


def test_a_number_that_belongs_to_another_file_stays_inheritable() -> None:
    reading, writing = os.pipe()
    try:
        os.set_inheritable(reading, True)
        inode = os.fstat(reading).st_ino
        process_hooks.keep_pipe({HANDOFF: f'{{"background":[1,{reading},{inode + 1}]}}'})
        assert os.get_inheritable(reading)
        process_hooks.keep_pipe({HANDOFF: f'{{"background":[1,{reading},{inode}]}}'})
        assert not os.get_inheritable(reading)
    finally:
        os.close(reading)
        os.close(writing)


def test_the_name_of_the_handoff_is_that_of_the_settings() -> None:
    assert process_hooks.HANDOFF == HANDOFF


def _child(helper: Helper, queue: multiprocessing.Queue[str | None]) -> None:
    queue.put(helper.get("LIMIT"))


@pytest.mark.filterwarnings(
    "ignore:.*fork.*:DeprecationWarning"
)  # forks with threads are intended here
@pytest.mark.parametrize("snapshot", ["", "/proc/none/snapshot.json"])
def test_a_forked_child_does_not_use_its_parents_tokens(
    environ: dict[str, str], shop: FakeAws, clock: Clock, snapshot: str
) -> None:
    if snapshot:
        environ["APPCONFIG_ENV_SNAPSHOT"] = snapshot
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    clock.tick(16)
    helper.refresh()
    clock.tick(61)
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[str | None] = context.Queue()
    child = context.Process(target=_child, args=(helper, queue))
    child.start()
    assert queue.get(timeout=60) == "10"
    child.join()
    assert helper.get("LIMIT") == "10"
    assert shop.problems == []


def test_snapstart_clones_get_no_token(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
    after = wrapped(environ, clock)
    assert "token" not in Path(environ["APPCONFIG_ENV_SNAPSHOT"]).read_text()
    clones = [Helper(after, now=clock, jitter=steadily) for _ in range(3)]
    shop.clear_calls()
    clock.tick(3600)
    for clone in clones:
        clone._restored()
        assert clone.get("LIMIT") == "10"
    assert shop.problems == []


def test_after_a_restore_everything_is_stale(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    assert helper.get("LIMIT") == "10"
    shop.put_profile("shop", "prod", "app", {"limit": 14})
    clock.tick(1)
    helper._restored()
    assert helper.get("LIMIT") == "14"


def test_after_a_restore_values_stay_stale_until_they_are_read_again(
    environ: dict[str, str], shop: FakeAws, clock: Clock
) -> None:
    environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
    helper = Helper(wrapped(environ, clock), now=clock, jitter=steadily)
    assert helper.get("LIMIT") == "10"
    shop.put_profile("shop", "prod", "app", {"limit": 14})
    clock.tick(1)
    lock = FileLock(environ["APPCONFIG_ENV_SNAPSHOT"] + ".lock")
    assert lock.is_held
    helper._restored()
    assert helper.get("LIMIT") == "10", "another process is reading it"
    lock.release()
    clock.tick(5)
    assert helper.get("LIMIT") == "14"


class Forking:
    """An object that forks concern, and a record of them."""

    def __init__(self, resets: list[str]) -> None:
        self.importing = RLock()
        self._resets = resets

    def after_fork_in_child(self) -> None:
        self._resets.append("reset")


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_resets_what_is_watched_and_can_import_at_once() -> None:
    resets: list[str] = []
    watched = Forking(resets)
    process_hooks.watch(watched)
    child = os.fork()
    if child == 0:
        os._exit(10 * len(resets) + watched.importing.acquire(blocking=False))

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 11
    assert resets == []
    is_free: list[bool] = []
    other = threading.Thread(
        target=lambda: is_free.append(watched.importing.acquire(blocking=False))
    )
    other.start()
    other.join()
    assert is_free == [True], "in the parent, too"


class Counted:
    """A lock that records how often it is held, and how long it may be waited for."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.held = 0
        self.timeouts: list[float] = []
        self._seconds = seconds

    def acquire(self, *, timeout: float) -> bool:
        self.timeouts.append(timeout)
        if self._seconds:  # another thread imports for so long
            until = time.monotonic() + self._seconds
            while time.monotonic() < until:
                time.sleep(0.01)
            return False
        self.held += 1
        return True

    def release(self) -> None:
        self.held -= 1


def counted(seconds: float = 0.0) -> Any:
    """An object that forks concern, with such a lock."""
    watched: Any = Forking([])
    watched.importing = Counted(seconds)
    process_hooks.watch(watched)
    return watched


def exit_code(work: Callable[[], int]) -> int:
    """The exit code of a forked child that does this work."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_forks_too_releases_only_what_it_has_acquired_itself() -> None:
    watched = counted()

    def work() -> int:
        watched.importing.held = 0  # as the child's own lock, which is new
        exit_code(lambda: 0)
        return int(watched.importing.held != 0)

    assert exit_code(work) == 0
    assert watched.importing.held == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_waits_for_the_imports_of_all_helpers_together_no_longer_than_for_one() -> None:
    first, second = counted(0.1), counted()

    assert exit_code(lambda: 0) == 0

    (longest,), (left,) = first.importing.timeouts, second.importing.timeouts
    assert left <= longest - 0.1


def test_watching_keeps_nothing_alive() -> None:
    watched = Forking([])
    process_hooks.watch(watched)
    alive = weakref.ref(watched)
    del watched
    gc.collect()
    assert alive() is None
    assert all(found() is not None for found in process_hooks._watched), "nor is it remembered"


def test_a_hook_is_registered_with_lambdas_library_if_it_is_present(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hooks: list[object] = []
    library = ModuleType("snapshot_restore_py")
    vars(library).update(register_after_restore=hooks.append)
    for present, expected in ((library, [print]), (None, [print])):  # None: cannot be imported
        monkeypatch.setitem(sys.modules, "snapshot_restore_py", present)
        process_hooks.after_restore(print)
        assert hooks == expected


@pytest.mark.parametrize("kind", [None, "", "on-demand", "provisioned-concurrency", "snap-start"])
def test_a_helper_waits_for_a_restore_exactly_where_lambda_takes_a_snapshot(
    monkeypatch: pytest.MonkeyPatch, kind: str | None
) -> None:
    hooks: list[object] = []
    library = ModuleType("snapshot_restore_py")
    vars(library).update(register_after_restore=hooks.append)
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", library)
    environ = {} if kind is None else {"AWS_LAMBDA_INITIALIZATION_TYPE": kind}

    Helper(environ)

    assert bool(hooks) is is_snap_start(environ)
