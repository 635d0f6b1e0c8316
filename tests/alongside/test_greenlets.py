"""gevent and eventlet, which replace locks and threads: before our import, or after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..support.life import ALL, SERVE, VALUES, eventually

if TYPE_CHECKING:
    from ..support.life import Life

LIBRARIES = ("gevent", "eventlet")
ORDERS = ("before", "after")
CLIENTS = ("lean", "boto3")
# A runtime in which `together` evaluates a text in many greenlets at once. Of expressions that it
# evaluates, only those see the library at work: it reads its input as any other process does.
PATCH = """
import json, os, sys, time, warnings
warnings.simplefilter("ignore")  # both warn of what was imported before
library, order = sys.argv[1:]

def patch():
    if library == "gevent":
        from gevent import monkey
        monkey.patch_all()
    else:
        import eventlet
        eventlet.monkey_patch()

if order == "before":
    patch()
"""
TOGETHER = """
if order == "after":
    patch()

def together(text, number=20):
    if library == "gevent":
        import gevent
        jobs = [gevent.spawn(attempt, text) for _ in range(number)]
        gevent.joinall(jobs)
        return [job.value for job in jobs]
    import eventlet
    return list(eventlet.GreenPool(number).imap(attempt, [text] * number))

# How often another greenlet has its turn while one evaluates the text.
def turns(text):
    count, is_over = 0, []
    def others():
        nonlocal count
        while not is_over:
            count += 1
            time.sleep(0.01)
    def work():
        attempt(text)
        is_over.append(True)
    if library == "gevent":
        import gevent
        gevent.joinall([gevent.spawn(others), gevent.spawn(work)])
    else:
        import eventlet
        pool = eventlet.GreenPool()
        pool.spawn(others)
        pool.spawn(work)
        pool.waitall()
    return count

"""
BEGIN, READ, REST = SERVE.partition("for line in sys.stdin")
GREEN = PATCH + BEGIN + TOGETHER + READ + REST


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_greenlets_get_and_refresh_values(
    life: Life, library: str, order: str, client: str
) -> None:
    runtime = life.start(program=GREEN, arguments=[library, order], APPCONFIG_ENV_CLIENT=client)

    assert runtime.ask(f"together({ALL!r})") == [VALUES] * 20
    life.deploy(11)
    life.tick(60)
    found = runtime.ask(f"together({ALL!r})")
    assert {tuple(values) for values in found} <= {tuple(VALUES), ("11", *VALUES[1:])}
    assert runtime.ask(ALL) == ["11", *VALUES[1:]]
    assert life.aws.count("StartConfigurationSession") == 1, "the wrapper's"
    assert life.aws.received == {"shop/prod/app": 2}, "one greenlet has refreshed for all"
    assert life.aws.problems == []


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_without_the_wrapper_greenlets_read_once_together(
    life: Life, library: str, order: str, client: str
) -> None:
    runtime = life.start(
        wrapper=False,
        program=GREEN,
        arguments=[library, order],
        APPCONFIG_ENV_CLIENT=client,
    )

    assert runtime.ask(f"together({ALL!r})") == [VALUES] * 20
    assert life.aws.received == {"shop/prod/app": 1}
    assert life.aws.problems == []


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_greenlets_do_not_wait_for_an_aws_that_is_silent(
    life: Life, library: str, order: str, client: str
) -> None:
    runtime = life.start(
        program=GREEN,
        arguments=[library, order],
        APPCONFIG_ENV_CLIENT=client,
        AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS="300",
    )
    assert runtime.ask(ALL) == VALUES
    life.aws.clear_calls()
    life.aws.hold("GetLatestConfiguration")  # for longer than this test takes

    def has_been_called() -> bool:  # not yet where the import of boto3 alone takes that long
        life.tick(600)
        assert runtime.ask(f"together({ALL!r})") == [VALUES] * 20
        return life.aws.count("GetLatestConfiguration") > 0

    eventually(has_been_called)
    assert runtime.ask("status()['appconfig:shop/prod/app']['kind']") == "unavailable"
    life.aws.lose()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_with_boto3_other_greenlets_continue_during_a_refresh(
    life: Life, library: str, order: str
) -> None:
    runtime = life.start(
        program=GREEN,
        arguments=[library, order],
        APPCONFIG_ENV_CLIENT="boto3",
        AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS="1000",
    )
    assert runtime.ask(ALL) == VALUES
    life.aws.hold("GetLatestConfiguration")  # for longer than this test takes

    def others_continue() -> bool:  # not yet during the import of boto3
        life.tick(600)
        return int(runtime.ask("turns(\"get('LIMIT')\")")) > 20

    eventually(others_continue)
    life.aws.lose()
