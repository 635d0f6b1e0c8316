"""What the sources of one resource make of its document, or of the lack of one; pure."""

from __future__ import annotations

from .._config.wording import printable
from ..errors import SourceError
from .document import Document, DocumentError
from .variables import KeyMissingError, Variables, data_of, render, render_default

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .._config.references import Source


class Rendering:
    """What came of one resource.

    Attributes:
        data: the parsed document, None where there is none.
        rendered: by the sources' identity: what each made of it, or what stands in.
        reasons: why the document is not good for all of the sources; empty where it is.
        missing: the required sources for which nothing stands in.
    """

    __slots__ = ("data", "missing", "reasons", "rendered")

    def __init__(self) -> None:
        self.data: object = None
        self.rendered: dict[str, Variables] = {}
        self.reasons: list[str] = []
        self.missing: list[SourceError] = []

    @property
    def error(self) -> str:
        """The reasons as one text, each once."""
        return "; ".join(dict.fromkeys(self.reasons))

    def use_defaults(
        self,
        sources: Iterable[Source],
        reason: str,
        *,
        unreachable: bool = False,
        is_secret: bool = False,
    ) -> None:
        """Put the defaults of `sources`; those that are required and have none are missing."""
        for source in sources:
            try:
                self.rendered[source.identity] = render_default(source, is_secret=is_secret)
            except DocumentError as error:
                reason = f"{reason}; its default cannot stand in: {error}"
                self.rendered[source.identity] = Variables()
            else:
                if source.default is not None or source.optional:
                    continue
            self.missing.append(
                SourceError(source.public_reference, reason, unreachable=unreachable)
            )


def make(sources: Sequence[Source], document: Document) -> Rendering:
    """What `sources` make of `document`."""
    try:
        data = data_of(document)
    except DocumentError as error:
        made = Rendering()
        _refuse(made, sources, document, error)
        return made
    return render_data(sources, document, data)


def render_data(sources: Sequence[Source], document: Document, data: object) -> Rendering:
    """What `sources` make of `document`, which was parsed already."""
    made = Rendering()
    made.data = data
    for source in sources:
        try:
            made.rendered[source.identity] = render(source, document, data)
        except KeyMissingError as error:
            if source.optional or source.default is not None:  # the document is good as it is
                made.use_defaults([source], str(error), is_secret=document.is_secret)
            else:
                _refuse(made, [source], document, error)
        except DocumentError as error:
            _refuse(made, [source], document, error)
    return made


def _refuse(
    made: Rendering, sources: Sequence[Source], document: Document, error: DocumentError
) -> None:
    version = printable(document.version)  # a header that anybody on the way may have written
    reason = f"{error} (version {version})" if version else str(error)
    made.reasons.append(reason)
    made.use_defaults(sources, reason, is_secret=document.is_secret)
