"""The pages' pictures as SVG, drawn by matplotlib, which is loaded only for them.

Two runs that found the same draw the same: no dates, no random identifiers. The colours are Okabe
and Ito's, which people with any colour vision tell apart; markers differ too.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

COLOURS = ("#0072B2", "#555555", "#E69F00", "#D55E00", "#009E73", "#CC79A7", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "appconfig-env",
    "svg.fonttype": "none",  # text stays text: smaller, and it can be searched
    "font.sans-serif": ["DejaVu Sans"],  # which matplotlib brings; else a long list each time
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "legend.fontsize": 9,
}


class Bar(NamedTuple):
    """One bar; ours has a colour of its own; `less` and `more` are the lengths of its whisker."""

    name: str
    value: float
    is_ours: bool = False
    less: float = 0
    more: float = 0


class Curve(NamedTuple):
    """Points that belong together; `line` (its base and slope) replaces what would join them."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    line: tuple[float, float] | None = None


class Panel(NamedTuple):
    """One of several small plots; `is_log` is about the x axis."""

    title: str
    curves: Sequence[Curve]
    x_label: str
    y_label: str
    x_ticks: Sequence[float] | None = None
    is_log: bool = False


def bars(panels: Mapping[str, Sequence[Bar]], path: Path) -> None:
    """Draw horizontal bars with their values, a panel for each unit, which is its label."""
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    most = max(map(len, panels.values()))
    with _sheet(path, (8.2, rows * (0.6 + 0.34 * most))) as sheet:
        for number, (label, shown) in enumerate(panels.items()):
            _draw_bars(sheet.add_subplot(rows, columns, number + 1), shown, label)


def curves(panels: Sequence[Panel], columns: int, path: Path) -> None:
    """Draw small plots, so many in a row, with one legend for all."""
    rows = -(-len(panels) // columns)
    with _sheet(path, (2.75 * columns, 0.5 + 2.3 * rows)) as sheet:
        for number, panel in enumerate(panels):
            axes = sheet.add_subplot(rows, columns, number + 1)
            _draw_curves(axes, panel)
            if number % columns == 0:
                axes.set_ylabel(panel.y_label)
            if number + columns >= len(panels):
                axes.set_xlabel(panel.x_label)
        fullest = max(sheet.axes, key=lambda axes: len(axes.lines))
        handles, labels = fullest.get_legend_handles_labels()
        sheet.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)


@contextmanager
def _sheet(path: Path, inches: tuple[float, float]) -> Iterator[Sheet]:
    """Open an empty sheet, which is saved in the end."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as Sheet

    with mpl.rc_context(SETTINGS):
        sheet = Sheet(figsize=inches, layout="constrained", facecolor="white")
        yield sheet
        written = StringIO()
        sheet.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    # In less text: no indents, no rotations by nothing, hundredths of a point.
    pattern = r"^ +| transform=\"rotate\(-0 [^\"]*\)\""
    svg = re.sub(pattern, "", written.getvalue(), flags=re.MULTILINE)
    path.write_text(re.sub(r"(\.\d\d)\d+", r"\1", svg))


def _draw_bars(axes: Axes, shown: Sequence[Bar], label: str) -> None:
    names, values = [bar.name.replace("`", "") for bar in shown], [bar.value for bar in shown]
    colours = [COLOURS[0] if bar.is_ours else "#999999" for bar in shown]
    whiskers = [[bar.less for bar in shown], [bar.more for bar in shown]]
    drawn = axes.barh(names, values, 0.6, xerr=whiskers, color=colours)
    texts = [f"{one:,.{2 if one < 1 else 1}f}".removesuffix(".0") for one in values]
    axes.bar_label(drawn, texts, padding=6)
    axes.margins(x=0.2)
    axes.locator_params(axis="x", nbins=5)
    axes.invert_yaxis()
    axes.set_xlabel(label)


def _draw_curves(axes: Axes, panel: Panel) -> None:
    highest = 0.0
    for curve, colour, marker in zip(panel.curves, COLOURS, MARKERS, strict=False):
        style: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 4}
        style["linestyle"] = "none" if curve.line else "-"
        axes.plot(curve.x, curve.y, label=curve.name, **style)
        highest = max(highest, *curve.y)
        if curve.line:
            base, slope = curve.line
            ends = (0.0, max(curve.x))
            heights = [base + slope * x for x in ends]
            style = {"color": colour, "linestyle": "--", "linewidth": 1}
            axes.plot(ends, heights, label=f"{curve.name}: straight line", **style)
            highest = max(highest, *heights)
    axes.set_ylim(0, 1.1 * highest)
    axes.locator_params(axis="y", nbins=4)
    if panel.is_log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,.0f}")
    elif panel.x_ticks is None:
        axes.locator_params(axis="x", nbins=4)
    else:
        axes.set_xticks(panel.x_ticks)
    axes.set_title(panel.title)
