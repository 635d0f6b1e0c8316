"""The format of the snapshot file: JSON of schema 2, in lines; pure.

The first line holds what every poll changes: tokens, times and failures. Each document has its own
line, which is encoded when the document changes and parsed when it is new:

    {"schema": 2, "fingerprint": ..., "taken_at": ..., "entries": {...}, "documents": {
    "appconfig:shop/prod/app": {"content_type": ..., "body": ...},
    "ssm:/shop/prod/": {"parameters": {...}}
    }}

The whole file is one JSON object, but a file with another layout is refused. The README, "The
snapshot", has the schema. A file never holds a secret: of an entry with a secret only the names of
its variables are written.
"""

from __future__ import annotations

from .._config.sources import SECRETS_MANAGER
from .._content import fast_json as json
from .._content.document import Document
from ..errors import KINDS, Failure
from .entry import Entry
from .snapshot import SCHEMA, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from .._config.sources import Source

    Resources = Mapping[str, Sequence[Source]]

START = b'{"schema": '
LAST_LINE = b"}}"


class SnapshotRefusedError(Exception):
    """A snapshot that must not be used; the message is the reason."""


class Lines:
    """A cache of one file's document lines, by the documents' digests."""

    __slots__ = ("by_digest",)

    def __init__(self, by_digest: Mapping[str, bytes] | None = None) -> None:
        self.by_digest = dict(by_digest or {})


def dumps(
    snapshot: Snapshot,
    resources: Resources,
    lines: Lines | None = None,
    *,
    with_secrets: bool = False,
) -> bytes:
    """Return the bytes of a file. Documents that hold a secret are left out.

    Args:
        snapshot: the entries to write.
        resources: the sources by resource, for the names of redacted variables.
        lines: those of the file that is replaced; replaced by those of this file.
        with_secrets: leave nothing out: for another process's memory, never for a file.
    """
    written: dict[str, bytes] = {}
    entries: dict[str, object] = {}
    documents: list[bytes] = []
    for reference, entry in snapshot.entries.items():
        document = entry.document if with_secrets or not entry.is_secret else None
        digest = "" if document is None else document.digest
        entries[reference] = _entry_fields(entry, resources.get(reference, ()), digest)
        if document is not None:
            line = lines.by_digest.get(digest) if lines is not None else None
            name = json.dumps(reference).encode()
            if line is None or not line.startswith(name):
                line = name + b": " + json.dumps(_document_fields(document)).encode()
            written[digest] = line
            documents.append(line)
    if lines is not None:
        lines.by_digest = written
    head = json.dumps({
        "schema": SCHEMA,
        "fingerprint": snapshot.fingerprint,
        "taken_at": snapshot.taken_at,
        "entries": entries,
    })  # fmt: skip
    first = f'{head[:-1]}, "documents": {{\n'.encode()
    return first + b",\n".join(documents) + (b"\n" if documents else b"") + LAST_LINE + b"\n"


def _entry_fields(entry: Entry, sources: Sequence[Source], digest: str) -> dict[str, object]:
    fields: dict[str, object] = {
        "version": entry.version,
        "fetched_at": entry.fetched_at,
        "checked_at": entry.checked_at,
        "refresh_at": entry.refresh_at,
        "revision": entry.revision,
        "confirmed": entry.confirmed,
        "failures": entry.failures,
    }
    if entry.failure is not None:
        fields["failure"] = {name: text for name, text in entry.failure.fields().items() if text}
    if entry.received_at is not None:
        fields["received_at"] = entry.received_at
    if entry.token:
        fields["token"] = entry.token
    if digest:
        fields["digest"] = digest
    if entry.is_secret:
        fields["secret"] = True
    if not digest and (entry.fetched_at is not None or entry.document or entry.redacted):
        redacted = dict(entry.redacted)
        if not redacted:
            variables = entry.rendering(sources).variables
            redacted = {identity: sorted(one.values) for identity, one in variables.items()}
        fields["redacted"] = redacted
    return fields


def _document_fields(document: Document) -> dict[str, object]:
    fields: dict[str, object] = {}
    if document.content_type:
        fields["content_type"] = document.content_type
    if document.name:
        fields["name"] = document.name
    if document.secret:
        fields["secret"] = True
    if document.secret_parameters:
        fields["secret_parameters"] = sorted(document.secret_parameters)
    if document.parameters is not None:
        fields["parameters"] = dict(document.parameters)
        return fields
    try:
        fields["body"] = document.body.decode()
    except UnicodeDecodeError:
        from binascii import b2a_base64  # few documents are binary

        fields["base64"] = b2a_base64(document.body, newline=False).decode()
    return fields


def loads(
    data: bytes,
    resources: Collection[str] | None = None,
    known: Snapshot | None = None,
    lines: Lines | None = None,
    *,
    with_secrets: bool = False,
) -> Snapshot:
    """Return the snapshot that `dumps` wrote.

    Args:
        data: the bytes of the file.
        resources: the references of the entries to return; None for all.
        known: this process's snapshot: a document with the same digest is taken from it.
        lines: replaced by the lines of the documents.
        with_secrets: whether documents may be secret: True for a pipe between processes.

    Raises:
        SnapshotRefusedError: the schema is not SCHEMA, or `dumps` cannot have written this.
    """
    try:
        head, by_name = _split(data)
        entries: dict[str, Entry] = {}
        found: dict[str, bytes] = {}
        for reference, fields in head["entries"].items():
            if resources is not None and reference not in resources:
                continue
            digest = _text(fields.get("digest", ""))
            document = None
            if digest:
                found[digest] = line = by_name[reference]
                document = _known(known, reference, digest)
                if document is None:
                    document = _document(reference, line, fields, with_secrets=with_secrets)
            entries[reference] = _entry(fields, document)
        if lines is not None:
            lines.by_digest = found
        return Snapshot(_number(head["taken_at"]), _text(head["fingerprint"]), entries)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        raise SnapshotRefusedError("it is not a complete snapshot") from None


def _split(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the contents of the first line, and the document lines by reference."""
    if data.startswith(START) and not data.startswith(b"%b%d," % (START, SCHEMA)):
        raise SnapshotRefusedError(f"its schema is not {SCHEMA}")
    first, *rest = data.split(b"\n")
    head = _decode((first + LAST_LINE).decode())
    if head["schema"] != SCHEMA:
        raise SnapshotRefusedError(f"its schema is not {SCHEMA}")
    by_name = dict(_named(line) for line in rest[:-2])
    with_document = {name for name, fields in head["entries"].items() if fields.get("digest")}
    if rest[-2:] != [LAST_LINE, b""] or head["documents"] != {} or by_name.keys() != with_document:
        raise ValueError
    return head, by_name


def _known(known: Snapshot | None, reference: str, digest: str) -> Document | None:
    entry = known.entries.get(reference) if known is not None else None
    document = entry.document if entry is not None else None
    return document if document is not None and document.digest == digest else None


def _named(line: bytes) -> tuple[str, bytes]:
    """Return a document line's reference, and the line without the comma at its end."""
    line = line.removesuffix(b",")
    end = line.index(b'": {', 1) + 1  # quotation marks in a reference are encoded
    return _text(_decode(line[:end].decode())), line


def _document(
    reference: str, line: bytes, entry: dict[str, Any], *, with_secrets: bool
) -> Document:
    fields = _decode(line[line.index(b'": {', 1) + 2 :].decode())
    secret = fields.get("secret", False) is not False or reference.startswith(f"{SECRETS_MANAGER}:")
    secret_parameters = frozenset(_texts(fields.get("secret_parameters", [])))
    is_secret = entry.get("secret", False) is not False or secret or secret_parameters
    if is_secret and not with_secrets:
        raise ValueError  # `dumps` never writes such a document
    parameters = fields.get("parameters")
    if parameters is not None:
        parameters = {_text(name): _text(value) for name, value in parameters.items()}
        body = b""
    elif "base64" in fields:
        from binascii import a2b_base64  # few documents are binary

        body = a2b_base64(_text(fields["base64"]), strict_mode=True)
    else:
        body = _text(fields["body"]).encode()
    return Document(
        body,
        parameters=parameters,
        secret=secret,
        secret_parameters=secret_parameters,
        content_type=_text(fields.get("content_type", "")),
        version=_text(entry["version"]),
        name=_text(fields.get("name", "")),
    )


def _entry(fields: dict[str, Any], document: Document | None) -> Entry:
    fetched_at = fields["fetched_at"]
    received_at = fields.get("received_at")
    redacted = fields.get("redacted", {})
    return Entry(
        document=document,
        version=_text(fields["version"]),
        token=_text(fields.get("token", "")),
        fetched_at=None if fetched_at is None else _number(fetched_at),
        received_at=None if received_at is None else _number(received_at),
        checked_at=_number(fields["checked_at"]),
        refresh_at=_number(fields["refresh_at"]),
        revision=_count(fields["revision"]),
        confirmed=_count(fields["confirmed"]),
        failures=_count(fields["failures"]),
        failure=_failure(fields.get("failure")),
        is_secret=fields.get("secret", False) is not False
        or (document is not None and document.is_secret),
        redacted={_text(identity): _texts(names) for identity, names in redacted.items()},
    )


def _failure(fields: dict[str, Any] | None) -> Failure | None:
    if fields is None:
        return None
    failure = Failure(**{name: _text(text) for name, text in ({"summary": ""} | fields).items()})
    if failure.kind not in KINDS:
        raise ValueError
    return failure


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(values: list[object]) -> list[str]:
    if not isinstance(values, list):
        raise TypeError
    return [_text(value) for value in values]


def _number(value: object) -> float:
    number = float(value) if isinstance(value, (int, float)) else float("nan")
    if number - number != 0:  # infinite, or NaN: such a time would never be reached
        raise ValueError
    return number


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError
    return value


def _refuse_constant(constant: str) -> object:
    raise ValueError(constant)


def _finite(text: str) -> float:
    return _number(float(text))  # written as Infinity, it would be refused the next time


_decode = json.decoder(parse_float=_finite, parse_constant=_refuse_constant)
