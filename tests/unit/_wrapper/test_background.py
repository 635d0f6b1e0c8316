"""The child of the background fetch: its pipe, its standard files, its end."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from appconfig_env._wrapper.background import PIPE_BYTES, start

if TYPE_CHECKING:
    from appconfig_env._wrapper.background import Send, Work

# A run of pytest always has a second thread, the one that watches for canaries.
pytestmark = pytest.mark.filterwarnings("ignore:.* use of fork\\(\\) may lead:DeprecationWarning")
SECONDS = 60.0


def outcome(work: Work, seconds: float = SECONDS) -> tuple[bytes, int]:
    """Run `work` in a child; return what it has sent, and its exit code."""
    child = start(work, seconds)
    assert child is not None
    assert os.fstat(child.descriptor).st_ino == child.inode
    with os.fdopen(child.descriptor, "rb") as pipe:
        received = pipe.read()
    return received, os.waitstatus_to_exitcode(os.waitpid(child.process, 0)[1])


def test_the_bytes_that_the_work_sends_are_in_the_pipe() -> None:
    assert outcome(lambda send: send(b"contents")) == (b"contents", 0)


def test_more_than_the_pipe_holds_does_not_block_the_child() -> None:
    received, code = outcome(lambda send: send(b"x" * (PIPE_BYTES + 1)))
    assert code == 0
    assert len(received) <= PIPE_BYTES


def test_a_child_whose_work_fails_ends_with_an_exit_code() -> None:
    assert outcome(lambda send: send(b"%d" % (1 // 0))) == (b"", 1)


def test_the_child_has_no_standard_input_and_output() -> None:
    def work(send: object) -> None:
        assert callable(send)
        send("".join(os.readlink(f"/proc/self/fd/{number}") for number in (0, 1)).encode())

    assert outcome(work) == (b"/dev/null/dev/null", 0)


def test_the_runtimes_process_inherits_the_read_end() -> None:
    child = start(lambda send: send(b""), SECONDS)
    assert child is not None
    assert os.get_inheritable(child.descriptor)
    os.close(child.descriptor)
    os.waitpid(child.process, 0)


def test_an_interrupt_from_the_keyboard_ends_the_child_at_once() -> None:
    def work(send: Send) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        send(b"it was not ended")

    assert outcome(work) == (b"", -signal.SIGINT)


def test_the_child_ends_two_seconds_after_the_deadline() -> None:
    def work(send: Send) -> None:
        send(str(signal.getitimer(signal.ITIMER_REAL)[0]).encode())

    received, code = outcome(work)

    assert code == 0
    assert 0 < float(received) <= SECONDS + 2


def test_the_child_is_killed_when_its_time_is_up() -> None:
    def work(send: Send) -> None:
        threading.Event().wait(30)
        send(b"it was not ended")

    assert outcome(work, seconds=-1.0) == (b"", -signal.SIGALRM)


@pytest.mark.parametrize("seconds", [3600.0, 2.0, -0.1])
def test_the_child_ends_if_the_clock_shows_that_it_was_frozen(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    now, parent = time.time, os.getpid()
    times = iter([1000.0, 1000.1, 1000.1 + seconds])
    monkeypatch.setattr(time, "time", lambda: now() if os.getpid() == parent else next(times))

    def work(send: Send) -> None:
        threading.Event().wait(10)  # until the watch ends the child
        send(b"it was not ended")

    assert outcome(work) == (b"", 1)
