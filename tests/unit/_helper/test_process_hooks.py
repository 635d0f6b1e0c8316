"""Forked children, and clones of a SnapStart snapshot."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import weakref
from _thread import RLock
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cache.file_lock import FileLock
from appconfig_env._config.environ import is_snap_start
from appconfig_env._helper import process_hooks
from appconfig_env._helper.helper import Helper

from ...support.fakes import steadily, wrapped

if TYPE_CHECKING:
    from ...support.fake_aws import FakeAws
    from ...support.fakes import AwsClock as Clock


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
    assert watched.importing.acquire(blocking=False), "it is free in the parent, too"
    watched.importing.release()


def test_watching_keeps_nothing_alive() -> None:
    watched = Forking([])
    process_hooks.watch(watched)
    alive = weakref.ref(watched)
    del watched
    gc.collect()
    assert alive() is None


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
