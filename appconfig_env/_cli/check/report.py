"""The result of a check, as lines and as data for JSON."""

from __future__ import annotations

from typing import NamedTuple

from ..._config.wording import counted
from ..output import Line, table
from .findings import ERROR, WARN, Finding
from .limits import CONFIGURATION_BYTES
from .sources import NOT_READ, OK, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .limits import Sizes

# Of each source in JSON, and the attribute that has it.
FIELDS = {name: name for name in Result._fields if name != "is_required"} | {
    "required": "is_required"
}
HEADS = ("result", "source", "version", "time", "Region", "role", "missing action", "names")
MOST_NAMES = 3  # of a source, in its row


class Report(NamedTuple):
    """The result of a check.

    Attributes:
        findings: errors and warnings.
        results: of each source; empty if the settings are invalid.
        sizes: what is used of Lambda's limits; None if the settings are invalid.
        is_online: whether AWS was called.
    """

    findings: Sequence[Finding]
    results: Sequence[Result] = ()
    sizes: Sizes | None = None
    is_online: bool = False

    def count(self, level: str) -> int:
        """Return how many findings are of this level."""
        return sum(one.level == level for one in self.findings)


def lines(report: Report) -> list[Line]:
    """Return the report as lines: a table of the sources, the findings, a summary."""
    found = []
    if report.results:
        rows = [_row(one) for one in report.results]
        # What no source has needs no column.
        shown = [number for number, _ in enumerate(HEADS) if any(row[number] for row in rows)]
        styles = [_style(one) for one in report.results]
        cells = [[row[number] for number in shown] for row in rows]
        found += table([HEADS[number] for number in shown], cells, styles)
    found += [Line(f"{one.level}: {one.message}", one.level) for one in report.findings]
    return [*found, summary(report)]


def _row(result: Result) -> tuple[str, ...]:
    return (
        result.kind or result.result,
        result.source,
        result.version,
        f"{1000 * result.seconds:.0f} ms" if result.seconds is not None else "",
        result.region,
        result.role,
        result.action,
        _names(result.names),
    )


def _names(names: Sequence[str]) -> str:
    """Return the first names, and how many there are more."""
    more = len(names) - MOST_NAMES
    shown = ", ".join(names[:MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


def _style(result: Result) -> str:
    if result.result == OK:
        return "good"
    if result.result == NOT_READ:
        return "quiet"
    return ERROR if result.is_required else WARN


def summary(report: Report) -> Line:
    """Return the last line."""
    errors, warnings = report.count(ERROR), report.count(WARN)
    parts = [counted(errors, "error"), counted(warnings, "warning")]
    if report.sizes is not None:
        parts.insert(0, counted(len(report.results), "source"))
        size = report.sizes.configuration
        parts.append(f"{size:,} of {CONFIGURATION_BYTES:,} bytes of configuration")
    text = ", ".join(parts)
    unread = sum(one.result == NOT_READ for one in report.results)
    if unread and not report.is_online:
        text += f"; {unread} not read, add --online to read {'them' if unread > 1 else 'it'}"
    return Line(text, ERROR if errors else WARN if warnings else "good")


def data(report: Report) -> dict[str, object]:
    """Return the report as data for JSON."""
    return {
        "ok": not report.count(ERROR),
        "online": report.is_online,
        "sources": [
            {name: getattr(one, attribute) for name, attribute in FIELDS.items()}
            for one in report.results
        ],
        "findings": [one._asdict() for one in report.findings],
        "sizes": report.sizes._asdict() if report.sizes is not None else None,
    }
