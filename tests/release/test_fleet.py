"""Fleets in virtual time: that the simulation is one, and what must hold in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.aws.errors import AwsError
from simulations import figures, polls, starts
from simulations.account import Account, Bucket, Quotas
from simulations.polls import Crowd
from simulations.world import World

from ..support.paths import ROOT

if TYPE_CHECKING:
    from simulations.starts import Starts

PAGE = ROOT / "docs" / "fleet.md"


@pytest.fixture(scope="module")
def bursts() -> dict[str, Starts]:
    """All bursts of the page, each fleet simulated once."""
    found = {fleet: starts.simulate(fleet) for fleet in set(figures.BURSTS.values())}
    return {name: found[fleet] for name, fleet in figures.BURSTS.items()}


@pytest.fixture(scope="module")
def burst(bursts: dict[str, Starts]) -> Starts:
    return bursts["as shipped, with `FALLBACK`"]


def test_with_a_fallback_no_cold_start_fails(burst: Starts) -> None:
    assert len(burst.starts) == 1000
    assert burst.started_with_fallback == 1.0
    assert burst.started == burst.fresh < 0.76, "and it was not because there was enough for all"


def test_the_rest_fail_with_the_reason(burst: Starts) -> None:
    failed = [start for start in burst.starts if start.errors]
    assert failed
    for start in failed:
        (error,) = start.errors
        assert error.startswith("ssm:/shop/prod/: ")
        assert "GetParametersByPath" in error
        assert "ThrottlingException: Rate exceeded" in error


def test_no_cold_start_takes_longer_than_its_deadline(burst: Starts) -> None:
    assert max(start.seconds for start in burst.starts) <= figures.BURST.deadline + 1e-9


def test_starts_that_are_throttled_use_up_the_quota(burst: Starts) -> None:
    # 40 calls a second for the 18 seconds until the last deadline, and 40 at the first moment.
    assert burst.fresh > 0.9 * 760 / 1000


def test_other_policies_are_worse(burst: Starts, bursts: dict[str, Starts]) -> None:
    assert bursts["six attempts at most (an earlier version)"].fresh < burst.fresh - 0.1
    assert bursts["throttled: 0.1 s at first, in place of 1 s"].calls > 1.2 * burst.calls
    assert bursts["throttled: 4 s at most"].fresh < burst.fresh - 0.01
    assert bursts["up to 4 s before the first call"].fresh < burst.fresh


def test_within_the_quota_no_environment_is_refused_or_late() -> None:
    found = starts.simulate(figures.MINUTE._replace(environments=1000))
    assert (found.fresh, found.refused, found.calls) == (1.0, 0, 1000)
    assert found.seconds(1.0) < 0.1


def test_batches_ask_a_tenth_of_what_single_names_do() -> None:
    fleet = figures.MINUTE._replace(environments=10, sources=figures.NAMES)
    assert starts.simulate(fleet).calls == 20
    assert starts.simulate(fleet._replace(is_batched=False)).calls == 200


@pytest.mark.parametrize("outage", [(0.0, 0.0), (100.0, 220.0)])
def test_the_polls_of_a_fleet_do_not_march_in_step(outage: tuple[float, float]) -> None:
    crowd = Crowd(environments=300, seconds=600.0, outage=outage)
    spread, in_step = polls.simulate(crowd), polls.simulate(crowd._replace(is_spread=False))
    for since, until in ((15, 100), (240, 420), (420, 600)):
        assert polls.peak(spread[since:until]) < 4
        assert polls.peak(in_step[since:until]) > 30
    assert sum(spread) < 1.1 * sum(in_step)


def test_the_page_holds_what_is_simulated_here(bursts: dict[str, Starts]) -> None:
    assert figures.burst(bursts) in PAGE.read_text()


def test_only_starts_with_a_fallback_are_counted_with_it(burst: Starts) -> None:
    assert figures.started("as shipped", burst) == burst.started
    assert figures.started("as shipped, with `FALLBACK`", burst) == 1.0
    assert figures.started(figures.FALLBACK, burst) == 1.0


def test_the_same_seed_gives_the_same_run_and_another_one_another() -> None:
    fleet = figures.BURST._replace(environments=200, within=1.0)
    assert starts.simulate(fleet) == starts.simulate(fleet)
    assert starts.simulate(fleet) != starts.simulate(fleet, seed=2)


def test_time_passes_only_while_everybody_waits() -> None:
    world = World()
    said: list[tuple[float, str]] = []

    def sleeper(name: str, *waits: float) -> None:
        for wait in waits:
            world.sleep(wait)
            said.append((world.now(), name))

    world.start(sleeper, ("a", 1.0, 2.0))
    world.at(0.5, sleeper, ("b", 1.0))
    world.run()
    assert said == [(1.0, "a"), (1.5, "b"), (3.0, "a")]


def test_a_lock_is_had_by_one_and_waited_for_by_the_others() -> None:
    world = World()
    lock = world.lock()
    said: list[tuple[float, str, bool]] = []

    def holder() -> None:
        with lock:
            world.sleep(5.0)

    def waiter(name: str, seconds: float) -> None:
        is_taken = lock.acquire(timeout=seconds)
        said.append((world.now(), name, is_taken))
        if is_taken:
            world.sleep(1.0)
            lock.release()

    world.start(holder, ())
    world.at(1.0, waiter, ("patient", -1))
    world.at(2.0, waiter, ("hasty", 1.0))
    world.at(3.0, waiter, ("next", 60.0))
    world.run()
    assert said == [(3.0, "hasty", False), (5.0, "patient", True), (6.0, "next", True)]
    assert lock.acquire(blocking=False) is True
    assert lock.acquire(blocking=False) is False


def test_a_bucket_holds_a_second_of_its_rate() -> None:
    world = World()
    bucket = Bucket(world, 10)
    taken: list[int] = []

    def drain() -> None:
        for wait in (0.0, 0.5, 60.0):
            world.sleep(wait)
            taken.append(sum(bucket.take() for _ in range(50)))

    world.start(drain, ())
    world.run()
    assert taken == [10, 5, 10]


def test_the_account_pages_as_parameter_store_does() -> None:
    world = World()
    account = Account(world, Quotas(), parameters=25)
    pages: list[list[str]] = []
    errors: list[AwsError] = []

    def read() -> None:
        request: dict[str, str] = {"Path": "/a"}
        while True:
            response = account.respond("GetParametersByPath", request)
            pages.append([parameter["Name"] for parameter in response["Parameters"]])
            if "NextToken" not in response:
                return
            request["NextToken"] = response["NextToken"]

    def overdo() -> None:
        try:
            for _ in range(100):
                account.respond("GetParameters", {"Names": []})
        except AwsError as error:
            errors.append(error)

    world.start(read, ())
    for _ in range(4):
        world.start(overdo, ())
    world.run()
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [error.code for error in errors] == ["ThrottlingException"] * 4
