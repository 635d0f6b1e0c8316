"""A figure and its target, and the texts that tell which targets are met."""

from __future__ import annotations

from statistics import quantiles
from typing import TYPE_CHECKING, NamedTuple

from . import page

if TYPE_CHECKING:
    from collections.abc import Sequence


class Figure(NamedTuple):
    """One figure; without a target it is there to compare with. Ratios have the unit `x`."""

    name: str
    value: float
    unit: str = ""
    target: float | None = None
    at_least: bool = False  # whether the target is a lower bound

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    @property
    def shown(self) -> str:
        """The value with its unit."""
        return f"{self.value:.2f} {self.unit}" if self.unit else f"{self.value:.0f}"


def targets(figures: Sequence[Figure]) -> dict[str, str]:
    """Return the page's table of targets, and the sentence before it."""
    aimed = [figure for figure in figures if figure.target is not None]
    missed = [figure.name for figure in aimed if not figure.is_met]
    rows = [
        (
            one.name,
            one.shown,
            f"{'at least' if one.at_least else 'at most'} {one.target:g} {one.unit}",
            "met" if one.is_met else "**MISSED**",
        )
        for one in aimed
    ]
    return {
        "missed": f"Missed: {'; '.join(missed)}." if missed else "All are met.",
        "targets": page.table(("", "found", "target", ""), rows),
    }


def summary(figures: Sequence[Figure]) -> str:
    """Return a line for each figure, and which targets were missed."""
    lines = [
        f"{one.name}: {one.shown}{'' if one.is_met is not False else ' MISSED'}" for one in figures
    ]
    return "\n".join([*lines, targets(figures)["missed"]])


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """Return the first and the third; the extremes where there are too few values for any."""
    if len(values) < 4:
        return min(values), max(values)
    low, _, high = quantiles(values, n=4)
    return low, high
