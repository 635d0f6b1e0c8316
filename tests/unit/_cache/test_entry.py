"""The entry: every event in every status of the table."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import appconfig_env
from appconfig_env._backends.base import Unchanged
from appconfig_env._cache.entry import (
    FAILING,
    FALLBACK,
    GOOD,
    INVALID,
    KEEPS_TOKEN,
    MISSING,
    RECEIVED,
    REFUSED,
    TOO_EARLY,
    TRANSITIONS,
    UNAVAILABLE,
    UNCHANGED,
    UNREAD,
    Entry,
    after,
    newer,
)
from appconfig_env._cache.schedule import Schedule
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env._content.variables import Variables
from appconfig_env.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appconfig_env._backends.base import Outcome


NOW = 1000.0
SOURCES = from_environ({"A": "appconfig:shop/prod/app#a"}).resources()["appconfig:shop/prod/app"]
OLD = Document(b'{"a": "old"}', version="1")
NEW = Document(b'{"a": "new"}', version="2", token="token-2")
BAKED = Entry(document=Document(b'{"a": "baked"}', version="0"), fetched_at=1.0)
REASON = Failure("unavailable", "no response")
BEFORE: dict[str, Entry | None] = {
    UNREAD: None,
    GOOD: Entry(
        document=OLD, version="1", token="token-1", fetched_at=955.0, checked_at=955.0,
        refresh_at=NOW, revision=1, confirmed=1,
    ),
    FAILING: Entry(
        document=OLD, version="1", token="token-1", fetched_at=900.0, checked_at=955.0,
        refresh_at=NOW, revision=2, confirmed=1, failures=1, failure=REASON,
    ),
    MISSING: Entry(checked_at=955.0, refresh_at=NOW, revision=1, failures=1, failure=REASON),
}  # fmt: skip
OUTCOMES: dict[str, Outcome] = {
    RECEIVED: NEW,
    UNCHANGED: Unchanged("token-2"),
    TOO_EARLY: Unchanged("token-1", is_early=True),
    INVALID: Document(b"{", content_type="application/json", token="token-2"),
    UNAVAILABLE: Failure("throttled", "slow down"),
    FALLBACK: Failure("unavailable", "no route"),
    REFUSED: Failure("denied", "no right"),
}


def stepped(event: str, status: str, *, token: str | None = None) -> Entry:
    before = BEFORE[status]
    if token is not None:
        before = (before or Entry())._with(token=token)
    baked = {SOURCES[0].resource.reference: BAKED} if event == FALLBACK else {}
    return after(before, OUTCOMES[event], SOURCES, Schedule(45.0, NOW), baked.get)


FAILURES = (INVALID, UNAVAILABLE, FALLBACK, REFUSED)
CASES = [(event, status) for event, row in TRANSITIONS.items() for status in row]


@pytest.mark.parametrize(("event", "status"), CASES)
def test_each_event_leads_to_the_status_in_the_table(event: str, status: str) -> None:
    assert stepped(event, status).status == TRANSITIONS[event][status]


def test_the_table_has_every_event_and_every_status() -> None:
    assert TRANSITIONS.keys() == OUTCOMES.keys()
    for event, row in TRANSITIONS.items():
        assert row.keys() == ({UNREAD, MISSING} if event == FALLBACK else BEFORE.keys())


@pytest.mark.parametrize(("event", "status"), CASES)
def test_the_status_determines_what_is_served(event: str, status: str) -> None:
    entry = stepped(event, status)
    value = entry.rendering(SOURCES).variables[SOURCES[0].identity].values.get("A")
    served = {GOOD: "new" if event == RECEIVED else "old", FAILING: "old", MISSING: None}
    expected = "baked" if event == FALLBACK else served[entry.status]
    assert value == expected
    assert [error.source for error in entry.rendering(SOURCES).missing] == (
        ["A=appconfig:shop/prod/app#a"] if entry.status == MISSING else []
    )


@pytest.mark.parametrize(
    ("event", "status", "token"),
    [
        (RECEIVED, GOOD, "token-2"),
        (UNCHANGED, GOOD, "token-2"),
        (UNCHANGED, FAILING, "token-2"),
        (UNCHANGED, MISSING, ""),
        (TOO_EARLY, GOOD, "token-1"),
        (INVALID, GOOD, ""),
        (INVALID, UNREAD, ""),
        (UNAVAILABLE, GOOD, "token-1"),
        (REFUSED, FAILING, "token-1"),
        (FALLBACK, UNREAD, ""),
    ],
)
def test_a_token_survives_failures_but_not_an_unused_document(
    event: str, status: str, token: str
) -> None:
    assert stepped(event, status).token == token


@pytest.mark.parametrize(("event", "status"), [case for case in CASES if case[0] in FAILURES])
def test_a_failure_keeps_the_token_exactly_after_the_events_in_the_list(
    event: str, status: str
) -> None:
    entry = stepped(event, status, token="token-0")
    assert entry.token == ("token-0" if event in KEEPS_TOKEN else "")


@pytest.mark.parametrize(("event", "status"), CASES)
def test_every_attempt_has_a_higher_revision(event: str, status: str) -> None:
    before = BEFORE[status] or Entry()
    entry = stepped(event, status)
    assert entry.revision > before.revision
    is_confirmed = event in (RECEIVED, UNCHANGED) and entry.status == GOOD
    assert entry.confirmed == (entry.revision if is_confirmed else before.confirmed)


@pytest.mark.parametrize("failure", [None, REASON])
def test_a_later_attempt_that_was_too_early_changes_times_but_not_the_status(
    failure: Failure | None,
) -> None:
    own = Entry(
        document=NEW, version="2", fetched_at=990.0, checked_at=990.0, refresh_at=NOW,
        revision=7, confirmed=5, failures=2 if failure else 0, failure=failure,
    )  # fmt: skip
    found = Entry(
        document=OLD, version="1", fetched_at=955.0, checked_at=995.0, refresh_at=NOW + 15,
        revision=9, confirmed=4,
    )  # fmt: skip

    merged = newer(own, found)

    assert (merged.document, merged.status) == (NEW, own.status)
    assert (merged.failures, merged.failure) == (own.failures, failure)
    assert (merged.checked_at, merged.refresh_at, merged.revision) == (995.0, NOW + 15, 9)


@given(st.integers(0, 2**40), st.integers(0, 2**41))
def test_a_revision_follows_the_clock_and_never_decreases(revision: int, least: int) -> None:
    following = Entry(revision=revision).next_revision(least)
    assert following > revision
    assert following >= least


@pytest.mark.parametrize(
    ("revision", "confirmed", "bounded"),
    [
        (7, 5, (7, 5)),
        (8, 8, (8, 8)),
        (9, 8, (1, 1)),
        (2**53, 2**53, (1, 1)),
        (7, 9, (1, 1)),
        (9, 0, (1, 0)),
    ],
)
def test_an_entry_with_a_revision_that_the_clock_has_not_reached_is_older_than_any_attempt(
    revision: int, confirmed: int, bounded: tuple[int, int]
) -> None:
    entry = Entry(revision=revision, confirmed=confirmed, refresh_at=4.0).bounded(5.0, 8)
    assert (entry.revision, entry.confirmed) == bounded
    assert entry.refresh_at == 4.0


@pytest.mark.parametrize(("failures", "bounded"), [(8, 8), (9, 8), (2**53, 8)])
def test_an_entry_has_at_most_as_many_failures_as_there_can_have_been_attempts(
    failures: int, bounded: int
) -> None:
    entry = Entry(revision=7, confirmed=5, failures=failures, refresh_at=4.0).bounded(5.0, 8)
    assert entry.failures == bounded


def test_an_early_response_keeps_the_time_or_waits_for_the_services_minimum() -> None:
    early = OUTCOMES[TOO_EARLY]
    before = BEFORE[GOOD]
    assert before is not None
    fresh = after(before, early, SOURCES, Schedule(45.0, NOW - 5))
    assert (fresh.refresh_at, fresh.checked_at) == (NOW, NOW - 5)
    assert after(before, early, SOURCES, Schedule(45.0, NOW)).refresh_at == NOW + 15.0


@pytest.mark.parametrize(
    ("status", "refresh_at", "expected"),
    [
        (GOOD, NOW + 1000, NOW + 1000),  # a failure does not shorten the interval
        (GOOD, NOW + 10, NOW + 45),
        (GOOD, NOW, NOW + 45),
        (FAILING, NOW + 1000, NOW + 90),  # a wait is not an interval
    ],
)
def test_the_first_failure_of_a_fresh_entry_leaves_the_next_attempt_where_it_was(
    status: str, refresh_at: float, expected: float
) -> None:
    before = BEFORE[status]
    assert before is not None
    before = before._with(refresh_at=refresh_at)
    entry = after(before, OUTCOMES[REFUSED], SOURCES, Schedule(45.0, NOW))
    assert entry.refresh_at == expected


def test_a_fallback_is_as_old_as_it_was_when_it_was_baked() -> None:
    assert stepped(FALLBACK, UNREAD).fetched_at == BAKED.fetched_at


def test_values_given_for_a_secret_stay_secret_after_a_failure() -> None:
    given = {SOURCES[0].identity: Variables({"A": "s3cret"}, secret=["A"])}
    before = Entry(received_at=900.0, is_secret=True, failure=REASON, given=given)
    entry = after(before, OUTCOMES[REFUSED], SOURCES, Schedule(45.0, NOW))
    assert entry.rendering(SOURCES).variables[SOURCES[0].identity].values == {"A": "s3cret"}
    assert entry.is_secret


def test_a_fallback_is_not_used_after_a_refusal_or_if_there_is_a_document() -> None:
    for before, outcome in (
        (None, OUTCOMES[REFUSED]),
        (BEFORE[GOOD], OUTCOMES[UNAVAILABLE]),
        (BEFORE[FAILING], OUTCOMES[UNAVAILABLE]),
    ):
        entry = after(before, outcome, SOURCES, Schedule(45.0, NOW), lambda _: BAKED)
        assert entry.document is (OLD if before is not None else None)


@pytest.mark.parametrize("event", [UNCHANGED, TOO_EARLY])
@pytest.mark.parametrize("status", [UNREAD, MISSING])
def test_a_session_without_a_document_cannot_confirm_one_and_the_fallback_is_used(
    event: str, status: str
) -> None:
    entry = after(BEFORE[status], OUTCOMES[event], SOURCES, Schedule(45.0, NOW), lambda _: BAKED)
    assert (entry.status, entry.document, entry.token) == (FAILING, BAKED.document, "")


@pytest.mark.parametrize("event", [UNCHANGED, TOO_EARLY])
@pytest.mark.parametrize("status", [UNREAD, MISSING])
def test_a_session_that_cannot_deliver_the_document_any_more_ends(event: str, status: str) -> None:
    before = (BEFORE[status] or Entry())._with(token="token-0")
    assert after(before, OUTCOMES[event], SOURCES, Schedule(45.0, NOW)).token == ""


@pytest.mark.parametrize("event", [TOO_EARLY, INVALID, UNAVAILABLE, REFUSED])
@pytest.mark.parametrize("status", [GOOD, FAILING])
def test_no_document_is_from_the_future_after_the_clock_moved_backwards(
    event: str, status: str
) -> None:
    entry = after(BEFORE[status], OUTCOMES[event], SOURCES, Schedule(45.0, 500.0))
    assert (entry.document, entry.fetched_at, entry.checked_at) == (OLD, 500.0, 500.0)


def test_variables_are_rendered_once_for_the_same_sources() -> None:
    entry = stepped(RECEIVED, UNREAD)
    assert entry.rendering(SOURCES) is entry.rendering(SOURCES)
    assert entry._with(token="").rendering(SOURCES) is entry.rendering(SOURCES)


def test_what_a_rendering_depends_on_changes_it() -> None:
    entry = stepped(REFUSED, MISSING)
    (missing,) = entry.rendering(SOURCES).missing
    assert missing.failure is OUTCOMES[REFUSED]
    (missing,) = entry._with(failure=REASON).rendering(SOURCES).missing
    assert missing.failure is REASON
    read = entry._with(document=NEW, fetched_at=NOW)
    assert read.rendering(SOURCES).missing == []
    given = {SOURCES[0].identity: Variables({"A": "given"})}
    (values,) = read._with(given=given).rendering(SOURCES).variables.values()
    assert values.values == {"A": "given"}


def test_an_entry_is_stale_after_its_time_and_if_the_clock_moved_backwards() -> None:
    entry = Entry(checked_at=100.0, refresh_at=145.0)
    assert [entry.is_stale(now) for now in (99.9, 100.0, 144.9, 145.0)] == [
        True, False, False, True,
    ]  # fmt: skip


def test_an_entry_is_replaced_not_edited() -> None:
    entry = Entry(document=OLD, version="1")
    changed = entry._with(version="2")
    assert (entry.version, changed.version, changed.document) == ("1", "2", OLD)


def test_no_repr_contains_a_value_or_a_token() -> None:
    entry = Entry(document=Document(b"c4n4ry", token="c4n4ry"), token="c4n4ry")
    assert "c4n4ry" not in repr(entry) + repr(entry.document)


def changes_of_entries(source: str) -> Iterator[str]:
    """Yield what makes an entry, or changes one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            if (name := ast.unparse(node.func).rpartition(".")[2]) in ("Entry", "_with"):
                yield name
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                is_field = isinstance(target, ast.Attribute) and target.attr in Entry.__slots__
                if is_field and not ast.unparse(target).startswith("self."):
                    yield ast.unparse(target)


def test_an_entry_changes_in_its_module_and_nowhere_else() -> None:
    package = Path(appconfig_env.__file__).parent
    found = {
        path.relative_to(package).as_posix(): sorted(set(changes))
        for path in package.rglob("*.py")
        if (changes := list(changes_of_entries(path.read_text())))
    }
    del found["_cache/entry.py"]
    assert found == {"_cache/snapshot_json.py": ["Entry"]}  # reads entries from a file


@pytest.mark.parametrize(
    "source",
    ["Entry()", "entry.Entry()", "one._with(token='')", "one.token = ''", "one.failures += 1"],
)
def test_that_check_notices_a_change(source: str) -> None:
    assert list(changes_of_entries(source))


def test_an_entry_knows_how_long_the_read_of_its_document_took() -> None:
    slow = Document(b'{"a": "slow"}', token="token-2", read_seconds=4.5)
    read = after(None, slow, SOURCES, Schedule(45.0, NOW))
    for later in (OUTCOMES[UNCHANGED], OUTCOMES[UNAVAILABLE], OUTCOMES[INVALID]):
        assert after(read, later, SOURCES, Schedule(45.0, NOW + 45)).read_seconds == 4.5
    assert after(read, NEW, SOURCES, Schedule(45.0, NOW + 45)).read_seconds == 0.0
    unusable = Document(b"{", content_type="application/json", read_seconds=6.5)
    assert after(None, unusable, SOURCES, Schedule(45.0, NOW)).read_seconds == 6.5
