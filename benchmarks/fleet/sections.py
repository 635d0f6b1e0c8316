"""What the fleet's page says: one burst, fleets of all sizes, and the polls that follow."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from appconfig_env._backends.aws.retry import POLICY

from .. import pictures
from ..page import Picture, Section, Table
from ..pictures import Curve, Panel
from . import polls, starts
from .account import FASTEST_SECONDS, SLOWEST_SECONDS, Quotas
from .polls import Crowd
from .starts import Fleet, Starts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SIZES = (10, 30, 100, 300, 1000, 3000, 10_000)
ONCE = POLICY._replace(attempts=1, waits_for_quota=False)
SIX = POLICY._replace(waits_for_quota=False, throttled_wait=POLICY.first_wait)

# Lambda adds up to 1,000 environments every 10 seconds to a function (Lambda Developer Guide,
# "Lambda function scaling"); 40 a second is what Parameter Store gives an account by default.
BURST = Fleet(1000, 10.0)
BURSTS = {
    "as it is": BURST,
    "as it is, with `FALLBACK`": BURST._replace(has_fallback=True),
    "as it is, with `FALLBACK` and a deadline of 2 s": BURST._replace(
        has_fallback=True, deadline=2.0
    ),
    "no second attempt": BURST._replace(policy=ONCE),
    "six attempts at most (as it was)": BURST._replace(policy=SIX),
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
    "as it is": lambda fleet: fleet,
    "no second attempt": lambda fleet: fleet._replace(policy=ONCE),
    "six attempts": lambda fleet: fleet._replace(policy=SIX),
    "4 s of jitter": lambda fleet: fleet._replace(jitter=4.0),
    "with a fallback": lambda fleet: fleet._replace(has_fallback=True),
    "no batches": lambda fleet: fleet._replace(is_batched=False),  # last: not in every panel
}

CROWDS = {
    "each exactly by its interval": Crowd(is_spread=False),
    "as it is": Crowd(),
    "each exactly by its interval, AWS away from 600 to 720 s": Crowd(
        is_spread=False, outage=(600, 720)
    ),
    "as it is, AWS away from 600 to 720 s": Crowd(outage=(600, 720)),
}
WINDOWS = ((15, 60), (60, 300), (300, 600), (720, 1200), (1200, 1800))


def fleets() -> dict[tuple[str, str, int], Fleet]:
    """Every fleet of the second section, by panel, way and size."""
    return {
        (panel, way, size): change(fleet)._replace(environments=size)
        for panel, fleet in PANELS.items()
        for way, change in WAYS.items()
        for size in SIZES
        # A path and a profile are one call each, whoever asks.
        if way != "no batches" or fleet.sources == NAMES
    }


def about() -> Section:
    """What is simulated, and what is not."""
    text = f"""\
Written by `make fleet`. Every environment runs the package's own code, from the sources through the
retries to the snapshot; only the machine below it (clock, sleep, threads, jitter) and AWS are
simulated, in virtual time, so the figures are the same on every machine. A call takes
{1000 * FASTEST_SECONDS:.0f} to {1000 * SLOWEST_SECONDS:.0f} ms. A quota is a bucket that holds one
second's worth of calls and is filled evenly; what a burst may be in truth, AWS does not say. A
start that fails is not repeated here; Lambda would repeat it, and ask again.

"With values" is the share of starts that read all their sources within the deadline (8 s); "starts"
counts those too that went on with a fallback. All others failed, and said which source was refused,
and that it was throttled."""
    return Section("What is simulated", text)


def burst(found: Mapping[str, Starts]) -> Section:
    """One thousand starts in ten seconds."""
    text = f"""\
{BURST.environments:,} environments of one function start within {BURST.within:.0f} s, which is as
fast as Lambda adds them, and each reads a path of {BURST.parameters} parameters from an account
whose quota is {BURST.quotas.ssm:.0f} calls a second. Until the last deadline passes that quota has
room for 760 calls, so at most 76 % can have their values. What follows from the table:

- **Patience pays.** A start that is throttled goes on until its deadline; six attempts, over within
  three seconds, leave a fifth of the starts without values that there was room for.
- **A longer first wait after throttling** (up to 1 s in place of 0.1) saves more than a quarter of
  the calls and loses nothing. A longest wait of 1 s would cost two thirds more, one of 4 s loses
  starts.
- **No jitter before the first call.** It would cost every start its time, throttled or not, and
  brings nothing where starts are apart anyway; those that collide are spread by their waits.
- **With a fallback no start fails.** A shorter `APPCONFIG_ENV_DEADLINE_SECONDS` then bounds how
  long a throttled start takes."""
    rows = [
        (
            name,
            f"{outcome.fresh:.1%}",
            f"{outcome.started:.1%}",
            f"{outcome.calls:,}",
            f"{outcome.seconds(0.5):.2f}",
            f"{outcome.seconds(0.99):.2f}",
        )
        for name, outcome in found.items()
    ]
    head = ("", "with values", "starts", "calls", "p50, s", "p99, s")
    return Section("A thousand starts in ten seconds", text, [Table(head, rows)])


def sizes(found: Mapping[tuple[str, str, int], Starts]) -> Section:
    """Ten to ten thousand starts within a minute."""
    text = """\
The same, for fleets of all sizes that start within a minute. Where the quota suffices, nobody is
late and nothing is asked twice, whatever the policy; where it does not, patience uses it up.
Twenty parameters by name are two calls in batches of ten, or twenty without: there the fleet that
can start is a tenth as large. A function of five profiles opens five sessions, and is refused as
soon as it lacks one of them: of 10,000 such starts in a minute few get all five. Fewer profiles, a
higher quota or a fallback help; with one (`appconfig-env bake`), every start in every cell goes
on."""
    rows = [
        (f"{panel}: {way}", *(f"{found[panel, way, size].started:.0%}" for size in SIZES))
        for panel in PANELS
        for way in WAYS
        if (panel, way, SIZES[0]) in found
    ]
    table = Table(("starts that go on", *(f"{size:,}" for size in SIZES)), rows)
    shown = (
        (
            "share",
            "Share of starts that went on within the deadline, by the fleet's size",
            "%",
            _share,
        ),
        ("calls", "Calls for each start, by the fleet's size", "calls", _calls),
        ("p50", "Median seconds of a start, by the fleet's size", "s", _median),
        ("p99", "99th percentile of a start's seconds, by the fleet's size", "s", _slowest),
    )
    drawn = [
        Picture(name, alt, partial(pictures.curves, _panels(found, tell, unit), 4))
        for name, alt, unit, tell in shown
    ]
    return Section("Ten to ten thousand starts in a minute", text, [table], drawn)


def crowds(found: Mapping[str, Sequence[int]]) -> Section:
    """How the polls of a fleet spread."""
    text = f"""\
1,000 environments start within one second, poll one profile as soon as the interval of
{polls.INTERVAL:.0f} s has passed, and do so for half an hour. The table has the busiest second of
each span of time over the mean of all: about 2 is what jitter alone gives. Each environment draws
one number at its first answer, and polls up to two thirds of the interval early, once; after that
it keeps to its interval, and those that are apart stay so. The same follows a long freeze, a
SnapStart restore and an outage. A value is never older than the interval for it."""
    rows = [
        (
            name,
            f"{sum(counts):,}",
            *(_busiest(counts[since:until]) for since, until in WINDOWS),
        )
        for name, counts in found.items()
    ]
    head = ("", "calls", *(f"{since} to {until} s" for since, until in WINDOWS))
    seconds = range(300)
    panels = [
        Panel(
            name,
            [Curve("calls in a second", seconds, list(counts[: len(seconds)]))],
            "seconds since the start",
            "calls in a second",
        )
        for name, counts in list(found.items())[:2]
    ]
    picture = Picture(
        "polls",
        "Calls in each second after a thousand starts, in step and spread",
        partial(pictures.curves, panels, 2),
    )
    return Section("The polls of a fleet", text, [Table(head, rows)], [picture])


def _busiest(counts: Sequence[int]) -> str:
    return f"{polls.peak(counts):.1f}"


def _panels(
    found: Mapping[tuple[str, str, int], Starts], tell: Callable[[Starts], float], unit: str
) -> list[Panel]:
    return [
        Panel(
            panel,
            [
                Curve(way, SIZES, [tell(found[panel, way, size]) for size in SIZES])
                for way in WAYS
                if (panel, way, SIZES[0]) in found
            ],
            "environments",
            unit,
            is_log=True,
        )
        for panel in PANELS
    ]


def _share(outcome: Starts) -> float:
    return 100 * outcome.started


def _calls(outcome: Starts) -> float:
    return outcome.calls / len(outcome.starts)


def _median(outcome: Starts) -> float:
    return outcome.seconds(0.5)


def _slowest(outcome: Starts) -> float:
    return outcome.seconds(0.99)


def simulated_bursts() -> dict[str, Starts]:
    """The fleets of the first section, started."""
    return {name: starts.simulate(fleet) for name, fleet in BURSTS.items()}
