"""The lock between processes."""

from __future__ import annotations

import os
import posix
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cache.file_lock import FileLock

from ...support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from appconfig_env._cache.file_lock import FileLock
lock = FileLock(sys.argv[1])
print(lock.is_held, flush=True)
sys.stdin.read()
"""

# Hands the lock off to a child, which exits at the end of this process's input.
HAND_OVER = """
import os, sys
from appconfig_env._cache.file_lock import FileLock
lock = FileLock(sys.argv[1])
if os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
lock.hand_off()
print(lock.is_held, lock.try_again(), flush=True)
os.execv(sys.executable, [sys.executable, "-c", "import os; print('runs', flush=True); os.wait()"])
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "lock")


def test_the_first_process_gets_the_lock_and_the_second_one_after_it(path: str) -> None:
    first, second = FileLock(path), FileLock(path)
    assert (first.is_held, first.problem) == (True, "")
    assert (second.is_held, second.is_possible) == (False, True)
    assert second.problem == "another process holds its lock"
    first.release()
    assert second.try_again()
    assert (second.is_held, second.problem) == (True, "")
    second.release()


def test_a_lock_is_released_however_its_process_ends(path: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == b"True\n"
    lock = FileLock(path)
    assert not lock.is_held
    holder.kill()
    holder.wait()
    holder.stdout.close()
    holder.stdin.close()
    assert lock.try_again()
    lock.release()


def test_only_its_user_can_open_the_lock_file(path: str) -> None:
    FileLock(path).release()
    assert os.stat(path).st_mode & 0o077 == 0


def test_the_lock_file_is_empty(path: str) -> None:
    FileLock(path).release()
    assert os.stat(path).st_size == 0


@pytest.mark.parametrize("kind", ["folder", "link", "nowhere"])
def test_if_no_lock_file_can_be_created_nothing_is_shared(path: str, kind: str) -> None:
    if kind == "folder":
        os.mkdir(path)
    elif kind == "link":
        os.symlink("/dev/null", path)
    else:
        path += "/none/lock"
    lock = FileLock(path)
    assert (lock.is_held, lock.is_possible) == (False, False)
    assert lock.problem
    assert not lock.try_again()
    lock.release()


def test_a_released_lock_stays_released(path: str) -> None:
    lock = FileLock(path)
    lock.release()
    lock.release()
    assert not lock.try_again()


def test_a_child_keeps_the_lock_after_a_handoff_until_it_exits(path: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HAND_OVER, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdin is not None
        assert parent.stdout.readline() == b"False False\n"
        assert parent.stdout.readline() == b"runs\n"
        lock = FileLock(path)
        assert (lock.is_held, lock.problem) == (False, "another process holds its lock")
        parent.stdin.close()
        assert parent.wait(30) == 0
    assert lock.try_again()
    lock.release()


def test_without_a_child_a_handoff_releases_the_lock(path: str) -> None:
    lock = FileLock(path)
    lock.hand_off()
    lock.hand_off()
    lock.release()
    assert not lock.is_held
    other = FileLock(path)
    assert other.is_held
    other.release()


@pytest.mark.filterwarnings("ignore:.* use of fork\\(\\) may lead:DeprecationWarning")
def test_a_released_lock_is_free_while_a_forked_child_still_has_the_file_open(path: str) -> None:
    lock = FileLock(path)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)  # until the parent closes it
        os._exit(0)
    lock.release()
    other = FileLock(path)
    is_free = other.is_held
    other.release()
    for descriptor in (reading, writing):
        os.close(descriptor)
    os.waitpid(child, 0)
    assert is_free


# A run of pytest always has a second thread, the one that watches for canaries.
@pytest.mark.filterwarnings("ignore:.* use of fork\\(\\) may lead:DeprecationWarning")
def test_a_fork_while_the_lock_is_closed_closes_nothing_else_in_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = FileLock(str(tmp_path / "lock"))
    close = os.close
    codes = []

    def close_and_fork(descriptor: int) -> None:
        monkeypatch.setattr(posix, "close", close)
        close(descriptor)
        taken = os.open(os.devnull, os.O_RDONLY)  # another thread gets the same descriptor number
        child = os.fork()
        if child == 0:
            lock.hand_off()  # as Store.reset_after_fork does
            try:
                os.fstat(taken)
                os._exit(0)
            finally:
                os._exit(1)
        codes.append(os.waitpid(child, 0)[1])
        close(taken)

    monkeypatch.setattr(posix, "close", close_and_fork)
    lock.release()
    assert codes == [0]
