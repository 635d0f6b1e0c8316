"""The next snapshot from the last one: requests stale entries, and applies the outcomes; pure."""

from __future__ import annotations

from .._backends.base import Request
from .._config.sources import APPCONFIG
from .entry import after
from .schedule import Schedule
from .snapshot import Snapshot, fingerprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from .._backends.base import Backend, Outcome
    from .._config.settings import Settings
    from .entry import Entry

# A token is valid for 24 hours; with an older one, the call would only fail.
OLDEST_TOKEN_SECONDS = 23.75 * 3600


def load(
    settings: Settings,
    backend: Backend,
    now: float,
    previous: Snapshot | None = None,
    *,
    timeout: float,
    jitter: float = 0.0,
    revision: int = 0,
    even_fresh: Collection[str] = (),
    skip: Collection[str] = (),
    fallback: Callable[[], Snapshot | None] | None = None,
    report: Callable[[Mapping[str, Outcome]], None] | None = None,
) -> Snapshot:
    """Return the snapshot at `now`: `previous`, with the outcomes of all stale entries.

    Args:
        settings: the sources and intervals.
        backend: reads several resources at once.
        now: Unix seconds.
        previous: the last snapshot, made from the same settings; None if there is none.
        timeout: seconds for all requests together.
        jitter: from 0 to 1, drawn for each load: spreads the next polls, see `schedule`. One number
            for all sources, so that those of one environment become stale together.
        revision: the least revision of this attempt, see `Entry.next_revision`.
        even_fresh: references of resources to read even if they are fresh.
        skip: references of resources not to read, stale or not.
        fallback: returns the fallback, for sources that are unavailable and have no value.
        report: gets the outcomes as the backend returned them, which have the calls that it made.
    """
    previous_entries = previous.entries if previous is not None else {}
    requests = [
        request
        for request in stale(settings, now, previous, even_fresh)
        if request.resource.reference not in skip
    ]
    outcomes = backend(requests, timeout) if requests else {}
    if report is not None:
        report(outcomes)
    baked: list[Snapshot | None] = []  # read once, and only if needed

    def substitute(reference: str) -> Entry | None:
        if not baked:
            baked.append(fallback() if fallback is not None else None)
        return baked[0].entries.get(reference) if baked[0] is not None else None

    entries: dict[str, Entry] = {}
    for reference, sources in settings.resources().items():
        entry = previous_entries.get(reference)
        if reference in outcomes:
            interval, floor = settings.interval(sources), settings.floor(sources)
            schedule = Schedule(interval, now, jitter, floor=floor, revision=revision)
            entries[reference] = after(entry, outcomes[reference], sources, schedule, substitute)
        elif entry is not None:
            entries[reference] = entry
    return Snapshot(now, fingerprint(settings), entries)


def refresh_seconds(settings: Settings, snapshot: Snapshot) -> float:
    """Return the time limit of a refresh, in seconds.

    It is the poll timeout, unless the last good read of a resource took longer: what a cold start
    could read, a refresh can too. Then it is half as much again, and at most the deadline.
    """
    usual = settings.poll_timeout_seconds
    slowest = max((entry.read_seconds for entry in snapshot.entries.values()), default=0.0)
    if slowest < usual:
        return usual
    return max(usual, min(1.5 * slowest, settings.deadline_seconds))


def stale(
    settings: Settings, now: float, previous: Snapshot | None, even_fresh: Collection[str] = ()
) -> list[Request]:
    """Return what `load` requests at `now`.

    A profile that is read in two formats has one session, so both are requested together:
    otherwise the second would use the first one's token again.
    """
    previous_entries = previous.entries if previous is not None else {}
    resources = {
        reference: sources[0].resource for reference, sources in settings.resources().items()
    }
    wanted = {
        reference
        for reference in resources
        if reference not in previous_entries or previous_entries[reference].is_stale(now)
    }
    wanted.update(reference for reference in even_fresh if reference in resources)
    sessions = {
        resources[reference].parts
        for reference in wanted
        if resources[reference].scheme == APPCONFIG
    }
    requests = []
    for reference, resource in resources.items():
        is_shared = resource.scheme == APPCONFIG and resource.parts in sessions
        if reference in wanted or is_shared:
            entry = previous_entries.get(reference)
            is_required = entry is None or entry.fetched_at is None
            requests.append(Request(resource, _usable_token(entry, now), is_required=is_required))
    return requests


def _usable_token(entry: Entry | None, now: float) -> str:
    """Return the token to poll with; '' if the service would refuse it."""
    if entry is None or entry.document is None or entry.fetched_at is None:
        return ""
    return entry.token if now - entry.fetched_at < OLDEST_TOKEN_SECONDS else ""
