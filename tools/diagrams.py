"""Draws two pictures: what the wrapper and the helper read, and when a change becomes visible."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

INK, LINE, PALE, OURS = "#1f2328", "#57606a", "#f6f8fa", "#ddf4ff"
MONO = "ui-monospace, 'DejaVu Sans Mono', monospace"


class Box(NamedTuple):
    """A rectangle with a bold first line; a line that begins with a space is code."""

    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    fill: str = PALE


SERVICES = (
    Box(20, 72, 160, 64, ("AppConfig", "profiles, flags"), "#ffffff"),
    Box(20, 158, 160, 64, ("Parameter Store", "parameters, paths"), "#ffffff"),
    Box(20, 244, 160, 64, ("Secrets Manager", "secrets"), "#ffffff"),
)
WRAPPER = Box(
    360, 72, 376, 96,
    ("The wrapper", "reads all sources in parallel,", "sets the variables, and leaves a snapshot"),
    OURS,
)  # fmt: skip
FUNCTION = Box(
    360, 226, 376, 180,
    (
        "Your function",
        "in any language, as of the cold start:",
        ' os.environ["DB_PASSWORD"]',
        "in Python, as of the last refresh:",
        ' appconfig_env.get("LIMIT", type=int)',
    ),
)  # fmt: skip
HELPER = Box(588, 240, 134, 36, ("with the helper",), OURS)


def how_it_works() -> str:
    """Return the picture of the README."""
    drawn = [
        _frame(340, 20, 410, 400, "Lambda's execution environment"),
        _frame(10, 20, 180, 400, "AWS"),
        *map(_box, (*SERVICES, WRAPPER, FUNCTION, HELPER)),
        _arrow("M190 104H358", "at the cold start", 274, 96),
        _arrow("M548 168V224", "exec: it becomes the runtime", 556, 202, anchor="start"),
        _arrow("M190 366H358", "then, at most once", 274, 358),
        _text(274, 384, "per interval"),
        _text(100, 346, "calls that Lambda's"),
        _text(100, 364, "role allows, signed by"),
        _text(100, 382, "the lean client"),
    ]
    return _svg(760, 430, "How it works", drawn)


# The refresh, in seconds since the cold start: at CHANGED a deployment changes the value. A call
# that finds the value older than INTERVAL polls.
INTERVAL, CHANGED, END = 45, 70, 150
CALLS = (8, 26, 52, 78, 88, 104, 128)
LEFT, SCALE = 150, 3.8


def refresh() -> str:
    """Return the picture of docs/explanation/refresh.md: a change, and the calls around it."""
    polls = _polls()
    seen = next(at for at in polls if at > CHANGED)
    drawn = [
        _row(40, "in AppConfig", ((0, CHANGED, "1"), (CHANGED, END, "2"))),
        _row(100, "polls", ()),
        *(_dot(at, 120, OURS) for at in (0, *polls)),
        _row(150, "calls of get()", ()),
        *(_dot(at, 170, PALE) for at in CALLS),
        _row(200, "get() returns", ((0, seen, "1"), (seen, END, "2"))),
        _row(260, "os.environ has", ((0, END, "1"),)),
        *(_text(_x(at), 326, f"{at} s") for at in range(0, END + 1, INTERVAL)),
        *(_guide(at) for at in polls),
    ]
    return _svg(760, 350, "When a change becomes visible", drawn)


def _polls() -> list[int]:
    """Return the times of the calls that find the value stale."""
    polls, read = [], 0
    for at in CALLS:
        if at - read >= INTERVAL:
            polls.append(at)
            read = at
    return polls


def _x(at: float) -> float:
    return round(LEFT + SCALE * at, 1)


def _row(y: int, name: str, values: tuple[tuple[int, int, str], ...]) -> str:
    parts = [_text(20, y + 25, name, anchor="start")]
    for begin, end, value in values:
        fill = "#ffffff" if value == "1" else OURS
        parts.append(
            f'<rect x="{_x(begin)}" y="{y}" width="{round(SCALE * (end - begin), 1)}" height="40" '
            f'rx="4" fill="{fill}" stroke="{LINE}"/>'
        )
        parts.append(_text(_x((begin + end) / 2), y + 25, f"LIMIT={value}"))
    return "\n".join(parts)


def _dot(at: int, y: int, fill: str) -> str:
    return f'<circle cx="{_x(at)}" cy="{y}" r="7" fill="{fill}" stroke="{LINE}"/>'


def _guide(at: int) -> str:
    return f'<path d="M{_x(at)} 128V198" stroke="{LINE}" stroke-dasharray="2 3"/>'


def _svg(width: int, height: int, title: str, drawn: Iterable[str]) -> str:
    return "\n".join([_head(width, height, title), *drawn, "</svg>\n"])


def _head(width: int, height: int, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" '
        "font-family=\"ui-sans-serif, system-ui, 'DejaVu Sans', sans-serif\" "
        f'font-size="14" fill="{INK}">\n<title>{title}</title>\n'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        f'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="{LINE}"/></marker></defs>\n'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    )


def _frame(x: int, y: int, width: int, height: int, name: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="10" fill="none" '
        f'stroke="{LINE}" stroke-dasharray="5 4"/>\n'
        f'<text x="{x + 14}" y="{y + 28}" fill="{LINE}">{escape(name)}</text>'
    )


def _box(box: Box) -> str:
    place = f'x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}"'
    parts = [f'<rect {place} rx="6" fill="{box.fill}" stroke="{LINE}"/>']
    for row, line in enumerate(box.lines):
        style = ' font-weight="600"' if row == 0 else ""
        if line.startswith(" "):
            style = f' font-family="{MONO}" font-size="13"'
        parts.append(
            f'<text x="{box.x + 14}" y="{box.y + 24 + 25 * row}"{style}>{escape(line.strip())}'
            "</text>"
        )
    return "\n".join(parts)


def _arrow(path: str, label: str, x: int, y: int, *, anchor: str = "middle") -> str:
    return (
        f'<path d="{path}" fill="none" stroke="{LINE}" stroke-width="1.5" '
        f'marker-end="url(#arrow)"/>\n{_text(x, y, label, anchor=anchor)}'
    )


def _text(x: float, y: int, text: str, *, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="13">{escape(text)}</text>'
