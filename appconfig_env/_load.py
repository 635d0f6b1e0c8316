"""From sources to a snapshot: asks for what is due, parses and renders it, keeps what was good."""

from __future__ import annotations

from ._made import Made, make, make_of_state
from ._pace import Pace
from ._reference import APPCONFIG
from ._settings import POLL_FLOOR_SECONDS
from ._snapshot import Snapshot, State, fingerprint
from .errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ._document import Document
    from ._reference import Locator, Source
    from ._settings import Settings

    Outcome = Document | SourceError
    Fetch = Callable[[list["Request"], float], Mapping[str, Outcome]]

# A token is good for 24 hours; older than this it is not worth the call that would say so.
OLDEST_CURSOR_SECONDS = 23.75 * 3600


class Request:
    """One locator to be read.

    Attributes:
        locator: what to read.
        cursor: the token of its session, if there is one.
        is_needed: whether nothing good is known of it, so that waiting for it is worth while.
    """

    __slots__ = ("cursor", "is_needed", "locator")

    def __init__(self, locator: Locator, cursor: str = "", *, is_needed: bool = True) -> None:
        self.locator = locator
        self.cursor = cursor
        self.is_needed = is_needed

    def __repr__(self) -> str:
        return f"<Request {self.locator.text}>"


def load(
    settings: Settings,
    fetch: Fetch,
    now: float,
    previous: Snapshot | None = None,
    *,
    timeout: float,
    chance: float = 0.0,
    force: Collection[str] = (),
    leave: Collection[str] = (),
    fallback: Callable[[], Snapshot | None] | None = None,
) -> Snapshot:
    """What is known at `now`: `previous`, and fresh answers of every source that is due.

    A source that fails keeps its last good values; values, version and cursor change together, and
    only once the document parsed and every required source could be made of it.

    Args:
        settings: the sources and intervals.
        fetch: reads several locators at once: `fetch(requests, timeout)` gives, by the locators'
            text, a Document or a SourceError each, and never raises.
        now: Unix seconds.
        previous: what was known before, made from the same settings; None at the first start.
        timeout: seconds for all of it.
        chance: from 0 to 1, drawn anew for each load: spreads the next polls, see `_pace`. One
            number for all sources, so that those of one environment stay due together.
        force: locators to read though they are not due.
        leave: locators not to read, whatever is known of them.
        fallback: gives the snapshot that stands in for sources that cannot be reached and have
            no value.
    """
    wanted = settings.locators()
    known = previous.states if previous is not None else {}
    requests = [
        request
        for request in due(settings, now, previous, force)
        if request.locator.text not in leave
    ]
    answers = fetch(requests, timeout) if requests else {}
    states: dict[str, State] = {}
    for text, sources in wanted.items():
        before = known.get(text)
        if text in answers:
            pace = Pace(settings.interval(sources), now, chance, floor=settings.floor(sources))
            states[text] = _answered(sources, before, answers[text], pace, fallback)
        elif before is not None:
            states[text] = before
    return Snapshot(now, fingerprint(settings), states)


def due(
    settings: Settings, now: float, previous: Snapshot | None, force: Collection[str] = ()
) -> list[Request]:
    """What `load` would ask for at `now`.

    One profile that is read in two formats has one session, so both are asked for together: else
    one would use the other's token again.
    """
    known = previous.states if previous is not None else {}
    locators = {text: sources[0].locator for text, sources in settings.locators().items()}
    asked = {text for text in locators if text not in known or known[text].is_due(now)}
    asked.update(text for text in force if text in locators)
    sessions = {locators[text].parts for text in asked if locators[text].scheme == APPCONFIG}
    requests = []
    for text, locator in locators.items():
        if text in asked or (locator.scheme == APPCONFIG and locator.parts in sessions):
            state = known.get(text)
            is_needed = state is None or state.fetched_at is None
            requests.append(Request(locator, _usable_cursor(state, now), is_needed=is_needed))
    return requests


def _usable_cursor(state: State | None, now: float) -> str:
    """The token to poll with; none where the service would refuse it, or say "unchanged" to us."""
    if state is None or not state.has_data:
        return ""
    return state.cursor if now - (state.fetched_at or 0.0) < OLDEST_CURSOR_SECONDS else ""


def _answered(
    sources: list[Source],
    before: State | None,
    answer: Outcome,
    pace: Pace,
    fallback: Callable[[], Snapshot | None] | None,
) -> State:
    """The state after `answer`."""
    now = pace.now
    if isinstance(answer, SourceError):
        return _failed(sources, before, answer, pace, fallback)
    if not (answer.is_early or answer.is_unchanged):
        return _received(sources, before, answer, pace)
    if before is None or not before.has_data:  # only a session that gave a document may say so
        reason = "the service says that nothing changed, of what was never read"
        made = Made()
        made.stand_in(sources, reason, unreachable=True)
        return _kept(before, made, reason, pace)
    if answer.is_early:
        soon = now + POLL_FLOOR_SECONDS
        due_at = soon if before.is_due(now) else before.due_at
        return before.asked(now, cursor=answer.cursor, due_at=due_at)
    return before.but(
        cursor=answer.cursor,
        fetched_at=now,
        checked_at=now,
        due_at=pace.next_poll(before, answer.poll_seconds),
        failures=0,
        error=None,
    )


def _received(sources: list[Source], before: State | None, document: Document, pace: Pace) -> State:
    """The state after a document, good or bad."""
    made = make(sources, document)
    if before is not None and _is_broken_json(before.data, made.data):
        made.reasons.append("want JSON as before, got text that only starts like it")
    if made.reasons:
        # Without a token the next poll opens a new session, and so sees the document again.
        return _kept(before, made, made.error, pace)
    return State(
        data=made.data,
        has_data=True,
        rendered=made.rendered,
        version=document.version,
        cursor=document.cursor,
        fetched_at=pace.now,
        checked_at=pace.now,
        due_at=pace.next_poll(before, document.poll_seconds),
        is_secret=document.is_secret,
        missing=tuple(made.missing),
    )


def _is_broken_json(before: object, after: object) -> bool:
    # Where no content type says what a document is, broken JSON passes for text.
    is_text = isinstance(after, str) and after.lstrip()[:1] in ("{", "[")
    return is_text and isinstance(before, (dict, list))


def _failed(
    sources: list[Source],
    before: State | None,
    error: SourceError,
    pace: Pace,
    fallback: Callable[[], Snapshot | None] | None,
) -> State:
    """The state after an attempt that gave no document."""
    if error.unreachable and fallback is not None and (before is None or before.fetched_at is None):
        snapshot = fallback()
        state = snapshot.states.get(sources[0].locator.text) if snapshot is not None else None
        made = make_of_state(sources, state) if state is not None else None
        if state is not None and made is not None:
            return state.but(
                rendered=made.rendered,
                cursor="",
                fetched_at=state.fetched_at or 0.0,
                checked_at=pace.now,
                due_at=pace.next_attempt(1),
                failures=1,
                error=error.reason,
                missing=(),
                withheld={},
            )
    made = Made()
    made.stand_in(sources, error.reason, unreachable=error.unreachable)
    if before is not None:  # a bad document may have been good for some of the sources
        lacking = {missing.source for missing in before.missing}
        made.rendered = before.rendered
        made.missing = [missing for missing in made.missing if missing.source in lacking]
    # A token outlives throttling, denial and lost connections.
    cursor = before.cursor if before else ""
    return _kept(before, made, error.reason, pace, cursor=cursor)


def _kept(before: State | None, made: Made, reason: str, pace: Pace, *, cursor: str = "") -> State:
    """The last good state with the failure noted; what stands in where there is none."""
    failures = before.failures + 1 if before else 1
    is_lacking = any(missing.unreachable for missing in made.missing)
    due_at = pace.next_attempt(failures, is_lacking=is_lacking)
    if before is not None and before.error is None and not before.is_due(pace.now):
        due_at = max(due_at, before.due_at)  # the service's interval is not over for a failure
    if before is not None and before.fetched_at is not None:
        return before.asked(pace.now, cursor=cursor, due_at=due_at, failures=failures, error=reason)
    return State(
        rendered=made.rendered,
        checked_at=pace.now,
        due_at=due_at,
        failures=failures,
        error=reason,
        missing=tuple(made.missing),
    )
