"""What is wrong with the rules of feature flags, in the documents that were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._config.sources import APPCONFIG, FILE
from ..._content.document import DocumentError
from ..._content.rules.variants import check_rules
from ..._content.variables import data_of
from .findings import ERROR, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._cache.snapshot import Snapshot
    from ..._config.settings import Settings


def problems_of_rules(settings: Settings, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with the flags of each profile and file, in every form that has rules.

    Args:
        settings: the sources.
        snapshot: the entries of those that were read.
    """
    for reference, entry in snapshot.entries.items():
        resource = settings.resources()[reference][0].resource
        if entry.document is None or resource.scheme not in (APPCONFIG, FILE):
            continue
        try:
            data = data_of(entry.document, resource)
        except DocumentError:
            continue  # a failure of the source, which is reported
        label = settings.label(reference)
        for problem in check_rules(data):
            yield Finding(ERROR, f"{label}: {problem}", label)
