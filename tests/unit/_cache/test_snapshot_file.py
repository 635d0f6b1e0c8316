"""The snapshot file: replaced atomically, checked before it is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from appconfig_env._cache.snapshot_file import LARGEST_BYTES, read, write
from appconfig_env._cache.snapshot_json import SnapshotRefusedError


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "snapshot.json")


def test_a_written_file_can_be_read(path: str) -> None:
    write(path, b"whole")
    assert read(path) == b"whole"


def test_only_its_user_can_read_the_file_regardless_of_the_umask(path: str) -> None:
    before = os.umask(0)
    try:
        write(path, b"whole")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_writing_replaces_the_file_in_one_step(path: str) -> None:
    write(path, b"old")
    with open(path, "rb") as reader:
        write(path, b"new")
        assert reader.read() == b"old"
    assert read(path) == b"new"
    assert os.listdir(os.path.dirname(path)) == ["snapshot.json"]


def test_the_half_written_file_of_a_killed_process_is_replaced(path: str) -> None:
    Path(f"{path}.{os.getpid()}.tmp").write_text("half")
    write(path, b"whole")
    assert read(path) == b"whole"
    assert os.listdir(os.path.dirname(path)) == ["snapshot.json"]


def test_a_link_is_replaced_not_followed(path: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    os.symlink(other, path)
    os.symlink(other, f"{path}.{os.getpid()}.tmp")
    write(path, b"whole")
    assert other.read_text() == "mine"
    assert not os.path.islink(path)


def test_a_device_is_not_replaced() -> None:
    ends = os.openpty()  # a device in a file system that has no place for files
    try:
        device = os.ttyname(ends[1])
        before = os.stat(device)
        with pytest.raises(OSError, match="it is a device"):
            write(device, b"whole")
        assert os.stat(device) == before
    finally:
        for descriptor in ends:
            os.close(descriptor)


def test_a_failed_write_leaves_nothing_behind(path: str, tmp_path: Path) -> None:
    os.mkdir(path)
    with pytest.raises(OSError, match="directory"):
        write(path, b"whole")
    assert [entry.name for entry in tmp_path.iterdir()] == ["snapshot.json"]
    with pytest.raises(FileNotFoundError):
        write(str(tmp_path / "none" / "x"), b"whole")


def test_a_missing_file_returns_none(path: str) -> None:
    assert read(path) is None


def test_a_file_that_others_may_read_is_refused(path: str) -> None:
    write(path, b"whole")
    for mode in (0o604, 0o640, 0o602, 0o620):
        os.chmod(path, mode)
        with pytest.raises(SnapshotRefusedError, match="other users may read or write it"):
            read(path)
        assert read(path, ours=False) is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_another_user_is_refused(path: str) -> None:
    write(path, b"whole")
    os.chown(path, 12345, 12345)
    with pytest.raises(SnapshotRefusedError, match="another user"):
        read(path)
    assert read(path, ours=False) is not None


def test_a_link_is_refused(path: str, tmp_path: Path) -> None:
    write(str(tmp_path / "real"), b"whole")
    os.symlink(tmp_path / "real", path)
    with pytest.raises(SnapshotRefusedError, match="cannot be opened"):
        read(path)
    assert read(path, ours=False) is not None


def test_a_pipe_is_refused_without_waiting(path: str) -> None:
    os.mkfifo(path, 0o600)
    with pytest.raises(SnapshotRefusedError, match="regular"):
        read(path)


def test_a_folder_is_refused(path: str) -> None:
    os.mkdir(path, 0o700)
    with pytest.raises(SnapshotRefusedError, match="regular"):
        read(path)


def test_a_huge_file_is_refused_unread(path: str) -> None:
    write(path, b"whole")
    os.truncate(path, LARGEST_BYTES + 1)
    with pytest.raises(SnapshotRefusedError, match="larger"):
        read(path)


def test_refused_files_are_closed(path: str) -> None:
    os.mkdir(path, 0o700)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(SnapshotRefusedError):
            read(path)
    assert len(os.listdir("/proc/self/fd")) == before
