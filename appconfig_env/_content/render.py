"""The variables that a resource's sources render from its document, or without one; pure."""

from __future__ import annotations

from .._config.wording import printable
from ..errors import Failure, SourceError
from .document import DocumentError, joined
from .variables import KeyMissingError, Variables, exact_data_of, render, render_default

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .._config.sources import Source
    from .document import Document


# The parsed data of larger documents is not kept: with the variables of two versions, it would not
# fit into the smallest function.
LARGE_BYTES = 256 * 1024


class Rendering:
    """The variables of all sources of one resource.

    Attributes:
        variables: by source identity; from the document, or the source's default.
        reasons: why some sources cannot use the document; empty if all can.
        missing: the required sources that have no value.
        is_text: whether the document is text, and not an object or list.
    """

    __slots__ = ("_others", "is_text", "missing", "reasons", "variables")

    def __init__(self) -> None:
        self.variables: dict[str, Variables] = {}
        self._others: tuple[str, ...] = ()  # that have not used the document; most often none
        self.reasons: list[Failure] = []
        self.missing: list[SourceError] = []
        self.is_text = False

    def overlaid(self, given: Mapping[str, Variables]) -> Rendering:
        """Return a copy with the variables `given`, by source identity."""
        rendering = Rendering()
        rendering.variables = {**self.variables, **given}
        rendering.reasons, rendering.missing = self.reasons, self.missing
        used = self.used | {name for name, one in given.items() if one.values}
        rendering._others = tuple(name for name in rendering.variables if name not in used)
        return rendering

    @property
    def used(self) -> frozenset[str]:
        """The identities of the sources that have used the document."""
        return frozenset(self.variables).difference(self._others)

    @property
    def failure(self) -> Failure:
        """All reasons, without duplicates, as one failure."""
        return Failure("invalid", *joined(self.reasons))

    def use_defaults(
        self, sources: Iterable[Source], failure: Failure, *, is_secret: bool = False
    ) -> None:
        """Add the defaults of `sources`; required sources without a usable default are missing."""
        for source in sources:
            self._others += (source.identity,)
            reported = failure
            try:
                self.variables[source.identity] = render_default(source, is_secret=is_secret)
            except DocumentError as error:
                fields = failure.fields()
                hint = f"its default cannot be used: {error}"
                fields["hint"] = f"{failure.hint}; {hint}" if failure.hint else hint
                reported = Failure(**fields)
                self.variables[source.identity] = Variables()
            else:
                if source.default is not None or source.optional:
                    continue
            self.missing.append(SourceError(source.public_reference, reported))


def forget_large(document: Document) -> None:
    """Forget the parsed data of a large document, which another one is about to replace."""
    if len(document.body) > LARGE_BYTES:
        document.forget_data()


def render_document(sources: Sequence[Source], document: Document) -> Rendering:
    """Return the variables of `sources` from `document`; kept with it for the same `sources`."""
    return document.kept(sources, _rendered)


def _rendered(sources: Sequence[Source], document: Document) -> Rendering:
    rendering = Rendering()
    try:
        data = exact_data_of(document, sources[0].resource)
    except DocumentError as error:
        _refuse(rendering, sources, document, error)
        return rendering
    rendering.is_text = isinstance(data, str)
    is_large = len(document.body) > LARGE_BYTES
    forget_large(document)
    for source in sources:
        consumes = is_large and source is sources[-1]
        try:
            variables = render(source, document, data, consumes=consumes)
            rendering.variables[source.identity] = variables
        except KeyMissingError as error:
            if source.optional or source.default is not None:  # the document itself is usable
                failure = Failure("invalid", error.summary, error.hint)
                rendering.use_defaults([source], failure, is_secret=document.is_secret)
            else:
                _refuse(rendering, [source], document, error)
        except DocumentError as error:
            _refuse(rendering, [source], document, error)
    return rendering


def render_defaults(sources: Sequence[Source], failure: Failure) -> Rendering:
    """Return the variables of `sources` without a document."""
    rendering = Rendering()
    rendering.use_defaults(sources, failure)
    return rendering


def _refuse(
    rendering: Rendering, sources: Sequence[Source], document: Document, error: DocumentError
) -> None:
    version = printable(document.version)  # a header that a proxy may have written
    summary = f"{error.summary} (version {version})" if version else error.summary
    failure = Failure("invalid", summary, error.hint)
    rendering.reasons.append(failure)
    rendering.use_defaults(sources, failure, is_secret=document.is_secret)
