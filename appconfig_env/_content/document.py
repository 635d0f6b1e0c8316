"""What a backend returned for one resource: bytes or parameters, not parsed yet; pure."""

from __future__ import annotations

try:
    from _blake2 import blake2b  # hashlib loads OpenSSL: a quarter of a first get()
except ImportError:  # a Python built without it
    from hashlib import blake2b

__all__ = ("Document", "DocumentError", "blake2b", "joined")

MOST_JOINED = 100  # problems in one error: a document may have one for each of its keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeVar

    from ..errors import Failure

    K = TypeVar("K")
    R = TypeVar("R")


class DocumentError(ValueError):
    """A document that cannot be used; the message contains no part of it except names.

    Attributes:
        summary: the reason.
        hint: what to do about it, as an imperative.
    """

    def __init__(self, summary: str, hint: str) -> None:
        self.summary = summary
        self.hint = hint
        super().__init__(summary, hint)

    def __str__(self) -> str:
        return f"{self.summary}; {self.hint}"


def joined(errors: Iterable[DocumentError | Failure]) -> tuple[str, str]:
    """Return `errors` as the summary and the hint of one, without duplicates.

    Summaries with one hint are together, and each hint follows its own summaries; so the summary
    has all hints but the last.
    """
    summaries: dict[str, dict[str, None]] = {}
    pairs = dict.fromkeys((error.summary, error.hint) for error in errors)
    for summary, hint in [*pairs][:MOST_JOINED]:
        summaries.setdefault(hint, {})[summary] = None
    if not summaries:
        return "", ""
    *others, (last, hint) = [("; ".join(texts), hint) for hint, texts in summaries.items()]
    if len(pairs) > MOST_JOINED:
        last += f"; and {len(pairs) - MOST_JOINED} more problems"
    return "; ".join([*(f"{text}; {remedy}" for text, remedy in others), last]), hint


class Document:
    """One document, never edited.

    Attributes:
        body: the bytes; empty for a path.
        parameters: a path's values, by name relative to the path; None for other resources.
        secret: whether the whole document must be kept in memory only.
        secret_parameters: the names in `parameters` whose values must be kept in memory only.
        content_type: as the source declared it, or an empty string.
        version: the source's own version or label, or an empty string.
        name: the source's own name for it, if the reference contains an ARN instead; or empty.
        token: AppConfig's token for the next poll; empty if there is none.
        poll_seconds: the service's minimum until the next poll, counted from the start of the
            fetch; None if it has no minimum.
        read_seconds: how long it took to read.
    """

    __slots__ = (
        "_data", "_digest", "_error", "_has_data", "_kept", "_plain", "body", "content_type",
        "name", "parameters", "poll_seconds", "read_seconds", "secret", "secret_parameters",
        "token", "version",
    )  # fmt: skip

    def __init__(
        self,
        body: bytes = b"",
        *,
        parameters: Mapping[str, str] | None = None,
        secret: bool = False,
        secret_parameters: frozenset[str] = frozenset(),
        content_type: str = "",
        version: str = "",
        name: str = "",
        token: str = "",
        poll_seconds: float | None = None,
        read_seconds: float = 0.0,
    ) -> None:
        self.body = body
        self.parameters = parameters
        self.secret = secret
        self.secret_parameters = secret_parameters
        self.content_type = content_type
        self.version = version
        self.name = name
        self.token = token
        self.poll_seconds = poll_seconds
        self.read_seconds = read_seconds
        self._data: object = None
        self._has_data = False
        self._error: tuple[str, str] | None = None
        self._digest = ""
        self._plain: object = None
        self._kept: tuple[object, Any] | None = None

    @property
    def is_secret(self) -> bool:
        """Whether any part of it must be kept in memory only."""
        return self.secret or bool(self.secret_parameters)

    def parsed(self, parse: Callable[[Document], object]) -> object:
        """Return the data; the first call parses the document with `parse`.

        Raises:
            DocumentError: the document cannot be parsed; later calls do not try it again, which
                would take as long for each caller.
        """
        if not self._has_data:
            try:
                self._data = parse(self)
            except DocumentError as error:
                self._error = error.summary, error.hint
            self._has_data = True
        if self._error is not None:
            raise DocumentError(*self._error)
        return self._data

    def forget_data(self) -> None:
        """Keep no parsed data: who needs it parses again."""
        self._data, self._has_data = None, self._error is not None
        self._plain = None

    def converted(self, data: object, convert: Callable[[object], object]) -> object:
        """Return `convert(data)` for the data that `parsed` returned; the first call converts."""
        if self._plain is None:
            self._plain = convert(data)
        return self._plain

    def kept(self, key: K, make: Callable[[K, Document], R]) -> R:
        """Return `make(key, self)`, which is kept until another object is the key."""
        if self._kept is None or self._kept[0] is not key:
            self._kept = key, make(key, self)
        result: R = self._kept[1]
        return result

    def is_same_as(self, other: Document | None) -> bool:
        """Whether `other` has the same contents, which are secret in the same places."""
        return (
            other is not None
            and self.secret == other.secret
            and self.secret_parameters == other.secret_parameters
            and self.digest == other.digest
        )

    @property
    def digest(self) -> str:
        """A hash that is equal for equal documents: 32 hexadecimal digits."""
        if not self._digest:
            about = f"{self.version}\0{self.content_type}\0{self.name}\0"
            digest = blake2b(about.encode("utf-8", "surrogatepass"), digest_size=16)
            digest.update(self.body)
            for name, value in (self.parameters or {}).items():
                for part in (name, value):
                    data = part.encode("utf-8", "surrogatepass")
                    digest.update(b"%d:%b" % (len(data), data))
            self._digest = digest.hexdigest()
        return self._digest

    def __repr__(self) -> str:
        return f"<Document version {self.version!r}>"
