"""From sources to a snapshot: asks for what is due, parses and renders it, keeps what was good."""

from __future__ import annotations

from .._backends.base import Request
from .._config.references import APPCONFIG
from .._config.settings import POLL_FLOOR_SECONDS
from .._content.document import Document
from .._content.fast_json import dumps
from .._content.render import Rendering, make, render_data
from ..errors import SourceError
from .schedule import Schedule
from .snapshot import Entry, Snapshot, fingerprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from .._backends.base import Fetch, Outcome
    from .._config.references import Resource, Source
    from .._config.settings import Settings


# A token is good for 24 hours; older than this it is not worth the call that would say so.
OLDEST_TOKEN_SECONDS = 23.75 * 3600


def load(
    settings: Settings,
    fetch: Fetch,
    now: float,
    previous: Snapshot | None = None,
    *,
    timeout: float,
    jitter: float = 0.0,
    force: Collection[str] = (),
    leave: Collection[str] = (),
    fallback: Callable[[], Snapshot | None] | None = None,
) -> Snapshot:
    """What is known at `now`: `previous`, and fresh answers of every source that is due.

    A source that fails keeps its last good values; values, version and token change together, and
    only once the document parsed and every required source could be made of it.

    Args:
        settings: the sources and intervals.
        fetch: reads several resources at once: `fetch(requests, timeout)` gives, by the resources'
            text, a Document or a SourceError each, and never raises.
        now: Unix seconds.
        previous: what was known before, made from the same settings; None at the first start.
        timeout: seconds for all of it.
        jitter: from 0 to 1, drawn anew for each load: spreads the next polls, see `_pace`. One
            number for all sources, so that those of one environment stay due together.
        force: resources to read though they are not due.
        leave: resources not to read, whatever is known of them.
        fallback: gives the snapshot that stands in for sources that cannot be reached and have
            no value.
    """
    wanted = settings.resources()
    known = previous.entries if previous is not None else {}
    requests = [
        request
        for request in due(settings, now, previous, force)
        if request.resource.reference not in leave
    ]
    answers = fetch(requests, timeout) if requests else {}
    entries: dict[str, Entry] = {}
    for text, sources in wanted.items():
        before = known.get(text)
        if text in answers:
            schedule = Schedule(
                settings.interval(sources), now, jitter, floor=settings.floor(sources)
            )
            entries[text] = _answered(sources, before, answers[text], schedule, fallback)
        elif before is not None:
            entries[text] = before
    return Snapshot(now, fingerprint(settings), entries)


def due(
    settings: Settings, now: float, previous: Snapshot | None, force: Collection[str] = ()
) -> list[Request]:
    """What `load` would ask for at `now`.

    One profile that is read in two formats has one session, so both are asked for together: else
    one would use the other's token again.
    """
    known = previous.entries if previous is not None else {}
    resources = {text: sources[0].resource for text, sources in settings.resources().items()}
    asked = {text for text in resources if text not in known or known[text].is_stale(now)}
    asked.update(text for text in force if text in resources)
    sessions = {resources[text].parts for text in asked if resources[text].scheme == APPCONFIG}
    requests = []
    for text, resource in resources.items():
        if text in asked or (resource.scheme == APPCONFIG and resource.parts in sessions):
            entry = known.get(text)
            is_required = entry is None or entry.fetched_at is None
            requests.append(Request(resource, _usable_token(entry, now), is_required=is_required))
    return requests


def _usable_token(entry: Entry | None, now: float) -> str:
    """The token to poll with; none where the service would refuse it, or say "unchanged" to us."""
    if entry is None or not entry.has_data:
        return ""
    return entry.token if now - (entry.fetched_at or 0.0) < OLDEST_TOKEN_SECONDS else ""


def _answered(
    sources: list[Source],
    before: Entry | None,
    answer: Outcome,
    schedule: Schedule,
    fallback: Callable[[], Snapshot | None] | None,
) -> Entry:
    """The entry after `answer`."""
    now = schedule.now
    if isinstance(answer, SourceError):
        return _failed(sources, before, answer, schedule, fallback)
    if not (answer.is_early or answer.is_unchanged):
        return _received(sources, before, answer, schedule)
    if before is None or not before.has_data:  # only a session that gave a document may say so
        reason = "the service says that nothing changed, of what was never read"
        made = Rendering()
        made.use_defaults(sources, reason, unreachable=True)
        return _kept(before, made, reason, schedule)
    if answer.is_early:
        soon = now + POLL_FLOOR_SECONDS
        refresh_at = soon if before.is_stale(now) else before.refresh_at
        return before.asked(now, token=answer.token, refresh_at=refresh_at)
    return before.but(
        token=answer.token,
        fetched_at=now,
        checked_at=now,
        refresh_at=schedule.next_poll(before, answer.poll_seconds),
        failures=0,
        error=None,
    )


def _received(
    sources: list[Source], before: Entry | None, document: Document, schedule: Schedule
) -> Entry:
    """The entry after a document, good or bad."""
    made = make(sources, document)
    if before is not None and _is_broken_json(before.data, made.data):
        made.reasons.append("want JSON as before, got text that only starts like it")
    if made.reasons:
        # Without a token the next poll opens a new session, and so sees the document again.
        return _kept(before, made, made.error, schedule)
    return Entry(
        data=made.data,
        has_data=True,
        rendered=made.rendered,
        version=document.version,
        token=document.token,
        fetched_at=schedule.now,
        checked_at=schedule.now,
        refresh_at=schedule.next_poll(before, document.poll_seconds),
        is_secret=document.is_secret,
        missing=tuple(made.missing),
    )


def _is_broken_json(before: object, after: object) -> bool:
    # Where no content type says what a document is, broken JSON passes for text.
    is_text = isinstance(after, str) and after.lstrip()[:1] in ("{", "[")
    return is_text and isinstance(before, (dict, list))


def _failed(
    sources: list[Source],
    before: Entry | None,
    error: SourceError,
    schedule: Schedule,
    fallback: Callable[[], Snapshot | None] | None,
) -> Entry:
    """The entry after an attempt that gave no document."""
    if error.unreachable and fallback is not None and (before is None or before.fetched_at is None):
        snapshot = fallback()
        entry = (
            snapshot.entries.get(sources[0].resource.reference) if snapshot is not None else None
        )
        made = render_entry(sources, entry) if entry is not None else None
        if entry is not None and made is not None:
            return entry.but(
                rendered=made.rendered,
                token="",
                fetched_at=entry.fetched_at or 0.0,
                checked_at=schedule.now,
                refresh_at=schedule.next_attempt(1),
                failures=1,
                error=error.reason,
                missing=(),
                redacted={},
            )
    made = Rendering()
    made.use_defaults(sources, error.reason, unreachable=error.unreachable)
    if before is not None:  # a bad document may have been good for some of the sources
        lacking = {missing.source for missing in before.missing}
        made.rendered = before.rendered
        made.missing = [missing for missing in made.missing if missing.source in lacking]
    # A token outlives throttling, denial and lost connections.
    token = before.token if before else ""
    return _kept(before, made, error.reason, schedule, token=token)


def _kept(
    before: Entry | None, made: Rendering, reason: str, schedule: Schedule, *, token: str = ""
) -> Entry:
    """The last good entry with the failure noted; what stands in where there is none."""
    failures = before.failures + 1 if before else 1
    is_lacking = any(missing.unreachable for missing in made.missing)
    refresh_at = schedule.next_attempt(failures, is_lacking=is_lacking)
    if before is not None and before.error is None and not before.is_stale(schedule.now):
        refresh_at = max(
            refresh_at, before.refresh_at
        )  # the service's interval is not over for a failure
    if before is not None and before.fetched_at is not None:
        return before.asked(
            schedule.now, token=token, refresh_at=refresh_at, failures=failures, error=reason
        )
    return Entry(
        rendered=made.rendered,
        checked_at=schedule.now,
        refresh_at=refresh_at,
        failures=failures,
        error=reason,
        missing=tuple(made.missing),
    )


def render_entry(sources: Sequence[Source], entry: Entry) -> Rendering | None:
    """What `sources` make of what a snapshot says; None where that does not suffice."""
    document = _document_of(sources[0].resource, entry) if entry.has_data else None
    if document is None:
        return None
    made = render_data(sources, document, entry.data)
    return None if made.reasons or made.missing else made


def _document_of(resource: Resource, entry: Entry) -> Document | None:
    """A document that says what `entry` does."""
    data = entry.data
    if resource.is_path:
        if not isinstance(data, dict):
            return None
        parameters = {name: value for name, value in data.items() if isinstance(value, str)}
        return Document(resource, parameters=parameters, version=entry.version)
    text = data if isinstance(data, str) else dumps(data, compact=True, ascii_only=False)
    return Document(resource, text.encode("utf-8", "surrogatepass"), version=entry.version)
