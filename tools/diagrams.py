"""Draws the pictures that show what happens, and the two figures that matter, narrow for phones."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WIDTH = 520  # on a phone, text is then about 10 pixels high
INK, LINE, PALE, OURS = "#1f2328", "#57606a", "#f6f8fa", "#ddf4ff"
BLUE, GREY = "#0072B2", "#999999"
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
    Box(24, 48, 150, 42, ("AppConfig",), "#ffffff"),
    Box(185, 48, 150, 42, ("Parameter Store",), "#ffffff"),
    Box(346, 48, 150, 42, ("Secrets Manager",), "#ffffff"),
)
WRAPPER = Box(
    24, 192, 330, 100,
    ("The wrapper", "reads all sources in parallel,", "sets the variables"),
    OURS,
)  # fmt: skip
FUNCTION = Box(
    24, 348, 472, 162,
    (
        "Your function",
        "in any language, as of the cold start:",
        ' os.environ["DB_PASSWORD"]',
        "in Python, as of the last refresh:",
        ' appconfig_env.get("LIMIT", type=int)',
    ),
)  # fmt: skip
HELPER = Box(372, 360, 110, 36, ("the helper",), OURS)


def how_it_works() -> str:
    """Return the picture of the two programs and what they read."""
    drawn = [
        _frame(10, 10, 500, 94, "AWS"),
        _frame(10, 154, 500, 370, "Lambda's execution environment"),
        *map(_box, (*SERVICES, WRAPPER, FUNCTION, HELPER)),
        _arrow("M310 104V190"),
        _text(300, 134, "at the cold start", anchor="end"),
        _arrow("M44 292V346"),
        _text(54, 324, "exec: becomes the runtime", anchor="start"),
        _arrow("M427 104V358"),
        _text(420, 310, "later, at most once", anchor="end"),
        _text(420, 330, "per interval", anchor="end"),
    ]
    return _svg(534, "How it works", drawn)


# The refresh, in seconds since the cold start: at CHANGED a deployment changes the value. A call
# that finds the value older than INTERVAL polls.
INTERVAL, CHANGED, END = 45, 70, 150
CALLS = (8, 26, 52, 78, 88, 104, 128)
LEFT, SCALE = 126, 2.55


def refresh() -> str:
    """Return the picture of a change, and the calls around it."""
    polls = _polls()
    seen = next(at for at in polls if at > CHANGED)
    drawn = [
        _row(20, "in AppConfig", ((0, CHANGED, "1"), (CHANGED, END, "2"))),
        _row(70, "polls", ()),
        *(_dot(at, 90, OURS) for at in (0, *polls)),
        _row(110, "calls of get()", ()),
        *(_dot(at, 130, PALE) for at in CALLS),
        _row(160, "get() returns", ((0, seen, "1"), (seen, END, "2"))),
        _row(215, "os.environ has", ((0, END, "1"),)),
        *(_text(_x(at), 280, f"{at} s") for at in range(0, END, INTERVAL)),
        *(_guide(at) for at in polls),
    ]
    return _svg(294, "When a change becomes visible", drawn)


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
    parts = [_text(10, y + 25, name, anchor="start")]
    for begin, end, value in values:
        fill = "#ffffff" if value == "1" else OURS
        parts.append(
            f'<rect x="{_x(begin)}" y="{y}" width="{round(SCALE * (end - begin), 1)}" height="40" '
            f'rx="4" fill="{fill}" stroke="{LINE}"/>'
        )
        parts.append(_text(_x((begin + end) / 2), y + 25, f"LIMIT={value}"))
    return "\n".join(parts)


def _dot(at: int, y: int, fill: str) -> str:
    return f'<circle cx="{_x(at)}" cy="{y}" r="6" fill="{fill}" stroke="{LINE}"/>'


def _guide(at: int) -> str:
    return f'<path d="M{_x(at)} 97V158" stroke="{LINE}" stroke-dasharray="2 3"/>'


# The figures.


def figures(panels: Mapping[str, Mapping[str, float]]) -> str:
    """Return bars with their values; the first of each panel is ours."""
    drawn, y = [], 8
    for title, values in panels.items():
        drawn.append(_text(10, y + 18, title, anchor="start", weight="600"))
        y += 30
        longest = max(values.values())
        for number, (name, value) in enumerate(values.items()):
            drawn.append(_bar(y, name, value, value / longest, BLUE if number == 0 else GREY))
            y += 26
        y += 14
    return _svg(y - 4, "What it costs", drawn)


def _bar(y: int, name: str, value: float, share: float, fill: str) -> str:
    width = max(2.0, round(270 * share, 1))
    return "\n".join(
        (
            _text(150, y + 15, name, anchor="end"),
            f'<rect x="158" y="{y}" width="{width}" height="20" fill="{fill}"/>',
            _text(158 + width + 8, y + 15, f"{value:g}", anchor="start"),
        )
    )


# The parts.


def _svg(height: int, title: str, drawn: Iterable[str]) -> str:
    return "\n".join([_head(height, title), *drawn, "</svg>\n"])


def _head(height: int, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" '
        "font-family=\"ui-sans-serif, system-ui, 'DejaVu Sans', sans-serif\" "
        f'font-size="14" fill="{INK}">\n<title>{title}</title>\n'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        f'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="{LINE}"/></marker></defs>\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    )


def _frame(x: int, y: int, width: int, height: int, name: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="10" fill="none" '
        f'stroke="{LINE}" stroke-dasharray="5 4"/>\n'
        f'<text x="{x + 14}" y="{y + 24}" fill="{LINE}">{escape(name)}</text>'
    )


def _box(box: Box) -> str:
    place = f'x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}"'
    parts = [f'<rect {place} rx="6" fill="{box.fill}" stroke="{LINE}"/>']
    for row, line in enumerate(box.lines):
        style = ' font-weight="600"' if row == 0 else ""
        if line.startswith(" "):
            style = f' font-family="{MONO}" font-size="13"'
        place = f'x="{box.x + 12}" y="{box.y + 26 + 27 * row}"'
        parts.append(f"<text {place}{style}>{escape(line.strip())}</text>")
    return "\n".join(parts)


def _arrow(path: str) -> str:
    return (
        f'<path d="{path}" fill="none" stroke="{LINE}" stroke-width="1.5" '
        'marker-end="url(#arrow)"/>'
    )


def _text(x: float, y: int, text: str, *, anchor: str = "middle", weight: str = "400") -> str:
    place = f'x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}"'
    return f"<text {place}>{escape(text)}</text>"
