"""What a backend returns for one resource, not parsed yet; pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._config.resource import Resource


class DocumentError(ValueError):
    """A document that does not parse; the message never holds a part of it."""


class Document:
    """One answer of a source, not parsed yet.

    Attributes:
        resource: what was read.
        body: the bytes; None where the source said that nothing changed.
        parameters: for a path, the values by name relative to it; then `body` is None.
        secret: whether the whole document may be kept in memory only.
        secret_parameters: the names in `parameters` of which that holds.
        content_type: as the source said, or an empty string.
        version: the source's own version or label, or an empty string.
        token: the token for the next poll; empty where there is none.
        poll_seconds: the least until then by the service's rule, from the fetch's start; None
            where it has no rule.
        name: the source's own name for it, where the resource may hold an ARN.
        is_early: the service said that it was polled too early: all stays, the token too.
    """

    __slots__ = (
        "body",
        "content_type",
        "is_early",
        "name",
        "parameters",
        "poll_seconds",
        "resource",
        "secret",
        "secret_parameters",
        "token",
        "version",
    )  # fmt: skip

    def __init__(
        self,
        resource: Resource,
        body: bytes | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        secret: bool = False,
        secret_parameters: frozenset[str] = frozenset(),
        content_type: str = "",
        version: str = "",
        token: str = "",
        poll_seconds: float | None = None,
        name: str = "",
        is_early: bool = False,
    ) -> None:
        self.resource = resource
        self.body = body
        self.parameters = parameters
        self.secret = secret
        self.secret_parameters = secret_parameters
        self.content_type = content_type
        self.version = version
        self.token = token
        self.poll_seconds = poll_seconds
        self.name = name or resource.name
        self.is_early = is_early

    @property
    def is_secret(self) -> bool:
        """Whether any part of it may be kept in memory only."""
        return self.secret or bool(self.secret_parameters)

    @property
    def is_unchanged(self) -> bool:
        """Whether the source said that what was read before still holds."""
        return self.body is None and self.parameters is None

    def __repr__(self) -> str:
        return f"<Document {self.resource.reference} version {self.version!r}>"
