"""The snapshot file, whatever is in it: replaced atomically, checked before it is read."""

from __future__ import annotations

import _stat as stat
import posix  # os itself costs a cold start 1.5 ms

from .snapshot_json import SnapshotRefusedError

# Thirty AppConfig documents of the largest size; more would not fit into a small function's memory.
LARGEST_BYTES = 64 * 1024 * 1024
EEXIST = 17  # on Linux; importing errno would cost the helper a module


def write(path: str, data: bytes, *, mode: int = 0o600) -> None:
    """Replace the file atomically: readers see either the whole old one or the whole new one.

    Args:
        path: the file.
        data: its contents.
        mode: its permissions. Only a fallback is readable by other users, because Lambda runs as
            another user than the build.

    Raises:
        OSError: the file could not be written, or is a device; the old one is still there.
    """
    if _is_device(path):  # a rename would put the file in its place, for the whole machine
        raise OSError(EEXIST, "it is a device")
    temporary = f"{path}.{posix.getpid()}.tmp"
    flags = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_NOFOLLOW | posix.O_CLOEXEC
    try:
        descriptor = posix.open(temporary, flags, 0o600)
    except FileExistsError:  # from a process with this ID that was killed while it wrote
        posix.unlink(temporary)
        descriptor = posix.open(temporary, flags, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            if mode != 0o600:
                posix.fchmod(descriptor, mode)
        posix.rename(temporary, path)
    except BaseException:
        posix.unlink(temporary)
        raise


def _is_device(path: str) -> bool:
    try:
        mode = posix.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def remove(path: str) -> None:
    """Delete the file at `path`, if there is one and it can be deleted."""
    try:  # noqa: SIM105 - contextlib would cost 4 ms
        posix.unlink(path)
    except OSError:
        pass


def sweep(path: str, *endings: str) -> None:
    """Delete the temporary files of processes that were killed while they wrote.

    Only the lock holder may call it: no other process writes meanwhile.

    Args:
        path: the file next to which they are.
        endings: what other files next to it end with.
    """
    folder, slash, name = path.rpartition("/")
    try:
        found = posix.listdir(folder + slash or ".")
    except OSError:
        return
    names = [name, *(name + ending for ending in endings)]
    for entry in found:
        written, _, number = entry.removesuffix(".tmp").rpartition(".")
        if written in names and number.isdigit() and entry == f"{written}.{number}.tmp":
            remove(folder + slash + entry)  # another user's remains, which does no harm


def read(path: str, *, ours: bool = True, first_line: bool = False) -> bytes | None:
    """Return the contents of the file at `path`; None if it does not exist.

    Args:
        path: the file.
        first_line: whether to return its first line only.
        ours: whether it must be a file that this user wrote, as in /tmp: not a link, owned by this
            user, and with no permissions for others. A fallback in the deployment package need not.

    Raises:
        SnapshotRefusedError: the file must not be used.
    """
    # O_NONBLOCK: if the file is a FIFO, opening it must not wait for its writer.
    flags = posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK | (posix.O_NOFOLLOW if ours else 0)
    try:
        descriptor = posix.open(path, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SnapshotRefusedError(f"it cannot be opened ({error.strerror})") from None
    try:
        status = posix.fstat(descriptor)
        _refuse(status, ours=ours)
        with open(descriptor, "rb", closefd=False) as file:
            return file.readline() if first_line else file.read(status.st_size)
    except OSError as error:
        raise SnapshotRefusedError(f"it cannot be read ({error.strerror})") from None
    finally:
        posix.close(descriptor)


def _refuse(status: posix.stat_result, *, ours: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SnapshotRefusedError("it is not a regular file")
    if ours and status.st_uid != posix.geteuid():
        raise SnapshotRefusedError("it belongs to another user")
    if ours and status.st_mode & 0o077:
        raise SnapshotRefusedError("other users may read or write it")
    if status.st_size > LARGEST_BYTES:
        raise SnapshotRefusedError(f"it is larger than {LARGEST_BYTES} bytes")
