"""What the page says of the machine, the targets, one start, what was counted, and tricks."""

from __future__ import annotations

from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from . import pictures
from .contenders import NAMES
from .figures import quartiles
from .page import Picture, Section, Table
from .pictures import Bar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .counts import Counted
    from .figures import Figure
    from .headline import Headline
    from .tricks import Brought, Reads

NAMED = {**NAMES, "layer": f"{NAMES['ours']}, out of a layer"}


def machine(about: Mapping[str, str]) -> Section:
    """What was measured where."""
    text = (
        "Measured by `make bench` in one run, from a TLS 1.3 server on the same machine, which "
        "shares its processors with what is measured. The contenders take turns, each start is a "
        "process of its own, and what a wrapper *adds* is the median of its starts less the median "
        "of the command itself, which ends at once. All are made to set the same variables. Round "
        "trips are slept by the server: one for the connect, one for the handshake, one for each "
        "request. Bandwidth, the time that DNS takes and chains of RSA certificates are not in "
        "this link, and one host stands for both services. Garbage is not collected in this "
        "wrapper and the floor, and is in boto3 and Powertools, as people write such wrappers; "
        "what that makes is measured too. The figures are of this machine; the ratios say more "
        "than the milliseconds."
    )
    return Section("What was measured where", text, [Table(("", ""), list(about.items()))])


def targets(figures: Sequence[Figure]) -> Section:
    """Which targets are met."""
    aimed = [figure for figure in figures if figure.target is not None]

    def bound(figure: Figure) -> str:
        word = "at least" if figure.at_least else "at most"
        return f"{word} {figure.target:g} {figure.unit}".strip()

    missed = [figure.name for figure in aimed if not figure.is_met]
    text = f"Missed: {'; '.join(missed)}." if missed else "All are met."
    rows = [
        (
            figure.name,
            f"{figure.value:.2f} {figure.unit}".strip(),
            bound(figure),
            "met" if figure.is_met else "**MISSED**",
        )
        for figure in aimed
    ]
    return Section("Targets", text, [Table(("", "found", "target", ""), rows)])


def headline(found: Headline) -> Section:
    """The cell that is measured best."""
    base = median(found.times["direct"])
    named = {
        "idle": "this wrapper, nothing to read",
        **NAMES,
        "boto3_no_garbage": "boto3, garbage not collected",
        "ours_trusting": "this wrapper, full trust store",
        "floor_trusting": "the floor, full trust store",
        "boto3_trusting": "boto3, full trust store",
        "layer": NAMED["layer"],
        "layer_trusting": f"{NAMED['layer']}, no `AWS_CA_BUNDLE`",
    }
    added = {key: median(times) - base for key, times in found.times.items()}
    rows, bars = [], []
    for key, name in named.items():
        taken = [one - base for one in found.times[key]]
        low, high = quartiles(taken) or (min(taken), max(taken))
        counts = found.counts.get(key)
        asked = (str(counts.total), str(counts.connections)) if counts else ("", "")
        rows.append((name, f"{median(taken):.1f}", f"{low:.1f} to {high:.1f}", *asked))
        bars.append(
            Bar(name.replace("`", ""), median(taken), name.startswith(NAMES["ours"]), low, high)
        )
    text = (
        f"Two profiles and twenty parameters below one path, no latency, "
        f"{len(found.times['ours'])} rounds: milliseconds added to the start of a command. All set "
        f"the same {found.variables} variables. The floor makes the same calls with nothing but "
        "the standard library's public modules (`socket`, `ssl`, `hmac`, `json`) and without "
        "handling any error ([its source](../benchmarks/floor.py)); what loads less than these "
        "can be below it. The last line is what a function has: the layer and no `AWS_CA_BUNDLE`. "
        "The layer carries AWS's roots in a hashed directory, in which the server's authority lies "
        "too, for this run, under its hash; the system's whole store stands behind it. A full "
        "trust store, in a file, is what the others load in such a function; where neither is said "
        "one certificate is trusted. The server's authority is named as Amazon's are, since this "
        "wrapper tries those first out of a full store. In a layer the modules' byte code is one "
        "file; the others run from a checkout, a file for each module. boto3 without collection "
        "of garbage is the same program with `gc.disable()` before it: "
        f"{added['boto3_no_garbage']:.1f} ms, with collection {added['boto3']:.1f} ms."
    )
    head = ("", "adds, ms", "quartiles", "calls", "connections")
    draw = partial(pictures.bars, {"milliseconds added to the start": bars})
    alt = "Bars of the milliseconds that each wrapper adds to a start"
    return Section("One start", text, [Table(head, rows)], [Picture("start", alt, draw)])


def counts(found: Counted) -> Section:
    """What no noise disturbs."""
    text = (
        "One start with two profiles and twenty parameters, without the command's own. "
        f"Files and system calls: {found.tools['files and system calls']}; instructions outside of "
        f"the kernel: {found.tools['instructions']}; memory: the most that was resident, as the "
        "kernel tells when the process has ended, exec included."
    )
    work = found.work
    columns: dict[str, dict[str, float | None]] = {
        "files opened": {name: one.files for name, one in work.items()},
        "system calls": {name: one.system_calls for name, one in work.items()},
        "instructions, millions": {name: one.instructions for name, one in work.items()},
        "peak memory, MiB": {name: one.peak_mib for name, one in work.items()},
    }
    rows = [(NAMED[name], *(_number(one[name]) for one in columns.values())) for name in work]
    panels = {
        label: [
            Bar(NAMED[name], value, name in ("ours", "layer"))
            for name, value in one.items()
            if value is not None
        ]
        for label, one in columns.items()
    }
    draw = partial(pictures.bars, {label: shown for label, shown in panels.items() if shown})
    alt = "Bars of files opened, system calls, instructions and memory for each wrapper"
    return Section("Counted", text, [Table(("", *columns), rows)], [Picture("counts", alt, draw)])


def tricks(found: Sequence[Brought], read: Reads) -> Section:
    """What each of them brings."""
    text = (
        "What a start with two profiles and twenty parameters takes longer without one trick at a "
        f"time, {len(found[0].saved)} rounds in turns; two that avoid the same modules do not add "
        "up. Instructions outside of the kernel, by valgrind's callgrind, tell of what is lost in "
        "the noise. The layer's hashed directory stands against the "
        "same layer with a whole store in a file, of which it takes Amazon's roots first. The last "
        "line is of one read, in microseconds, as a method and as it is: "
        f"{read.method:.2f} and {read.closure:.2f}."
    )
    rows = []
    for one in found:
        low, high = quartiles(one.saved) or (min(one.saved), max(one.saved))
        spread = f"{low:.1f} to {high:.1f}"
        rows.append((one.name, f"{median(one.saved):.1f}", spread, _number(one.instructions)))
    head = ("", "saves, ms", "quartiles", "instructions, millions")
    saved = ("`get` as a closure, µs", f"{read.method - read.closure:.2f}", "", "")
    return Section("Tricks", text, [Table(head, [*rows, saved])])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}".removesuffix(".0")
