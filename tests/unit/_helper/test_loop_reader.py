"""Reads in a thread while the event loop goes on."""

from __future__ import annotations

import asyncio
import importlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._helper.loop_reader import LoopReader, start_thread

from ...support.loops import run_still
from ...support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...support.loops import Still


class Read:
    """A read that ends when the test lets it."""

    def __init__(self) -> None:
        self.began, self.may_end = threading.Event(), threading.Event()
        self.threads: list[int] = []

    def __call__(self) -> None:
        self.threads.append(threading.get_ident())
        self.began.set()
        assert self.may_end.wait(30)


class Threads:
    """Starts threads, so that a test can wait for their end; after a failure, none."""

    def __init__(self) -> None:
        self.error: RuntimeError | None = None
        self.ended = threading.Semaphore(0)

    def __call__(self, work: Callable[[], None]) -> None:
        if self.error is not None:
            raise self.error

        def run() -> None:
            try:
                work()
            finally:
                self.ended.release()

        start_thread(run)


def tasks_waiting(reader: LoopReader, read: Read, count: int = 2) -> list[asyncio.Task[bool]]:
    """Tasks that wait for a read; call it in an event loop."""
    return [asyncio.create_task(reader.read(read, seconds=None)) for _ in range(count)]


def test_a_read_is_made_in_another_thread_while_the_loop_goes_on() -> None:
    read, reader = Read(), LoopReader()

    async def run() -> None:
        reading = asyncio.ensure_future(reader.read(read, seconds=30))
        await asyncio.to_thread(read.began.wait, 30)
        assert not reading.done()
        read.may_end.set()
        await reading

    asyncio.run(run())
    assert len(read.threads) == 1
    assert read.threads[0] != threading.get_ident()


def test_tasks_that_join_share_one_read_and_others_return_at_once() -> None:
    read, reader = Read(), LoopReader()

    async def run() -> None:
        joining = [asyncio.ensure_future(reader.read(read, seconds=None)) for _ in range(10)]
        await asyncio.to_thread(read.began.wait, 30)
        await reader.read(read, seconds=30)
        assert not any(one.done() for one in joining)
        read.may_end.set()
        await asyncio.gather(*joining)

    asyncio.run(run())
    assert len(read.threads) == 1


def test_a_cancelled_task_does_not_cancel_the_read_of_the_others() -> None:
    read, reader = Read(), LoopReader()

    async def run() -> None:
        first, second = (asyncio.ensure_future(reader.read(read, seconds=None)) for _ in range(2))
        await asyncio.to_thread(read.began.wait, 30)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        read.may_end.set()
        await second

    asyncio.run(run())
    assert len(read.threads) == 1


def test_a_read_that_has_ended_is_not_joined() -> None:
    read, reader = Read(), LoopReader()
    read.may_end.set()

    async def run() -> None:
        await reader.read(read, seconds=None)
        await reader.read(read, seconds=None)

    asyncio.run(run())
    asyncio.run(run())  # another loop
    assert len(read.threads) == 4


def test_loops_in_two_threads_do_not_wait_for_each_other() -> None:
    slow, quick, reader = Read(), Read(), LoopReader()
    quick.may_end.set()
    thread = threading.Thread(target=lambda: asyncio.run(reader.read(slow, seconds=None)))
    thread.start()
    assert slow.began.wait(30)

    asyncio.run(reader.read(quick, seconds=None))

    assert (len(slow.threads), len(quick.threads)) == (1, 1)
    slow.may_end.set()
    thread.join()


@pytest.mark.parametrize("executor", ["busy", "shut down"])
def test_the_loops_executor_is_not_needed(executor: str) -> None:
    """As in a program whose threads wait for this very read, or which is about to end."""
    read, reader, is_free = Read(), LoopReader(), threading.Event()
    read.may_end.set()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        if executor == "busy":
            loop.run_in_executor(None, is_free.wait, 30)
        else:
            await loop.shutdown_default_executor()
        await reader.read(read, seconds=None)
        assert not is_free.is_set()
        is_free.set()

    asyncio.run(run())
    assert len(read.threads) == 1


def test_a_task_waits_no_longer_than_a_read_may_take_and_the_next_one_reads_again() -> None:
    read, again, threads = Read(), Read(), Threads()
    again.may_end.set()
    reader = LoopReader(threads)

    async def run(loop: Still) -> None:
        waiting = asyncio.create_task(reader.read(read, seconds=30))
        await asyncio.to_thread(read.began.wait, 30)
        assert not waiting.done()
        loop.now += 30
        await waiting
        await reader.read(again, seconds=30)
        read.may_end.set()  # the end of the first one ends nothing else
        assert threads.ended.acquire(timeout=30)
        await reader.read(again, seconds=30)

    run_still(run)
    assert (len(read.threads), len(again.threads)) == (1, 2)


def test_a_read_may_outlive_its_loop() -> None:
    read, threads = Read(), Threads()
    reader = LoopReader(threads)

    async def run() -> None:
        for one in tasks_waiting(reader, read):
            await asyncio.to_thread(read.began.wait, 30)
            one.cancel()

    asyncio.run(run())
    read.may_end.set()
    assert threads.ended.acquire(timeout=30)  # an exception in it would be a warning, and so fail

    again = Read()
    again.may_end.set()
    asyncio.run(reader.read(again, seconds=None))
    assert (len(read.threads), len(again.threads)) == (1, 1)


def test_what_a_read_raises_is_raised_in_every_task_that_waits() -> None:
    may_fail, reader, error = threading.Event(), LoopReader(), KeyError("a bug")

    def read() -> None:
        assert may_fail.wait(30)
        raise error

    async def run() -> list[BaseException | bool]:
        waiting = [asyncio.create_task(reader.read(read, seconds=None)) for _ in range(3)]
        asyncio.get_running_loop().call_soon(may_fail.set)
        return await asyncio.gather(*waiting, return_exceptions=True)

    assert asyncio.run(run()) == [error] * 3


@pytest.mark.parametrize("seconds", [None, 30])
def test_if_no_thread_can_be_started_the_task_goes_on_and_the_next_one_tries_again(
    seconds: float | None,
) -> None:
    read, threads = Read(), Threads()
    read.may_end.set()
    reader = LoopReader(threads)

    async def run() -> None:
        threads.error = RuntimeError("can't start new thread")
        assert not await reader.read(read, seconds=seconds)
        assert read.threads == []
        threads.error = None
        assert await reader.read(read, seconds=seconds)

    asyncio.run(run())
    assert len(read.threads) == 1


def test_no_thread_is_left_when_the_reads_have_ended() -> None:
    read, threads = Read(), Threads()
    read.may_end.set()

    asyncio.run(LoopReader(threads).read(read, seconds=None))

    assert threads.ended.acquire(timeout=30)
    for thread in threading.enumerate():
        if thread.name == "appconfig-env-refresh":
            thread.join(30)  # until Python, too, is done with it
            assert not thread.is_alive()


IN_A_SUB_INTERPRETER = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import asyncio, threading
from appconfig_env._helper.loop_reader import LoopReader

threads = []
reader = LoopReader()
assert asyncio.run(reader.read(lambda: threads.append(threading.get_ident()), seconds=None))
assert threads and threads != [threading.get_ident()]
"""


if sys.version_info >= (3, 13):  # earlier ones have no isolated interpreters with threads

    def test_an_isolated_sub_interpreter_reads_in_a_thread_too() -> None:
        """It has threads, but no daemon threads."""
        interpreters: Any = importlib.import_module("_interpreters")
        interpreter = interpreters.create()
        try:
            assert interpreters.run_string(interpreter, IN_A_SUB_INTERPRETER) is None
        finally:
            interpreters.destroy(interpreter)


def test_a_forked_child_does_not_wait_for_its_parents_threads() -> None:
    read, again, reader = Read(), Read(), LoopReader()
    again.may_end.set()

    async def run() -> None:
        waiting = tasks_waiting(reader, read)
        await asyncio.to_thread(read.began.wait, 30)
        reader.after_fork_in_child()  # as if its thread were in another process
        await asyncio.gather(*waiting)
        await reader.read(again, seconds=None)
        read.may_end.set()

    asyncio.run(run())
    assert (len(read.threads), len(again.threads)) == (1, 1)


def test_a_fork_after_the_end_of_a_loop_raises_nothing() -> None:
    read, reader = Read(), LoopReader()

    async def run() -> None:
        tasks_waiting(reader, read)
        await asyncio.to_thread(read.began.wait, 30)

    asyncio.run(run())
    reader.after_fork_in_child()
    read.may_end.set()


def test_without_asyncios_event_loop_the_read_is_made_at_once() -> None:
    """As in other frameworks, such as trio."""
    read, reader = Read(), LoopReader()
    read.may_end.set()

    with pytest.raises(StopIteration):
        reader.read(read, seconds=30).send(None)

    assert read.threads == [threading.get_ident()]
