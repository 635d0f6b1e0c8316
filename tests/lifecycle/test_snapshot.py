"""A second cold start succeeds with any file in /tmp, and logs what it ignored."""

from __future__ import annotations

import json
import os
import stat
import time
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cache import snapshot_file as _snapshot_file
from appconfig_env._cache.snapshot_json import SnapshotRefusedError, link_of, loads
from appconfig_env._helper.helper import Helper

from ..support.fakes import Clock, wrapped
from ..support.life import IN_LAMBDA, SHOWN, VALUES, Life
from ..support.snapshots import read_snapshot, snapshot_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRETS = ["GetSecretValue"]
POLLS = ["GetLatestConfiguration", "GetParametersByPath", "GetSecretValue"]
ALL = [*POLLS, "StartConfigurationSession"]
ANOTHER_USER = 12345


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """An environment after its first start."""
    with Life(tmp_path) as life:
        life.environ |= IN_LAMBDA
        done = life.run()
        assert (done.stdout, done.stderr.count("\n")) == (SHOWN, 1)
        assert life.operations() == ALL
        life.aws.clear_calls()
        yield life


def leave(life: Life) -> None:
    assert life.snapshot.is_file()


def age(life: Life) -> None:
    """Make the snapshot ten minutes older, and advance AWS's clock."""
    whole, state = read_snapshot(life.snapshot), read_snapshot(state_of(life))
    whole["taken_at"] -= 600
    for entry in whole["entries"].values():
        for name in entry.keys() & {"fetched_at", "checked_at", "refresh_at"}:
            entry[name] -= 600
    life.snapshot.write_text(snapshot_text(whole))
    state["snapshot"] = link_of(life.snapshot.read_bytes())
    state_of(life).write_text(json.dumps(state))
    life.aws.forward(600)


def state_of(life: Life) -> Path:
    return life.snapshot.with_name("snapshot.json.state")


def delete(life: Life) -> None:
    life.snapshot.unlink()


def cut(life: Life) -> None:
    text = life.snapshot.read_bytes()
    life.snapshot.write_bytes(text[: len(text) // 2])


def empty(life: Life) -> None:
    life.snapshot.write_bytes(b"")


def replace_by_zeros(life: Life) -> None:
    size = life.snapshot.stat().st_size
    life.snapshot.write_bytes(bytes(size))  # as after a power failure


def link(life: Life) -> None:
    """Replace the snapshot with a link to it."""
    target = life.snapshot.rename(life.folder / "elsewhere")
    life.snapshot.symlink_to(target)


def link_to_nowhere(life: Life) -> None:
    life.snapshot.unlink()
    life.snapshot.symlink_to(life.folder / "nowhere")


def link_to_endless(life: Life) -> None:
    life.snapshot.unlink()
    life.snapshot.symlink_to("/dev/zero")


def let_all_write(life: Life) -> None:
    life.snapshot.chmod(0o666)


def let_all_read(life: Life) -> None:
    life.snapshot.chmod(0o644)


def make_pipe(life: Life) -> None:
    life.snapshot.unlink()
    os.mkfifo(life.snapshot, 0o600)


def grow(life: Life) -> None:
    os.truncate(life.snapshot, _snapshot_file.LARGEST_BYTES + 1)


def make_folder(life: Life) -> None:
    life.snapshot.unlink()
    life.snapshot.mkdir(0o700)
    (life.snapshot / "file").touch()


# What is in the snapshot's place, which calls the next start makes, and why it was not used.
FOUND: dict[str, tuple[Callable[[Life], None], list[str], str]] = {
    "fresh": (leave, SECRETS, ""),
    "stale": (age, POLLS, ""),
    "none": (delete, ALL, ""),
    "half-written": (cut, ALL, "it is not a complete snapshot"),
    "empty": (empty, ALL, "it is not a complete snapshot"),
    "zeros": (replace_by_zeros, ALL, "it is not a complete snapshot"),
    "link": (link, ALL, "it cannot be opened (Too many levels of symbolic links)"),
    "dead link": (link_to_nowhere, ALL, "it cannot be opened (Too many levels of symbolic links)"),
    "endless": (link_to_endless, ALL, "it cannot be opened (Too many levels of symbolic links)"),
    "writable": (let_all_write, ALL, "other users may read or write it"),
    "readable": (let_all_read, ALL, "other users may read or write it"),
    "pipe": (make_pipe, ALL, "it is not a regular file"),
    "huge": (grow, ALL, "it is larger than 67108864 bytes"),
}


@pytest.mark.parametrize("found", FOUND)
def test_a_cold_start_uses_a_trustworthy_snapshot_and_replaces_any_other(
    life: Life, found: str
) -> None:
    make, asked, reason = FOUND[found]
    make(life)

    done = life.run()

    assert (done.returncode, done.stdout) == (0, SHOWN)
    lines = done.stderr.splitlines()
    refused = (
        f"appconfig-env: warn: the snapshot {life.snapshot} was not used: {reason}; "
        "its sources are read again; remove it, or set APPCONFIG_ENV_SNAPSHOT to another path, "
        "if this happens again"
    )
    assert lines[:-1] == ([refused] if reason else []), "and the line of the cold start"
    assert life.operations() == asked
    assert life.aws.problems == [], "a token that is taken over is used once"

    status = life.snapshot.lstat()
    assert stat.S_ISREG(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert life.partial_files() == []
    life.aws.clear_calls()
    assert life.run().stdout == SHOWN
    assert life.operations() == SECRETS, "the next start finds a good one"


def test_the_target_of_a_link_is_not_changed(life: Life) -> None:
    link(life)
    before = (life.folder / "elsewhere").read_bytes()
    assert life.run().stdout == SHOWN
    assert (life.folder / "elsewhere").read_bytes() == before
    assert not life.snapshot.is_symlink()


def test_a_folder_in_the_snapshot_s_place_only_prevents_the_snapshot(life: Life) -> None:
    make_folder(life)
    done = life.run()
    assert (done.returncode, done.stdout) == (0, SHOWN)
    assert "was not used: it is not a regular file" in done.stderr
    assert "was not written (Is a directory)" in done.stderr
    assert life.partial_files() == []


def test_a_snapshot_of_other_settings_is_neither_used_nor_an_error(life: Life) -> None:
    done = life.run(APPCONFIG_ENV_SOURCES="ssm:/shop/prod/ appconfig:shop/prod/app")
    assert (done.stdout, done.stderr.count("\n")) == (SHOWN, 1)
    assert life.operations() == ALL, "in a session of its own"
    assert life.aws.problems == []


def test_a_partial_snapshot_is_never_accepted(life: Life) -> None:
    data = life.snapshot.read_bytes()
    assert loads(data).entries
    for size in range(len(data)):
        with pytest.raises(SnapshotRefusedError):
            loads(data[:size])


@pytest.fixture
def others(life: Life, request: pytest.FixtureRequest) -> list[str]:
    """Return a prefix for the wrapper's command under which another user owns the snapshot.

    As in /tmp, only its owner can replace the file. Root could, but not the root of a namespace;
    an ordinary user has such a file in /etc.
    """
    if os.geteuid() != 0:
        life.environ["APPCONFIG_ENV_SNAPSHOT"] = "/etc/passwd"
        return []
    request.getfixturevalue("namespaces")
    shared = life.folder / "shared"
    shared.mkdir()
    squatted = life.snapshot.rename(shared / "snapshot.json")
    squatted.chmod(0o644)
    for path in (squatted, shared):
        os.chown(path, ANOTHER_USER, ANOTHER_USER)
    shared.chmod(0o1777)
    life.environ["APPCONFIG_ENV_SNAPSHOT"] = str(squatted)
    return ["unshare", "--user", "--map-root-user"]


def test_another_user_s_file_is_neither_used_nor_an_obstacle(life: Life, others: list[str]) -> None:
    path = life.environ["APPCONFIG_ENV_SNAPSHOT"]
    before = os.stat(path)
    done = life.run(prefix=others)
    assert (done.returncode, done.stdout) == (0, SHOWN)
    assert f"the snapshot {path} was not used: it belongs to another user" in done.stderr
    assert f"the snapshot {path} was not written (" in done.stderr
    assert life.operations() == ALL
    assert life.aws.problems == []
    assert os.stat(path) == before


# What is in the lock's place, and whether a snapshot is written nevertheless.
LOCKS: dict[str, tuple[Callable[[Path, Path], object], bool]] = {
    "link": (lambda lock, target: lock.symlink_to(target), False),
    "dead link": (lambda lock, target: lock.symlink_to(f"{target}.none"), False),
    "folder": (lambda lock, _: lock.mkdir(), False),
    "pipe": (lambda lock, _: os.mkfifo(lock, 0o600), True),
    "writable": (lambda lock, _: lock.touch(0o666), True),
    "full": (lambda lock, _: lock.write_text("x" * 10_000), True),
}


@pytest.mark.parametrize("kind", LOCKS)
def test_a_cold_start_succeeds_with_any_file_in_the_lock_s_place(life: Life, kind: str) -> None:
    make, is_written = LOCKS[kind]
    life.snapshot.unlink()
    lock = life.folder / "snapshot.json.lock"
    lock.unlink()
    target = life.folder / "target"
    target.write_text("precious")
    make(lock, target)

    done = life.run()

    assert (done.returncode, done.stdout) == (0, SHOWN)
    assert ("was not written" in done.stderr) is not is_written
    assert life.snapshot.exists() is is_written
    assert target.read_text() == "precious"
    assert not (life.folder / "target.none").exists()
    assert life.aws.problems == []


# What is in the place of the new file: its name contains the PID, which exec keeps.
PARTIALS = {
    "link": "ln -s '{target}' '{snapshot}'.$$.tmp",
    "left by a process that was killed": "printf half > '{snapshot}'.$$.tmp",
    "writable": "(umask 0; printf x > '{snapshot}'.$$.tmp)",
    "pipe": "mkfifo '{snapshot}'.$$.tmp",
    "folder": "mkdir '{snapshot}'.$$.tmp",
}


@pytest.mark.parametrize("kind", PARTIALS)
def test_a_cold_start_succeeds_with_any_file_in_the_new_file_s_place(life: Life, kind: str) -> None:
    target = life.folder / "target"
    target.write_text("precious")
    life.snapshot.unlink()
    make = PARTIALS[kind].format(target=target, snapshot=life.snapshot)

    done = life.run(prefix=["/bin/sh", "-c", f'{make}; exec "$@"', "sh"])

    assert (done.returncode, done.stdout) == (0, SHOWN)
    is_written = kind != "folder"
    assert ("was not written" in done.stderr) is not is_written
    assert life.snapshot.exists() is is_written
    if is_written:
        assert stat.S_IMODE(life.snapshot.lstat().st_mode) == 0o600
        assert life.partial_files() == []
    assert target.read_text() == "precious"


@pytest.mark.parametrize("found", [name for name, (_, asked, _) in FOUND.items() if asked == ALL])
def test_a_helper_that_finds_an_unusable_snapshot_loads_by_itself(
    life: Life, found: str, caplog: pytest.LogCaptureFixture
) -> None:
    make, _, reason = FOUND[found]
    clock = Clock(time.time())
    after = wrapped(life.environ, clock)
    make(life)
    life.aws.clear_calls()

    helper = Helper(after, now=clock)

    names = ("LIMIT", "HOST", "DB_PASSWORD")
    assert [helper.get(name) for name in names] == VALUES
    assert life.operations() == ALL
    assert caplog.text.count("was not used") == bool(reason), "once, not again when it refreshed"
    assert life.aws.problems == []
