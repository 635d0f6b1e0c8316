"""The snapshot's file as its processes share it: who may use it now, whose the tokens are."""

from __future__ import annotations

import os

from .._config.settings import PREFIX
from ..errors import SettingsError
from . import snapshot_file as _snapshot_file
from .file_lock import FileLock
from .snapshot import SnapshotRefusedError, fingerprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from .._config.settings import Settings
    from .snapshot import Snapshot

    Log = Callable[[str, str], None]


def read(settings: Settings, log: Log) -> Snapshot | None:
    """The snapshot in the file, if it was made from these settings; without tokens."""
    found = _read(settings, log)
    return None if found is None else found.without_tokens()


def check_fallback(settings: Settings) -> None:
    """See that the fallback is there: the day it is needed is too late to learn that it is not.

    Raises:
        SettingsError: it is not.
    """
    path = settings.fallback_path
    if path and not os.access(path, os.R_OK):
        raise SettingsError([f"{PREFIX}FALLBACK: want a file that can be read, got {path!r}"])


def read_fallback(settings: Settings, log: Log) -> Snapshot | None:
    """The fallback that the settings name; None where there is none, or none to be believed."""
    if not settings.fallback_path:
        return None
    try:
        return _snapshot_file.read(settings.fallback_path, ours=False)
    except SnapshotRefusedError as error:
        log("error", f"{PREFIX}FALLBACK: {settings.fallback_path} was not used: {error}")
        return None


class SnapshotRepository:
    """A turn at the snapshot's file; within it no other process reads a token or writes.

    AppConfig's tokens are good for one use. Whoever holds the lock takes them out of the file
    before it uses them, and puts the next ones in with what it received.

    Attributes:
        lock: its `is_held` says whether it is this one's turn.
        keeps_tokens: whether a token may outlive the turn, in the file or in memory.
    """

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], *, is_restored: bool = False
    ) -> None:
        self._settings = settings
        # What is taken before a SnapStart snapshot is cloned with it: a token would be used twice.
        self.keeps_tokens = (
            environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start" or is_restored
        )
        self.lock = FileLock(settings.snapshot_path + ".lock")

    def take(self, log: Log) -> Snapshot | None:
        """The snapshot in the file, and its tokens with it if this is this one's turn."""
        found = _read(self._settings, log)
        if found is None:
            return None
        bare = found.without_tokens()
        has_tokens = any(entry.token for entry in found.entries.values())
        if not has_tokens or not self.keeps_tokens or not self.lock.is_held:
            return bare
        return bare if self._write(bare) else found

    def sweep(self) -> None:
        """Delete what killed processes had half written, if it is this one's turn."""
        if self.lock.is_held:
            _snapshot_file.sweep(self._settings.snapshot_path)

    def put(self, snapshot: Snapshot) -> str:
        """Put `snapshot` into the file; why that was not possible, or an empty string."""
        if not self.lock.is_held:
            return self.lock.problem
        return self._write(snapshot if self.keeps_tokens else snapshot.without_tokens())

    def _write(self, snapshot: Snapshot) -> str:
        try:
            _snapshot_file.write(self._settings.snapshot_path, snapshot)
        except OSError as error:
            return error.strerror or type(error).__name__
        return ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.lock.release()


def _read(settings: Settings, log: Log) -> Snapshot | None:
    try:
        found = _snapshot_file.read(settings.snapshot_path)
    except SnapshotRefusedError as error:
        log("warn", f"the snapshot {settings.snapshot_path} was not used: {error}")
        return None
    if found is None or found.fingerprint != fingerprint(settings):
        return None
    return found
