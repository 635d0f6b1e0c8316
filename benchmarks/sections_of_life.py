"""What the page says of the time after the start: one read, memory, and an hour's calls."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from . import life, pictures
from .page import Picture, Section, Table
from .pictures import Bar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .inside import Reading
    from .life import Life
    from .memory import Memory

WAYS = {
    "get": "`get`, as a local name",
    "get_attribute": "`appconfig_env.get(name)`",
    "environ": "`os.environ[name]`",
    "clock_and_dict": "a clock and a dict",
    "clock_and_dict_function": "the same in a function",
    "powertools": "Powertools, from its cache",
    "http_keep_alive": "HTTP to an agent, connection kept",
    "http_urllib": "HTTP to an agent, by urllib",
}
TOOLS = {"appconfig_env": "this helper", "boto3": "boto3", "powertools": "Powertools"}


def reads(found: Sequence[Reading]) -> Section:
    """One read beside its peers."""
    call = found[0].clock_and_dict_function - found[0].clock_and_dict
    text = (
        "Microseconds for one value that is fresh, the best of the repeats. With several threads "
        "it is the wall time of all divided by the reads of all. A clock and a dict is what any "
        "value with an age must look at; in a function, because `get` is one, and the target is "
        "held against that form: a Python call alone costs the difference between the two, "
        f"{call:.2f} µs here, whatever `get` does in it. The agent is a local "
        "HTTP server like AWS's extension, in a process of its own, and answers at once."
    )
    threads = [
        "1 thread" if one.threads == 1 else f"{one.threads} threads, each read" for one in found
    ]
    rows = [
        (name, *(f"{getattr(one, field):,.2f}" for one in found)) for field, name in WAYS.items()
    ]
    alone = found[0]
    bars = [
        Bar(name.replace("`", ""), getattr(alone, field), field.startswith("get"))
        for field, name in WAYS.items()
        if not field.startswith("http")
    ]
    draw = partial(pictures.bars, {"microseconds for one read, 1 thread, HTTP left out": bars})
    alt = "Bars of the microseconds that one read takes each way"
    return Section("One read", text, [Table(("", *threads), rows)], [Picture("read", alt, draw)])


def memory(found: Sequence[Memory]) -> Section:
    """What reading configuration adds to a running handler."""
    text = (
        "MiB of private memory that a process with Lambda's runtime "
        "client in it grows by: pages that no other process shares. Two profiles and twenty "
        "parameters; this helper finds what the wrapper read, the others fetch their first values. "
        "What is resident, shared pages included, is more: the refresh alone and the peak are "
        "given of that too."
    )
    head = (
        "", "trusts", "import", "first values", "first refresh", "the refresh alone",
        "the refresh alone, resident", "peak, resident",
    )  # fmt: skip
    rows = [
        (
            TOOLS[one.tool],
            "a whole store" if one.full_trust else "one certificate",
            f"{one.imported.private:.1f}",
            f"{one.first.private:.1f}",
            f"{one.refreshed.private:.1f}",
            f"{one.refresh_adds:.1f}",
            f"{one.refresh_adds_rss:.1f}",
            f"{one.peak:.1f}",
        )
        for one in found
    ]
    bars = [
        Bar(
            f"{TOOLS[one.tool]}, {'a whole store' if one.full_trust else 'one certificate'}",
            one.refreshed.private,
            one.tool == "appconfig_env",
        )
        for one in found
    ]
    draw = partial(pictures.bars, {"MiB of private memory added, after the first refresh": bars})
    alt = "Bars of the memory that each way adds to a handler"
    return Section("Memory", text, [Table(head, rows)], [Picture("memory", alt, draw)])


def imports(found: Mapping[str, Sequence[float]]) -> Section:
    """What an import adds to a function's init."""
    rounds = min(map(len, found.values()))
    text = (
        "Milliseconds of the import alone in a fresh process that has Lambda's runtime client "
        f"loaded, {rounds} rounds in turns. boto3 is `import boto3` without any client, each of "
        "which takes more; Powertools is its `parameters`. All run from files on this machine, "
        "with byte code for each."
    )
    head = ("", "median, ms", "best, ms")
    rows = [
        (f"`import {module}`", f"{median(taken):.2f}", f"{min(taken):.2f}")
        for module, taken in found.items()
    ]
    return Section("Import", text, [Table(head, rows)])


def hours(found: Sequence[Life]) -> Section:
    """What an hour of a sandbox asks AWS for."""
    most = max(one.workers for one in found)
    shown = [one for one in found if one.workers == most]
    text = (
        "A sandbox's life: a start, then an hour with a request each second in each worker, which "
        "reads two profiles, twenty parameters below one path and one secret; in the middle one "
        "profile is deployed anew. Each tool's code runs in virtual time against a strict fake of "
        "AWS. Dollars are of 1,000 such hours with Parameter Store's standard throughput: "
        f"${life.APPCONFIG_REQUEST * 1e6:g} for a million requests to AppConfig, "
        f"${life.APPCONFIG_RECEIVED * 1000:g} for a thousand configurations received, "
        f"${life.SECRET_CALL * 10_000:g} for ten thousand calls to Secrets Manager "
        f"(taken for {life.PRICES_OF}, second-hand; AWS's own lists are "
        f"{' and '.join(life.PRICE_PAGES)}). KMS and Lambda's own milliseconds are not in them. "
        "The classic wrapper reads no secret; one call is added to its own. Powertools' workers "
        "share nothing, so N of them are N times one. No parameter is a SecureString; with one "
        "below the path each of this tool's workers reads that path by itself. "
        f"{_alone(found)}Too early are polls before the interval of their session, which "
        "AppConfig may refuse."
    )
    head = (
        "", "workers", "calls", "configurations received", "too early", "oldest value, s",
        "sees the deployment", "dollars",
    )  # fmt: skip
    rows = [
        (
            one.tool,
            str(one.workers),
            f"{sum(one.calls.values()):,}",
            f"{one.configurations:,}",
            f"{one.too_early:,}",
            f"{max(one.oldest_seconds.values()):g}",
            "yes" if one.sees_deployment else "no",
            f"{one.dollars:,.2f}",
        )
        for one in found
    ]
    panels = {
        "calls in an hour": [
            Bar(one.tool, sum(one.calls.values()), one.tool == life.OURS) for one in shown
        ],
        "dollars for 1,000 hours": [
            Bar(one.tool, one.dollars, one.tool == life.OURS) for one in shown
        ],
    }
    draw = partial(pictures.bars, panels)
    alt = f"Bars of calls and dollars with {most} workers"
    return Section("An hour", text, [Table(head, rows)], [Picture("hour", alt, draw)])


def _alone(found: Sequence[Life]) -> str:
    """That one worker gains little, where both tools were measured with one."""
    dollars = {one.tool: one.dollars for one in found if one.workers == 1}
    tuned = list(life.POWERTOOLS)[-1]
    if not {life.OURS, tuned} <= dollars.keys():
        return ""
    return (
        f"With one worker {tuned} costs about the same, ${dollars[tuned]:.2f} and here "
        f"${dollars[life.OURS]:.2f}: what this tool saves, it saves where several workers share. "
    )
