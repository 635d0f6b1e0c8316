"""Everything known at one moment, never edited but replaced whole, and its text; pure."""

from __future__ import annotations

import hashlib

from .._content import fast_json as json
from .._content.variables import Variables
from ..errors import SourceError
from .entry import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from .._config.settings import Settings
    from .._config.sources import Source

__all__ = ("SCHEMA", "Entry", "Snapshot", "SnapshotRefusedError", "dumps", "fingerprint", "loads")

SCHEMA = 1  # of the text; README, "The snapshot"


class SnapshotRefusedError(Exception):
    """A snapshot that is not to be believed, and why."""


class Snapshot:
    """What is known of all resources at one moment.

    Attributes:
        taken_at: that moment, in Unix seconds.
        fingerprint: of the settings it was made from.
        entries: by the resources' canonical text.
    """

    __slots__ = ("entries", "fingerprint", "taken_at")

    def __init__(self, taken_at: float, fingerprint: str, entries: Mapping[str, Entry]) -> None:
        self.taken_at = taken_at
        self.fingerprint = fingerprint
        self.entries = dict(entries)

    def rendered(self, settings: Settings) -> Iterator[tuple[Source, Variables]]:
        """What each source gives; later ones win."""
        for source in settings.sources:
            entry = self.entries.get(source.resource.reference)
            if entry is not None and source.identity in entry.rendered:
                yield source, entry.rendered[source.identity]

    def values(self, settings: Settings) -> dict[str, str]:
        """Every name's value, whether or not it goes into the environment."""
        merged: dict[str, str] = {}
        for _, rendered in self.rendered(settings):
            merged.update(rendered.values)
        return merged

    def missing(self) -> list[SourceError]:
        """The required sources that have no value."""
        return [error for entry in self.entries.values() for error in entry.missing]

    def without_tokens(self) -> Snapshot:
        """The same, for one who may not poll with its tokens."""
        entries = {text: entry.but(token="") for text, entry in self.entries.items()}
        return Snapshot(self.taken_at, self.fingerprint, entries)

    def complete(self) -> Snapshot:
        """What of it stands on its own: without what was never read or was redacted."""
        entries = {text: entry for text, entry in self.entries.items() if entry.has_data}
        return Snapshot(self.taken_at, self.fingerprint, entries)

    def __repr__(self) -> str:
        return f"<Snapshot of {len(self.entries)} sources>"


def fingerprint(settings: Settings) -> str:
    """What two settings share if, and only if, they read the same: 64 hexadecimal digits."""
    identity = json.dumps([SCHEMA, settings.identity()], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()


def dumps(snapshot: Snapshot, *, with_secrets: bool = False) -> str:
    """The file's text: JSON, schema in the README. Secret values are left out.

    Args:
        snapshot: what is known.
        with_secrets: leave nothing out: for another process's memory, never for a file.
    """
    return json.dumps({
        "schema": SCHEMA,
        "fingerprint": snapshot.fingerprint,
        "taken_at": snapshot.taken_at,
        "sources": {
            text: _fields(entry, with_secrets) for text, entry in snapshot.entries.items()
        },
    })  # fmt: skip


def _fields(entry: Entry, with_secrets: bool) -> dict[str, object]:  # noqa: FBT001 - see dumps
    redacted = {identity: set(names) for identity, names in entry.redacted.items()}
    values = {}
    for identity, rendered in entry.rendered.items():
        redacted.setdefault(identity, set()).update(rendered.secret)
        values[identity] = {
            name: value
            for name, value in rendered.values.items()
            if with_secrets or name not in rendered.secret
        }
    redacted = {identity: names for identity, names in redacted.items() if names}
    fields: dict[str, object] = {
        "version": entry.version,
        "fetched_at": entry.fetched_at,
        "checked_at": entry.checked_at,
        "refresh_at": entry.refresh_at,
        "failures": entry.failures,
        "error": entry.error,
        "values": values,
        "redacted": {identity: sorted(names) for identity, names in redacted.items()},
    }
    if entry.is_secret:
        fields["secret"] = True
    if entry.missing:
        fields["missing"] = [
            [error.source, error.reason, error.unreachable] for error in entry.missing
        ]
    protected = {
        identity: list(rendered.protected)
        for identity, rendered in entry.rendered.items()
        if rendered.protected
    }
    if protected:
        fields["protected"] = protected
    if entry.token:
        fields["token"] = entry.token
    # Not even where no secret value became a variable: the document holds it all the same.
    if entry.has_data and (with_secrets or not (entry.is_secret or redacted)):
        fields["data"] = entry.data
    return fields


def loads(text: str) -> Snapshot:
    """The snapshot in a file's text.

    Raises:
        SnapshotRefusedError: the text is not of SCHEMA.
    """
    try:
        whole = _decode(text)
        if whole["schema"] != SCHEMA:
            raise SnapshotRefusedError(f"it is not of schema {SCHEMA}")
        entries = {str(name): _state(fields) for name, fields in whole["sources"].items()}
        return Snapshot(_number(whole["taken_at"]), _text(whole["fingerprint"]), entries)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        raise SnapshotRefusedError("it is not a snapshot, or only a part of one") from None


def _state(fields: dict[str, Any]) -> Entry:
    fetched_at, error = fields["fetched_at"], fields["error"]
    protected = fields.get("protected", {})
    redacted = {identity: _texts(names) for identity, names in fields["redacted"].items()}
    return Entry(
        data=fields.get("data"),
        has_data="data" in fields,
        rendered={
            identity: Variables(
                {name: _text(value) for name, value in values.items()},
                secret=[name for name in redacted.get(identity, ()) if name in values],
                protected=_texts(protected.get(identity, [])),
            )
            for identity, values in fields["values"].items()
        },
        version=_text(fields["version"]),
        token=_text(fields.get("token", "")),
        fetched_at=None if fetched_at is None else _number(fetched_at),
        checked_at=_number(fields["checked_at"]),
        refresh_at=_number(fields["refresh_at"]),
        failures=int(_number(fields["failures"])),
        error=None if error is None else _text(error),
        missing=tuple(
            SourceError(_text(source), _text(reason), unreachable=unreachable is True)
            for source, reason, unreachable in fields.get("missing", ())
        ),
        is_secret=fields.get("secret", False) is not False,
        redacted={
            identity: left
            for identity, names in redacted.items()
            if (left := [name for name in names if name not in fields["values"].get(identity, ())])
        },
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(values: list[object]) -> list[str]:
    return [_text(value) for value in values]


def _number(value: object) -> float:
    number = float(value) if isinstance(value, (int, float)) else float("nan")
    if number - number != 0:  # an infinite time would never be due
        raise ValueError
    return number


def _refuse_constant(constant: str) -> object:
    raise ValueError(constant)


def _finite(text: str) -> float:
    return _number(float(text))  # what JSON writes as Infinity would be refused the next time


_decode = json.decoder(parse_float=_finite, parse_constant=_refuse_constant)
