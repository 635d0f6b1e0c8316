"""A figure that has a target, the table of all, and the sentence that says which are missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .page import table

if TYPE_CHECKING:
    from collections.abc import Sequence

# A bare interpreter's start (`python -I -S -c pass`) on the machine that the targets in
# milliseconds and microseconds were set on. Where it takes longer, they can be missed although
# nothing got slower; each of them has a second form, a ratio that is as strict on that machine.
REFERENCE_MS = 8


class Figure(NamedTuple):
    """What was found, and what it must be at most, or at least. Ratios have the unit `x`."""

    name: str
    value: float
    unit: str
    target: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.value >= self.target if self.at_least else self.value <= self.target

    @property
    def row(self) -> tuple[str, ...]:
        """Its row of the table."""
        bound = "at least" if self.at_least else "at most"
        target = f"{bound} {self.target:g} {self.unit}"
        verdict = "met" if self.is_met else "**MISSED**"
        return self.name, f"{self.value:.2f} {self.unit}", target, verdict


def targets(figures: Sequence[Figure]) -> dict[str, str]:
    """Return the page's table of targets, and the sentence before it."""
    missed = [figure.name for figure in figures if not figure.is_met]
    return {
        "missed": f"Missed: {'; '.join(missed)}." if missed else "All are met.",
        "targets": table(("", "found", "target", ""), [figure.row for figure in figures]),
    }
