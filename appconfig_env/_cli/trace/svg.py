"""Draws a waterfall as one SVG, or as an HTML page: no script, no external resource; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .report import headline, report
from .rows import end_of, rows
from .span import WAIT
from .text import cut, shortened, step_of, wrapped

if TYPE_CHECKING:
    from .rows import Bar, Row
    from .span import Trace

NAMESPACE = "http://www.w3.org/2000/svg"
WIDTH, MARGIN = 900, 16
LABEL_CHARACTERS = 46
CHARACTER_WIDTH = 6.65  # of a monospaced font of 11 px
CHART_LEFT = MARGIN + round(LABEL_CHARACTERS * CHARACTER_WIDTH) + 10
CHART_WIDTH = WIDTH - MARGIN - CHART_LEFT
ROW_HEIGHT, BAR_HEIGHT = 19, 11
TOP = 64
LEAST_BAR = 1.2  # pixels, so that every bar is visible
INDENT = 12

# Each is distinguishable from its neighbours on white and on black.
COLOURS = {
    "interpreter": "#8b949e",
    "our imports": "#8957e5",
    "library imports": "#a371f7",
    "package imports": "#bf5fd0",
    "settings": "#6e7781",
    "files": "#2da44e",
    "credentials": "#bf8700",
    "boto3 client": "#bf8700",
    "DNS": "#1b9e9e",
    "connect": "#e16f24",
    "trust anchors": "#b35900",
    "TLS": "#d6409f",
    "call": "#2f81f7",
    WAIT: "#8b949e",
    "parse": "#2da44e",
    "render": "#3fb950",
    "write": "#57ab5a",
}
FAILED = "#e5534b"
STYLE = """\
text{font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328}
.page{fill:#fff}.band{fill:#f6f8fa}.line{stroke:#d0d7de}.dim{fill:#59636e}.bold{font-weight:bold}
.big{font-size:15px}.bad{fill:#cf222e}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117}.band{fill:#161b22}
.line{stroke:#30363d}.dim{fill:#9198a1}.bad{fill:#ff7b72}}
"""
PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>body{{margin:1em}}svg{{max-width:100%;height:auto}}</style></head>
<body>
{picture}</body></html>
"""


def html(trace: Trace) -> str:
    """Draw the waterfall as an HTML page."""
    return PAGE.format(title=escaped(f"appconfig-env trace: {headline(trace)}"), picture=svg(trace))


def svg(trace: Trace) -> str:
    """Draw the waterfall as SVG; each bar has a tooltip."""
    all_rows = rows(trace)
    end = end_of(trace, all_rows)
    scale = CHART_WIDTH / end
    bottom = TOP + ROW_HEIGHT * len(all_rows)
    report_lines = [
        (line, "" if number else "bold")
        for number, text in enumerate(report(trace))
        for line in wrapped(text, _characters(WIDTH - 2 * MARGIN))
    ]
    height = bottom + 14 + 16 * len(report_lines) + MARGIN
    size = f'width="{WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="{NAMESPACE}" {size} viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escaped(f'appconfig-env trace: {headline(trace)}')}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="page" {size}/>',
        _text(MARGIN, 26, headline(trace), "bold big"),
    ]
    parts += [
        f'<rect class="band" x="{MARGIN - 6}" y="{top}" width="{WIDTH - 2 * MARGIN + 12}" '
        f'height="{ROW_HEIGHT}"/>'
        for top in range(TOP, bottom, 2 * ROW_HEIGHT)
    ]
    parts += _axis(end, scale, bottom)
    for number, row in enumerate(all_rows):
        parts += _row(row, TOP + ROW_HEIGHT * number, scale)
    parts += [_text(MARGIN, bottom + 26 + 16 * at, *line) for at, line in enumerate(report_lines)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axis(end: float, scale: float, bottom: int) -> list[str]:
    step = step_of(end, CHART_WIDTH / 70)
    parts = []
    for number in range(int(end / step) + 1):
        x = CHART_LEFT + number * step * scale
        parts.append(f'<line class="line" x1="{x:.1f}" y1="{TOP - 4}" x2="{x:.1f}" y2="{bottom}"/>')
        unit = " ms" if number == 0 else ""
        if x < WIDTH - MARGIN - 20:
            parts.append(_text(x, TOP - 9, f"{number * step:g}{unit}", "dim"))
    return parts


def _row(row: Row, top: int, scale: float) -> list[str]:
    x = MARGIN + INDENT * row.depth
    room = _characters(CHART_LEFT - 10 - x)
    parts = [
        _text(x, top + 13.5, shortened(row.label, room), "" if row.bars else "bold", row.label)
    ]
    parts += [_bar(bar, row, top + (ROW_HEIGHT - BAR_HEIGHT) / 2, scale) for bar in row.bars]
    if row.ms is None or not row.bars:
        return parts
    first = CHART_LEFT + min(bar.began for bar in row.bars) * scale
    last = CHART_LEFT + max(bar.ended for bar in row.bars) * scale
    note = f"{row.ms:.1f} {row.failed}".rstrip()
    right, left = _characters(WIDTH - MARGIN - last - 5), _characters(first - CHART_LEFT - 5)
    kind = "bad" if row.failed else "dim"
    if len(note) <= right or right >= left:
        parts.append(_text(last + 5, top + 13.5, cut(note, right), kind))
    else:
        parts.append(_text(first - 5, top + 13.5, cut(note, left), kind, end=True))
    return parts


def _bar(bar: Bar, row: Row, y: float, scale: float) -> str:
    width = max(LEAST_BAR, (bar.ended - bar.began) * scale)
    x = min(CHART_LEFT + bar.began * scale, WIDTH - MARGIN - width)
    colour = FAILED if row.failed else COLOURS.get(bar.kind, "#8b949e")
    faint = "" if bar.is_own else ' fill-opacity="0.28"'
    return (
        f'<rect x="{x:.2f}" y="{y:.1f}" width="{width:.2f}" height="{BAR_HEIGHT}" '
        f'fill="{colour}"{faint}><title>{escaped(bar.title)}</title></rect>'
    )


def _text(
    x: float, y: float, text: str, kind: str = "", title: str = "", *, end: bool = False
) -> str:
    css_class = f' class="{kind}"' if kind else ""
    anchor = ' text-anchor="end"' if end else ""
    tooltip = f"<title>{escaped(title)}</title>" if title not in ("", text) else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{css_class}{anchor}>{tooltip}{escaped(text)}</text>'


def _characters(width: float) -> int:
    return max(0, int(width / CHARACTER_WIDTH))


def escaped(text: str) -> str:
    """Escape `text` for XML, between tags and within quotes."""
    return text.translate({ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", 34: "&quot;"})
