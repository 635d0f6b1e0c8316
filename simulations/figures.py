"""The fleets and crowds that are simulated, and docs/fleet.md's tables and pictures of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from appconfig_env._backends.aws.retry import POLICY
from tools import pictures
from tools.page import Findings, table
from tools.pictures import Curve, Panel

from . import polls
from .account import FASTEST_SECONDS, SLOWEST_SECONDS, Quotas
from .polls import Crowd
from .starts import Fleet, Starts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Key = tuple[str, str, int]  # panel, way and size

ONCE = POLICY._replace(attempts=1, waits_for_quota=False)
SIX = POLICY._replace(waits_for_quota=False, throttled_wait=POLICY.first_wait)
FALLBACK = "with a fallback"  # the same fleet as "as shipped": it makes the same calls

# Lambda adds up to 1,000 environments every 10 seconds to a function (Lambda Developer Guide,
# "Lambda function scaling"); 40 a second is Parameter Store's default quota.
BURST = Fleet(1000, 10.0)
WITH_FALLBACK = BURST._replace(has_fallback=True)
BURSTS = {
    "as shipped": WITH_FALLBACK,
    "as shipped, with `FALLBACK`": WITH_FALLBACK,
    "as shipped, with `FALLBACK` and a deadline of 2 s": WITH_FALLBACK._replace(deadline=2.0),
    "no second attempt": BURST._replace(policy=ONCE),
    "six attempts at most (an earlier version)": BURST._replace(policy=SIX),
    "throttled: 0.1 s at first, in place of 1 s": BURST._replace(
        policy=POLICY._replace(throttled_wait=0.1)
    ),
    "throttled: 1 s at most, in place of 2 s": BURST._replace(
        policy=POLICY._replace(longest_wait=1.0)
    ),
    "throttled: 4 s at most": BURST._replace(policy=POLICY._replace(longest_wait=4.0)),
    "up to 1 s before the first call": BURST._replace(jitter=1.0),
    "up to 4 s before the first call": BURST._replace(jitter=4.0),
    "a quota of 100 a second": BURST._replace(quotas=Quotas(ssm=100)),
}

SIZES = (10, 30, 100, 300, 1000, 3000, 10_000)
MINUTE = Fleet(0, 60.0)
NAMES = " ".join(f"ssm:/shop/prod/p{number}" for number in range(20))
PROFILES = " ".join(f"appconfig:shop/prod/p{number}" for number in range(5))
PANELS = {
    "a path of 10 parameters, 40/s": MINUTE,
    "a path of 10 parameters, 100/s": MINUTE._replace(quotas=Quotas(ssm=100)),
    "20 parameters by name, 40/s": MINUTE._replace(sources=NAMES),
    "5 profiles, 500/s and 1,000/s": MINUTE._replace(sources=PROFILES),
}
WAYS: Mapping[str, Callable[[Fleet], Fleet]] = {
    "as shipped": lambda fleet: fleet._replace(has_fallback=True),
    "no second attempt": lambda fleet: fleet._replace(policy=ONCE),
    "six attempts": lambda fleet: fleet._replace(policy=SIX),
    "4 s of jitter": lambda fleet: fleet._replace(jitter=4.0),
    FALLBACK: lambda fleet: fleet._replace(has_fallback=True),
    "no batches": lambda fleet: fleet._replace(is_batched=False),  # last: not in every panel
}

CROWDS = {
    "each exactly by its interval": Crowd(is_spread=False),
    "as shipped": Crowd(),
    "each exactly by its interval, AWS unavailable from 600 to 720 s": Crowd(
        is_spread=False, outage=(600, 720)
    ),
    "as shipped, AWS unavailable from 600 to 720 s": Crowd(outage=(600, 720)),
}
WINDOWS = ((15, 60), (60, 300), (300, 600), (720, 1200), (1200, 1800))


def fleets() -> dict[Key, Fleet]:
    """Return every fleet that starts within a minute."""
    return {
        (panel, way, size): change(fleet)._replace(environments=size)
        for panel, fleet in PANELS.items()
        for way, change in WAYS.items()
        for size in SIZES
        # A path and a profile are one call each, whatever the tool.
        if way != "no batches" or fleet.sources == NAMES
    }


def wanted() -> list[tuple[str, Fleet | Crowd]]:
    """Return all that is simulated with its title, each once, the longest first."""
    titles: dict[Fleet | Crowd, str] = {}
    for name, crowd in CROWDS.items():
        titles.setdefault(crowd, f"polls, {name}")
    for name, fleet in BURSTS.items():
        titles.setdefault(fleet, f"{fleet.environments:,} starts in ten seconds, {name}")
    for (panel, way, size), fleet in fleets().items():
        titles.setdefault(fleet, f"{size:,} starts in a minute, {panel}, {way}")
    return sorted(((title, what) for what, title in titles.items()), key=_calls, reverse=True)


def _calls(one: tuple[str, Fleet | Crowd]) -> float:
    """Return about how many calls are simulated, if each source were refused four times."""
    what = one[1]
    if isinstance(what, Crowd):
        return what.environments * what.seconds / polls.INTERVAL
    sources = 1 + what.sources.count(" ")
    return 4 * what.environments * (sources / 10 if what.is_batched else sources)


def started(name: str, outcome: Starts) -> float:
    """Return the share of cold starts that continued, by the name of what was simulated."""
    has_fallback = "fallback" in name.lower()
    return outcome.started_with_fallback if has_fallback else outcome.started


def findings(found: Mapping[Fleet, Starts], polled: Mapping[Crowd, Sequence[int]]) -> Findings:
    """Return what docs/fleet.md shows."""
    room = BURST.quotas.ssm * (1 + BURST.within + BURST.deadline)
    outcomes = {key: found[fleet] for key, fleet in fleets().items()}
    marked = {
        "call": f"{1000 * FASTEST_SECONDS:.0f} to {1000 * SLOWEST_SECONDS:.0f} ms",
        "deadline": f"{BURST.deadline:g} s",
        "burst-size": f"{BURST.environments:,}",
        "burst-seconds": f"{BURST.within:g} s",
        "burst-parameters": str(BURST.parameters),
        "burst-quota": f"{BURST.quotas.ssm:g} calls a second",
        "burst-room": f"{room:g} calls",
        "burst-share": f"{100 * room / BURST.environments:.0f} %",
        "burst": burst({name: found[fleet] for name, fleet in BURSTS.items()}),
        "sizes": table(
            ("starts that continue", *(f"{size:,}" for size in SIZES)),
            [
                (
                    f"{panel}: {way}",
                    *(f"{started(way, outcomes[panel, way, size]):.0%}" for size in SIZES),
                )
                for panel, way in dict.fromkeys(key[:2] for key in outcomes)
            ],
        ),
        "crowd-size": f"{Crowd().environments:,}",
        "interval": f"{polls.INTERVAL:g} s",
        "polls": table(
            ("", "calls", *(f"{since} to {until} s" for since, until in WINDOWS)),
            [
                (
                    name,
                    f"{sum(polled[crowd]):,}",
                    *(f"{polls.peak(polled[crowd][one:two]):.1f}" for one, two in WINDOWS),
                )
                for name, crowd in CROWDS.items()
            ],
        ),
    }
    shown: dict[str, tuple[str, Callable[[str, Starts], float]]] = {
        "share": ("%", lambda way, one: 100 * started(way, one)),
        "calls": ("calls", lambda _, one: one.calls / len(one.starts)),
        "p50": ("s", lambda _, one: one.seconds(0.5)),
        "p99": ("s", lambda _, one: one.seconds(0.99)),
    }
    drawn = {
        name: partial(pictures.curves, _panels(outcomes, unit, value), 4)
        for name, (unit, value) in shown.items()
    }
    seconds = range(300)
    in_step = [
        Panel(
            name,
            [Curve("calls in a second", seconds, list(polled[crowd][: len(seconds)]))],
            "seconds since the start",
            "calls in a second",
        )
        for name, crowd in list(CROWDS.items())[:2]
    ]
    return Findings(marked, {**drawn, "polls": partial(pictures.curves, in_step, 2)})


def burst(found: Mapping[str, Starts]) -> str:
    """Return the table of a thousand starts in ten seconds."""
    head = ("", "with values", "starts", "calls", "p50, s", "p99, s")
    rows = [
        (
            name,
            f"{outcome.fresh:.1%}",
            f"{started(name, outcome):.1%}",
            f"{outcome.calls:,}",
            f"{outcome.seconds(0.5):.2f}",
            f"{outcome.seconds(0.99):.2f}",
        )
        for name, outcome in found.items()
    ]
    return table(head, rows)


def _panels(
    outcomes: Mapping[Key, Starts], unit: str, value: Callable[[str, Starts], float]
) -> list[Panel]:
    def curve(panel: str, way: str) -> Curve:
        return Curve(way, SIZES, [value(way, outcomes[panel, way, size]) for size in SIZES])

    ways = dict.fromkeys(key[:2] for key in outcomes)
    return [
        Panel(
            panel,
            [curve(panel, way) for one, way in ways if one == panel],
            "environments",
            unit,
            is_log=True,
        )
        for panel in PANELS
    ]
