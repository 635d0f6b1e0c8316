"""What a failed read means for variables, and the log lines about it; pure."""

from __future__ import annotations

from .._config.sources import SSM
from .._config.wording import MOST_LISTED, enumerated
from .._content.variables import single_name
from ..errors import by_cause
from .log_fields import failure_fields, source_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from .._config.settings import Settings
    from .._config.sources import Source
    from .._content.render import Rendering
    from ..errors import Failure, SourceError
    from .entry import Entry
    from .log_fields import Fields
    from .snapshot import Snapshot

    Shared = tuple[bool, str]  # whether a required source has no value, and one of _WORDS

LAST_VALUE = "last value"
FALLBACK = "fallback"
DEFAULT = "default"
UNSET = "unset"
ELSEWHERE = "elsewhere"
# For one variable, for several, and for those of one or several sources that cannot be listed.
_WORDS = {
    LAST_VALUE: (
        "using the last value of {}", "using the last values of {}", "using the last values",
        "using the last values",
    ),
    FALLBACK: (
        "using the fallback's value of {}", "using the fallback's values of {}",
        "using the fallback", "using the fallback",
    ),
    DEFAULT: ("{} is set to its default", "{} are set to their defaults", "", ""),
    UNSET: (
        "{} is not set", "{} are not set", "its variables are not set",
        "their variables are not set",
    ),
    ELSEWHERE: (
        "{} is set by another source or on the function",
        "{} are set by other sources or on the function", "", "",
    ),
}  # fmt: skip
CONTINUING = "(APPCONFIG_ENV_ON_ERROR=continue)"


def failure_lines(
    settings: Settings,
    snapshot: Snapshot,
    references: Collection[str],
    present: Mapping[str, str],
    *,
    is_continuing: bool = False,
) -> Iterator[tuple[str, Fields, bool]]:
    """Yield a line for each cause of failed reads, its fields, and whether it is an error.

    A line names the sources, the cause, which variables have their default, their last or the
    fallback's value, which ones are not set, and the remedy. It is an error if a required source
    has no value.

    Args:
        settings: the sources.
        snapshot: their entries.
        references: of the resources whose failures to report.
        present: the variables, as all sources and the function's configuration have set them.
        is_continuing: whether startup goes on without required sources.
    """
    affected: dict[tuple[str, Shared], list[tuple[Source, str]]] = {}
    failed: list[tuple[str, Failure, Shared]] = []
    for reference in references:
        entry, sources = snapshot.entries[reference], settings.resources()[reference]
        if entry.failure is None:
            continue
        missing = {error.source: error.failure for error in entry.rendering(sources).missing}
        for source in sources:
            needs_none = source.optional and source.default is None  # others have its reference
            failure = None if needs_none else missing.get(source.public_reference)
            label = settings.label(reference) if failure is None else source.public_reference
            for kind, name in _effects(source, entry, sources, present):
                shared = (failure is not None, kind)
                failed.append((label, failure or entry.failure, shared))
                affected.setdefault((label, shared), []).append((source, name))

    def note(labels: Sequence[str], shared: Shared) -> str:
        is_missing, kind = shared
        text = _note(kind, [name for label in labels for _, name in affected[label, shared]])
        if not (is_missing and is_continuing):
            return text
        return f"continuing without {'them' if len(labels) > 1 else 'it'} {CONTINUING}; {text}"

    failed.sort(key=lambda one: not one[2][0])
    for line, labels, failures, shared in by_cause(failed, note):
        concerned = [source for label in labels for source, _ in affected[label, shared]]
        yield line, {**source_fields(concerned), **failure_fields(*failures)}, shared[0]


def missing_lines(
    settings: Settings, missing: Iterable[SourceError]
) -> Iterator[tuple[str, Fields]]:
    """Yield the lines of a `LoadError`, and their fields.

    Args:
        settings: the sources.
        missing: the required sources that have no value.
    """
    failed = ((error.source, error.failure, None) for error in missing)
    for line, names, failures, _ in by_cause(failed):
        concerned = [source for source in settings.sources if source.public_reference in names]
        yield line, {**source_fields(concerned), **failure_fields(*failures)}


def in_use(source: Source, entry: Entry, settings: Settings) -> str:
    """Return what is used of `source` after a failed read; empty if nothing is."""
    rendering = entry.rendering(settings.resources()[source.resource.reference])
    variables = rendering.variables.get(source.identity)
    if variables is None or not variables.values:
        return ""
    kind = _kind(source, entry, rendering)
    return "using its default" if kind == DEFAULT else _WORDS[kind][2] if kind else ""


def _kind(source: Source, entry: Entry, rendering: Rendering) -> str:
    """Return what the values of `source` are; empty if the failure does not concern it."""
    if source.identity not in rendering.used:
        return DEFAULT
    if entry.fetched_at is None:
        return ""  # only other sources cannot use the document
    return LAST_VALUE if entry.confirmed else FALLBACK


def _effects(
    source: Source, entry: Entry, sources: Sequence[Source], present: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield what became of each variable of `source`, and its name; '' for all together."""
    rendering = entry.rendering(sources)
    variables = rendering.variables.get(source.identity)
    values = variables.values if variables is not None else {}
    kind = _kind(source, entry, rendering)
    if not kind:
        return
    names = _names(source) or (list(values) if len(values) == 1 else [])
    if not names:
        yield kind if values else UNSET, ""
    for name in names:
        value = values.get(name)
        found = present.get(name) if source.env else value
        if found is None:
            yield UNSET, name
        else:
            yield kind if found == value else ELSEWHERE, name


def _names(source: Source) -> Sequence[str]:
    """Return the variables of `source`, as far as they are known without its document."""
    if source.only is not None and not (source.variable or source.as_name):
        return source.only
    is_parameter = source.resource.scheme == SSM and not source.resource.is_path
    if source.variable or source.as_name or source.key or is_parameter:
        return [single_name(source)]
    return []


def _note(kind: str, names: Sequence[str]) -> str:
    one, several, unlisted_of_one, unlisted = _WORDS[kind]
    if "" in names:
        return unlisted_of_one if len(names) == 1 else unlisted
    listed = list(dict.fromkeys(names))
    if len(listed) > MOST_LISTED:
        listed[MOST_LISTED:] = [f"{len(listed) - MOST_LISTED} more"]
    return (one if len(listed) == 1 else several).format(enumerated(listed))
