"""Log lines about a fetch: for each call and source, for refused batches and slow reads; pure.

Loaded only at the log levels `debug` and `trace`, after a failed call, and after a slow read.
"""

from __future__ import annotations

from .._backends.base import Unchanged, calls_of
from .._config.wording import LONGEST_SHOWN, counted, printable
from .._content.document import Document
from ..errors import Failure
from .effects import in_use
from .load import refresh_seconds
from .log_fields import call_fields, failure_fields, filled, joined, milliseconds, source_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from .._backends.base import Outcome
    from .._backends.calls import Call
    from .._config.settings import Settings
    from .._config.sources import Source
    from .log_fields import Line
    from .snapshot import Snapshot

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
        fields = {**source_fields([source]), **call_fields(made)}
        if isinstance(outcome, Failure):
            fields.update(failure_fields(outcome))
        if entry is not None:
            if entry.failure is not None and (used := in_use(source, entry, settings)):
                parts.append(used)
            version = printable(entry.version)
            if version:
                parts.append(f"version {version}")
            parts.extend(ownership.parts(source))
            names = ownership.names(source)[:MOST_NAMES]
            fields.update(filled(version=version, names=names))
        yield "debug", f"{source.public_reference}: {'; '.join(parts)}", fields


def call_lines(outcomes: Mapping[str, Outcome]) -> Iterator[Line]:
    """Yield a line for each call that was made for `outcomes`."""
    for call in calls_of(outcomes):
        about = f" for {', '.join(call.references)}" if call.references else ""
        result = f"failed ({_cause(call.failure)})" if call.failure else "succeeded"
        message = f"{call.operation}{about} {result} in {milliseconds([call])} ms{_where(call)}"
        fields = {**filled(source=joined(call.references)), **call_fields([call])}
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
    return level, message, {"source": joined(read.values()), **failure_fields(failure)}


def slow_line(settings: Settings, snapshot: Snapshot, references: Sequence[str]) -> Line:
    """Return the line about resources that make a refresh longer than the settings say."""
    longest = refresh_seconds(settings, snapshot)
    slowest = max(snapshot.entries[reference].read_seconds for reference in references)
    message = (
        f"{', '.join(map(settings.label, references))}: reading took {slowest:.1f} s, so a "
        f"refresh, and the get() that begins it, may take {longest:.1f} s in place of "
        f"{settings.poll_timeout_seconds:g}; read less with one source"
    )
    sources = [source for reference in references for source in settings.resources()[reference]]
    return "warn", message, source_fields(sources)


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
    text += f" in {milliseconds(calls)} ms with {counted(len(calls), 'call')}{_where(calls[-1])}"
    failed = [f"{call.operation}: {_cause(call.failure)}" for call in calls if call.failure]
    if failed and not isinstance(outcome, Failure):
        text += f", after {joined(failed)}"
    return text


def _cause(failure: Failure) -> str:
    return joined([failure.kind, printable(failure.code, LONGEST_SHOWN)])


def _where(call: Call) -> str:
    about = [f"Region {call.region}"] if call.region else []
    about += [f"request {call.request_id}"] if call.request_id else []
    return f" ({'; '.join(about)})" if about else ""


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    shown = ", ".join(names[:MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown
