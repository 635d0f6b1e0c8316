"""From sources to a snapshot: asks for what is due, parses and renders it, keeps what was good."""

from __future__ import annotations

from ._document import Document, DocumentError
from ._reference import APPCONFIG
from ._render import Rendered, data_of, render, render_default
from ._settings import POLL_FLOOR_SECONDS
from ._snapshot import Snapshot, State, fingerprint
from .errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ._reference import Locator, Source
    from ._settings import Settings

    Outcome = Document | SourceError
    Fetch = Callable[[list["Request"], float], Mapping[str, Outcome]]

# A token is good for 24 hours; older than this it is not worth the call that would say so.
OLDEST_CURSOR_SECONDS = 23.75 * 3600
LONGEST_WAIT_SECONDS = 900.0  # between attempts at a source that keeps failing


class Request:
    """One locator to be read, with the token of its session if there is one."""

    __slots__ = ("cursor", "locator")

    def __init__(self, locator: Locator, cursor: str = "") -> None:
        self.locator = locator
        self.cursor = cursor

    def __repr__(self) -> str:
        return f"<Request {self.locator.text}>"


def load(
    settings: Settings,
    fetch: Fetch,
    now: float,
    previous: Snapshot | None = None,
    *,
    timeout: float,
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
        force: locators to read though they are not due.
        leave: locators not to read, whatever is known of them.
        fallback: gives the snapshot that stands in for sources that cannot be reached and have no value.
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
    asked = {request.locator.text for request in requests}
    for text, sources in wanted.items():
        before = known.get(text)
        if text not in asked:
            if text in known:
                states[text] = known[text]
            continue
        answer = answers[text]
        interval = settings.interval(sources)
        if isinstance(answer, SourceError):
            states[text] = _failed(sources, before, answer, interval, now, fallback)
        elif answer.is_early:
            assert before is not None  # only a token can be early
            soon = now + POLL_FLOOR_SECONDS
            due_at = before.due_at if now < before.due_at else soon
            states[text] = before.but(cursor=answer.cursor, checked_at=now, due_at=due_at)
        elif answer.is_unchanged:
            assert before is not None  # only a session that received a document says so
            states[text] = before.but(
                cursor=answer.cursor,
                fetched_at=now,
                checked_at=now,
                due_at=now + max(interval, answer.poll_seconds or 0.0),
                failures=0,
                error=None,
            )
        else:
            states[text] = _accepted(sources, before, answer, interval, now)
    return Snapshot(now, fingerprint(settings), states)


def due(
    settings: Settings, now: float, previous: Snapshot | None, force: Collection[str] = ()
) -> list[Request]:
    """What `load` would ask for at `now`."""
    requests = []
    for text, sources in settings.locators().items():
        state = previous.states.get(text) if previous is not None else None
        if state is None:
            requests.append(Request(sources[0].locator))
        elif text in force or state.is_due(now):
            age = now - (state.fetched_at or 0.0)
            usable = state.has_data and 0 <= age < OLDEST_CURSOR_SECONDS
            requests.append(Request(sources[0].locator, state.cursor if usable else ""))
    return requests


def _accepted(
    sources: list[Source], before: State | None, document: Document, interval: float, now: float
) -> State:
    data, rendered, errors = _rendered(sources, document)
    if errors:
        # Without a token the next poll opens a new session, and so sees the document again.
        reason = "; ".join(dict.fromkeys(error.reason for error in errors))
        return _kept(before, rendered, errors, reason, interval, now)
    return State(
        data=data,
        has_data=True,
        rendered=rendered,
        version=document.version,
        cursor=document.cursor,
        fetched_at=now,
        checked_at=now,
        due_at=now + max(interval, document.poll_seconds or 0.0),
    )


def _rendered(
    sources: list[Source], document: Document
) -> tuple[object, dict[str, Rendered], list[SourceError]]:
    """The data, what each source makes of it, and the required sources that cannot be made of it."""
    rendered: dict[str, Rendered] = {}
    try:
        data = data_of(document)
    except DocumentError as error:
        return None, rendered, _stand_in(sources, rendered, _at(document, error))
    errors = []
    for source in sources:
        try:
            rendered[source.identity] = render(source, document, data)
        except DocumentError as error:
            errors += _stand_in([source], rendered, _at(document, error))
    return data, rendered, errors


def _at(document: Document, error: DocumentError) -> str:
    return f"{error} (version {document.version})" if document.version else str(error)


def _stand_in(
    sources: list[Source],
    rendered: dict[str, Rendered],
    reason: str,
    *,
    unreachable: bool = False,
) -> list[SourceError]:
    """Put defaults where there are any; the errors of those that are required and have none."""
    errors = []
    for source in sources:
        rendered[source.identity] = render_default(source)
        if source.default is None and not source.optional:
            errors.append(SourceError(source.label, reason, unreachable=unreachable))
    return errors


def _failed(
    sources: list[Source],
    before: State | None,
    error: SourceError,
    interval: float,
    now: float,
    fallback: Callable[[], Snapshot | None] | None,
) -> State:
    if error.unreachable and fallback is not None and (before is None or before.fetched_at is None):
        stands_in = _fallen_back(sources, fallback(), error, interval, now)
        if stands_in is not None:
            return stands_in
    rendered: dict[str, Rendered] = {}
    missing = _stand_in(sources, rendered, error.reason, unreachable=error.unreachable)
    cursor = (
        before.cursor if before else ""
    )  # a token outlives throttling, denial and lost connections
    return _kept(before, rendered, missing, error.reason, interval, now, cursor)


def _fallen_back(
    sources: list[Source],
    fallback: Snapshot | None,
    error: SourceError,
    interval: float,
    now: float,
) -> State | None:
    """What the fallback says, with the failure noted; None where it does not suffice."""
    locator = sources[0].locator
    state = fallback.states.get(locator.text) if fallback is not None else None
    document = _document_of(locator, state) if state is not None else None
    if state is None or document is None:
        return None
    data, rendered, errors = _rendered(sources, document)
    if errors:
        return None
    return State(
        data=data,
        has_data=True,
        rendered=rendered,
        version=state.version,
        fetched_at=state.fetched_at,
        checked_at=now,
        due_at=now + _wait(interval, 1),
        failures=1,
        error=error.reason,
    )


def _kept(
    before: State | None,
    rendered: dict[str, Rendered],
    missing: list[SourceError],
    reason: str,
    interval: float,
    now: float,
    cursor: str = "",
) -> State:
    """The last good state with the failure noted; `rendered` (defaults) where there is none."""
    failures = before.failures + 1 if before else 1
    due_at = now + _wait(interval, failures)
    if before is not None and before.fetched_at is not None:
        return before.but(
            cursor=cursor, checked_at=now, due_at=due_at, failures=failures, error=reason
        )
    return State(
        rendered=rendered,
        checked_at=now,
        due_at=due_at,
        failures=failures,
        error=reason,
        missing=tuple(missing),
    )


def _wait(interval: float, failures: int) -> float:
    base = max(interval, 1.0)
    return min(base * 2.0 ** min(failures - 1, 20), max(base, LONGEST_WAIT_SECONDS))


def _document_of(locator: Locator, state: State) -> Document | None:
    """The document that `state` was read from, or one that says the same; None where it is withheld."""
    if not state.has_data:
        return None
    if locator.is_path:
        if not isinstance(state.data, dict):
            return None
        return Document(locator, parameters={str(k): str(v) for k, v in state.data.items()})
    if isinstance(state.data, str):
        return Document(locator, state.data.encode(), version=state.version)
    import json  # loaded already: the fallback is JSON

    body = json.dumps(state.data, ensure_ascii=False).encode()
    content_type = "application/json" if locator.scheme == APPCONFIG else ""
    return Document(locator, body, content_type=content_type, version=state.version)
