"""The port to what is read: a request for each resource in, a document or a failure each out."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._config.resource import Resource
    from .._content.document import Document
    from ..errors import SourceError

    Outcome = Document | SourceError
    Fetch = Callable[[list["Request"], float], Mapping[str, Outcome]]


class Request:
    """One resource to be read.

    Attributes:
        resource: what to read.
        token: the token of its session, if there is one.
        is_required: whether nothing good is known of it, so that waiting for it is worth while.
    """

    __slots__ = ("is_required", "resource", "token")

    def __init__(self, resource: Resource, token: str = "", *, is_required: bool = True) -> None:
        self.resource = resource
        self.token = token
        self.is_required = is_required

    def __repr__(self) -> str:
        return f"<Request {self.resource.reference}>"
