"""Reads in a thread while the event loop goes on."""

from __future__ import annotations

import asyncio
import threading

import pytest

from appconfig_env._helper.loop_reader import LoopReader


class Read:
    """A read that ends when the test lets it."""

    def __init__(self) -> None:
        self.began, self.may_end = threading.Event(), threading.Event()
        self.threads: list[int] = []

    def __call__(self) -> None:
        self.threads.append(threading.get_ident())
        self.began.set()
        assert self.may_end.wait(30)


def test_a_read_is_made_in_another_thread_while_the_loop_goes_on() -> None:
    read, reader = Read(), LoopReader()

    async def run() -> None:
        reading = asyncio.ensure_future(reader.read(read, joins=False))
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
        joining = [asyncio.ensure_future(reader.read(read, joins=True)) for _ in range(10)]
        await asyncio.to_thread(read.began.wait, 30)
        await reader.read(read, joins=False)
        assert not any(one.done() for one in joining)
        read.may_end.set()
        await asyncio.gather(*joining)

    asyncio.run(run())
    assert len(read.threads) == 1


def test_a_cancelled_task_does_not_cancel_the_read_of_the_others() -> None:
    read, reader = Read(), LoopReader()

    async def run() -> None:
        first, second = (asyncio.ensure_future(reader.read(read, joins=True)) for _ in range(2))
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
        await reader.read(read, joins=True)
        await reader.read(read, joins=True)

    asyncio.run(run())
    asyncio.run(run())  # another loop
    assert len(read.threads) == 4


def test_loops_in_two_threads_do_not_wait_for_each_other() -> None:
    slow, quick, reader = Read(), Read(), LoopReader()
    quick.may_end.set()
    thread = threading.Thread(target=lambda: asyncio.run(reader.read(slow, joins=True)))
    thread.start()
    assert slow.began.wait(30)

    asyncio.run(reader.read(quick, joins=True))

    assert (len(slow.threads), len(quick.threads)) == (1, 1)
    slow.may_end.set()
    thread.join()


def test_without_asyncios_event_loop_the_read_is_made_at_once() -> None:
    """As in other frameworks, such as trio."""
    read, reader = Read(), LoopReader()
    read.may_end.set()

    with pytest.raises(StopIteration):
        reader.read(read, joins=False).send(None)

    assert read.threads == [threading.get_ident()]
