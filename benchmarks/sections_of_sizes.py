"""What the page says of many sizes: the matrix of sources and distances, and growth."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from . import growth, pictures
from .contenders import CONTENDERS, NAMES
from .figures import OVER_FLOOR_MS
from .page import Picture, Section, Table
from .pictures import Curve, Panel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .contenders import Cell
    from .growth import Point
    from .matrix import Found
    from .overlap import Overlap

KEYS = tuple(CONTENDERS)


def matrix(found: Sequence[Found], rounds: int) -> Section:
    """Every cell."""
    head = ("profiles", "parameters", "round trip, ms", "calls", *NAMES.values(), "over the floor")
    rows = [
        (
            str(one.cell.profiles),
            f"{one.cell.parameters}{' by name' if one.cell.by_name else ''}",
            f"{one.cell.rtt_ms:g}",
            str(one.counts["ours"].total),
            *(f"{one.added[key]:.0f}" for key in KEYS),
            f"{one.over_floor:+.0f}",
        )
        for one in found
    ]
    over = [
        f"{one.cell.title} ({one.over_floor:+.0f} ms)"
        for one in found
        if one.over_floor > OVER_FLOOR_MS
    ]
    slowest = max(found, key=lambda one: one.added["boto3"] / one.added["ours"])
    closest = min(found, key=lambda one: one.added["boto3"] / one.added["ours"])
    text = (
        f"Milliseconds added to the start, rounds in each cell: {rounds}. Parameters stand below "
        "one path, whose pages of ten name each other and so come one by one for everybody; "
        "by name they are asked for in tens, which this wrapper and the floor do on three "
        "connections, as `AWS_APPCONFIG_EXTENSION_MAX_CONNECTIONS` has it.\n\n"
        f"More than {OVER_FLOOR_MS:g} ms over the floor: {'; '.join(over) or 'no cell'}. "
        f"boto3 takes between {_ratio(closest):.1f} times as long ({closest.cell.title}) and "
        f"{_ratio(slowest):.1f} times as long ({slowest.cell.title})."
    )
    groups: dict[tuple[int, int, bool], list[Found]] = {}
    for one in found:
        key = (one.cell.profiles, one.cell.parameters, one.cell.by_name)
        groups.setdefault(key, []).append(one)
    panels = [
        Panel(
            _size(group[0].cell),
            [_by_distance(key, group) for key in KEYS],
            "round trip, ms",
            "added, ms",
            [one.cell.rtt_ms for one in group],
        )
        for group in groups.values()
    ]
    alt = "Small plots of the milliseconds added by round trip, one for each number of sources"
    draw = partial(pictures.curves, panels, 3)
    return Section(
        "Sources and distance", text, [Table(head, rows)], [Picture("matrix", alt, draw)]
    )


def beside(found: Sequence[Overlap], rounds: int) -> Section:
    """What a start saves by `env=no`."""
    text = (
        "Milliseconds added to the start with the path of parameters in the environment, and with "
        "`env=no`, which leaves it to a child beside the runtime; profiles are awaited both times. "
        "Beside it what the same start takes where that path is not read at all; and one where all "
        f"is `env=no`, which no distance delays. Rounds in each: {rounds}."
    )
    head = ("", "awaited", "env=no", "not read", "all env=no", "nothing to read")
    rows = [(one.cell.title, *(f"{value:.1f}" for value in one[1:])) for one in found]
    return Section("Beside the start", text, [Table(head, rows)])


def grown(found: Mapping[str, Sequence[Point]], rounds: int) -> Section:
    """Whether anything grows faster than the calls."""
    lines: list[str] = []
    times: list[Panel] = []
    memory: list[Panel] = []
    for series, points in found.items():
        calls = [point.calls for point in points]
        for unit, label, panels, values in (
            ("ms", "added, ms", times, [point.added_ms for point in points]),
            ("MiB", "peak memory, MiB", memory, [point.peak_mib for point in points]),
        ):
            ours, floor = ([one[key] for one in values] for key in growth.COMPARED)
            panel, line = _fitted(series, unit, calls, ours, floor)
            panels.append(panel._replace(y_label=label))
            lines.append(line)
    text = (
        "This wrapper and the floor from the smallest to the largest, without latency; the best "
        f"of {rounds} rounds. AWS gives one profile for two calls and ten parameters for one, so "
        "calls are what growth is measured by. The line is fitted to all sizes; the exponent is "
        "that of what comes on top of the least value, over the three largest: 1 is as the calls "
        "grow. What makes a slope steeper than the floor's: settings, a entry and a part of the "
        "snapshot for each source; for each call a signature (SigV4) whose key is derived anew, "
        "and checks of the answer, where the floor derives one key for each service and handles "
        "no error. Names end at 6,000, since one variable holds 131,071 bytes.\n\n"
        + "\n".join(lines)
    )
    head = (
        "",
        "calls",
        *(f"{NAMES[key]}, {unit}" for unit in ("ms", "MiB") for key in growth.COMPARED),
    )
    rows = [
        (
            _size(point.cell),
            str(point.calls),
            *(f"{point.added_ms[key]:.0f}" for key in growth.COMPARED),
            *(f"{point.peak_mib[key]:.1f}" for key in growth.COMPARED),
        )
        for points in found.values()
        for point in points
    ]
    alt = "Time and memory by the number of calls, with straight lines"
    draw = partial(pictures.curves, [*times, *memory], 3)
    return Section("Growth", text, [Table(head, rows)], [Picture("growth", alt, draw)])


def _fitted(
    series: str, unit: str, calls: Sequence[int], ours: Sequence[float], floor: Sequence[float]
) -> tuple[Panel, str]:
    """A plot of both with their lines, and the same in words."""
    line, least = growth.fit(calls, ours), growth.fit(calls, floor)
    panel = Panel(
        f"more {series}",
        [
            Curve(NAMES["ours"], calls, ours, (line.base, line.each)),
            Curve(NAMES["floor"], calls, floor, (least.base, least.each)),
        ],
        "calls",
        unit,
    )
    words = (
        f"- more {series}: {line.base:.1f} {unit} and {line.each:.3f} {unit} a call (the floor "
        f"{least.base:.1f} and {least.each:.3f}), {100 * line.worst:.0f} % off that line at most; "
        f"exponent {growth.exponent(calls, ours):.2f}"
    )
    return panel, words


def _by_distance(key: str, group: Sequence[Found]) -> Curve:
    rtts = [one.cell.rtt_ms for one in group]
    return Curve(NAMES[key], rtts, [one.added[key] for one in group])


def _size(cell: Cell) -> str:
    return cell.title.rpartition(",")[0]


def _ratio(one: Found) -> float:
    return one.added["boto3"] / one.added["ours"]
