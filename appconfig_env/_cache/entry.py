"""Everything cached about one resource, and every way in which it changes; pure.

Rule 1: an entry changes here and nowhere else. Entries are replaced, never edited.
Rule 2: nothing here knows a file, a lock, a process or AWS.

Theory of operation. An entry keeps what the backend returned, the *document*. Data is parsed and
variables are rendered from it on demand. Each attempt to read the resource ends in one of the
events below, and TRANSITIONS specifies the status afterwards: `after` looks up what the outcome
alone does not determine, and the tests hold it to every cell.

    unread   never read here: it serves nothing
    good     the last attempt succeeded: it serves its document
    failing  the last attempt failed: it serves the last document, or the fallback's
    missing  there never was a usable document: it serves defaults, or nothing

A token belongs to a session: the response "unchanged" refers to the last document of this session.
So a document that cannot be used drops its token, and the next poll starts a session that delivers
it again; so does a fallback, whose document is not the session's. A token survives throttling,
denial and lost connections if the entry keeps its own document.
"""

from __future__ import annotations

from .._config.settings import POLL_FLOOR_SECONDS
from .._content.document import Document
from .._content.render import Rendering, forget_large, render_defaults, render_document
from .._content.variables import data_of, exact_data_of, may_be_unevaluated
from ..errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from .._backends.base import Outcome, Unchanged
    from .._config.sources import Source
    from .._content.document import DocumentError
    from .._content.variables import Variables
    from .schedule import Schedule

UNREAD, GOOD, FAILING, MISSING = "unread", "good", "failing", "missing"

RECEIVED = "received"
UNCHANGED = "unchanged"
TOO_EARLY = "too early"
INVALID = "invalid document"
UNAVAILABLE = "unavailable"
FALLBACK = "unavailable, with a fallback"
REFUSED = "denied, not found"

TRANSITIONS: dict[str, dict[str, str]] = {
    RECEIVED: {UNREAD: GOOD, GOOD: GOOD, FAILING: GOOD, MISSING: GOOD},
    # Valid only from a session that has delivered a document; otherwise the event is one of the
    # two "unavailable" ones below, without a token.
    UNCHANGED: {UNREAD: MISSING, GOOD: GOOD, FAILING: GOOD, MISSING: MISSING},
    TOO_EARLY: {UNREAD: MISSING, GOOD: GOOD, FAILING: FAILING, MISSING: MISSING},
    INVALID: {UNREAD: MISSING, GOOD: FAILING, FAILING: FAILING, MISSING: MISSING},
    UNAVAILABLE: {UNREAD: MISSING, GOOD: FAILING, FAILING: FAILING, MISSING: MISSING},
    # The fallback is only for entries that never had a document.
    FALLBACK: {UNREAD: FAILING, MISSING: FAILING},
    REFUSED: {UNREAD: MISSING, GOOD: FAILING, FAILING: FAILING, MISSING: MISSING},
}
# Events after which the entry is still as the session knows it, so that the session can go on.
KEEPS_TOKEN = (UNAVAILABLE, REFUSED)

# The lowest revision of an attempt; 0 is that of none.
OLDEST = 1
NEVER_READ = Failure(
    "unavailable",
    "AWS reports no change, but has not delivered a document in this session",
    "try again: the next attempt starts a new session",
)
# Without a content type, broken JSON is taken for text.
NO_LONGER_JSON = Failure(
    "invalid",
    "expected JSON, as in the last document, got text that starts like JSON but is not JSON",
    "fix the document",
)


_NONE: dict[str, Any] = {}  # shared: nothing in an entry is edited


class Entry:
    """Everything cached about one resource.

    Attributes:
        document: the last one that was used, or that some of the sources could use; None if it was
            never read, or was left out of a file because it is secret.
        version: the document's, even if that was left out.
        token: AppConfig's token for the next poll, good for one call; empty for none.
        fetched_at: when the source last confirmed the document, in Unix seconds; None for never.
        received_at: when a document was received that only some of the sources can use; else None.
        checked_at: when the last attempt was made.
        refresh_at: when the next attempt is to be made.
        read_seconds: how long it took to read the document, so that a refresh can be given as long.
        failures: the number of failed attempts since the last success.
        failure: the last one; None after a success.
        revision: of the last attempt; higher than those of all earlier attempts in all processes,
            regardless of their clocks.
        confirmed: the revision in which the document was last received or confirmed.
        is_secret: whether any part of the document must be kept in memory only.
        redacted: by source identity, the names of variables that were left out of a file.
        given: by source identity, the values of redacted variables, taken from the environment.
    """

    __slots__ = (
        "_rendering", "checked_at", "confirmed", "document", "failure", "failures", "fetched_at",
        "given", "is_secret", "read_seconds", "received_at", "redacted", "refresh_at", "revision",
        "token", "version",
    )  # fmt: skip

    def __init__(
        self,
        *,
        checked_at: float = 0.0,
        refresh_at: float = 0.0,
        document: Document | None = None,
        version: str = "",
        token: str = "",
        fetched_at: float | None = None,
        received_at: float | None = None,
        read_seconds: float = 0.0,
        failures: int = 0,
        failure: Failure | None = None,
        revision: int = 0,
        confirmed: int = 0,
        is_secret: bool = False,
        redacted: Mapping[str, Sequence[str]] | None = None,
        given: Mapping[str, Variables] | None = None,
    ) -> None:
        self.document = document
        self.version = version
        self.token = token
        self.fetched_at = fetched_at
        self.received_at = received_at
        self.checked_at = checked_at
        self.refresh_at = refresh_at
        self.read_seconds = read_seconds
        self.failures = failures
        self.failure = failure
        self.revision = revision
        self.confirmed = confirmed
        self.is_secret = is_secret
        self.redacted = redacted or _NONE
        self.given = given or _NONE
        self._rendering: tuple[Sequence[Source], Rendering] | None = None

    def _with(self, **changes: object) -> Entry:
        """Return a copy with `changes`; only this module may call it, see rule 1."""
        fields: dict[str, Any] = {
            name: getattr(self, name) for name in self.__slots__ if name[0] != "_"
        }
        fields.update(changes)
        entry = Entry(**fields)
        if not changes.keys() & {"document", "failure", "given"}:
            entry._rendering = self._rendering
        return entry

    @property
    def status(self) -> str:
        """UNREAD, GOOD, FAILING or MISSING."""
        if self.fetched_at is None:
            return UNREAD if self.failure is None else MISSING
        return GOOD if self.failure is None else FAILING

    def next_revision(self, least: int) -> int:
        """Return the revision of the next attempt.

        A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): it follows a
        physical clock, so that processes agree even if the snapshot file was lost, but increases
        with each attempt whatever that clock does.

        Args:
            least: microseconds of the monotonic clock, which is the same in all processes; 0 where
                no other process ever compares.
        """
        return max(self.revision + 1, least)

    def bounded(self, longest: float, revision: int) -> Entry:
        """Return the entry of a file as far as attempts can have led to its times and numbers.

        Args:
            longest: seconds from one attempt to the next, at most.
            revision: the highest one that an attempt can have had until now. An entry with a higher
                one is from before a restart of the machine, and so older than any attempt since.
        """
        latest = self.checked_at + longest
        highest = max(self.revision, self.confirmed, self.failures)
        if self.refresh_at <= latest and highest <= revision:
            return self
        is_older = highest > revision
        return self._with(
            refresh_at=min(self.refresh_at, latest),
            revision=min(self.revision, OLDEST) if is_older else self.revision,
            confirmed=min(self.confirmed, OLDEST) if is_older else self.confirmed,
            failures=min(self.failures, revision),  # each had a revision of its own
        )

    def without_token(self) -> Entry:
        """Return the entry for a process that must not poll with its token."""
        return self._with(token="") if self.token else self

    def made_stale(self) -> Entry:
        """Return the entry with its next attempt to be made at once."""
        return self._with(refresh_at=self.checked_at)

    def completed(self, given: Mapping[str, Variables]) -> Entry:
        """Return an entry from a file with the values `given` for its redacted variables.

        Args:
            given: by source identity.
        """
        return self._with(given=given, redacted={})

    def outdated(self, moment: float) -> Entry:
        """Return the entry with values as of `moment`, of no known version, and stale."""
        field = "received_at" if self.fetched_at is None else "fetched_at"
        return self._with(version="", checked_at=moment, refresh_at=moment, **{field: moment})

    @property
    def is_known(self) -> bool:
        """Whether this process has the document, or the reason why there is none."""
        return self.document is not None or self.failure is not None

    def fetched_by(self, now: float) -> float | None:
        """Return when the document was confirmed; `now` if the clock has moved backwards since."""
        return None if self.fetched_at is None else min(self.fetched_at, now)

    @property
    def used_since(self) -> float | None:
        """When the values in use were received or last confirmed; None if there are none."""
        return self.received_at if self.fetched_at is None else self.fetched_at

    def is_stale(self, now: float) -> bool:
        """Whether the resource must be read again.

        By wall clock on purpose: the monotonic clock may stop while Lambda freezes the sandbox,
        and means nothing to other processes. An entry from the future is stale: the clock has
        moved backwards.
        """
        return not is_fresh(now, self.checked_at, self.refresh_at)

    def data(self, source: Source) -> object:
        """Return the parsed document; None if no document was ever used."""
        if self.document is None or self.fetched_at is None:
            return None
        try:
            return data_of(self.document, source.resource)
        except ValueError:
            return None

    def rendering(self, sources: Sequence[Source]) -> Rendering:
        """Return the variables of `sources`, which all read this resource."""
        if self._rendering is None or self._rendering[0] is not sources:
            self._rendering = (sources, self._rendered(sources))
        return self._rendering[1]

    def _rendered_as(self, sources: Sequence[Source], rendering: Rendering) -> Entry:
        """Keep the rendering of `sources`, which has been made already."""
        self._rendering = (sources, rendering)
        return self

    def _rendered(self, sources: Sequence[Source]) -> Rendering:
        if self.document is not None:
            rendering = render_document(sources, self.document)
        elif self.failure is not None and not self.given:
            rendering = render_defaults(sources, self.failure)
        else:
            rendering = Rendering()
        return rendering.overlaid(self.given) if self.given else rendering

    def __repr__(self) -> str:
        return f"<Entry {self.status} version {self.version!r} failure {self.failure}>"


def is_fresh(now: float, since: float, until: float) -> bool:
    """Whether nothing needs to be read again at `now`, if that is so from `since` to `until`."""
    return since <= now < until


NO_ENTRY = Entry()  # of a resource that was never read; entries do not change


def newer(own: Entry, found: Entry) -> Entry:
    """Return the newer document and the newer attempt of two entries of one resource.

    Revisions decide, not clocks: see `Entry.next_revision`.

    Args:
        own: this process's entry.
        found: the one that another process has published.
    """
    if own.is_secret and not found.is_secret:  # what holds a secret here is read here
        return own
    is_own_used, is_found_used = own.used_since is not None, found.used_since is not None
    if found.document is None and (is_own_used or is_found_used or not found.is_known):
        return own  # redacted in the file
    if own.fetched_at is None and found.fetched_at is None:
        # Of two that only some sources can use, or none, the later attempt is the newer one.
        is_own_newer = (is_own_used, own.revision) > (is_found_used, found.revision)
        return own if is_own_newer else found
    if own.fetched_at is None:
        return found
    # Document, version and token stay together: "unchanged" refers to one document. An entry that
    # still has its token was never published, so it is no older than the published one.
    is_own_newer = own.confirmed > found.confirmed or (
        own.confirmed == found.confirmed and bool(own.token)
    )
    later, other = (own, found) if is_own_newer else (found, own)
    if other.revision <= later.revision:
        return later
    # A later attempt of another session: it failed, or was too early and says nothing new.
    failed = other if other.failure else later
    return later._with(
        checked_at=other.checked_at,
        refresh_at=other.refresh_at,
        revision=other.revision,
        failures=max(failed.failures, 1) if failed.failure else 0,
        failure=failed.failure,
    )


def after(
    previous: Entry | None,
    outcome: Outcome,
    sources: Sequence[Source],
    schedule: Schedule,
    fallback: Callable[[str], Entry | None] = lambda _: None,
) -> Entry:
    """Return the entry after an attempt.

    Args:
        previous: the entry until now; None for unread.
        outcome: what the backend returned.
        sources: all that read the resource; every required one must be able to use a document.
        schedule: the times of this attempt.
        fallback: returns the fallback's entry of a reference; called if AWS is unavailable and
            there never was a document.
    """
    previous = previous or NO_ENTRY
    if isinstance(outcome, Document):
        return _after_document(previous, outcome, sources, schedule)
    if isinstance(outcome, Failure):
        return _after_no_document(previous, outcome, sources, schedule, fallback)
    event = TOO_EARLY if outcome.is_early else UNCHANGED
    if TRANSITIONS[event][previous.status] == MISSING:
        # This session cannot deliver the document any more, so its token is of no use.
        previous = previous.without_token()
        return _after_no_document(previous, NEVER_READ, sources, schedule, fallback)
    return (_postponed if outcome.is_early else _confirmed)(previous, outcome, schedule)


def _after_document(
    previous: Entry, document: Document, sources: Sequence[Source], schedule: Schedule
) -> Entry:
    kept = previous.document
    # One that arrives again unchanged is neither parsed nor rendered again.
    same = kept if kept is not None and document.is_same_as(kept) else document
    if kept is not None and same is not kept:
        forget_large(kept)
    rendering = render_document(sources, same)
    if rendering.reasons:
        failure = rendering.failure
    elif rendering.is_text and _is_no_longer_json(previous, same, sources):
        failure = NO_LONGER_JSON
    elif _is_no_longer_evaluated(previous, same, sources):
        failure = _no_longer_evaluated()
    elif same is not kept and (error := _broken_rules(previous, same, sources)):
        failure = Failure("invalid", error.summary, error.hint)
    else:
        return _good(previous, document, same, schedule)._rendered_as(sources, rendering)
    return _after_failure(previous, INVALID, failure, sources, schedule, document=document)


def _after_no_document(
    previous: Entry,
    failure: Failure,
    sources: Sequence[Source],
    schedule: Schedule,
    fallback: Callable[[str], Entry | None],
) -> Entry:
    if not failure.is_unavailable:
        return _after_failure(previous, REFUSED, failure, sources, schedule)
    if previous.used_since is None:
        baked = fallback(sources[0].resource.reference)
        if baked is not None and _is_usable(baked, sources):
            return _fallen_back(previous, baked, failure, schedule)
    return _after_failure(previous, UNAVAILABLE, failure, sources, schedule)


def _after_failure(
    previous: Entry,
    event: str,
    failure: Failure,
    sources: Sequence[Source],
    schedule: Schedule,
    *,
    document: Document | None = None,
) -> Entry:
    """Return the failing or missing entry; `document` is one that only some sources could use."""
    token = previous.token if event in KEEPS_TOKEN else ""
    if TRANSITIONS[event][previous.status] == FAILING:
        return _failing(previous, failure, schedule, token)
    failures = previous.failures + 1
    if document is not None:
        # It replaces an earlier one only if that does not take a value from any source.
        used = render_document(sources, document).used
        if previous.used_since is not None and not used >= previous.rendering(sources).used:
            document = None
    partial = document or previous.document
    given = previous.given if document is None else {}
    entry = Entry(
        document=partial,
        given=given,
        version=partial.version if partial is not None else "",
        token=token,
        checked_at=schedule.now,
        read_seconds=(document or previous).read_seconds,
        revision=previous.next_revision(schedule.revision),
        failures=failures,
        failure=failure,
        is_secret=previous.is_secret if given else partial is not None and partial.is_secret,
    )
    rendering = entry.rendering(sources)
    received_at, version = None, entry.version
    if given or (document is None and rendering.used):
        received_at, version = previous.received_at, previous.version
    elif document is not None and rendering.used:
        received_at = schedule.now
    is_without_value = any(error.unreachable for error in rendering.missing)
    refresh_at = schedule.next_attempt(failures, is_without_value=is_without_value)
    return entry._with(received_at=received_at, version=version, refresh_at=refresh_at)


def _is_usable(fallback: Entry, sources: Sequence[Source]) -> bool:
    if fallback.document is None:
        return False
    rendering = render_document(sources, fallback.document)
    return not (rendering.reasons or rendering.missing)


def _is_no_longer_json(previous: Entry, text: Document, sources: Sequence[Source]) -> bool:
    if previous.fetched_at is None or text.body.lstrip()[:1] not in (b"{", b"["):
        return False
    return isinstance(previous.data(sources[0]), (dict, list))


def _is_no_longer_evaluated(previous: Entry, document: Document, sources: Sequence[Source]) -> bool:
    resource = sources[0].resource
    if previous.fetched_at is None or not may_be_unevaluated(resource, document):
        return False
    from .._content.flags import no_longer_evaluated  # few profiles come here

    return no_longer_evaluated(previous.data(sources[0]), exact_data_of(document, resource))


def _broken_rules(
    previous: Entry, document: Document, sources: Sequence[Source]
) -> DocumentError | None:
    """Return what is wrong with a flag whose rules could be read in the last document."""
    resource = sources[0].resource
    if previous.fetched_at is None or not may_be_unevaluated(resource, document):
        return None
    from .._content.rules.variants import broken  # few profiles come here

    return broken(previous.data(sources[0]), exact_data_of(document, resource))


def _no_longer_evaluated() -> Failure:
    from .._content.unevaluated import HINT  # few profiles come here

    summary = "expected feature flags whose rules are evaluated, as in the last document, got rules"
    return Failure("invalid", summary, HINT)


def _good(previous: Entry, document: Document, same: Document, schedule: Schedule) -> Entry:
    return Entry(
        document=same,
        version=document.version,
        token=document.token,
        fetched_at=schedule.now,
        checked_at=schedule.now,
        refresh_at=schedule.next_poll(
            previous.checked_at, previous.refresh_at, document.poll_seconds
        ),
        read_seconds=document.read_seconds,
        revision=(revision := previous.next_revision(schedule.revision)),
        confirmed=revision,
        is_secret=document.is_secret,
    )


def _confirmed(previous: Entry, response: Unchanged, schedule: Schedule) -> Entry:
    return previous._with(
        token=response.token,
        fetched_at=schedule.now,
        checked_at=schedule.now,
        refresh_at=schedule.next_poll(
            previous.checked_at, previous.refresh_at, response.poll_seconds
        ),
        revision=(revision := previous.next_revision(schedule.revision)),
        confirmed=revision,
        failures=0,
        failure=None,
    )


def _postponed(previous: Entry, response: Unchanged, schedule: Schedule) -> Entry:
    now = schedule.now
    is_stale = previous.is_stale(now)
    return previous._with(
        token=response.token,
        fetched_at=previous.fetched_by(now),
        checked_at=now,
        refresh_at=now + POLL_FLOOR_SECONDS if is_stale else previous.refresh_at,
        revision=previous.next_revision(schedule.revision),
    )


def _fallen_back(previous: Entry, fallback: Entry, failure: Failure, schedule: Schedule) -> Entry:
    return Entry(
        document=fallback.document,
        version=fallback.version,
        fetched_at=fallback.fetched_at or 0.0,
        checked_at=schedule.now,
        refresh_at=schedule.next_attempt(1),
        revision=previous.next_revision(schedule.revision),
        failures=1,
        failure=failure,
    )


def _failing(previous: Entry, failure: Failure, schedule: Schedule, token: str) -> Entry:
    failures = previous.failures + 1
    refresh_at = schedule.next_attempt(failures)
    if previous.failure is None and not previous.is_stale(schedule.now):
        refresh_at = max(refresh_at, previous.refresh_at)  # a failure does not shorten the interval
    return previous._with(
        token=token,
        fetched_at=previous.fetched_by(schedule.now),
        checked_at=schedule.now,
        refresh_at=refresh_at,
        revision=previous.next_revision(schedule.revision),
        failures=failures,
        failure=failure,
    )
