"""The snapshot file as processes share it: one at a time writes it, and takes its tokens."""

from __future__ import annotations

import os

from .._config.settings import PREFIX
from ..errors import SettingsError
from . import snapshot_file, snapshot_json
from .file_lock import FileLock
from .snapshot import Snapshot, fingerprint
from .snapshot_json import Lines, SnapshotRefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from .._config.settings import Settings

    Log = Callable[[str, str], None]


def read(settings: Settings, log: Log) -> Snapshot | None:
    """Return the snapshot in the file without its tokens; None unless these settings made it."""
    found = _read(settings, log)
    return None if found is None else found.without_tokens()


def check_fallback(settings: Settings) -> None:
    """Check that the fallback exists, at every startup: during an outage it would be too late.

    Raises:
        SettingsError: the file does not exist or cannot be read.
    """
    path = settings.fallback_path
    if path and not os.access(path, os.R_OK):
        hint = "write it with appconfig-env bake, or unset the variable"
        raise SettingsError([f"{PREFIX}FALLBACK: expected a readable file, got {path!r}; {hint}"])


def read_fallback(settings: Settings, log: Log) -> Snapshot | None:
    """Return the fallback that the settings name; None if there is no usable one."""
    if not settings.fallback_path:
        return None
    try:
        data = snapshot_file.read(settings.fallback_path, ours=False)
        return None if data is None else snapshot_json.loads(data, settings.resources())
    except SnapshotRefusedError as error:
        hint = "write it again with appconfig-env bake"
        log("error", f"{PREFIX}FALLBACK: {settings.fallback_path} was not used: {error}; {hint}")
        return None


class SnapshotRepository:
    """Exclusive access to the snapshot file: meanwhile no other process takes a token or writes.

    AppConfig's tokens are valid for one call. The lock holder removes them from the file before it
    uses them, and writes the next ones together with the documents that it received.

    Attributes:
        lock: access is exclusive if its `is_held` is True.
        keeps_tokens: whether a token may be kept for later, in the file or in memory.
    """

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], *, is_restored: bool = False
    ) -> None:
        self._settings = settings
        # A token from before a SnapStart snapshot is cloned with it, and would be used twice.
        self.keeps_tokens = (
            environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start" or is_restored
        )
        self.lock = FileLock(settings.snapshot_path + ".lock")
        self._lines = Lines()

    def take(self, log: Log, known: Snapshot | None = None) -> Snapshot | None:
        """Return the snapshot in the file, with its tokens if access is exclusive.

        Args:
            log: takes the warning about a file that cannot be used.
            known: this process's snapshot, whose documents need not be parsed again.
        """
        found = _read(self._settings, log, known, self._lines)
        if found is None:
            return None
        bare = found.without_tokens()
        has_tokens = any(entry.token for entry in found.entries.values())
        if not has_tokens or not self.keeps_tokens or not self.lock.is_held:
            return bare
        return bare if self._write(bare) else found

    def sweep(self) -> None:
        """Delete the temporary files of killed processes, if access is exclusive."""
        if self.lock.is_held:
            snapshot_file.sweep(self._settings.snapshot_path)

    def put(self, snapshot: Snapshot) -> str:
        """Write `snapshot`; return the reason on failure, else ''."""
        if not self.lock.is_held:
            return self.lock.problem
        return self._write(snapshot if self.keeps_tokens else snapshot.without_tokens())

    def _write(self, snapshot: Snapshot) -> str:
        data = snapshot_json.dumps(snapshot, self._settings.resources(), self._lines)
        try:
            snapshot_file.write(self._settings.snapshot_path, data)
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


def _read(
    settings: Settings, log: Log, known: Snapshot | None = None, lines: Lines | None = None
) -> Snapshot | None:
    path = settings.snapshot_path
    try:
        data = snapshot_file.read(path)
        if data is None:
            return None
        found = snapshot_json.loads(data, settings.resources(), known, lines)
    except SnapshotRefusedError as error:
        log("warn", f"the snapshot {path} was not used: {error}; its sources are read again")
        return None
    return _usable(found, settings) if found.fingerprint == fingerprint(settings) else None


def _usable(found: Snapshot, settings: Settings) -> Snapshot:
    """Return `found` without documents that its sources cannot use: they are read again."""
    resources = settings.resources()
    entries = {
        reference: entry
        for reference, entry in found.entries.items()
        if entry.fetched_at is None
        or entry.document is None
        or not entry.rendering(resources[reference]).reasons
    }
    return Snapshot(found.taken_at, found.fingerprint, entries)
