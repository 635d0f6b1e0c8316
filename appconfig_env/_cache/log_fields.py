"""The fields of a log line: what JSON has in addition to its message; names, never values; pure.

Loaded only where a line has them: at the log levels `debug` and `trace`, for warnings and errors.
"""

from __future__ import annotations

from .._config.wording import LONGEST_SHOWN, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Protocol

    from .._backends.calls import Call
    from .._config.sources import Source
    from ..errors import Failure

    # Empty fields are left out.
    Fields = Mapping[str, object]
    # A level, a message and its fields.
    Line = tuple[str, str, Fields]

    class Log(Protocol):
        """Takes a line; most have no fields."""

        def __call__(self, level: str, message: str, fields: Fields | None = None, /) -> None: ...


def source_fields(sources: Iterable[Source], variable: str = "") -> dict[str, object]:
    """Return the fields that name `sources`.

    Args:
        sources: those that the line is about.
        variable: the one variable that it is about; empty for those whose values the sources were.
    """
    sources = list(sources)
    return filled(
        source=joined(map(_reference, sources)),
        variable=variable or joined(source.variable for source in sources),
    )


def failure_fields(*failures: Failure) -> dict[str, object]:
    """Return the fields of failures with one cause."""
    names = ("kind", "operation", "code", "request_id", "region")
    return filled(
        **{
            # A proxy may have written a code of any length.
            name: joined(printable(getattr(one, name), LONGEST_SHOWN) for one in failures)
            for name in names
        }
    )


def call_fields(calls: Sequence[Call]) -> dict[str, object]:
    """Return the fields of calls that were made for one source; the ID is the last one's."""
    if not calls:
        return {}
    return {
        **filled(
            operation=joined(call.operation for call in calls),
            request_id=calls[-1].request_id,
            region=calls[-1].region,
        ),
        "duration_ms": milliseconds(calls),
    }


def milliseconds(calls: Iterable[Call]) -> int:
    """Return how long `calls` took together."""
    return round(1000 * sum(call.seconds for call in calls))


def filled(**fields: object) -> dict[str, object]:
    """Return those of `fields` that are not empty."""
    return {name: value for name, value in fields.items() if value}


def joined(texts: Iterable[str]) -> str:
    """Return each of `texts` once, without empty ones."""
    return ", ".join(dict.fromkeys(filter(None, texts)))


def _reference(source: Source) -> str:
    return source.public_reference.removeprefix(f"{source.variable or source.setting}=")
