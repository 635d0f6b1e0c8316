"""The snapshot: its text, and the file in which it is handed over."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._cache.load import load
from appconfig_env._cache.snapshot import (
    Entry,
    Snapshot,
    SnapshotRefusedError,
    dumps,
    fingerprint,
    loads,
)
from appconfig_env._cache.snapshot_file import LARGEST_BYTES, read, write
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env._content.variables import Variables
from appconfig_env.errors import SourceError

from ...support.fakes import FakeBackend

CANARY = "c4n4ry"
PLAIN = Entry(checked_at=1.0, refresh_at=2.0, fetched_at=1.0, data={"a": 1}, has_data=True)


def snapshot(**entries: Entry) -> Snapshot:
    return Snapshot(1.0, "f" * 64, entries)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "snapshot.json")


def test_nothing_is_due_before_its_time() -> None:
    entry = Entry(checked_at=100.0, refresh_at=145.0)
    assert [entry.is_stale(now) for now in (100.0, 144.9, 145.0)] == [False, False, True]


def test_a_clock_that_went_back_counts_as_due() -> None:
    assert Entry(checked_at=100.0, refresh_at=145.0).is_stale(99.9)


def test_a_state_is_replaced_not_edited() -> None:
    changed = PLAIN.but(version="2")
    assert (PLAIN.version, changed.version, changed.data) == ("", "2", {"a": 1})


def test_cursors_are_given_up_for_all_sources() -> None:
    bare = snapshot(a=PLAIN.but(token="token"), b=PLAIN).without_tokens()
    assert [entry.token for entry in bare.entries.values()] == ["", ""]


def test_what_was_withheld_does_not_stand_on_its_own() -> None:
    whole = snapshot(a=PLAIN, b=PLAIN.but(has_data=False))
    assert list(whole.complete().entries) == ["a"]


def test_later_sources_win_over_earlier_ones() -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": "ssm:/a/ ssm:/b/", "X": "ssm:/x"})
    names = ("A", "B", "X")
    entries = {}
    for number, source in enumerate(settings.sources):
        values = dict.fromkeys(names[number:], str(number))
        entries[source.resource.reference] = PLAIN.but(
            rendered={source.identity: Variables(values)}
        )
    found = Snapshot(1.0, fingerprint(settings), entries)
    assert found.values(settings) == {"A": "0", "B": "1", "X": "2"}


def test_the_fingerprint_tells_settings_apart() -> None:
    first = from_environ({"A": "ssm:/a"})
    assert fingerprint(first) == fingerprint(from_environ({"A": "ssm:/a"}))
    assert fingerprint(first) != fingerprint(from_environ({"A": "ssm:/b"}))
    assert len(fingerprint(first)) == 64


names = st.text("ABC_", min_size=1, max_size=3)
texts = st.text(max_size=5)
times = st.floats(0, 1e10)
entries = st.builds(
    Entry,
    checked_at=times,
    refresh_at=times,
    data=st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts, max_size=3),
    has_data=st.just(True),
    rendered=st.dictionaries(
        texts,
        st.builds(
            Variables,
            st.dictionaries(names, st.text(st.characters(), max_size=5), max_size=3),
            protected=st.lists(names, max_size=2),
        ),
        max_size=2,
    ),
    version=texts,
    token=texts,
    fetched_at=st.none() | times,
    failures=st.integers(0, 1000),
    error=st.none() | texts,
    missing=st.lists(
        st.builds(SourceError, texts, texts, unreachable=st.booleans()), max_size=2
    ).map(tuple),
)


def facts(entry: Entry) -> list[Any]:
    rendered = {
        identity: (found.values, found.secret, found.protected)
        for identity, found in entry.rendered.items()
    }
    missing = [(error.source, error.reason, error.unreachable) for error in entry.missing]
    plain = [
        getattr(entry, name)
        for name in Entry.__slots__
        if name not in ("rendered", "missing", "redacted")
    ]
    return [rendered, missing, *plain]


@given(st.dictionaries(texts, entries, max_size=3), times)
def test_a_snapshot_read_from_its_text_is_the_same_snapshot(
    known: dict[str, Entry], taken_at: float
) -> None:
    again = loads(dumps(Snapshot(taken_at, "f", known)))
    assert (again.taken_at, again.fingerprint) == (taken_at, "f")
    assert list(again.entries) == list(known)
    for text, entry in known.items():
        assert facts(again.entries[text]) == facts(entry)


def with_secrets(plain: dict[str, str], secret: list[str]) -> Variables:
    return Variables({**plain, **dict.fromkeys(secret, CANARY)}, secret=secret)


secret_states = st.builds(
    Entry,
    checked_at=times,
    refresh_at=times,
    data=st.just({"deep": [CANARY]}),
    has_data=st.just(True),
    rendered=st.dictionaries(
        texts,
        st.builds(
            with_secrets, st.dictionaries(names, texts, max_size=3), st.lists(names, max_size=3)
        ),
        max_size=2,
    ),
    version=texts,
    fetched_at=st.none() | times,
    error=st.none() | texts,
    is_secret=st.just(True),
)


@given(st.dictionaries(texts, entries | secret_states, max_size=3))
def test_with_secrets_nothing_is_left_out_and_without_them_every_secret_is(
    known: dict[str, Entry],
) -> None:
    again = loads(dumps(Snapshot(1.0, "f", known), with_secrets=True))
    assert list(again.entries) == list(known)
    for text, entry in known.items():
        assert facts(again.entries[text]) == facts(entry)
        assert again.entries[text].redacted == {}
    assert CANARY not in dumps(again)
    assert dumps(again) == dumps(Snapshot(1.0, "f", known))


def test_what_was_withheld_before_stays_so_among_other_secrets() -> None:
    secret = with_secrets({"A": "1"}, ["B"])
    entry = PLAIN.but(rendered={"i": secret}, redacted={"i": ["C"], "j": ["D"]}, is_secret=True)
    again = loads(dumps(snapshot(x=entry), with_secrets=True)).entries["x"]
    assert again.rendered["i"].values == {"A": "1", "B": CANARY}
    assert again.rendered["i"].secret == {"B"}
    assert again.redacted == {"i": ["C"], "j": ["D"]}


def test_of_secrets_only_the_names_are_kept() -> None:
    entry = PLAIN.but(
        rendered={"i": Variables({"A": "1", "B": CANARY}, secret=["B"])},
        data={"b": CANARY},
        is_secret=True,
    )
    text = dumps(snapshot(x=entry))
    assert CANARY not in text
    again = loads(text).entries["x"]
    assert again.rendered["i"].values == {"A": "1"}
    assert again.redacted == {"i": ["B"]}
    assert (again.has_data, again.is_secret) == (False, True)
    assert loads(dumps(snapshot(x=again))).entries["x"].redacted == {"i": ["B"]}


# Everything that may become of a secret: into variables, into none of them, into one, or away.
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
def test_no_secret_is_ever_in_the_text(shape: str, reference: str, content: str) -> None:
    settings = from_environ(
        {
            "APPCONFIG_ENV_SOURCES": shape.format(reference),
            "IN_PLACE": f"{reference}?default={CANARY}#deep.none",
        }
    )
    (resource,) = {source.resource for source in settings.sources}
    document = Document(resource, content.encode(), secret=True)
    found = load(settings, FakeBackend({resource.reference: document}), 1.0, timeout=1.0)
    assert found.entries[resource.reference].has_data
    text = dumps(found)
    assert CANARY not in text
    assert CANARY not in dumps(loads(text))


@pytest.mark.parametrize("shape", SHAPES)
def test_no_secure_string_of_a_path_is_ever_in_the_text(shape: str) -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": shape.format("ssm:/s/")})
    resource = settings.sources[0].resource
    document = Document(
        resource,
        parameters={"plain": "1", "path": CANARY, "deep/x": CANARY},
        secret_parameters=frozenset({"path", "deep/x"}),
    )
    found = load(settings, FakeBackend({resource.reference: document}), 1.0, timeout=1.0)
    assert found.entries[resource.reference].has_data
    assert CANARY not in dumps(found)


def test_a_default_of_a_secret_is_not_in_the_text() -> None:
    settings = from_environ({"A": f"secretsmanager:x?default={CANARY}"})
    found = load(settings, FakeBackend({}), 1.0, timeout=1.0)
    assert found.values(settings) == {"A": CANARY}
    assert CANARY not in dumps(found)


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", "null", "5", '"x"', "[" * 100_000, '{"schema": 2}', '{"schema": 1}',
        '{"schema": 1, "sources": {}, "fingerprint": "f", "taken_at": NaN}',
        '{"schema": 1, "sources": {}, "fingerprint": "f", "taken_at": "1"}',
        '{"schema": 1, "sources": {}, "fingerprint": "f", "taken_at": 1e999}',
        '{"schema": 1, "sources": {}, "fingerprint": 5, "taken_at": 1}',
        '{"schema": 1, "sources": [], "fingerprint": "f", "taken_at": 1}',
        '{"schema": 1, "sources": {"x": {}}, "fingerprint": "f", "taken_at": 1}',
        '{"schema": 1, "sources": {"x": 5}, "fingerprint": "f", "taken_at": ' + "9" * 999 + "}",
    ],
)  # fmt: skip
def test_what_is_no_snapshot_is_refused(text: str) -> None:
    with pytest.raises(SnapshotRefusedError):
        loads(text)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("refresh_at", "soon"), ("refresh_at", None), ("refresh_at", 1e999), ("checked_at", [1]),
        ("failures", "x"), ("values", []), ("values", {"i": {"A": 5}}), ("values", {"i": 5}),
        ("version", 5), ("token", 5), ("error", 5), ("redacted", []), ("missing", [["a"]]),
        ("protected", {"i": [5]}), ("fetched_at", "x"),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_kind_is_refused(field: str, value: object) -> None:
    whole = json.loads(dumps(snapshot(x=PLAIN.but(rendered={"i": Variables({"A": "1"})}))))
    whole["sources"]["x"][field] = value
    with pytest.raises(SnapshotRefusedError):
        loads(json.dumps(whole))


@given(st.integers(0, 400))
def test_half_a_snapshot_is_refused(length: int) -> None:
    text = dumps(snapshot(x=PLAIN, y=PLAIN))
    if length < len(text):
        with pytest.raises(SnapshotRefusedError):
            loads(text[:length])


def test_a_written_snapshot_is_read_again(path: str) -> None:
    write(path, snapshot(x=PLAIN))
    found = read(path)
    assert found is not None
    assert found.entries["x"].data == {"a": 1}


def test_only_its_user_may_read_the_file_whatever_the_umask(path: str) -> None:
    before = os.umask(0)
    try:
        write(path, snapshot())
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_writing_replaces_the_file_in_one_step(path: str) -> None:
    write(path, snapshot(x=PLAIN))
    with open(path, encoding="utf-8") as reader:
        write(path, snapshot())
        assert "x" in json.load(reader)["sources"]  # whoever reads goes on with the old one
    assert os.listdir(os.path.dirname(path)) == ["snapshot.json"]


def test_what_a_killed_process_left_is_in_nobodys_way(path: str) -> None:
    Path(f"{path}.{os.getpid()}.tmp").write_text("half")
    write(path, snapshot(x=PLAIN))
    found = read(path)
    assert found is not None
    assert os.listdir(os.path.dirname(path)) == ["snapshot.json"]


def test_a_link_is_replaced_not_followed(path: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    os.symlink(other, path)
    os.symlink(other, f"{path}.{os.getpid()}.tmp")
    write(path, snapshot())
    assert other.read_text() == "mine"
    assert not os.path.islink(path)


def test_a_failed_write_leaves_nothing_behind(path: str, tmp_path: Path) -> None:
    os.mkdir(path)
    with pytest.raises(OSError, match="directory"):
        write(path, snapshot())
    assert [entry.name for entry in tmp_path.iterdir()] == ["snapshot.json"]
    with pytest.raises(FileNotFoundError):
        write(str(tmp_path / "none" / "x"), snapshot())


def test_no_file_is_no_snapshot(path: str) -> None:
    assert read(path) is None


def test_a_file_that_others_may_read_is_refused(path: str) -> None:
    write(path, snapshot())
    for mode in (0o604, 0o640, 0o602, 0o620):
        os.chmod(path, mode)
        with pytest.raises(SnapshotRefusedError, match="others"):
            read(path)
        assert read(path, ours=False) is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_another_user_is_refused(path: str) -> None:
    write(path, snapshot())
    os.chown(path, 12345, 12345)
    with pytest.raises(SnapshotRefusedError, match="another user"):
        read(path)
    assert read(path, ours=False) is not None


def test_a_link_is_refused(path: str, tmp_path: Path) -> None:
    write(str(tmp_path / "real"), snapshot())
    os.symlink(tmp_path / "real", path)
    with pytest.raises(SnapshotRefusedError, match="cannot be opened"):
        read(path)
    assert read(path, ours=False) is not None


def test_a_pipe_is_refused_and_not_waited_for(path: str) -> None:
    os.mkfifo(path, 0o600)
    with pytest.raises(SnapshotRefusedError, match="regular"):
        read(path)


def test_a_folder_is_refused(path: str) -> None:
    os.mkdir(path, 0o700)
    with pytest.raises(SnapshotRefusedError, match="regular"):
        read(path)


def test_a_huge_file_is_refused_unread(path: str) -> None:
    write(path, snapshot())
    os.truncate(path, LARGEST_BYTES + 1)
    with pytest.raises(SnapshotRefusedError, match="larger"):
        read(path)


def test_bytes_that_are_not_utf8_are_refused(path: str) -> None:
    write(path, snapshot())
    Path(path).write_bytes(b"\xff")
    with pytest.raises(SnapshotRefusedError, match="UTF-8"):
        read(path)


def test_refused_files_are_closed(path: str) -> None:
    os.mkdir(path, 0o700)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(SnapshotRefusedError):
            read(path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_reprs_hold_no_values() -> None:
    entry = PLAIN.but(data=CANARY, token=CANARY, rendered={"i": Variables({"A": CANARY})})
    assert CANARY not in repr(entry) + repr(snapshot(x=entry))
