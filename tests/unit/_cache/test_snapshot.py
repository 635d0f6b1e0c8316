"""Snapshots, and how those of this process, of the file and the environment are merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cache.entry import Entry
from appconfig_env._cache.load import load
from appconfig_env._cache.snapshot import Snapshot, completed, fingerprint, merged, newest
from appconfig_env._cache.snapshot_json import dumps, loads
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env._content.variables import Variables
from appconfig_env.errors import Failure

if TYPE_CHECKING:
    from appconfig_env._config.settings import Settings

DENIED = Failure("denied", "denied")
THROTTLED = Failure("throttled", "throttled")


def good(revision: int, token: str = "") -> Entry:
    """An entry whose last attempt, in this revision, succeeded."""
    document = Document(f"as of {revision}".encode())
    return Entry(
        checked_at=float(revision), refresh_at=99.0, fetched_at=float(revision), token=token,
        document=document, revision=revision, confirmed=revision,
    )  # fmt: skip


def failing(revision: int, attempts: int = 1, failure: Failure = DENIED) -> Entry:
    """An entry that succeeded in `revision`, and then failed this many times."""
    return good(revision)._with(
        revision=revision + attempts, failures=attempts, failure=failure,
        checked_at=float(revision + attempts),
    )  # fmt: skip


def missing(revision: int, failure: Failure = DENIED) -> Entry:
    return Entry(checked_at=1.0, refresh_at=2.0, revision=revision, failures=1, failure=failure)


REDACTED = Entry(
    checked_at=3.0, refresh_at=9.0, fetched_at=3.0, revision=3, confirmed=3, is_secret=True,
    redacted={"i": ["A"]},
)  # fmt: skip
UNREAD = Entry()
UNUSED = missing(3)._with(document=Document(b"unused"))
PARTIAL = missing(3)._with(document=Document(b"partial"), received_at=1.0)


def snapshot(entry: Entry | None) -> Snapshot:
    return Snapshot(1.0, "f", {} if entry is None else {"x": entry})


def body(entry: Entry | None) -> str | None:
    return None if entry is None or entry.document is None else entry.document.body.decode()


@pytest.mark.parametrize(
    ("own", "found", "document", "failure"),
    [
        (good(1), good(2), "as of 2", None),
        (good(2), good(1), "as of 2", None),
        (good(1), None, "as of 1", None),
        (None, good(1), "as of 1", None),
        (None, missing(3), None, DENIED),
        (good(1), missing(3), "as of 1", None),
        (missing(3), good(1), "as of 1", None),
        (None, REDACTED, None, None),
        (None, REDACTED._with(failure=DENIED), None, None),
        (good(1), REDACTED, "as of 1", None),
        (None, UNREAD, None, None),
        (None, None, None, None),
        # A failed attempt in a process with an older document.
        (good(2), failing(1, 2), "as of 2", DENIED),
        (failing(1, 2), good(2), "as of 2", DENIED),
        (failing(1, 1), good(3), "as of 3", None),
        # Without any document, the last failure counts.
        (missing(3), missing(4, THROTTLED), None, THROTTLED),
        (missing(4, THROTTLED), missing(3), None, THROTTLED),
        # No source can use the document of one of them.
        (UNUSED, missing(4, THROTTLED), None, THROTTLED),
        (UNUSED, missing(2, THROTTLED), "unused", DENIED),
        (missing(4, THROTTLED), UNUSED, None, THROTTLED),
        (missing(2, THROTTLED), UNUSED, "unused", DENIED),
        (UNUSED, good(1), "as of 1", None),
        # Only some sources can use it.
        (PARTIAL, missing(4, THROTTLED), "partial", DENIED),
        (missing(4, THROTTLED), PARTIAL, "partial", DENIED),
        (UNUSED._with(revision=5), PARTIAL, "partial", DENIED),
    ],
)
def test_the_newer_document_and_the_newer_attempt_are_taken(
    own: Entry | None, found: Entry | None, document: str | None, failure: Failure | None
) -> None:
    entry = newest(snapshot(own), snapshot(found)).entries.get("x")
    assert body(entry) == document
    assert (entry and entry.failure) == failure


def test_the_newer_attempt_determines_the_next_one() -> None:
    failed = failing(1, 3)._with(refresh_at=500.0)
    entry = newest(snapshot(good(2)), snapshot(failed)).entries["x"]
    assert (entry.checked_at, entry.refresh_at, entry.revision) == (4.0, 500.0, 4)
    assert (entry.fetched_at, entry.confirmed, entry.failures) == (2.0, 2, 3)


def test_of_two_equal_entries_the_found_one_is_taken_because_of_its_token() -> None:
    entry = newest(snapshot(good(1)), snapshot(good(1, "token"))).entries["x"]
    assert entry.token == "token"


def test_an_entry_that_still_has_its_token_stays() -> None:
    entry = newest(snapshot(good(1, "token")), snapshot(good(1))).entries["x"]
    assert entry.token == "token"


def test_a_token_stays_with_its_own_document() -> None:
    """The response "unchanged" to a token refers to one document, and no other."""
    failed = failing(1, 2)._with(token="of the old one")
    assert newest(snapshot(good(2)), snapshot(failed)).entries["x"].token == ""


@pytest.mark.parametrize("shift", [-1e6, 1e6])
def test_clocks_do_not_decide_which_entry_is_newer(shift: float) -> None:
    moved = good(2)._with(checked_at=2 + shift, fetched_at=2 + shift)
    assert body(newest(snapshot(good(1)), snapshot(moved)).entries["x"]) == "as of 2"
    assert body(newest(snapshot(moved), snapshot(good(1))).entries["x"]) == "as of 2"


def test_what_is_secret_here_is_not_taken_from_a_file_where_it_is_plain() -> None:
    own = good(1)._with(is_secret=True)
    forged = good(2, token="theirs")
    (merged,) = newest(snapshot(own), snapshot(forged)).entries.values()
    assert merged is own


def test_a_newer_secret_is_taken_from_where_secrets_may_be() -> None:
    own, found = (good(revision)._with(is_secret=True) for revision in (1, 2))
    assert body(newest(snapshot(own), snapshot(found)).entries["x"]) == "as of 2"


def test_a_later_attempt_that_failed_counts_although_its_file_does_not_count_it() -> None:
    failed = failing(1, 3)._with(failures=0)
    assert newest(snapshot(good(2)), snapshot(failed)).entries["x"].failures == 1


@pytest.mark.parametrize(("own", "found", "newer"), [(2, 1, 2), (1, 2, 2)])
def test_of_two_documents_that_only_some_sources_can_use_the_later_one_is_taken(
    own: int, found: int, newer: int
) -> None:
    entries = [
        Entry(
            document=Document(b"as of %d" % revision), received_at=1.0, revision=revision,
            failures=1, failure=DENIED,
        )
        for revision in (own, found)
    ]  # fmt: skip
    (merged,) = newest(snapshot(entries[0]), snapshot(entries[1])).entries.values()
    assert body(merged) == f"as of {newer}"


def test_tokens_of_some_resources_alone_can_be_left_out() -> None:
    both = Snapshot(1.0, "f", {"x": good(1, token="t"), "y": good(1, token="t")})
    without = both.without_tokens(["x"])
    assert [entry.token for entry in without.entries.values()] == ["", "t"]


def test_without_a_file_the_own_snapshot_stays() -> None:
    own = snapshot(good(1))
    assert newest(own, None) is own


revisions = st.integers(1, 5)
entries = (
    revisions.map(good)
    | st.builds(failing, revisions, st.integers(1, 3))
    | revisions.map(missing)
    | st.just(REDACTED)
    | st.just(UNREAD)
)
snapshots = st.builds(
    Snapshot,
    st.integers(0, 9),
    st.sampled_from("fg"),
    st.dictionaries(st.sampled_from("abc"), entries),
)


@given(snapshots, snapshots)
def test_nothing_gets_older_or_lost_and_nothing_is_made_up(own: Snapshot, found: Snapshot) -> None:
    merged = newest(own, found)
    assert (merged.taken_at, merged.fingerprint) == (own.taken_at, own.fingerprint)
    assert own.entries.keys() <= merged.entries.keys() <= {*own.entries, *found.entries}
    for reference, entry in merged.entries.items():
        ours, theirs = own.entries.get(reference), found.entries.get(reference)
        known = [one for one in (ours, theirs) if one is not None]
        assert body(entry) in [body(one) for one in known]
        assert (entry.revision, entry.failure) in [(one.revision, one.failure) for one in known]
        if entry.document is not None:
            assert entry.confirmed == max(one.confirmed for one in known if one.document)
        if ours is not None:
            assert entry.revision >= ours.revision or ours.document is None
            assert (entry.document is None) <= (ours.document is None)
        else:
            assert entry.is_known
    assert facts(newest(merged, found)) == facts(merged)


@given(snapshots)
def test_a_snapshot_merged_with_itself_stays_as_it_is(own: Snapshot) -> None:
    assert facts(newest(own, own)) == facts(own)


def facts(one: Snapshot) -> dict[str, tuple[object, ...]]:
    return {
        reference: (body(entry), entry.fetched_at, entry.checked_at, entry.revision, entry.failure)
        for reference, entry in one.entries.items()
    }


def test_without_tokens_no_entry_has_one() -> None:
    bare = Snapshot(1.0, "f", {"a": good(1, "token"), "b": good(1)}).without_tokens()
    assert [entry.token for entry in bare.entries.values()] == ["", ""]


def test_only_entries_with_their_document_are_complete() -> None:
    whole = Snapshot(1.0, "f", {"a": good(1), "b": REDACTED, "c": missing(1)})
    assert list(whole.complete().entries) == ["a"]


def test_what_was_read_before_a_revision_is_left_out() -> None:
    both = {"confirmed": 3, "revision": 9}
    entries = {
        "good": good(1)._with(confirmed=5, revision=5),
        "older": good(1)._with(confirmed=4, revision=4),
        "older, and failing since": good(1)._with(**both, failure=DENIED),
        "of only some sources, or a fallback": good(1)._with(confirmed=0, revision=9),
        "redacted": REDACTED._with(confirmed=5, revision=5),
        "older and redacted": REDACTED._with(**both),
        "missing": missing(1)._with(revision=5),
        "missing before": missing(1)._with(revision=4),
    }
    found = Snapshot(1.0, "f", entries).read_since(5)
    assert list(found.entries) == ["good", "redacted", "missing"]


def test_later_sources_take_precedence_over_earlier_ones() -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": "ssm:/a/ ssm:/b/", "X": "ssm:/x"})
    entries = {
        "ssm:/a/": good(1)._with(document=Document(parameters={"A": "0", "B": "0", "X": "0"})),
        "ssm:/b/": good(1)._with(document=Document(parameters={"B": "1", "X": "1"})),
        "ssm:/x": good(1)._with(document=Document(b"2")),
    }
    found = Snapshot(1.0, fingerprint(settings), entries)
    assert found.values(settings) == {"A": "0", "B": "1", "X": "2"}


def test_different_settings_have_different_fingerprints() -> None:
    first = from_environ({"A": "ssm:/a"})
    assert fingerprint(first) == fingerprint(from_environ({"A": "ssm:/a"}))
    assert fingerprint(first) != fingerprint(from_environ({"A": "ssm:/b"}))
    assert len(fingerprint(first)) == 64


SOURCES = {
    "PASSWORD": "secretsmanager:prod/db#password",
    "APPCONFIG_ENV_SOURCES": "secretsmanager:prod/db ssm:/plain secretsmanager:later?env=no",
}
STARTED_AT = 1000.1


def read(settings: Settings, secret: str, at: float = STARTED_AT) -> Snapshot:
    """The file's snapshot after all sources were read."""
    secrets = {
        "secretsmanager:prod/db": f'{{"password": "{secret}", "user": "me"}}'.encode(),
        "secretsmanager:later": b'{"later": "not in any environment"}',
    }
    documents = {name: Document(content, secret=True) for name, content in secrets.items()}
    backend = FakeBackend({**documents, "ssm:/plain": b"1"})
    found = load(settings, backend, at, timeout=1.0)
    return loads(dumps(found, settings.resources()), settings.resources())


def test_secrets_from_the_environment_complete_the_file() -> None:
    settings = from_environ(SOURCES)
    found = read(settings, "s3cret")
    assert found.values(settings) == {"PLAIN": "1"}
    environ = {"PASSWORD": "s3cret", "USER": "me", "LATER": "foreign"}
    whole = completed(found, settings, environ, STARTED_AT)
    assert whole.values(settings) == {"PASSWORD": "s3cret", "USER": "me", "PLAIN": "1"}
    assert list(whole.entries) == ["secretsmanager:prod/db", "ssm:/plain"]
    assert whole.entries["secretsmanager:prod/db"].redacted == {}
    assert b"s3cret" not in dumps(whole, settings.resources()), "they stay secret"


def test_a_secret_that_another_process_has_read_since_is_stale() -> None:
    settings = from_environ(SOURCES)
    found = read(settings, "rotated", STARTED_AT + 300.0)
    whole = completed(found, settings, {"PASSWORD": "s3cret", "USER": "me"}, STARTED_AT)
    entry = whole.entries["secretsmanager:prod/db"]
    assert whole.values(settings) == {"PASSWORD": "s3cret", "USER": "me", "PLAIN": "1"}
    assert (entry.fetched_at, entry.version) == (STARTED_AT, "")
    assert entry.is_stale(STARTED_AT)
    assert entry.is_stale(STARTED_AT + 300.0)


def test_without_a_wrapper_no_secret_is_taken_from_the_environment() -> None:
    settings = from_environ(SOURCES)
    found = read(settings, "s3cret")
    whole = completed(found, settings, {"PASSWORD": "foreign", "USER": "me"}, None)
    assert list(whole.entries) == ["ssm:/plain"]


def test_a_secret_of_which_the_environment_has_only_a_part_is_unknown() -> None:
    settings = from_environ(SOURCES)
    found = read(settings, "s3cret")
    for environ in ({}, {"PASSWORD": "s3cret"}, {"USER": "me"}):
        assert list(completed(found, settings, environ, STARTED_AT).entries) == ["ssm:/plain"]


def test_a_source_that_is_no_longer_configured_completes_nothing() -> None:
    found = Snapshot(1.0, "f", {"x": REDACTED})
    assert completed(found, from_environ({}), {"A": "1"}, 99.0).entries == {}


def test_names_of_another_resource_s_source_complete_nothing() -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": "secretsmanager:a secretsmanager:b"})
    entry = Entry(fetched_at=1.0, is_secret=True, redacted={"secretsmanager:b": ["X"]})
    found = Snapshot(1.0, "f", {"secretsmanager:a": entry})
    assert completed(found, settings, {"X": "1"}, 99.0).entries == {}


printable = st.text(st.characters(exclude_characters='"\\', exclude_categories=["C"]), max_size=9)


@given(printable, st.floats(-1000.0, 1000.0))
def test_a_completed_secret_is_as_read_or_stale(secret: str, since: float) -> None:
    settings = from_environ(SOURCES)
    found = read(settings, secret, STARTED_AT + since)
    environ = {"PASSWORD": secret, "USER": "me"}
    whole = completed(found, settings, environ, STARTED_AT)
    assert whole.values(settings) == {"PLAIN": "1", **environ}
    entry = whole.entries["secretsmanager:prod/db"]
    assert entry.fetched_at == min(STARTED_AT + since, STARTED_AT)


def test_the_values_of_one_source_alone_are_not_copied() -> None:
    one, other, none = Variables({"A": "1"}), Variables({"A": "2", "B": "3"}), Variables()
    assert merged([none, one, none]) is one.values
    assert merged([one, none, other]) == {"A": "2", "B": "3"}
    assert merged([]) == {}
    assert one.values == {"A": "1"}
