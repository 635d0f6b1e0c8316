"""What stands in for all sources in a user's tests; see `testing`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .._content.flags import Flag


class Overrides:
    """Values by name, parsed documents by reference, flags by name."""

    __slots__ = ("documents", "flags", "values")

    def __init__(
        self, values: Mapping[str, str], documents: Mapping[str, Any], flags: Mapping[str, Flag]
    ) -> None:
        self.values = dict(values)
        self.documents = dict(documents)
        self.flags = dict(flags)
