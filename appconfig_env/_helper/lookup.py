"""Documents and feature flags: found in what the sources gave, or what a test put there."""

from __future__ import annotations

from .._config.references import ReferenceProblems, parse
from .._config.sources import APPCONFIG
from .._content.flags import Flag, flag_of, is_flag
from .._content.variables import KeyMissingError, pick
from ..errors import AmbiguousFlagError, MissingKeyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from .._config.sources import Resource, Source
    from .helper import Helper


def document(helper: Helper, reference: str) -> Any:
    """See `Helper.document`."""
    overrides = helper.overrides
    if overrides is not None and reference in overrides.documents:
        return overrides.documents[reference]
    try:
        source = parse(reference)
    except ReferenceProblems as error:
        raise MissingKeyError(f"{reference!r}: {error}") from None
    if overrides is not None:
        raise MissingKeyError(
            f"{source.public_reference} is not among the documents of testing.override"
        )
    try:
        return pick(_data(helper, source.resource), source.key)
    except KeyMissingError as error:
        raise MissingKeyError(f"{source.public_reference}: {error}") from None


def flag(helper: Helper, name: str, source: str | None) -> Flag:
    """See `Helper.flag`."""
    overrides = helper.overrides
    if overrides is not None and name in overrides.flags:
        return overrides.flags[name]
    candidates = _profiles(helper) if source is None else [(source, document(helper, source))]
    found = [
        (text, data[name])
        for text, data in candidates
        if isinstance(data, dict) and is_flag(data.get(name))
    ]
    if len(found) > 1:
        profiles = " and ".join(text for text, _ in found)
        raise AmbiguousFlagError(f"{profiles} both have a flag {name!r}; say which with source=")
    return flag_of(name, found[0][1]) if found else Flag(name)


def _data(helper: Helper, resource: Resource) -> Any:
    """The parsed document of one resource.

    Raises:
        MissingKeyError: no source reads it, or there is none.
    """
    store = helper.refreshed()
    text = _configured(store.settings.resources(), resource)
    entry = store.snapshot.entries.get(text)
    if entry is None or not entry.is_known:
        # Withheld from the snapshot's file, so not known to this process yet.
        helper.ask(store, lacking=[text])
        entry = store.snapshot.entries.get(text)
    if entry is None or not entry.has_data:
        why = entry.error if entry is not None and entry.error else "it was never read"
        raise MissingKeyError(f"{text}: {why}")
    return entry.data


def _configured(known: Mapping[str, list[Source]], resource: Resource) -> str:
    """The text of the configured resource that is meant, which may have options of its own.

    Raises:
        MissingKeyError: there is none, or more than one.
    """
    if resource.reference in known:
        return resource.reference
    found = [
        text
        for text, sources in known.items()
        if (sources[0].resource.scheme, sources[0].resource.parts)
        == (resource.scheme, resource.parts)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise MissingKeyError(f"{resource.reference} may be {' or '.join(found)}; say which")
    all_of_them = ", ".join(known) or "none"
    raise MissingKeyError(
        f"{resource.reference} is not among the sources ({all_of_them}); add it with env=no"
    )


def _profiles(helper: Helper) -> Iterator[tuple[str, Any]]:
    if helper.overrides is None:
        store = helper.refreshed()
        unread = [text for text in store.unasked() if text.startswith(f"{APPCONFIG}:")]
        if unread:  # the wrapper's child is on it, or another thread or process
            helper.ask(store, lacking=unread)
        for text, entry in store.snapshot.entries.items():
            if text.startswith(f"{APPCONFIG}:") and entry.has_data:
                yield text, entry.data
