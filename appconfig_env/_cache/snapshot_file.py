"""The snapshot file: written in one step, read with distrust; knows nothing of its contents."""

from __future__ import annotations

import os
import stat

from .snapshot_json import SnapshotRefusedError

# Thirty full-size AppConfig documents; more would not fit a small function's memory as data.
LARGEST_BYTES = 64 * 1024 * 1024


def write(path: str, data: bytes, *, mode: int = 0o600) -> None:
    """Write the file in one step: readers see the old one whole or the new one whole.

    Args:
        path: the file.
        data: its contents.
        mode: who may read it: others than this user only a fallback, which Lambda's user opens.

    Raises:
        OSError: nothing was written there.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(temporary, flags, 0o600)
    except FileExistsError:  # left by a process of this number that was killed half-way
        os.unlink(temporary)
        descriptor = os.open(temporary, flags, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            if mode != 0o600:
                os.fchmod(descriptor, mode)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def sweep(path: str) -> None:
    """Delete what processes left beside `path` that were killed while they wrote.

    To be called by whoever has the lock: nobody writes then.
    """
    folder, slash, name = path.rpartition("/")
    try:
        found = os.listdir(folder + slash or ".")
    except OSError:
        return
    for entry in found:
        number = entry[len(name) + 1 : -len(".tmp")]
        if entry == f"{name}.{number}.tmp" and number.isdigit():
            try:  # noqa: SIM105 - contextlib would cost 4 ms
                os.unlink(folder + slash + entry)
            except OSError:
                pass  # another user's, which is in nobody's way


def read(path: str, *, ours: bool = True) -> bytes | None:
    """Return the contents of the file at `path`; None where there is no file.

    Args:
        path: the file.
        ours: whether it must be a file that this user wrote, as one in /tmp must: regular, no
            link, for nobody else to read or write. A fallback in the deployment package need not.

    Raises:
        SnapshotRefusedError: it is not to be used.
    """
    # O_NONBLOCK: opening a FIFO that somebody put there must not wait for its writer.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_NOFOLLOW if ours else 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SnapshotRefusedError(f"it cannot be opened ({error.strerror})") from None
    try:
        status = os.fstat(descriptor)
        _refuse(status, ours=ours)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(status.st_size)
    except OSError as error:
        raise SnapshotRefusedError(f"it cannot be read ({error.strerror})") from None
    finally:
        os.close(descriptor)


def _refuse(status: os.stat_result, *, ours: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SnapshotRefusedError("it is not a regular file")
    if ours and status.st_uid != os.geteuid():
        raise SnapshotRefusedError("it belongs to another user")
    if ours and status.st_mode & 0o077:
        raise SnapshotRefusedError("others may read or write it")
    if status.st_size > LARGEST_BYTES:
        raise SnapshotRefusedError(f"it is larger than {LARGEST_BYTES} bytes")
