"""The snapshot and its state, shared by processes: only the lock holder writes and takes tokens."""

from __future__ import annotations

import time

from .._config.environ import is_snap_start
from .._config.settings import PREFIX
from . import snapshot_file, snapshot_json
from .file_lock import FileLock
from .snapshot import Snapshot, fingerprint
from .snapshot_json import SnapshotRefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from .._config.settings import Settings

    Log = Callable[[str, str], None]

STATE = ".state"  # ends the name of the state file, which a poll without news writes
LOCK = ".lock"


class Written:
    """What this process knows of the snapshot file.

    Attributes:
        link: of the file that it has read or written, see `snapshot_json`; empty for none.
        digests: those of the documents in it, by reference.
        refused: why it was not used the last time, which is logged once; empty if it was.
    """

    __slots__ = ("digests", "link", "refused")

    def __init__(self) -> None:
        self.refused = ""
        self.link = ""
        self.digests: Mapping[str, str] = {}


def read(settings: Settings, log: Log, written: Written | None = None) -> Snapshot | None:
    """Return the snapshot in the file without its tokens; None unless these settings made it.

    Args:
        settings: the sources.
        log: takes the warning about a file that cannot be used.
        written: receives what is known of the file.
    """
    found = _read(settings, log, written or Written())
    return None if found is None else found.without_tokens()


def revision_now() -> int:
    """Return the least revision of an attempt that is made now: a later attempt has a higher one.

    By the monotonic clock on purpose: it is the same in all processes that share a snapshot, and
    other than the wall clock it never moves backwards. It only decides the order of attempts, never
    their age, so it does not matter that it may stop while Lambda freezes the sandbox.
    """
    return time.monotonic_ns() // 1000


def read_fallback(settings: Settings, log: Log) -> Snapshot | None:
    """Return the fallback that the settings name; None if there is no usable one."""
    if not settings.fallback_path:
        return None
    try:
        data = snapshot_file.read(settings.fallback_path, ours=False)
        return None if data is None else snapshot_json.loads(data, settings.resources())
    except SnapshotRefusedError as error:
        path, hint = settings.fallback_path, "write it again with appconfig-env bake"
        log("error", f"APPCONFIG_ENV_FALLBACK: {path} was not used: {error}; {hint}")
        return None


class SnapshotRepository:
    """Exclusive access to the snapshot: meanwhile no other process takes a token or writes.

    AppConfig's tokens are valid for one call. The lock holder takes them out before it uses them,
    and writes the next ones together with the documents that it received.

    Attributes:
        lock: access is exclusive if its `is_held` is True.
        keeps_tokens: whether a token may be kept for later, in the file or in memory.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        written: Written | None = None,
        *,
        is_restored: bool = False,
    ) -> None:
        self._settings = settings
        self._written = written or Written()
        # A token from before a SnapStart snapshot is cloned with it, and would be used twice.
        self.keeps_tokens = is_restored or not is_snap_start(environ)
        self.lock = FileLock(settings.snapshot_path + LOCK)

    def take(self, log: Log, own: Snapshot | None = None) -> Snapshot | None:
        """Return the snapshot in the file, with its tokens if access is exclusive.

        Args:
            log: takes the warning about a file that cannot be used.
            own: this process's snapshot, whose documents need not be read again.
        """
        found = _read(self._settings, log, self._written, own)
        if found is None:
            return None
        bare = found.without_tokens()
        has_tokens = any(entry.token for entry in found.entries.values())
        if not has_tokens or not self.keeps_tokens or not self.lock.is_held:
            return bare
        problem = self._write_state(bare)
        return bare if problem and self._write(bare) else found

    def sweep(self) -> None:
        """Delete the temporary files of killed processes, if access is exclusive."""
        if self.lock.is_held:
            snapshot_file.sweep(self._settings.snapshot_path, STATE)

    def put(self, snapshot: Snapshot) -> str:
        """Write `snapshot`; return the reason on failure, else ''."""
        if not self.lock.is_held:
            return self.lock.problem
        if not self.keeps_tokens:
            snapshot = snapshot.without_tokens()
        is_same = self._written.link and self._written.digests == snapshot.digests()
        if is_same and not self._write_state(snapshot):
            return ""
        return self._write(snapshot)

    def _write_state(self, snapshot: Snapshot) -> str:
        """Write what is not a document; return the reason on failure, else ''."""
        data = snapshot_json.dumps_state(snapshot, self._settings.resources(), self._written.link)
        return _problem(self._settings.snapshot_path + STATE, data)

    def _write(self, snapshot: Snapshot) -> str:
        """Write everything; return the reason on failure, else ''."""
        data = snapshot_json.dumps(snapshot, self._settings.resources())
        problem = _problem(self._settings.snapshot_path, data)
        if problem:
            return problem
        self._written.link = snapshot_json.link_of(data)
        self._written.digests = snapshot.digests()
        path = self._settings.snapshot_path + STATE
        tokens = {name: entry.token for name, entry in snapshot.entries.items() if entry.token}
        if tokens:
            return _problem(path, snapshot_json.dumps_tokens(tokens, self._written.link))
        snapshot_file.remove(path)  # the first line has everything
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


def _problem(path: str, data: bytes) -> str:
    """Write the file; return the reason on failure, else ''."""
    try:
        snapshot_file.write(path, data)
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def _read(
    settings: Settings, log: Log, written: Written, own: Snapshot | None = None
) -> Snapshot | None:
    path = settings.snapshot_path
    reason = ""
    try:
        found = _read_files(settings, written, own)
    except SnapshotRefusedError as error:
        found, reason = None, str(error)
    if reason and reason != written.refused:
        hint = f"remove it, or set {PREFIX}SNAPSHOT to another path, if this happens again"
        again = f"its sources are read again; {hint}"
        log("warn", f"the snapshot {path} was not used: {reason}; {again}")
    written.refused = reason
    if found is None or found.fingerprint != fingerprint(settings):
        written.link = ""  # the next snapshot replaces the file, whatever is in it
        return None
    written.digests = found.digests()
    return _usable(found, settings)


def _read_files(settings: Settings, written: Written, own: Snapshot | None) -> Snapshot | None:
    path, resources = settings.snapshot_path, settings.resources()
    try:
        state = snapshot_file.read(path + STATE)
    except SnapshotRefusedError:
        state = None
    if own is not None and written.link:
        first_line = snapshot_file.read(path, first_line=True)
        if first_line is None:
            return None
        if snapshot_json.link_of(first_line) == written.link:
            found = snapshot_json.loads_known(first_line, resources, own, state=state)
            if found is not None:
                return found
    data = snapshot_file.read(path)
    if data is None:
        return None
    written.link = snapshot_json.link_of(data)
    return snapshot_json.loads(data, resources, own, state=state)


def _usable(found: Snapshot, settings: Settings) -> Snapshot:
    """Return `found` as far as this process could have written it.

    Documents that their sources cannot use are left out: they are read again.
    """
    resources = settings.resources()
    latest = revision_now()
    entries = {
        reference: entry.bounded(settings.longest_wait(resources[reference]), latest)
        for reference, entry in found.entries.items()
        if entry.fetched_at is None
        or entry.document is None
        or not entry.rendering(resources[reference]).reasons
    }
    return Snapshot(found.taken_at, found.fingerprint, entries)
