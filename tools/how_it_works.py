"""Draws docs/how-it-works.svg: what the wrapper and the helper read, and when."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 760, 430
TITLE = "How it works"
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


def svg() -> str:
    """Return the picture."""
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
    return "\n".join([_head(), *drawn, "</svg>\n"])


def _head() -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        "font-family=\"ui-sans-serif, system-ui, 'DejaVu Sans', sans-serif\" "
        f'font-size="14" fill="{INK}">\n<title>{TITLE}</title>\n'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        f'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="{LINE}"/></marker></defs>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
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


def _text(x: int, y: int, text: str, *, anchor: str = "middle") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="13">{escape(text)}</text>'
