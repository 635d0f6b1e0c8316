"""A /tmp that cannot be written (read-only, full, out of inodes), on real file systems."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cache.repository import SnapshotRepository
from appconfig_env._cache.snapshot_file import sweep
from appconfig_env._config.settings import from_environ

from ..support.life import ALL, APP, IN_LAMBDA, SHOWN, VALUES, Life

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = "open(os.environ['APPCONFIG_ENV_SNAPSHOT']).read()"
FILES = "sorted(os.listdir(os.path.dirname(os.environ['APPCONFIG_ENV_SNAPSHOT'])))"
OURS = ["snapshot.json", "snapshot.json.lock"]


@pytest.fixture
def life(tmp_path: Path, namespaces: None) -> Iterator[Life]:
    """An environment whose snapshot is in its own file system."""
    del namespaces
    with Life(tmp_path) as life:
        (tmp_path / "tmp").mkdir()
        life.snapshot = tmp_path / "tmp" / "snapshot.json"
        life.environ |= {**IN_LAMBDA, "APPCONFIG_ENV_SNAPSHOT": str(life.snapshot)}
        yield life


def within(life: Life, script: str) -> list[str]:
    """Return a prefix that runs `script` to create $tmp; in it, $start is a first cold start."""
    tmp = life.snapshot.parent
    start = '"$1" "$2" -c \'\''
    script = script.replace("$tmp", f"'{tmp}'").replace("$start", start)
    whole = f'set -e; {script}; exec "$@"'
    return ["unshare", "--mount", "--map-root-user", "/bin/sh", "-c", whole, "sh"]


READ_ONLY = "mount -t tmpfs -o ro none $tmp"
FULL = "mount -t tmpfs -o size=64k none $tmp; cat /dev/zero > $tmp/filler 2>/dev/null || true"
NO_INODES = "mount -t tmpfs -o nr_inodes=2 none $tmp; touch $tmp/filler"
NO_ROOM = {
    "read-only": (READ_ONLY, "Read-only file system", []),
    "full": (FULL, "No space left on device", ["filler", "snapshot.json.lock"]),
    "no inodes": (NO_INODES, "No space left on device", ["filler"]),
}


@pytest.mark.parametrize("kind", NO_ROOM)
def test_a_cold_start_succeeds_without_a_writable_folder(life: Life, kind: str) -> None:
    script, reason, left = NO_ROOM[kind]
    runtime = life.start(prefix=within(life, script))
    assert runtime.ask(ALL) == VALUES
    assert runtime.stderr().count("was not written") == 1
    assert f"the snapshot {life.snapshot} was not written ({reason})" in runtime.stderr()
    assert runtime.ask(FILES) == left
    for limit in (11, 12, 13):
        life.deploy(limit)
        life.tick(60)
        assert runtime.ask("get('LIMIT')") == str(limit)
        assert runtime.ask(f"error({APP!r})") is None
    assert life.aws.count("StartConfigurationSession") == 2, "the start's, and the process's own"
    assert life.aws.problems == []
    assert runtime.ask(FILES) == left


def test_a_read_only_snapshot_is_read(life: Life) -> None:
    script = "$start; mount --bind $tmp $tmp; mount -o remount,bind,ro $tmp"
    runtime = life.start(prefix=within(life, script))
    assert runtime.ask(ALL) == VALUES
    assert life.aws.received == {"shop/prod/app": 1}, "by the first start of the two"
    assert "was not used" not in runtime.stderr()
    life.tick(60)
    life.deploy(11)
    assert runtime.ask("get('LIMIT')") == "11"
    assert life.aws.problems == []


def limit_in(text: str) -> int:
    """Return the limit in a snapshot file."""
    document = json.loads(json.loads(text)["documents"][APP]["body"])
    return int(document["limit"])


# Room for an increasing part of the new snapshot. With a page to write the state again, only what
# the deployments change cannot be written.
@pytest.mark.parametrize(("pages", "sessions"), [(0, 2), (1, 1), (3, 1)])
def test_a_failed_write_keeps_the_old_snapshot_complete(
    life: Life, pages: int, sessions: int
) -> None:
    for number in range(6):
        life.aws.put_parameter(f"/shop/prod/p{number}", "x" * 4000)
    fill = "cat /dev/zero > $tmp/filler 2>/dev/null || true"
    script = f"mount -t tmpfs -o size=128k none $tmp; $start; {fill}; "
    script += f"truncate -s -{pages * 4096} $tmp/filler"
    runtime = life.start(prefix=within(life, script))
    assert runtime.ask(ALL) == VALUES
    assert ("was not written (No space left on device)" in runtime.stderr()) is (not pages)
    left = ["filler", *OURS, "snapshot.json.state"]
    assert runtime.ask(FILES) == left
    old = runtime.ask(TEXT)
    assert limit_in(old) == 10

    for limit in (11, 12):
        life.deploy(limit)
        life.tick(60)
        assert runtime.ask("get('LIMIT')") == str(limit)
        assert runtime.ask(FILES) == left
        assert runtime.ask(TEXT) == old
    # Where the old file's token could not be taken out, it may be another process's: one session
    # more, and no third.
    assert life.aws.count("StartConfigurationSession") == sessions

    assert runtime.ask("os.remove(os.environ['APPCONFIG_ENV_SNAPSHOT'][:-13] + 'filler')") is None
    life.deploy(13)
    life.tick(60)
    assert runtime.ask("get('LIMIT')") == "13"
    assert limit_in(runtime.ask(TEXT)) == 13, "once there is room it is written again"
    assert life.aws.count("StartConfigurationSession") == sessions
    assert life.aws.problems == []


@pytest.mark.parametrize("below", ["/proc", "/proc/version", "/no/such/folder"])
def test_if_no_file_can_be_created_at_all_the_start_succeeds(life: Life, below: str) -> None:
    done = life.run(APPCONFIG_ENV_SNAPSHOT=f"{below}/snapshot.json")
    assert (done.returncode, done.stdout) == (0, SHOWN)
    assert "was not written (" in done.stderr


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, as the current directory."""
    folder = tmp_path / "swept"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("path", ["snapshot.json", "./snapshot.json", "{folder}/snapshot.json"])
def test_only_the_partial_files_of_killed_writers_are_removed(folder: Path, path: str) -> None:
    kept = [
        "snapshot.json", "snapshot.json.lock", "snapshot.json.tmp", "snapshot.json.1.tmp2",
        "snapshot.json..tmp", "snapshot.json.a1.tmp", "other.json.12.tmp", "12.tmp",
    ]  # fmt: skip
    for name in [*kept, "snapshot.json.1.tmp", "snapshot.json.4194303.tmp"]:
        (folder / name).touch()
    (folder / "snapshot.json.7.tmp").mkdir()
    sweep(path.format(folder=folder))
    assert sorted(entry.name for entry in folder.iterdir()) == sorted(
        [*kept, "snapshot.json.7.tmp"]
    ), "a folder of that name is not ours"


def test_partial_files_are_not_removed_while_another_process_writes(
    folder: Path,
) -> None:
    settings = from_environ({"APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json")})
    partial = folder / "snapshot.json.1.tmp"
    partial.touch()
    with SnapshotRepository(settings, {}), SnapshotRepository(settings, {}) as waiting:
        waiting.sweep()
        assert partial.exists()
    with SnapshotRepository(settings, {}) as access:
        access.sweep()
    assert not partial.exists()
    sweep("/no/such/folder/snapshot.json")
