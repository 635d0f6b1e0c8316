"""The matrix as a table for docs/reliability.md."""

from __future__ import annotations

from .catalogue import FAULTS
from .fault import Ending

BEGIN, END = "<!-- faults -->", "<!-- /faults -->"

_ENDINGS = {
    Ending.WELL: ("until it helps", "not needed"),
    Ending.PASSING: ("yes", "stands in"),
    Ending.LASTING: ("no", "stands in"),
    Ending.REFUSED: ("no", "does not: that was an answer"),
}


def table() -> str:
    """One row for each fault, between two marks."""
    lines = [
        BEGIN,
        "| fault | on the wire | tried again | `FALLBACK` | the error says |",
        "| --- | --- | --- | --- | --- |",
    ]
    for fault in FAULTS:
        again, stands_in = _ENDINGS[fault.ending]
        if fault.ending is Ending.WELL:
            said = "nothing: it goes well"
            again = again if fault.skew or not fault.heals else "not needed"
        else:
            said = " … ".join(text.format(code="AWS's code") for text in fault.says)
        lines.append(f"| {fault.name} | {fault.happens} | {again} | {stands_in} | {said} |")
    return "\n".join([*lines, END])
