"""What became of each source: the result, its version and names, and how it was read; pure."""

from __future__ import annotations

from typing import NamedTuple

from ..._config.sources import APPCONFIG, SECRETS_MANAGER, SSM
from ..._config.wording import printable
from ...errors import by_cause
from .findings import ERROR, WARN, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..._backends.calls import Call
    from ..._cache.entry import Entry
    from ..._cache.snapshot import Snapshot
    from ..._config.settings import Settings
    from ..._config.sources import Source
    from ...errors import Failure

OK = "ok"
FAILED = "failed"
NOT_READ = "not read"
SERVICES = {APPCONFIG: "appconfigdata", SSM: "ssm", SECRETS_MANAGER: "secretsmanager"}


class Result(NamedTuple):
    """What became of one source.

    Attributes:
        source: its reference, after the variable whose value it was.
        result: OK, FAILED or NOT_READ.
        kind: of the failure: `denied`, `missing`, `throttled`, `unavailable`, `invalid` or
            `misconfigured`.
        is_required: whether a cold start fails without it.
        version: the document's.
        names: the variables that it has.
        seconds: how long its calls took together; None if none was made.
        region: where it was read; empty for a local one.
        role: the role that was assumed for it; empty for none.
        action: the IAM action that is missing.
        resource_arn: the ARN to allow it on.
        reason: why it could not be read, with the remedy.
    """

    source: str
    result: str
    is_required: bool
    kind: str = ""
    version: str = ""
    names: tuple[str, ...] = ()
    seconds: float | None = None
    region: str = ""
    role: str = ""
    action: str = ""
    resource_arn: str = ""
    reason: str = ""


def results(settings: Settings, snapshot: Snapshot, calls: Iterable[Call]) -> list[Result]:
    """Return what became of each source, in their order.

    Args:
        settings: the sources.
        snapshot: the entries of those that were read.
        calls: those that were made for them.
    """
    made: dict[str, list[Call]] = {}
    for call in calls:
        for reference in call.references:
            made.setdefault(reference, []).append(call)
    names = {source.identity: tuple(one.values) for source, one in snapshot.variables(settings)}
    found = []
    for source in settings.sources:
        reference = source.resource.reference
        entry = snapshot.entries.get(reference)
        result = _result(source, settings, entry, made.get(reference, ()))
        found.append(result._replace(names=names.get(source.identity, ())))
    return found


def _result(
    source: Source, settings: Settings, entry: Entry | None, calls: Sequence[Call]
) -> Result:
    is_required = not source.optional and source.default is None
    failure = _failure(source, settings, entry)
    unread = Result(source.public_reference, NOT_READ, is_required)
    if entry is None:
        return unread
    is_remote = not (source.resource.is_local or settings.local_dir)
    access = settings.aws.access(SERVICES[source.resource.scheme]) if is_remote else None
    regions = [call.region for call in calls if call.region]
    result = unread._replace(
        result=OK if failure is None else FAILED,
        kind="" if failure is None else failure.kind,
        version=printable(entry.version),
        seconds=sum(call.seconds for call in calls) if calls else None,
        region=regions[-1] if regions else access.region if access is not None else "",
        role=access.role_arn if access is not None else "",
    )
    if failure is None:
        return result
    return result._replace(
        region=failure.region or result.region,
        role=failure.role_arn or result.role,
        action=failure.action,
        resource_arn=failure.resource_arn,
        reason=str(failure),
    )


def _failure(source: Source, settings: Settings, entry: Entry | None) -> Failure | None:
    """Return why `source` has no value of its own; None if it has one."""
    if entry is None or entry.failure is None:
        return None
    rendering = entry.rendering(settings.resources()[source.resource.reference])
    if source.identity in rendering.used and entry.fetched_at is None:
        return None  # only other sources cannot use the document
    missing = {error.source: error.failure for error in rendering.missing}
    return missing.get(source.public_reference, entry.failure)


def failures(settings: Settings, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each cause of failures: an error if a cold start fails by it."""
    failed: list[tuple[str, Failure, str]] = []
    for source in settings.sources:
        failure = _failure(source, settings, snapshot.entries.get(source.resource.reference))
        if failure is not None:
            is_required = not source.optional and source.default is None
            failed.append((source.public_reference, failure, ERROR if is_required else WARN))
    for line, labels, _, level in by_cause(failed):
        yield Finding(level, line, ", ".join(labels))
