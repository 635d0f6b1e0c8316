"""Log lines about a fetch, and their fields: for each call and source; names, never values; pure.

Loaded only at the log levels `debug` and `trace`, and after a failure.
"""

from __future__ import annotations

from .._backends.base import Unchanged, calls_of
from .._config.wording import LONGEST_SHOWN, counted, printable
from .._content.document import Document
from ..errors import Failure, by_cause, grouped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from typing import TypeVar

    from .._backends.base import Outcome
    from .._backends.calls import Call
    from .._config.settings import Settings
    from .._config.sources import Source
    from .snapshot import Snapshot

    K = TypeVar("K")
    # What a line has in JSON in addition to its message; empty fields are left out.
    Fields = Mapping[str, object]
    # A level, a message and its fields.
    Line = tuple[str, str, Fields]

MOST_NAMES = 100  # in one line: a document may have thousands
BATCH = "BatchGetSecretValue"


class Ownership:
    """Which source sets which name.

    Args:
        settings: the sources.
        snapshot: all entries.
        kept: names that no source sets, because the function has configured them.
        only_env: whether sources with `env=no` set nothing: of the environment, not of `get()`.
    """

    def __init__(
        self,
        settings: Settings,
        snapshot: Snapshot,
        kept: Collection[str] = (),
        *,
        only_env: bool = False,
    ) -> None:
        self._only_env = only_env
        self._names: dict[str, list[str]] = {}  # by the source's identity
        self._owners: dict[str, Source] = {}  # by name: later sources win
        for source, variables in snapshot.variables(settings):
            sets = source.env or not only_env
            names = [name for name in variables.values if not sets or name not in kept]
            self._names[source.identity] = names
            if sets:
                self._owners.update(dict.fromkeys(names, source))

    def names(self, source: Source) -> list[str]:
        """Return the names that `source` sets, or makes available to `get()`."""
        return [name for name in self._named(source) if self._owner(name, source) == source]

    def parts(self, source: Source) -> Iterator[str]:
        """Yield what a line states about the names of `source`."""
        verb = "sets" if source.env or not self._only_env else "has for get()"
        yield f"{verb} {_listed(self.names(source)) or 'nothing'}"
        lost: dict[str, list[str]] = {}
        for name in self._named(source):
            owner = self._owner(name, source)
            if owner != source:
                lost.setdefault(owner.public_reference, []).append(name)
        for winner, names in lost.items():
            yield f"{winner} takes precedence for {_listed(names)}"

    def _named(self, source: Source) -> list[str]:
        return self._names.get(source.identity, [])

    def _owner(self, name: str, source: Source) -> Source:
        if self._only_env and not source.env:
            return source  # nothing competes with it there
        return self._owners[name]


def source_lines(
    settings: Settings,
    snapshot: Snapshot,
    outcomes: Mapping[str, Outcome],
    ownership: Ownership,
    origins: Mapping[str, str] | None = None,
) -> Iterator[Line]:
    """Yield a line for each source: where it was read, its version, and its names.

    Args:
        settings: the sources.
        snapshot: all entries after the fetch.
        outcomes: of the fetch.
        ownership: which source sets which name.
        origins: where resources without an outcome come from, by reference; a source without
            either has no line.
    """
    origins = origins or {}
    calls: dict[str, list[Call]] = {}
    for call in calls_of(outcomes):
        for reference in call.references:
            calls.setdefault(reference, []).append(call)
    for source in settings.sources:
        reference = source.resource.reference
        entry = snapshot.entries.get(reference)
        if reference not in outcomes and reference not in origins:
            continue
        made = calls.get(reference, [])
        outcome = outcomes.get(reference)
        parts = [origins[reference] if outcome is None else _read(outcome, made)]
        fields = {**source_fields([source]), **_call_fields(made)}
        if isinstance(outcome, Failure):
            fields.update(failure_fields(outcome))
        if entry is not None:
            if entry.failure is not None:
                parts.append(entry.in_use(settings.resources()[reference])[0])
            version = printable(entry.version)
            if version:
                parts.append(f"version {version}")
            parts.extend(ownership.parts(source))
            names = ownership.names(source)[:MOST_NAMES]
            fields.update(_filled(version=version, names=names))
        yield "debug", f"{source.public_reference}: {'; '.join(parts)}", fields


def call_lines(outcomes: Mapping[str, Outcome]) -> Iterator[Line]:
    """Yield a line for each call that was made for `outcomes`."""
    for call in calls_of(outcomes):
        about = f" for {', '.join(call.references)}" if call.references else ""
        result = f"failed ({_cause(call.failure)})" if call.failure else "succeeded"
        message = f"{call.operation}{about} {result} in {_milliseconds([call])} ms{_where(call)}"
        fields = {**_filled(source=_joined(call.references)), **_call_fields([call])}
        if call.failure:
            fields.update(failure_fields(call.failure))
        yield "trace", message, fields


def batch_line(
    settings: Settings, outcomes: Mapping[str, Outcome], level: str = "info"
) -> Line | None:
    """Return the line about batches of secrets that were denied; None if there were none.

    Nothing has failed: the secrets were read one by one, which takes more calls and more time.
    """
    denied = [
        (call.references, call.failure)
        for call in calls_of(outcomes)
        if call.operation == BATCH and call.failure and call.failure.kind == "denied"
    ]
    read = {
        settings.resources()[reference][0].resource.name: reference
        for references, _ in denied
        for reference in references
        if isinstance(outcomes.get(reference), Document)
    }
    if not read:
        return None  # their own failures are reported
    failure = denied[0][1]
    message = f"{counted(len(read), 'secret')} had to be read one by one: {failure}"
    return level, message, {"source": _joined(read.values()), **failure_fields(failure)}


def failure_lines(
    settings: Settings,
    failed: Iterable[tuple[str, Failure, K]],
    note: Callable[[int, K], str] | None = None,
) -> Iterator[tuple[str, Fields, K]]:
    """Yield the lines of `errors.by_cause`, with their fields and what their sources share."""
    failed = list(failed)
    lines = by_cause(failed, note)
    for (line, _, shared), (names, failures, _) in zip(lines, grouped(failed), strict=True):
        sources = [
            source
            for source in settings.sources
            if source.public_reference in names
            or settings.label(source.resource.reference) in names
        ]
        fields: dict[str, object] = {**source_fields(sources), **failure_fields(*failures)}
        yield line, fields, shared


def source_fields(sources: Iterable[Source]) -> dict[str, object]:
    """Return the fields that name `sources`, and the variables whose values they were."""
    sources = list(sources)
    return _filled(
        source=_joined(map(_reference, sources)),
        variable=_joined(source.variable for source in sources),
    )


def failure_fields(*failures: Failure) -> dict[str, object]:
    """Return the fields of failures with one cause."""
    names = ("kind", "operation", "code", "request_id", "region")
    return _filled(
        **{
            # A proxy may have written a code of any length.
            name: _joined(printable(getattr(one, name), LONGEST_SHOWN) for one in failures)
            for name in names
        }
    )


def _call_fields(calls: Sequence[Call]) -> dict[str, object]:
    """Return the fields of calls that were made for one source; the ID is the last one's."""
    if not calls:
        return {}
    return {
        **_filled(
            operation=_joined(call.operation for call in calls),
            request_id=calls[-1].request_id,
            region=calls[-1].region,
        ),
        "duration_ms": _milliseconds(calls),
    }


def _filled(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value}


def _read(outcome: Outcome, calls: Sequence[Call]) -> str:
    """Return how a resource was read."""
    if isinstance(outcome, Failure):
        text = f"failed ({_cause(outcome)})"
    elif isinstance(outcome, Unchanged):
        text = "polled too early" if outcome.is_early else "unchanged"
    else:
        text = "read"
    if not calls:
        return text
    text += f" in {_milliseconds(calls)} ms with {counted(len(calls), 'call')}{_where(calls[-1])}"
    failed = [f"{call.operation}: {_cause(call.failure)}" for call in calls if call.failure]
    if failed and not isinstance(outcome, Failure):
        text += f", after {_joined(failed)}"
    return text


def _cause(failure: Failure) -> str:
    return _joined([failure.kind, printable(failure.code, LONGEST_SHOWN)])


def _where(call: Call) -> str:
    about = [f"Region {call.region}"] if call.region else []
    about += [f"request {call.request_id}"] if call.request_id else []
    return f" ({'; '.join(about)})" if about else ""


def _milliseconds(calls: Iterable[Call]) -> int:
    return round(1000 * sum(call.seconds for call in calls))


def _reference(source: Source) -> str:
    return source.public_reference.removeprefix(f"{source.variable or source.setting}=")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    shown = ", ".join(names[:MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(filter(None, texts)))
