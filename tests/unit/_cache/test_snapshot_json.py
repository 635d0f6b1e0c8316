"""The format of the snapshot file: what is written, left out, and refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cache.entry import Entry
from appconfig_env._cache.load import load
from appconfig_env._cache.snapshot import Snapshot
from appconfig_env._cache.snapshot_json import (
    SnapshotRefusedError,
    dumps,
    dumps_state,
    dumps_tokens,
    link_of,
    loads,
    loads_known,
)
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env.errors import KINDS, Failure

CANARY = "c4n4ry"
PLAIN = Entry(
    checked_at=1.0, refresh_at=2.0, fetched_at=1.0, revision=1, document=Document(b'{"a": 1}')
)

texts = st.text(max_size=5)
times = st.floats(0, 1e10)
counts = st.integers(0, 1000)
documents = st.builds(
    Document,
    st.binary(max_size=9) | st.text(max_size=9).map(str.encode),
    content_type=texts,
    name=texts,
) | st.builds(
    lambda parameters: Document(parameters=parameters),
    st.dictionaries(texts, st.text(st.characters(), max_size=5), max_size=3),
)
lines = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=5)
failures = st.builds(
    Failure, st.sampled_from(KINDS), lines, lines, code=lines, request_id=lines, operation=lines
)
entries = st.builds(
    Entry,
    checked_at=times,
    refresh_at=times,
    document=st.none() | documents,
    token=texts,
    fetched_at=st.none() | times,
    received_at=st.none() | times,
    read_seconds=st.integers(0, 10_000).map(lambda milliseconds: milliseconds / 1000),
    failures=counts,
    failure=st.none() | failures,
    revision=counts,
    confirmed=counts,
)
references = st.text(st.characters(codec="ascii", exclude_characters='"\\', categories=["L", "P"]))
snapshots = st.builds(Snapshot, times, texts, st.dictionaries(references, entries, max_size=3))


def snapshot(**entries: Entry) -> Snapshot:
    return Snapshot(1.0, "f" * 64, entries)


def facts(entry: Entry) -> list[Any]:
    document = entry.document
    about = document and [
        document.body, document.parameters, document.content_type, document.name, document.secret,
        document.secret_parameters,
    ]  # fmt: skip
    names = [
        "token", "fetched_at", "checked_at", "refresh_at", "failures", "failure", "revision",
        "confirmed", "is_secret", "read_seconds", "received_at",
    ]  # fmt: skip
    return [about, *(getattr(entry, name) for name in names)]


@given(snapshots)
def test_a_snapshot_survives_dumps_and_loads(own: Snapshot) -> None:
    again = loads(dumps(own, {}))
    assert (again.taken_at, again.fingerprint) == (own.taken_at, own.fingerprint)
    assert list(again.entries) == list(own.entries)
    for reference, entry in own.entries.items():
        assert facts(again.entries[reference]) == facts(entry._with(token=""))


@given(snapshots)
def test_the_whole_is_one_json_object_and_each_document_has_a_line(own: Snapshot) -> None:
    data = dumps(own, {})
    with_document = [name for name, entry in own.entries.items() if entry.document is not None]
    assert list(json.loads(data)["documents"]) == with_document
    assert data.count(b"\n") == 2 + len(with_document)


@given(snapshots, snapshots)
def test_a_state_file_takes_the_place_of_the_first_line(own: Snapshot, later: Snapshot) -> None:
    entries = {
        name: later.entries[name]._with(document=entry.document, is_secret=entry.is_secret)
        for name, entry in own.entries.items()
        if name in later.entries
    }
    later = Snapshot(later.taken_at, own.fingerprint, {**own.entries, **entries})
    data = dumps(own, {})
    state = dumps_state(later, {}, link_of(data))

    found = loads(data, state=state)
    first_line = data[: data.index(b"\n") + 1]
    known = loads_known(first_line, own.entries, own, state=state)

    assert known is not None
    for one in (found, known):
        assert (one.taken_at, one.entries.keys()) == (later.taken_at, later.entries.keys())
        for name, entry in later.entries.items():
            assert facts(one.entries[name]) == facts(entry)


@given(snapshots, st.dictionaries(references, st.text()))
def test_a_state_file_of_tokens_adds_them_to_the_first_line(
    own: Snapshot, tokens: dict[str, str]
) -> None:
    data = dumps(own, {})
    first_line = data[: data.index(b"\n") + 1]
    state = dumps_tokens(tokens, link_of(data))

    for found in (
        loads(data, state=state),
        loads_known(first_line, own.entries, own, state=state),
    ):
        assert found is not None
        assert (found.taken_at, list(found.entries)) == (own.taken_at, list(own.entries))
        for name, entry in own.entries.items():
            assert facts(found.entries[name]) == facts(entry._with(token=tokens.get(name, "")))


def test_what_is_not_known_must_be_read_from_the_file() -> None:
    own = snapshot(x=PLAIN, y=PLAIN)
    data = dumps(own, {})
    first_line = data[: data.index(b"\n") + 1]
    names = own.entries.keys()

    assert loads_known(first_line, names, own) is not None
    assert loads_known(first_line, {"x"}, snapshot(x=PLAIN)) is not None
    assert loads_known(first_line, names, snapshot(x=PLAIN)) is None
    assert loads_known(b"half", names, own) is None
    assert loads_known(b"", names, own) is None


def test_a_state_file_that_belongs_to_no_snapshot_or_another_one_brings_no_token() -> None:
    own = snapshot(x=PLAIN._with(token="t"))
    data = dumps(own, {})
    first_line = data[: data.index(b"\n") + 1]
    right = dumps_state(own, {}, link_of(data))
    for state, token in (
        (right, "t"),
        (dumps_state(own, {}, "0" * 32), ""),
        (right[:-9], ""),
        (b"half", ""),
        (b"[]", ""),
        (None, ""),
    ):
        known = loads_known(first_line, own.entries.keys(), own, state=state)
        assert known is not None
        for found in (loads(data, state=state), known):
            assert found.entries["x"].token == token


def test_a_failure_from_a_file_is_a_line_of_text() -> None:
    forged = Failure("denied", "a\x1b[2Jb\nc", hint="\u202ed", code="\r")
    data = dumps(snapshot(x=Entry(failure=forged, failures=1)), {})
    failure = loads(data).entries["x"].failure
    assert failure is not None
    assert str(failure) == "a?[2Jb?c; ?d"
    assert failure.code == "?"


def test_a_document_that_is_not_that_of_its_digest_is_refused() -> None:
    data = dumps(snapshot(x=PLAIN), {})
    assert PLAIN.document is not None
    body = PLAIN.document.body
    with pytest.raises(SnapshotRefusedError, match="it is not a complete snapshot"):
        loads(data.replace(json.dumps(body.decode()).encode(), b'"forged"'))


def test_only_the_entries_of_the_given_resources_are_read() -> None:
    found = loads(dumps(snapshot(x=PLAIN, y=PLAIN), {}), {"y"})
    assert list(found.entries) == ["y"]


# What a secret can render: many variables, none of them, one, or none at all.
SHAPES = [
    "{}", "{}?only=NONE", "{}?prefix=X_", "{}?env=no", "{}?as=ALL", "{}?names=keep", "{}?optional",
]  # fmt: skip
SECRETS = {
    "secretsmanager:s": [json.dumps({"a": CANARY, "path": CANARY}), CANARY, f'["{CANARY}"]'],
    "ssm:/s/x": [CANARY, json.dumps({"deep": {"er": CANARY}})],
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("reference", "content"),
    [(reference, content) for reference, all_of in SECRETS.items() for content in all_of],
)
def test_no_secret_is_ever_in_the_file(shape: str, reference: str, content: str) -> None:
    settings = from_environ(
        {
            "APPCONFIG_ENV_SOURCES": shape.format(reference),
            "IN_PLACE": f"{reference}#deep.none?default={CANARY}",
        }
    )
    document = Document(content.encode(), secret=True)
    found = load(settings, FakeBackend({reference: document}), 1.0, timeout=1.0)
    assert found.entries[reference].document is document
    data = dumps(found, settings.resources())
    assert CANARY.encode() not in data
    again = loads(data, settings.resources())
    assert again.entries[reference].is_secret
    assert CANARY.encode() not in dumps(again, settings.resources())
    assert (
        again.entries[reference].redacted
        == loads(dumps(again, settings.resources())).entries[reference].redacted
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_no_secure_string_of_a_path_is_ever_in_the_file(shape: str) -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": shape.format("ssm:/s/")})
    document = Document(
        parameters={"plain": "1", "path": CANARY, "deep/x": CANARY},
        secret_parameters=frozenset({"path", "deep/x"}),
    )
    found = load(settings, FakeBackend({"ssm:/s/": document}), 1.0, timeout=1.0)
    assert found.entries["ssm:/s/"].document is document
    assert CANARY.encode() not in dumps(found, settings.resources())


def test_the_variable_names_of_secrets_are_kept() -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": "ssm:/s/", "B": "secretsmanager:b"})
    backend = FakeBackend(
        {
            "ssm:/s/": Document(
                parameters={"plain": "1", "pass": CANARY}, secret_parameters=frozenset({"pass"})
            ),
            "secretsmanager:b": Document(CANARY.encode(), secret=True),
        }
    )
    found = load(settings, backend, 1.0, timeout=1.0)
    again = loads(dumps(found, settings.resources()), settings.resources())
    assert [list(entry.redacted.values()) for entry in again.entries.values()] == [
        [["PASS", "PLAIN"]],
        [["B"]],
    ]


def test_a_default_of_a_secret_is_not_in_the_file() -> None:
    settings = from_environ({"A": f"secretsmanager:x?default={CANARY}"})
    found = load(settings, FakeBackend({}), 1.0, timeout=1.0)
    assert found.values(settings) == {"A": CANARY}
    assert CANARY.encode() not in dumps(found, settings.resources())


def test_with_secrets_nothing_is_left_out() -> None:
    secret = PLAIN._with(document=Document(CANARY.encode(), secret=True), is_secret=True)
    data = dumps(snapshot(x=secret), {}, with_secrets=True)
    assert facts(loads(data, with_secrets=True).entries["x"]) == facts(secret)
    with pytest.raises(SnapshotRefusedError):
        loads(data)


def test_a_file_with_the_document_of_a_secret_is_refused() -> None:
    data = dumps(Snapshot(1.0, "f", {"secretsmanager:x": PLAIN}), {})
    with pytest.raises(SnapshotRefusedError):
        loads(data)


HEAD = '"fingerprint": "f", "taken_at": 1, "entries": {}, "documents": {\n}}\n'


def test_the_smallest_snapshot_is_accepted() -> None:
    assert loads(f'{{"schema": 2, {HEAD}'.encode()).entries == {}


def test_a_snapshot_of_an_older_schema_is_refused_by_its_number() -> None:
    with pytest.raises(SnapshotRefusedError, match="its schema is not 2"):
        loads(
            b'{"schema": 1, "fingerprint": "f", "taken_at": 1, "sources": {}, "documents": {\n}}\n'
        )
    with pytest.raises(SnapshotRefusedError, match="its schema is not 2"):
        loads(b'{"schema": 1, "fingerprint": "f", "taken_at": 1.0, "sources": {}}')


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", "null", "5", '"x"', "[" * 100_000, '{"schema": 2}',
        '{"schema": 2, ' + HEAD.replace("1", "NaN"),
        '{"schema": 2, ' + HEAD.replace("1", '"1"'),
        '{"schema": 2, ' + HEAD.replace("1", "1e999"),
        '{"schema": 2, ' + HEAD.replace("1", "9" * 999),
        '{"schema": 2, ' + HEAD.replace('"f"', "5"),
        '{"schema": 2, ' + HEAD.replace('"entries": {}', '"entries": []'),
        '{"schema": 2, ' + HEAD.replace('"entries": {}', '"entries": {"x": {}}'),
        '{"schema": 2, ' + HEAD.replace("{\n}}", '{\n"x": {"body": ""}\n}}'),
        '{"schema": 2, ' + HEAD.replace("\n", ""),
        '{"schema": 2, ' + HEAD + "more\n",
        '{"schema": 2, ' + HEAD.removesuffix("\n"),
        '{"schema": 2, ' + HEAD.removesuffix("}\n"),
    ],
)  # fmt: skip
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(SnapshotRefusedError):
        loads(text.encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("refresh_at", "soon"), ("refresh_at", None), ("refresh_at", 1e999), ("checked_at", [1]),
        ("read_seconds", "x"), ("read_seconds", -0.1),
        ("read_seconds", 1e308), ("read_seconds", 3600.1),
        ("failures", "x"), ("failures", -1), ("failures", 1.5), ("revision", True),
        ("revision", 2**60), ("version", 5), ("token", 5), ("failure", 5), ("failure", {}),
        ("failure", {"kind": "other"}), ("failure", {"kind": "denied", "more": "x"}),
        ("redacted", []), ("redacted", {"i": "text"}), ("redacted", {"i": [5]}),
        ("fetched_at", "x"), ("digest", 5), ("digest", ""), ("token", "there is none here"),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_type_is_refused(field: str, value: object) -> None:
    first, rest = dumps(snapshot(x=PLAIN), {}).split(b"\n", 1)
    head = json.loads(first + b"}}")
    head["entries"]["x"][field] = value
    changed = json.dumps(head).removesuffix("}}").encode() + b"\n" + rest
    with pytest.raises(SnapshotRefusedError):
        loads(changed)


@pytest.mark.parametrize(
    "fields",
    [
        "{}",
        "5",
        '{"body": 5}',
        '{"base64": "?"}',
        '{"parameters": {"a": 5}}',
        '{"body": "\\ud800"}',
    ],
)
def test_a_document_of_the_wrong_type_is_refused(fields: str) -> None:
    data = dumps(snapshot(x=PLAIN), {})
    with pytest.raises(SnapshotRefusedError):
        loads(data.replace(b'{"body": "{\\"a\\": 1}"}', fields.encode()))


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(SnapshotRefusedError):
        loads(dumps(snapshot(x=PLAIN), {}).replace(b"body", b"b\xffdy"))


@given(st.integers(0, 600))
def test_half_a_snapshot_is_refused(length: int) -> None:
    data = dumps(snapshot(x=PLAIN, y=PLAIN), {})
    if length < len(data):
        with pytest.raises(SnapshotRefusedError):
            loads(data[:length])
