"""The snapshot file shared by processes: each token is used by one of them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from appconfig_env._cache import snapshot_file, snapshot_json
from appconfig_env._cache.entry import Entry
from appconfig_env._cache.repository import (
    STATE,
    SnapshotRepository,
    Written,
    read,
    read_fallback,
    revision_now,
)
from appconfig_env._cache.snapshot import Snapshot, fingerprint
from appconfig_env._config.settings import Settings, from_environ
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

APP = "appconfig:a/b/c"


class Lines(list[str]):
    """A log."""

    def __call__(self, level: str, message: str) -> None:
        self.append(f"{level}: {message}")


@pytest.fixture
def log() -> Lines:
    return Lines()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return from_environ({
        "APPCONFIG_ENV_SOURCES": APP,
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "APPCONFIG_ENV_FALLBACK": str(tmp_path / "fallback.json"),
    })  # fmt: skip


def settings_with(folder: Path, reference: str) -> Settings:
    """Settings with a second source."""
    return from_environ({
        "APPCONFIG_ENV_SOURCES": f"{APP} {reference}",
        "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json"),
    })  # fmt: skip


def known(settings: Settings, token: str = "token") -> Snapshot:
    document = Document(b'{"a": 1}')
    entry = Entry(checked_at=1.0, refresh_at=2.0, fetched_at=1.0, document=document, token=token)
    return Snapshot(1.0, fingerprint(settings), {APP: entry})


def token(snapshot: Snapshot | None) -> str:
    assert snapshot is not None
    return snapshot.entries[APP].token


def test_a_token_goes_to_exactly_one_process(settings: Settings, log: Lines) -> None:
    with SnapshotRepository(settings, {}) as first:
        assert first.put(known(settings)) == ""
    with SnapshotRepository(settings, {}) as second, SnapshotRepository(settings, {}) as waiting:
        assert token(waiting.take(log)) == ""
        assert token(second.take(log)) == "token"
        assert token(second.take(log)) == ""
    with SnapshotRepository(settings, {}) as third:
        assert token(third.take(log)) == ""
    assert log == []


def test_reading_takes_no_token_and_leaves_it_for_the_next_poll(
    settings: Settings, log: Lines
) -> None:
    with SnapshotRepository(settings, {}) as access:
        access.put(known(settings))
    assert token(read(settings, log)) == ""
    with SnapshotRepository(settings, {}) as access:
        assert token(access.take(log)) == "token"


def test_without_the_lock_nothing_is_written(settings: Settings, log: Lines) -> None:
    with SnapshotRepository(settings, {}) as first, SnapshotRepository(settings, {}) as second:
        assert second.put(known(settings)) == "another process holds its lock"
        assert first.take(log) is None


def test_a_token_that_cannot_be_removed_from_the_file_is_not_used(
    settings: Settings, log: Lines
) -> None:
    with SnapshotRepository(settings, {}) as access:
        access.put(known(settings))
        # From now on no file can be created there.
        for name in ("", STATE):
            os.mkdir(f"{settings.snapshot_path}{name}.{os.getpid()}.tmp")
        assert token(access.take(log)) == ""


def test_before_a_snapstart_snapshot_no_token_is_kept(settings: Settings, log: Lines) -> None:
    environ = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
    with SnapshotRepository(settings, {}) as access:
        access.put(known(settings))
    with SnapshotRepository(settings, environ) as cloned:
        assert token(cloned.take(log)) == ""
        cloned.put(known(settings, "new"))
        assert token(cloned.take(log)) == ""
    with SnapshotRepository(settings, {}) as other:
        assert token(other.take(log)) == "", "there is none in the file either"
    with SnapshotRepository(settings, environ, is_restored=True) as restored:
        restored.put(known(settings, "new"))
        assert token(restored.take(log)) == "new"


def test_a_snapshot_made_from_other_settings_is_not_used(
    settings: Settings, log: Lines, tmp_path: Path
) -> None:
    with SnapshotRepository(settings, {}) as access:
        access.put(known(settings))
    other = from_environ({
        "APPCONFIG_ENV_SOURCES": "ssm:/other",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    })  # fmt: skip
    assert read(other, log) is None
    with SnapshotRepository(other, {}) as access:
        assert access.take(log) is None
    assert log == []


def test_a_refused_file_is_logged_and_replaced(settings: Settings, log: Lines) -> None:
    Path(settings.snapshot_path).write_text("half")
    os.chmod(settings.snapshot_path, 0o600)
    with SnapshotRepository(settings, {}) as access:
        assert access.take(log) is None
        assert access.put(known(settings)) == ""
    reason = "it is not a complete snapshot"
    path = settings.snapshot_path
    remedy = "remove it, or set APPCONFIG_ENV_SNAPSHOT to another path, if this happens again"
    assert log == [
        f"warn: the snapshot {path} was not used: {reason}; its sources are read again; {remedy}"
    ]
    assert read(settings, log) is not None


def test_why_a_file_is_refused_is_logged_once_and_again_if_it_changes(
    settings: Settings, log: Lines
) -> None:
    path, written = Path(settings.snapshot_path), Written()
    path.mkdir()
    for _ in range(3):
        assert read(settings, log, written) is None
    path.rmdir()
    path.write_bytes(b"half")
    path.chmod(0o600)
    for _ in range(3):
        assert read(settings, log, written) is None
    with SnapshotRepository(settings, {}, written) as access:
        access.put(known(settings))
        assert access.take(log) is not None
    path.write_bytes(b"half")
    for _ in range(3):
        assert read(settings, log, written) is None
    reasons = [line.partition("used: ")[2].partition(";")[0] for line in log]
    assert reasons == [
        "it is not a regular file",
        "it is not a complete snapshot",
        "it is not a complete snapshot",
    ]


def test_the_reason_is_returned_if_the_file_cannot_be_written(
    settings: Settings, log: Lines
) -> None:
    settings.snapshot_path = "/proc/none/snapshot.json"
    with SnapshotRepository(settings, {}) as access:
        assert not access.lock.is_possible
        assert access.take(log) is None
        assert access.put(known(settings)) == "No such file or directory"


def test_the_lock_is_free_after_an_error(settings: Settings) -> None:
    with pytest.raises(KeyError), SnapshotRepository(settings, {}):
        raise KeyError
    with SnapshotRepository(settings, {}) as access:
        assert access.lock.is_held


def test_a_fallback_of_another_user_is_used(settings: Settings, log: Lines) -> None:
    data = snapshot_json.dumps(known(settings, ""), settings.resources())
    snapshot_file.write(settings.fallback_path, data)
    os.chmod(settings.fallback_path, 0o644)
    found = read_fallback(settings, log)
    assert found is not None
    document = found.entries[APP].document
    assert document is not None
    assert document.body == b'{"a": 1}'
    assert read_fallback(from_environ({}), log) is None


def test_an_invalid_fallback_is_logged(settings: Settings, log: Lines) -> None:
    Path(settings.fallback_path).write_text("{}")
    assert read_fallback(settings, log) is None
    assert log[0].startswith("error: APPCONFIG_ENV_FALLBACK: ")
    assert log[0].endswith("; write it again with appconfig-env bake")


def files(settings: Settings) -> dict[str, bytes]:
    """The contents of the snapshot file and of the state file; those that there are."""
    paths = {name: Path(settings.snapshot_path + name) for name in ("", STATE)}
    return {name: path.read_bytes() for name, path in paths.items() if path.exists()}


def test_a_poll_without_news_writes_the_state_alone(settings: Settings, log: Lines) -> None:
    written = Written()
    with SnapshotRepository(settings, {}, written) as access:
        access.put(known(settings))
    before = files(settings)
    assert b"token" not in before[""]
    for number in range(3):
        with SnapshotRepository(settings, {}, written) as access:
            found = access.take(log, known(settings))
            assert token(found) == (f"token-{number}" if number else "token")
            assert b"token" not in files(settings)[STATE]
            access.put(known(settings, f"token-{number + 1}"))
        after = files(settings)
        assert after[""] == before[""]
        assert b"documents" not in after[STATE]
        assert "entries" in json.loads(after[STATE])  # a first line, and not only a token
    assert token(read(settings, log)) == ""
    with SnapshotRepository(settings, {}) as other:
        assert token(other.take(log)) == "token-3"
    assert log == []


def test_a_new_document_replaces_the_file_and_ends_its_state(
    settings: Settings, log: Lines
) -> None:
    written = Written()
    with SnapshotRepository(settings, {}, written) as access:
        access.put(known(settings))
        own = access.take(log, known(settings))
        assert own is not None
        entry = own.entries[APP]._with(document=Document(b'{"a": 2}'), token="token-2")
        assert access.put(Snapshot(2.0, own.fingerprint, {APP: entry})) == ""
    with SnapshotRepository(settings, {}) as other:
        found = other.take(log)
    assert found is not None
    assert (found.entries[APP].data(settings.sources[0]), token(found)) == ({"a": 2}, "token-2")


def test_next_to_a_new_snapshot_the_state_file_has_only_the_tokens(
    tmp_path: Path, log: Lines
) -> None:
    other = "appconfig:a/b/other"
    settings = settings_with(tmp_path, other)
    with SnapshotRepository(settings, {}) as access:
        one = known(settings)
        entries = {APP: one.entries[APP], other: one.entries[APP].without_token()}
        access.put(Snapshot(1.0, one.fingerprint, entries))
        state = json.loads(files(settings)[STATE])
        assert (state.keys(), state["tokens"]) == (
            {"schema", "tokens", "snapshot"},
            {APP: "token"},
        )
        found = access.take(log)
        assert found is not None
        assert {name: entry.token for name, entry in found.entries.items()} == {
            APP: "token",
            other: "",
        }


def test_an_entry_without_a_document_that_is_not_written_again_is_gone(
    tmp_path: Path, log: Lines
) -> None:
    secret = "secretsmanager:db"
    settings = settings_with(tmp_path, secret)
    one = known(settings)
    denied = Entry(checked_at=1.0, refresh_at=2.0, failures=1, failure=Failure("denied", "no"))
    written = Written()
    with SnapshotRepository(settings, {}, written) as access:
        access.put(Snapshot(1.0, one.fingerprint, {**one.entries, secret: denied}))
        assert (found := access.take(log)) is not None
        assert found.entries.keys() == {APP, secret}
        access.put(one)
    for found in (read(settings, log), read(settings, log, written)):
        assert found is not None
        assert found.entries.keys() == {APP}


def test_a_snapshot_without_tokens_has_no_state_file(settings: Settings) -> None:
    with SnapshotRepository(settings, {}) as shared:
        shared.put(known(settings))
        assert files(settings).keys() == {"", STATE}
    with SnapshotRepository(settings, {}) as shared:
        shared.put(known(settings, ""))
    assert files(settings).keys() == {""}


@pytest.mark.parametrize("replaced_by", [None, b"half", b'{"schema": 1}\n'])
def test_a_file_that_is_lost_is_written_again_whole(
    settings: Settings, log: Lines, replaced_by: bytes | None
) -> None:
    with SnapshotRepository(settings, {}) as shared:
        shared.put(known(settings))
        os.unlink(settings.snapshot_path)
        if replaced_by is not None:
            snapshot_file.write(settings.snapshot_path, replaced_by)
        assert shared.take(log, known(settings)) is None
        assert shared.put(known(settings)) == ""
        found = shared.take(log)
    assert found is not None
    assert found.entries[APP].document is not None


def test_a_process_that_knows_an_older_file_reads_the_new_one(
    settings: Settings, log: Lines
) -> None:
    own, theirs = Written(), Written()
    with SnapshotRepository(settings, {}, own) as access:
        access.put(known(settings))
    with SnapshotRepository(settings, {}, theirs) as access:
        access.take(log)
        entry = known(settings).entries[APP]._with(document=Document(b'{"a": 2}'))
        access.put(Snapshot(2.0, fingerprint(settings), {APP: entry}))
    with SnapshotRepository(settings, {}, own) as access:
        found = access.take(log, known(settings))
    assert found is not None
    assert found.entries[APP].data(settings.sources[0]) == {"a": 2}


def test_only_its_user_can_read_the_state_file(settings: Settings) -> None:
    with SnapshotRepository(settings, {}) as access:
        access.put(known(settings))

    assert os.stat(settings.snapshot_path + STATE).st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["readable", "link"])
def test_a_state_file_that_others_may_have_written_is_not_used(
    settings: Settings, log: Lines, kind: str
) -> None:
    path = settings.snapshot_path + STATE
    with SnapshotRepository(settings, {}) as access:
        access.put(known(settings))
    if kind == "readable":
        os.chmod(path, 0o644)
    else:
        os.rename(path, f"{path}.target")
        os.symlink(f"{path}.target", path)

    with SnapshotRepository(settings, {}) as access:
        found = access.take(log)

    assert token(found) == ""
    assert found is not None
    assert found.entries[APP].document is not None


@pytest.mark.parametrize("state", [b"", b"half", b"[]", b'{"schema": 1}', b"\xff", b"{}\n"])
def test_after_a_broken_state_file_no_token_is_used(
    settings: Settings, log: Lines, state: bytes
) -> None:
    written = Written()
    with SnapshotRepository(settings, {}, written) as access:
        access.put(known(settings))
        snapshot_file.write(settings.snapshot_path + STATE, state)
        assert token(access.take(log, known(settings))) == ""
        assert token(access.take(log)) == ""
        assert access.put(known(settings, "new")) == ""
        assert token(access.take(log)) == "new"


@pytest.mark.parametrize(
    "change", [{"snapshot": "0" * 32}, {"schema": 1}, {"entries": {}}], ids=str
)
def test_a_state_of_another_file_is_not_used(
    settings: Settings, log: Lines, change: dict[str, object]
) -> None:
    with SnapshotRepository(settings, {}) as access:
        access.put(known(settings))
        link = snapshot_json.link_of(Path(settings.snapshot_path).read_bytes())
        own = json.loads(snapshot_json.dumps_state(known(settings, "other"), {}, link))
        data = json.dumps(own | change).encode()
        snapshot_file.write(settings.snapshot_path + STATE, data)
        found = access.take(log)
        assert token(found) == ""
        assert found is not None
        assert found.entries[APP].document is not None


def test_without_its_state_a_snapshot_has_no_token(settings: Settings, log: Lines) -> None:
    with SnapshotRepository(settings, {}) as access:
        access.put(known(settings))
        os.unlink(settings.snapshot_path + STATE)
        assert token(access.take(log)) == ""
        assert token(access.take(log, known(settings))) == ""


def test_where_the_state_cannot_be_written_the_documents_are(
    settings: Settings, log: Lines
) -> None:
    os.mkdir(settings.snapshot_path + STATE)
    with SnapshotRepository(settings, {}) as access:
        assert access.put(known(settings)) == "Is a directory"
        found = access.take(log)
    assert token(found) == ""
    assert found is not None
    assert found.entries[APP].document is not None
    assert files_in_order(settings) == [
        "snapshot.json",
        "snapshot.json.lock",
        "snapshot.json.state",
    ]


def files_in_order(settings: Settings) -> list[str]:
    return sorted(path.name for path in Path(settings.snapshot_path).parent.iterdir())


def test_the_half_written_files_of_killed_processes_are_deleted(
    settings: Settings, tmp_path: Path
) -> None:
    kept = ["snapshot.json.1", "snapshot.json.x.tmp", "snapshot.json.other.1.tmp"]
    for name in ["snapshot.json.123.tmp", "snapshot.json.state.123.tmp", *kept]:
        (tmp_path / name).touch()
    with SnapshotRepository(settings, {}) as access:
        access.sweep()
    assert files_in_order(settings) == sorted(["snapshot.json.lock", *kept])


@pytest.mark.parametrize("refresh_at", [1e15, 2e5])
def test_no_file_can_make_a_value_fresh_for_longer_than_an_interval(
    settings: Settings, log: Lines, refresh_at: float
) -> None:
    forged = known(settings).entries[APP]._with(refresh_at=refresh_at)
    with SnapshotRepository(settings, {}) as access:
        access.put(Snapshot(1.0, fingerprint(settings), {APP: forged}))
        for found in (access.take(log), access.take(log, known(settings)), read(settings, log)):
            assert found is not None
            assert found.entries[APP].refresh_at == 1.0 + 86_400 + 8


def test_a_known_document_is_not_parsed_again(settings: Settings, log: Lines) -> None:
    own = known(settings)
    with SnapshotRepository(settings, {}) as access:
        access.put(own)
        found = access.take(log, own)
    assert found is not None
    assert found.entries[APP].document is own.entries[APP].document


def test_a_revision_is_a_time_of_the_clock_that_never_moves_backwards() -> None:
    before = time.monotonic_ns() // 1000
    revision = revision_now()
    assert before <= revision <= time.monotonic_ns() // 1000
