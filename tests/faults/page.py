"""The matrix as a table for docs/reliability.md."""

from __future__ import annotations

from .catalogue import FAULTS
from .fault import Outcome

BEGIN, END = "<!-- faults -->", "<!-- /faults -->"

_OUTCOMES = {
    Outcome.SUCCESS: ("until it succeeds", "not needed"),
    Outcome.TRANSIENT: ("yes", "used"),
    Outcome.PERMANENT: ("no", "used"),
    Outcome.REFUSED: ("no", "not used: AWS has answered"),
}


def table() -> str:
    """One row for each fault, between two markers."""
    lines = [
        BEGIN,
        "| fault | on the wire | retried | `FALLBACK` | the error contains |",
        "| --- | --- | --- | --- | --- |",
    ]
    for fault in FAULTS:
        retried, fallback = _OUTCOMES[fault.outcome]
        if fault.outcome is Outcome.SUCCESS:
            error = "no error: the call succeeds"
            retried = retried if fault.skew or not fault.recovers else "not needed"
        else:
            error = " … ".join(text.format(code="AWS's code") for text in fault.error_parts)
        lines.append(f"| {fault.name} | {fault.on_the_wire} | {retried} | {fallback} | {error} |")
    return "\n".join([*lines, END])
