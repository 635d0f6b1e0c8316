"""What the wrapper passes to the helper through exec: a variable, and a pipe for secrets."""

from __future__ import annotations

import _stat as stat
import posix  # os itself costs a cold start 1.5 ms
import time
from _thread import start_new_thread

from .._content import fast_json as json
from . import snapshot_json
from .snapshot import Snapshot
from .snapshot_json import SnapshotRefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .._config.settings import Settings

READ_BYTES = 1024 * 1024
REAP_TRIES, REAP_SECONDS = 10, 0.001


class BackgroundFetch:
    """The child that loads the deferred sources, as the runtime's process finds it.

    Attributes:
        process: its process ID.
        descriptor: the read end of its pipe, which the runtime inherits.
        inode: the pipe's inode, by which it is recognized.
    """

    __slots__ = ("descriptor", "inode", "process")

    def __init__(self, process: int, descriptor: int, inode: int) -> None:
        self.process = process
        self.descriptor = descriptor
        self.inode = inode


class Handoff:
    """What can no longer be seen in the environment once references are resolved.

    Attributes:
        process: the ID of the process that prefetched. It is the same after exec, so a wrapper that
            finds its own ID has run already.
        taken_at: when it prefetched, in Unix seconds.
        references: the in-place references, by variable.
        configured: the names that the function's own configuration sets.
        kept: the names that a program between two wrappers has set: no source sets them.
        background: the child that still loads deferred sources; None if there is none.
        folder: see `Settings.folder`: the runtime may have changed its working directory.
    """

    __slots__ = ("background", "configured", "folder", "kept", "process", "references", "taken_at")

    def __init__(
        self,
        process: int,
        taken_at: float,
        references: Mapping[str, str],
        configured: Iterable[str],
        background: BackgroundFetch | None = None,
        *,
        kept: Iterable[str] = (),
        folder: str = "",
    ) -> None:
        self.process = process
        self.taken_at = taken_at
        self.references = dict(references)
        self.configured = frozenset(configured)
        self.kept = frozenset(kept)
        self.background = background
        self.folder = folder


def dumps(handoff: Handoff) -> str:
    """Return the variable's value."""
    fields = {
        "process": handoff.process,
        "taken_at": handoff.taken_at,
        "references": handoff.references,
        "configured": sorted(handoff.configured),
    }
    if handoff.kept:
        fields["kept"] = sorted(handoff.kept)
    if handoff.folder:
        fields["folder"] = handoff.folder
    if handoff.background is not None:
        child = handoff.background
        fields["background"] = [child.process, child.descriptor, child.inode]
    return json.dumps(fields, compact=True)


def loads(text: str) -> Handoff | None:
    """Return the handoff that `dumps` wrote; None for any other text."""
    if not text:
        return None
    try:
        fields = json.loads(text)
        taken_at = float(fields["taken_at"])
        if taken_at - taken_at != 0:  # infinite, or NaN
            return None
        return Handoff(
            int(fields["process"]),
            taken_at,
            {str(name): str(value) for name, value in fields["references"].items()},
            [str(name) for name in fields["configured"]],
            BackgroundFetch(*map(int, fields["background"])) if "background" in fields else None,
            kept=[str(name) for name in fields.get("kept", [])],
            folder=str(fields.get("folder", "")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        return None


def sent(snapshot: Snapshot, references: Sequence[str], settings: Settings) -> bytes:
    """Return what the child sends: those entries of `references` that must not be in a file."""
    entries = {
        reference: entry.without_token()
        for reference in references
        if (entry := snapshot.entries[reference]).is_secret and entry.document is not None
    }
    secret = Snapshot(snapshot.taken_at, snapshot.fingerprint, entries)
    return snapshot_json.dumps(secret, settings.resources(), with_secrets=True)


def receive(child: BackgroundFetch, settings: Settings) -> Snapshot | None:
    """Return what the child has sent, and reap it; None if it sent nothing, or only a part.

    Call it once the child has released the snapshot's lock.
    """
    data = _read(child)
    _reap(child.process)
    try:
        if not data:
            return None
        return snapshot_json.loads(data, settings.resources(), with_secrets=True)
    except SnapshotRefusedError:  # it was killed while it wrote
        return None


def _read(child: BackgroundFetch) -> bytes:
    """Return the contents of the pipe, and close it."""
    parts = []
    try:
        found = posix.fstat(child.descriptor)
        if not stat.S_ISFIFO(found.st_mode) or found.st_ino != child.inode:
            return b""  # closed by other code: the number now belongs to another file
        posix.set_blocking(child.descriptor, False)
        try:
            while data := posix.read(child.descriptor, READ_BYTES):
                parts.append(data)
        except BlockingIOError:
            pass  # the child is about to exit: its lock may be released a moment earlier
        posix.close(child.descriptor)
    except OSError:  # closed
        return b""
    return b"".join(parts)


def _reap(process: int) -> None:
    """Reap the child without waiting for it: its lock is released a moment before it exits.

    On a busy machine that moment is long. Then a thread waits for the child, because nothing else
    would reap it while this process lives.
    """
    for _ in range(REAP_TRIES):
        if _has_reaped(process, posix.WNOHANG):
            return
        time.sleep(REAP_SECONDS)
    try:  # noqa: SIM105 - contextlib would cost 4 ms
        start_new_thread(_has_reaped, (process, 0))
    except RuntimeError:  # the process cannot start another thread
        pass


def _has_reaped(process: int, options: int) -> bool:
    try:
        return posix.waitpid(process, options)[0] != 0
    except ChildProcessError:  # other code has reaped it
        return True
