"""Everything known at one moment, never edited but replaced whole, and the file in which it is handed over."""

from __future__ import annotations

import hashlib
import json
import os
import stat

from ._render import Rendered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ._reference import Source
    from ._settings import Settings
    from .errors import SourceError

SCHEMA = 1  # of the file; README, "The snapshot"
LARGEST_FILE_BYTES = (
    64 * 1024 * 1024
)  # a hundred full-size AppConfig documents would be 200 MB of RAM


class SnapshotRefusedError(Exception):
    """A snapshot file that is not to be believed, and why."""


class State:
    """What is known of one locator.

    Attributes:
        data: the parsed document; None and `has_data` False where it was never read, or withheld.
        rendered: what each source makes of it, by the source's identity.
        version: the source's own, or an empty string.
        cursor: AppConfig's token for the next poll, good for one use; empty for none.
        fetched_at: when the source last said what holds, in Unix seconds; None for never.
        checked_at: when it was last asked.
        due_at: when it is to be asked again.
        failures: how often in a row it failed since.
        error: the last failure, None when the last attempt was good.
        missing: the required sources that have no value for want of it.
        withheld: names by source identity, whose secret values the file does not hold.
    """

    __slots__ = (
        "checked_at", "cursor", "data", "due_at", "error", "failures", "fetched_at", "has_data",
        "missing", "rendered", "version", "withheld",
    )  # fmt: skip

    def __init__(
        self,
        *,
        checked_at: float,
        due_at: float,
        data: object = None,
        has_data: bool = False,
        rendered: Mapping[str, Rendered] | None = None,
        version: str = "",
        cursor: str = "",
        fetched_at: float | None = None,
        failures: int = 0,
        error: str | None = None,
        missing: tuple[SourceError, ...] = (),
        withheld: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.data = data
        self.has_data = has_data
        self.rendered = dict(rendered or {})
        self.version = version
        self.cursor = cursor
        self.fetched_at = fetched_at
        self.checked_at = checked_at
        self.due_at = due_at
        self.failures = failures
        self.error = error
        self.missing = missing
        self.withheld = dict(withheld or {})

    def but(self, **changes: object) -> State:
        """A state like this one but for `changes`."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return State(**(fields | changes))  # type: ignore[arg-type]  # the fields' own types

    def is_due(self, now: float) -> bool:
        """Whether the source is to be asked again.

        By wall clock on purpose: the monotonic one may stand still while Lambda freezes the
        sandbox, and says nothing across processes. A clock that went back counts as due.
        """
        return not self.checked_at <= now < self.due_at

    def __repr__(self) -> str:
        return f"<State version {self.version!r} error {self.error!r}>"


class Snapshot:
    """What is known of all locators at one moment.

    Attributes:
        taken_at: that moment, in Unix seconds.
        fingerprint: of the settings it was made from.
        states: by the locators' canonical text.
    """

    __slots__ = ("fingerprint", "states", "taken_at")

    def __init__(self, taken_at: float, fingerprint: str, states: Mapping[str, State]) -> None:
        self.taken_at = taken_at
        self.fingerprint = fingerprint
        self.states = dict(states)

    def rendered(self, settings: Settings) -> Iterator[tuple[Source, Rendered]]:
        """What each source gives; later ones win."""
        for source in settings.sources:
            state = self.states.get(source.locator.text)
            if state is not None and source.identity in state.rendered:
                yield source, state.rendered[source.identity]

    def values(self, settings: Settings) -> dict[str, str]:
        """Every name's value, whether or not it goes into the environment."""
        merged: dict[str, str] = {}
        for _, rendered in self.rendered(settings):
            merged.update(rendered.values)
        return merged

    def missing(self) -> list[SourceError]:
        """The required sources that have no value."""
        return [error for state in self.states.values() for error in state.missing]

    def without_cursors(self) -> Snapshot:
        """The same, for one who may not poll with its tokens."""
        states = {text: state.but(cursor="") for text, state in self.states.items()}
        return Snapshot(self.taken_at, self.fingerprint, states)

    def complete(self) -> Snapshot:
        """What of it stands on its own: without sources that failed, or whose values were withheld."""
        states = {text: state for text, state in self.states.items() if state.has_data}
        return Snapshot(self.taken_at, self.fingerprint, states)

    def __repr__(self) -> str:
        return f"<Snapshot of {len(self.states)} sources>"


def fingerprint(settings: Settings) -> str:
    """What two settings share if, and only if, they read the same: 64 hexadecimal digits."""
    identity = json.dumps([SCHEMA, settings.identity()], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()


def dumps(snapshot: Snapshot) -> str:
    """The file's text: JSON, schema in the README. Secret values are left out."""
    sources = {}
    for text, state in snapshot.states.items():
        secret = {name for rendered in state.rendered.values() for name in rendered.secret}
        fields: dict[str, object] = {
            "version": state.version,
            "fetched_at": state.fetched_at,
            "checked_at": state.checked_at,
            "due_at": state.due_at,
            "failures": state.failures,
            "error": state.error,
            "values": {
                identity: {
                    name: value
                    for name, value in rendered.values.items()
                    if name not in rendered.secret
                }
                for identity, rendered in state.rendered.items()
            },
            "withheld": {
                identity: sorted(rendered.secret)
                for identity, rendered in state.rendered.items()
                if rendered.secret
            }
            or state.withheld,
        }
        if state.cursor:
            fields["cursor"] = state.cursor
        if state.has_data and not secret:
            fields["data"] = state.data
        sources[text] = fields
    return json.dumps({
        "schema": SCHEMA,
        "fingerprint": snapshot.fingerprint,
        "taken_at": snapshot.taken_at,
        "sources": sources,
    })  # fmt: skip


def loads(text: str) -> Snapshot:
    """The snapshot in a file's text.

    Raises:
        SnapshotRefusedError: the text is not of SCHEMA.
    """
    try:
        whole = json.loads(text)
        if whole["schema"] != SCHEMA:
            raise SnapshotRefusedError(f"it is of schema {whole['schema']!r}, not {SCHEMA}")
        states = {str(name): _state(fields) for name, fields in whole["sources"].items()}
        return Snapshot(float(whole["taken_at"]), str(whole["fingerprint"]), states)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise SnapshotRefusedError("it is not a snapshot, or only a part of one") from None


def _state(fields: dict[str, object]) -> State:
    fetched_at = fields["fetched_at"]
    error = fields["error"]
    return State(
        data=fields.get("data"),
        has_data="data" in fields,
        rendered={
            str(identity): Rendered(_texts(values))
            for identity, values in fields["values"].items()  # type: ignore[attr-defined]
        },
        version=str(fields["version"]),
        cursor=str(fields.get("cursor", "")),
        fetched_at=None if fetched_at is None else float(fetched_at),  # type: ignore[arg-type]
        checked_at=float(fields["checked_at"]),  # type: ignore[arg-type]
        due_at=float(fields["due_at"]),  # type: ignore[arg-type]
        failures=int(fields["failures"]),  # type: ignore[call-overload]
        error=None if error is None else str(error),
        withheld={
            str(identity): [str(name) for name in names]
            for identity, names in fields["withheld"].items()  # type: ignore[attr-defined]
        },
    )


def _texts(values: dict[str, object]) -> dict[str, str]:
    if not all(isinstance(value, str) for value in values.values()):
        raise TypeError("values")
    return values  # type: ignore[return-value]  # just checked


def write(path: str, snapshot: Snapshot) -> None:
    """Put the snapshot at `path` in one step: readers see the old one whole or the new one whole.

    Raises:
        OSError: nothing was written there.
    """
    text = dumps(snapshot).encode("utf-8", "surrogatepass")
    temporary = f"{path}.{os.getpid()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(temporary, flags, 0o600)
    except FileExistsError:  # left by a process of this number that was killed half-way
        os.unlink(temporary)
        descriptor = os.open(temporary, flags, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(text)
        os.rename(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise


def read(path: str, *, ours: bool = True) -> Snapshot | None:
    """The snapshot at `path`; None where there is no file.

    Args:
        path: the file.
        ours: whether it must be a file that this user wrote, as one in /tmp must: regular, no
            link, for nobody else to read or write. A fallback in the deployment package need not.

    Raises:
        SnapshotRefusedError: it is not to be believed.
    """
    # O_NONBLOCK: opening a FIFO that somebody put there must not wait for its writer.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_NOFOLLOW if ours else 0)
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SnapshotRefusedError(f"it cannot be opened ({error.strerror})") from None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SnapshotRefusedError("it is not a regular file")
        if ours and status.st_uid != os.geteuid():
            raise SnapshotRefusedError("it belongs to another user")
        if ours and status.st_mode & 0o077:
            raise SnapshotRefusedError("others may read or write it")
        if status.st_size > LARGEST_FILE_BYTES:
            raise SnapshotRefusedError(f"it is larger than {LARGEST_FILE_BYTES} bytes")
        try:
            return loads(file.read(LARGEST_FILE_BYTES).decode("utf-8", "surrogatepass"))
        except UnicodeDecodeError:
            raise SnapshotRefusedError("it is not UTF-8") from None
