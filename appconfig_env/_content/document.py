"""What a backend returned for one resource: bytes or parameters, not parsed yet; pure."""

from __future__ import annotations

import hashlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class DocumentError(ValueError):
    """A document that does not parse; the message never holds a part of it."""


class Document:
    """One document, never edited.

    Attributes:
        body: the bytes; empty for a path.
        parameters: for a path, the values by name relative to it; None for all else.
        secret: whether the whole document may be kept in memory only.
        secret_parameters: the names in `parameters` of which that holds.
        content_type: as the source declared it, or an empty string.
        version: the source's own version or label, or an empty string.
        name: the source's own name for it, where the resource may hold an ARN; or empty.
        token: AppConfig's, for the next poll; empty where there is none.
        poll_seconds: the shortest time until then by the service's rule, counted from the start of
            the fetch; None where it has no rule.
    """

    __slots__ = (
        "_data", "_digest", "_has_data", "body", "content_type", "name", "parameters",
        "poll_seconds", "secret", "secret_parameters", "token", "version",
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
        self._data: object = None
        self._has_data = False
        self._digest = ""

    @property
    def is_secret(self) -> bool:
        """Whether any part of it may be kept in memory only."""
        return self.secret or bool(self.secret_parameters)

    def parsed(self, parse: Callable[[Document], object]) -> object:
        """Return the data, which `parse` makes of the document on the first call.

        Raises:
            DocumentError: it does not parse.
        """
        if not self._has_data:
            self._data = parse(self)
            self._has_data = True
        return self._data

    @property
    def digest(self) -> str:
        """What two documents share if, and only if, they are the same: 32 hexadecimal digits."""
        if not self._digest:
            digest = hashlib.blake2b(digest_size=16)
            for part in (self.version, self.content_type, self.name):
                digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
            digest.update(self.body)
            for name, value in (self.parameters or {}).items():
                for part in (name, value):
                    data = part.encode("utf-8", "surrogatepass")
                    digest.update(b"%d:%b" % (len(data), data))
            self._digest = digest.hexdigest()
        return self._digest

    def __repr__(self) -> str:
        return f"<Document version {self.version!r}>"
