"""What one process knows, put together from its own, the file's and the environment's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._cache.load import load
from appconfig_env._cache.merge import completed, newest
from appconfig_env._cache.snapshot import Entry, Snapshot, dumps, loads
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env._content.variables import Variables

from ...support.fakes import FakeBackend

if TYPE_CHECKING:
    from appconfig_env._config.settings import Settings

NOW = 100.0
OLD = Entry(checked_at=10.0, refresh_at=55.0, fetched_at=10.0, data="old", has_data=True)
NEW = Entry(checked_at=20.0, refresh_at=65.0, fetched_at=20.0, data="new", has_data=True)
FAILED = Entry(checked_at=30.0, refresh_at=75.0, error="denied", failures=1)
WITHHELD = Entry(
    checked_at=30.0, refresh_at=75.0, fetched_at=30.0, is_secret=True, redacted={"i": ["A"]}
)


def snapshot(entry: Entry | None) -> Snapshot:
    return Snapshot(1.0, "f", {} if entry is None else {"x": entry})


@pytest.mark.parametrize(
    ("own", "found", "data", "error"),
    [
        (OLD, NEW, "new", None),
        (NEW, OLD, "new", None),
        (OLD, None, "old", None),
        (None, OLD, "old", None),
        (None, FAILED, None, "denied"),
        (OLD, FAILED, "old", None),
        (FAILED, OLD, "old", None),
        (FAILED, NEW.but(checked_at=31.0), "new", None),
        (None, WITHHELD, None, None),
        (None, WITHHELD.but(error="denied"), None, None),
        (OLD, WITHHELD, "old", None),
        (None, Entry(checked_at=1.0, refresh_at=1.0), None, None),
        (None, None, None, None),
        # An attempt that failed for one who knows less.
        (NEW, OLD.but(checked_at=30.0, error="denied"), "new", "denied"),
        (OLD.but(checked_at=30.0, error="denied"), NEW, "new", "denied"),
        # Where there is no document at all, the last failure says when to ask again.
        (FAILED, FAILED.but(checked_at=40.0, error="throttled"), None, "throttled"),
        (FAILED.but(checked_at=40.0, error="throttled"), FAILED, None, "throttled"),
    ],
)
def test_of_each_source_the_newer_document_and_the_newer_attempt_are_taken(
    own: Entry | None, found: Entry | None, data: str | None, error: str | None
) -> None:
    entry = newest(snapshot(own), snapshot(found), NOW).entries.get("x")
    assert (entry and entry.data) == data
    assert (entry and entry.error) == error


def test_the_newer_attempt_says_when_the_next_one_is_due() -> None:
    failed = OLD.but(checked_at=30.0, refresh_at=99.0, failures=3, error="denied")
    entry = newest(snapshot(NEW), snapshot(failed), NOW).entries["x"]
    assert (entry.checked_at, entry.refresh_at, entry.failures) == (30.0, 99.0, 3)
    assert entry.fetched_at == 20.0


def test_of_two_as_old_the_one_that_was_found_is_taken_because_of_its_token() -> None:
    entry = newest(snapshot(OLD), snapshot(OLD.but(token="token")), NOW).entries["x"]
    assert entry.token == "token"


def test_a_token_goes_with_its_own_document_only() -> None:
    """One token says "unchanged" of one document: of another one that would be wrong."""
    failed = OLD.but(checked_at=30.0, error="denied", token="of the old one")
    assert newest(snapshot(NEW), snapshot(failed), NOW).entries["x"].token == ""


AHEAD = OLD.but(checked_at=500.0, refresh_at=545.0, fetched_at=500.0, data="ahead")


def test_after_the_clock_went_back_what_others_put_there_is_newer() -> None:
    entry = newest(snapshot(AHEAD), snapshot(NEW.but(token="token")), NOW).entries["x"]
    assert (entry.data, entry.token) == ("new", "token")


def test_after_the_clock_went_back_what_could_not_be_put_there_is_newer() -> None:
    for own, found in ((AHEAD, NEW), (NEW, AHEAD)):
        kept = own.but(token="still in memory")
        entry = newest(snapshot(kept), snapshot(found), NOW).entries["x"]
        assert (entry.data, entry.token) == (own.data, "still in memory")


def test_what_others_read_before_the_clock_went_back_is_newer_than_what_was_read_before_that() -> (
    None
):
    entry = newest(snapshot(NEW), snapshot(AHEAD.but(token="token")), NOW).entries["x"]
    assert (entry.data, entry.token) == ("ahead", "token")
    assert entry.is_stale(NOW)


def test_where_nothing_was_found_ones_own_stays() -> None:
    own = snapshot(OLD)
    assert newest(own, None, NOW) is own


def state_of(
    moments: tuple[int, int], *, has_data: bool, error: str | None, redacted: bool
) -> Entry:
    """One that can be: what was read was read at the last attempt, unless that failed."""
    fetched_at, checked_at = sorted(moments)
    return Entry(
        checked_at=checked_at,
        refresh_at=9.0,
        fetched_at=(fetched_at if error else checked_at) if has_data or redacted else None,
        data=f"as of {fetched_at if error else checked_at}" if has_data else None,
        has_data=has_data,
        error=error,
        redacted={} if has_data or not redacted else {"i": ["A"]},
    )


texts = st.sampled_from(["a", "b", "c"])
moments = st.integers(0, 3)
entries = st.builds(
    state_of,
    st.tuples(moments, moments),
    has_data=st.booleans(),
    error=st.none() | st.just("denied"),
    redacted=st.booleans(),
)
snapshots = st.builds(
    Snapshot, st.integers(0, 9), st.sampled_from("fg"), st.dictionaries(texts, entries)
)


@given(snapshots, snapshots)
def test_nothing_gets_older_or_lost_and_nothing_is_made_up(own: Snapshot, found: Snapshot) -> None:
    merged = newest(own, found, NOW)
    assert (merged.taken_at, merged.fingerprint) == (own.taken_at, own.fingerprint)
    assert own.entries.keys() <= merged.entries.keys() <= {*own.entries, *found.entries}
    for text, entry in merged.entries.items():
        mine, theirs = own.entries.get(text), found.entries.get(text)
        known = [one for one in (mine, theirs) if one is not None]
        assert (entry.data, entry.fetched_at) in [(one.data, one.fetched_at) for one in known]
        assert (entry.checked_at, entry.error) in [(one.checked_at, one.error) for one in known]
        if entry.has_data:
            assert entry.fetched_at == max(one.fetched_at or 0 for one in known if one.has_data)
        if mine is not None:
            assert entry.checked_at >= mine.checked_at or mine.fetched_at is None
            assert entry.has_data >= mine.has_data
        else:
            assert entry.is_known
    again = newest(merged, found, NOW)
    assert _told(again) == _told(merged)


@given(snapshots)
def test_one_that_is_put_together_with_itself_stays_as_it_is(own: Snapshot) -> None:
    assert _told(newest(own, own, NOW)) == _told(own)


def _told(one: Snapshot) -> dict[str, tuple[object, ...]]:
    return {
        text: (entry.data, entry.fetched_at, entry.checked_at, entry.error)
        for text, entry in one.entries.items()
    }


SOURCES = {
    "PASSWORD": "secretsmanager:prod/db#password",
    "APPCONFIG_ENV_SOURCES": "secretsmanager:prod/db ssm:/plain secretsmanager:later?env=no",
}
STARTED_AT = 1000.1


def read(settings: Settings, secret: str, at: float = STARTED_AT) -> Snapshot:
    """What is in the file after all sources were read."""
    texts = {
        "secretsmanager:prod/db": f'{{"password": "{secret}", "user": "me"}}'.encode(),
        "secretsmanager:later": b'{"later": "not in any environment"}',
    }
    documents = {
        resource.reference: Document(
            resource, texts.get(resource.reference, b"1"), secret=resource.reference in texts
        )
        for resource in {source.resource for source in settings.sources}
    }
    return loads(dumps(load(settings, FakeBackend(dict(documents)), at, timeout=1.0)))


def test_secrets_that_the_environment_holds_complete_what_the_file_says() -> None:
    settings = from_environ(SOURCES)
    found = read(settings, "s3cret")
    assert found.values(settings) == {"PLAIN": "1"}
    environ = {"PASSWORD": "s3cret", "USER": "me", "LATER": "foreign"}
    whole = completed(found, settings, environ, STARTED_AT)
    assert whole.values(settings) == {"PASSWORD": "s3cret", "USER": "me", "PLAIN": "1"}
    assert list(whole.entries) == ["secretsmanager:prod/db", "ssm:/plain"]
    assert whole.entries["secretsmanager:prod/db"].redacted == {}
    assert "s3cret" not in dumps(whole), "and stay secrets"


def test_a_secret_that_others_have_read_since_is_as_of_the_start_and_due() -> None:
    settings = from_environ(SOURCES)
    found = read(settings, "rotated", STARTED_AT + 300.0)
    whole = completed(found, settings, {"PASSWORD": "s3cret", "USER": "me"}, STARTED_AT)
    entry = whole.entries["secretsmanager:prod/db"]
    assert whole.values(settings) == {"PASSWORD": "s3cret", "USER": "me", "PLAIN": "1"}
    assert (entry.fetched_at, entry.version) == (STARTED_AT, "")
    assert entry.is_stale(STARTED_AT)
    assert entry.is_stale(STARTED_AT + 300.0)


def test_without_a_wrapper_the_environment_holds_no_secret_of_a_source() -> None:
    settings = from_environ(SOURCES)
    found = read(settings, "s3cret")
    whole = completed(found, settings, {"PASSWORD": "foreign", "USER": "me"}, None)
    assert list(whole.entries) == ["ssm:/plain"]


def test_a_secret_of_which_the_environment_lacks_a_part_is_not_known() -> None:
    settings = from_environ(SOURCES)
    found = read(settings, "s3cret")
    for environ in ({}, {"PASSWORD": "s3cret"}, {"USER": "me"}):
        assert list(completed(found, settings, environ, STARTED_AT).entries) == ["ssm:/plain"]


def test_a_source_that_is_configured_no_more_completes_nothing() -> None:
    found = Snapshot(1.0, "f", {"x": WITHHELD.but(rendered={"i": Variables()})})
    assert completed(found, from_environ({}), {"A": "1"}, 99.0).entries == {}


printable = st.text(st.characters(exclude_characters='"\\', exclude_categories=["C"]), max_size=9)


@given(printable, st.floats(-1000.0, 1000.0))
def test_what_is_completed_is_what_was_read_or_due(secret: str, since: float) -> None:
    settings = from_environ(SOURCES)
    found = read(settings, secret, STARTED_AT + since)
    environ = {"PASSWORD": secret, "USER": "me"}
    whole = completed(found, settings, environ, STARTED_AT)
    assert whole.values(settings) == {"PLAIN": "1", **environ}
    entry = whole.entries["secretsmanager:prod/db"]
    assert entry.fetched_at == min(STARTED_AT + since, STARTED_AT)
