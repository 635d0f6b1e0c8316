"""What the wrapper's child has sent, and a pipe's end that may be something else by now."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._cache.handoff import Left
from appconfig_env._cache.pickup import Pickup
from appconfig_env._cache.snapshot import Entry, Snapshot, dumps
from appconfig_env._content.variables import Variables

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE = Entry(
    checked_at=1.0,
    refresh_at=2.0,
    fetched_at=1.0,
    data={"a": "s3cret"},
    has_data=True,
    is_secret=True,
    rendered={"i": Variables({"A": "s3cret"}, secret=["A"])},
)
TEXT = dumps(Snapshot(1.0, "f", {"secretsmanager:x": STATE}), with_secrets=True).encode()
PATIENCE_SECONDS = 30.0
NOBODY = 2**22  # the kernel's largest number of a process is one less


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Make a pipe; the test or what it tests may close either end."""
    reading, writing = os.pipe()
    inode = os.fstat(reading).st_ino
    yield reading, writing
    for descriptor in (reading, writing):
        if is_open(descriptor, inode):
            os.close(descriptor)


def is_open(descriptor: int, inode: int) -> bool:
    try:
        return os.fstat(descriptor).st_ino == inode
    except OSError:
        return False


def left(descriptor: int, process: int = NOBODY) -> Left:
    return Left(process, descriptor, os.fstat(descriptor).st_ino)


def test_what_was_sent_is_taken_once_and_the_pipe_is_closed(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.write(writing, TEXT)
    os.close(writing)
    told = left(reading)
    pickup = Pickup(told)
    found = pickup.take()
    assert found is not None
    entry = found.entries["secretsmanager:x"]
    assert (entry.data, entry.rendered["i"].values) == ({"a": "s3cret"}, {"A": "s3cret"})
    assert not is_open(reading, told.inode)
    assert pickup.take() is None


def test_what_is_whole_counts_although_its_writer_has_not_ended(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.write(writing, TEXT)
    told = left(reading)
    found = Pickup(told).take()
    assert found is not None
    assert list(found.entries) == ["secretsmanager:x"]
    assert not is_open(reading, told.inode)


def test_a_writer_that_sends_nothing_is_not_waited_for(pipe: tuple[int, int]) -> None:
    reading, _ = pipe
    told = left(reading)
    assert Pickup(told).take() is None
    assert not is_open(reading, told.inode)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"null", b"x" * 70_000, TEXT + TEXT])
def test_what_is_no_snapshot_is_nothing(pipe: tuple[int, int], data: bytes) -> None:
    reading, writing = pipe
    os.set_blocking(writing, False)
    if data:
        os.write(writing, data)
    os.close(writing)
    told = left(reading)
    assert Pickup(told).take() is None
    assert not is_open(reading, told.inode)


@given(st.integers(0, len(TEXT) - 1))
def test_half_of_it_is_nothing(length: int) -> None:
    reading, writing = os.pipe()
    os.write(writing, TEXT[:length])
    os.close(writing)
    told = left(reading)
    assert Pickup(told).take() is None
    assert not is_open(reading, told.inode)


def test_another_pipe_of_that_number_is_left_alone(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.write(writing, TEXT)
    inode = os.fstat(reading).st_ino
    assert Pickup(Left(NOBODY, reading, inode + 1)).take() is None
    assert is_open(reading, inode)
    assert os.get_blocking(reading)
    assert os.read(reading, len(TEXT)) == TEXT


def test_a_file_of_that_number_is_left_alone() -> None:
    with open(__file__, "rb") as file:
        assert Pickup(left(file.fileno())).take() is None
        assert file.tell() == 0
        assert file.read(3) == b'"""'


def test_a_closed_number_is_nothing(pipe: tuple[int, int]) -> None:
    told = left(pipe[0])
    os.close(pipe[0])
    assert Pickup(told).take() is None
    assert Pickup(Left(NOBODY, -1, 1)).take() is None


def test_the_child_is_reaped(pipe: tuple[int, int]) -> None:
    os.close(pipe[1])
    process = subprocess.Popen([sys.executable, "-S", "-c", ""], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read()  # it is about to end, as a child is that has let go of the lock
    process.stdout.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    Pickup(left(pipe[0], process.pid)).take()
    with pytest.raises(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    process.wait()


def test_a_child_that_takes_long_to_end_is_reaped_once_it_has(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], TEXT)
    process = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)
    assert Pickup(left(pipe[0], process.pid)).take() is not None
    assert process.stdin is not None
    process.stdin.close()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while Path(f"/proc/{process.pid}").exists():  # as a zombie, too
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.wait()


def test_a_child_that_others_have_reaped_is_nobodys_trouble(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], TEXT)
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    assert Pickup(left(pipe[0], process.pid)).take() is not None


def test_a_child_that_goes_on_is_not_waited_for(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], TEXT)
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as process:
        assert Pickup(left(pipe[0], process.pid)).take() is not None
        assert process.poll() is None
