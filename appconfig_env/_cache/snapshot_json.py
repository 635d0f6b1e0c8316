"""The format of the snapshot file and of the state file next to it: JSON of schema 2; pure.

The snapshot file has lines. The first one holds what every poll changes: times and failures. Each
document has its own line, which is parsed only if the document is new:

    {"schema": 2, ..., "entries": {...}, "documents": {
    "appconfig:shop/prod/app": {"content_type": ..., "body": ...},
    "ssm:/shop/prod/": {"parameters": {...}}
    }}

The whole file is one JSON object, but a file with another layout is refused. It is written when a
document changes. A poll without news writes the state file alone, whatever the documents' size:
a first line without documents, but with the tokens, which are nowhere else, and with the digest of
the snapshot file's first line, whose place it takes. Next to a snapshot file that has just been
written, a state file has only the tokens. docs/reference/snapshot.md has the schema.
No file holds a secret: of an entry with a secret only the names of its variables are written.
"""

from __future__ import annotations

from .._config.sources import SCHEMES, scheme_of
from .._config.wording import printable
from .._content import fast_json as json
from .._content.document import Document, blake2b
from ..errors import KINDS, Failure
from .entry import Entry
from .snapshot import SCHEMA, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

    from .._config.sources import Source

    Resources = Mapping[str, Sequence[Source]]

START = b'{"schema": '
LAST_LINE = b"}}"
LONGEST_READ_SECONDS = 3600.0  # longer than Lambda lets any read take
_encode = json.encoder()
_SECRET = {name for name, scheme in SCHEMES.items() if scheme.is_secret}
# What is raised for bytes that cannot be ours.
_INVALID = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError)


class SnapshotRefusedError(Exception):
    """A snapshot that must not be used; the message is the reason."""


def dumps(snapshot: Snapshot, resources: Resources, *, with_secrets: bool = False) -> bytes:
    """Return the bytes of a file. Tokens are left out, and so are documents that hold a secret.

    Args:
        snapshot: the entries to write.
        resources: the sources by resource, for the names of redacted variables.
        with_secrets: leave nothing out: for another process's memory, never for a file.
    """
    documents = [
        # Joined as bytes: each copy of a document of 4 MB counts in the smallest function.
        b": ".join(
            (
                _encode(reference).encode(),
                _encode(_document_fields(entry.document)).encode(),
            )
        )
        for reference, entry in snapshot.entries.items()
        if entry.document is not None and (with_secrets or not entry.is_secret)
    ]
    head = _encode(_head(snapshot, resources, with_secrets=with_secrets)).encode()
    if documents:
        documents[-1] += b"\n"
    # One copy: what is larger than 128 KiB is new memory each time, whose pages cost more.
    return b"".join((
        memoryview(head)[:-1], b', "documents": {\n', b",\n".join(documents), LAST_LINE, b"\n",
    ))  # fmt: skip


def dumps_state(snapshot: Snapshot, resources: Resources, link: str) -> bytes:
    """Return the bytes of the state file that belongs to the snapshot file with this `link_of`."""
    head = _head(snapshot, resources)
    for reference, entry in snapshot.entries.items():
        if entry.token:
            head["entries"][reference]["token"] = entry.token
    return _encode({**head, "snapshot": link}).encode() + b"\n"


def dumps_tokens(tokens: Mapping[str, str], link: str) -> bytes:
    """Return the bytes of a state file that only adds tokens, by reference, to the first line."""
    return _encode({"schema": SCHEMA, "tokens": tokens, "snapshot": link}).encode() + b"\n"


def link_of(data: bytes) -> str:
    """Return what links a state file to a snapshot file: the digest of its first line."""
    return blake2b(memoryview(data)[: data.find(b"\n")], digest_size=16).hexdigest()


def _head(
    snapshot: Snapshot, resources: Resources, *, with_secrets: bool = False
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "fingerprint": snapshot.fingerprint,
        "taken_at": snapshot.taken_at,
        "entries": {
            reference: _entry_fields(entry, resources.get(reference, ()), with_secrets=with_secrets)
            for reference, entry in snapshot.entries.items()
        },
    }


def _entry_fields(
    entry: Entry, sources: Sequence[Source], *, with_secrets: bool
) -> dict[str, object]:
    document = entry.document if with_secrets or not entry.is_secret else None
    digest = "" if document is None else document.digest
    fields: dict[str, object] = {
        "version": entry.version,
        "fetched_at": entry.fetched_at,
        "refresh_at": entry.refresh_at,
        "revision": entry.revision,
    }
    if entry.checked_at != entry.fetched_at:
        fields["checked_at"] = entry.checked_at
    if entry.confirmed != entry.revision:
        fields["confirmed"] = entry.confirmed
    if entry.failures:
        fields["failures"] = entry.failures
    if entry.failure is not None:
        fields["failure"] = {name: text for name, text in entry.failure.fields().items() if text}
    if entry.read_seconds:
        fields["read_seconds"] = entry.read_seconds
    if entry.received_at is not None:
        fields["received_at"] = entry.received_at
    if digest:
        fields["digest"] = digest
    if entry.is_secret:
        fields["secret"] = True
    if not digest and (entry.fetched_at is not None or entry.document or entry.redacted):
        fields["redacted"] = entry.redacted or _names(entry, sources)
    return fields


def _names(entry: Entry, sources: Sequence[Source]) -> dict[str, list[str]]:
    variables = entry.rendering(sources).variables
    return {identity: sorted(one.values) for identity, one in variables.items()}


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
    own: Snapshot | None = None,
    *,
    state: bytes | None = None,
    with_secrets: bool = False,
) -> Snapshot:
    """Return the snapshot that `dumps` wrote.

    Args:
        data: the bytes of the file.
        resources: the references of the entries to return; None for all.
        own: this process's snapshot: a document with the same digest is taken from it.
        state: the bytes of the state file; None if there is none.
        with_secrets: whether documents may be secret: True for a pipe between processes.

    Raises:
        SnapshotRefusedError: the schema is not SCHEMA, or `dumps` cannot have written this.
    """

    def document(reference: str, digest: str, fields: dict[str, Any]) -> Document:
        found = _known(own, reference, digest)
        if found is None:
            found = _document(reference, lines[reference], fields, with_secrets=with_secrets)
            if found.digest != digest:
                raise ValueError
        return found

    try:
        head, lines = _split(data)
        newer = _state_of(state, link_of(data))
        if newer is not None and _is_whole(newer) and _digests(newer) == _digests(head):
            return _snapshot(newer, resources, document)
        return _snapshot(_with_tokens(head, newer), resources, document)
    except _INVALID:
        raise SnapshotRefusedError("it is not a complete snapshot") from None


def loads_known(
    first_line: bytes, resources: Collection[str], own: Snapshot, *, state: bytes | None = None
) -> Snapshot | None:
    """Return what `loads` would, without the documents' lines: `own` has all documents.

    Args:
        first_line: of the snapshot file, with its line feed.
        resources: the references of the entries to return.
        own: this process's snapshot.
        state: the bytes of the state file; None if there is none.

    Returns:
        None if the snapshot file has to be read: a document is not known, or something is not as
        `dumps` and `dumps_state` write it.
    """

    def document(reference: str, digest: str, fields: dict[str, Any]) -> Document:
        del fields
        found = _known(own, reference, digest)
        if found is None:
            raise KeyError(reference)
        return found

    try:
        newer = _state_of(state, link_of(first_line))
        if newer is not None and _is_whole(newer):
            return _snapshot(newer, resources, document)
        head = _decode((first_line.rstrip(b"\n") + LAST_LINE).decode())
        return _snapshot(_with_tokens(head, newer), resources, document)
    except _INVALID:
        return None


def _with_tokens(head: dict[str, Any], state: dict[str, Any] | None) -> dict[str, Any]:
    """Return the first line, which has none itself, with the tokens of the state file."""
    tokens = state.get("tokens", {}) if state is not None else {}
    if any("token" in fields for fields in head["entries"].values()):
        raise ValueError
    entries = {
        reference: {**fields, "token": tokens.get(reference, "")}
        for reference, fields in head["entries"].items()
    }
    return {**head, "entries": entries}


def _snapshot(
    head: dict[str, Any],
    resources: Collection[str] | None,
    document: Callable[[str, str, dict[str, Any]], Document],
) -> Snapshot:
    entries: dict[str, Entry] = {}
    for reference, fields in head["entries"].items():
        if resources is None or reference in resources:
            digest = _text(fields.get("digest", ""))
            body = document(reference, digest, fields) if digest else None
            entries[reference] = _entry(fields, body)
    return Snapshot(_number(head["taken_at"]), _text(head["fingerprint"]), entries)


def _split(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the contents of the first line, and the document lines by reference."""
    if data.startswith(START) and not data.startswith(b"%b%d," % (START, SCHEMA)):
        raise SnapshotRefusedError(f"its schema is not {SCHEMA}")
    first, *rest = data.split(b"\n")
    head = _decode((first + LAST_LINE).decode())
    if head["schema"] != SCHEMA:
        raise SnapshotRefusedError(f"its schema is not {SCHEMA}")
    lines = dict(_named(line) for line in rest[:-2])
    if (
        rest[-2:] != [LAST_LINE, b""]
        or head["documents"] != {}
        or lines.keys() != _digests(head).keys()
    ):
        raise ValueError
    return head, lines


def _state_of(state: bytes | None, link: str) -> dict[str, Any] | None:
    """Return the contents of a state file; None if it does not belong to that snapshot file."""
    if state is None:
        return None
    try:
        head: dict[str, Any] = _decode(state.decode())
        if _is_whole(head):
            _digests(head)
        else:
            head["tokens"].items()
        return head if head["schema"] == SCHEMA and head["snapshot"] == link else None
    except _INVALID:
        return None


def _is_whole(state: dict[str, Any]) -> bool:
    """Whether a state file takes the first line's place, and not only adds tokens to it."""
    return "entries" in state


def _digests(head: dict[str, Any]) -> dict[str, object]:
    entries = head["entries"].items()
    return {name: fields["digest"] for name, fields in entries if fields.get("digest")}


def _known(own: Snapshot | None, reference: str, digest: str) -> Document | None:
    entry = own.entries.get(reference) if own is not None else None
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
    secret = fields.get("secret", False) is not False or scheme_of(reference) in _SECRET
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
        checked_at=_number(fields.get("checked_at", fetched_at)),
        refresh_at=_number(fields["refresh_at"]),
        read_seconds=_duration(fields.get("read_seconds", 0.0)),
        revision=_count(fields["revision"]),
        confirmed=_count(fields.get("confirmed", fields["revision"])),
        failures=_count(fields.get("failures", 0)),
        failure=_failure(fields.get("failure")),
        is_secret=fields.get("secret", False) is not False
        or (document is not None and document.is_secret),
        redacted={_text(identity): _texts(names) for identity, names in redacted.items()},
    )


def _failure(fields: dict[str, Any] | None) -> Failure | None:
    if fields is None:
        return None
    # They are logged: a failure from a file is a line of text, like our own.
    texts = {name: printable(_text(text)) for name, text in fields.items()}
    failure = Failure(**({"summary": ""} | texts))
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


def _duration(value: object) -> float:
    seconds = _number(value)
    if not 0 <= seconds <= LONGEST_READ_SECONDS:
        raise ValueError
    return seconds


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError
    return value


def _refuse_constant(constant: str) -> object:
    raise ValueError(constant)


def _finite(text: str) -> float:
    return _number(float(text))  # written as Infinity, it would be refused the next time


_decode = json.decoder(parse_float=_finite, parse_constant=_refuse_constant)
