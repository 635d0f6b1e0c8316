"""Loading: which requests are made, which values are kept, which failures are reported."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appconfig_env._backends.base import Unchanged
from appconfig_env._backends.fake import NO_RESPONSE, FakeBackend
from appconfig_env._cache.entry import Entry
from appconfig_env._cache.load import OLDEST_TOKEN_SECONDS, load, refresh_seconds
from appconfig_env._cache.schedule import LONGEST_WAIT_SECONDS
from appconfig_env._cache.snapshot import Snapshot
from appconfig_env._cache.snapshot_json import dumps, loads
from appconfig_env._config.settings import Settings, from_environ
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure, SourceError

from ...support.fakes import Clock

APP = "appconfig:shop/prod/app"
CANARY = "c4n4ry"
DENIED = Failure("denied", "denied")


class Story:
    """One environment, its sources and its clock: each `load` continues from the last one."""

    def __init__(self, **environ: str) -> None:
        self.settings: Settings = from_environ(environ)
        self.clock = Clock()
        self.fetch = FakeBackend({})
        self.snapshot: Snapshot | None = None

    def load(self, **options: Any) -> Snapshot:
        self.snapshot = load(
            self.settings, self.fetch, self.clock(), self.snapshot, **{"timeout": 8.0, **options}
        )
        return self.snapshot

    def respond(self, text: str, content: Any, **about: Any) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        kind = "application/json" if text.startswith("appconfig:") else ""
        self.fetch.documents[text] = Document(body, **{"content_type": kind, **about})

    def respond_parameters(self, text: str, parameters: dict[str, str]) -> None:
        self.fetch.documents[text] = Document(parameters=parameters)

    def respond_unchanged(self, text: str, token: str, **about: Any) -> None:
        self.fetch.documents[text] = Unchanged(token, **about)

    def fail(self, text: str, failure: Failure = NO_RESPONSE) -> None:
        self.fetch.documents[text] = failure

    def missing(self) -> list[SourceError]:
        assert self.snapshot is not None
        return self.snapshot.missing(self.settings)

    def error(self, text: str = APP) -> str | None:
        failure = self.entry(text).failure
        return None if failure is None else str(failure)

    def data(self, text: str = APP) -> object:
        return self.entry(text).data(self.settings.resources()[text][0])

    def values(self) -> dict[str, str]:
        assert self.snapshot is not None
        return self.snapshot.values(self.settings)

    def entry(self, text: str = APP) -> Entry:
        assert self.snapshot is not None
        return self.snapshot.entries[text]

    def later(self) -> None:
        """Advance the clock until all entries are stale."""
        assert self.snapshot is not None
        self.clock.at = max(entry.refresh_at for entry in self.snapshot.entries.values())


def app_story(sources: str = APP, **about: Any) -> Story:
    """A story in which the profile was read once: A=1."""
    story = Story(APPCONFIG_ENV_SOURCES=sources)
    story.respond(APP, {"a": 1}, version="1", token="token-1", **about)
    story.load()
    story.fetch.asked()
    return story


def test_a_first_load_reads_every_source_once() -> None:
    story = Story(APPCONFIG_ENV_SOURCES=f"{APP} {APP}?prefix=X_ ssm:/p/", B=f"{APP}#a")
    story.respond(APP, {"a": 1})
    story.respond_parameters("ssm:/p/", {"c": "2"})
    story.load()
    assert story.fetch.asked() == [(APP, ""), ("ssm:/p/", "")]
    assert story.values() == {"A": "1", "X_A": "1", "C": "2", "B": "1"}
    assert story.missing() == []


def test_nothing_is_requested_while_it_is_fresh() -> None:
    story = app_story()
    story.clock.tick(44.9)
    story.load()
    assert story.data() == {"a": 1}
    assert story.fetch.asked() == []
    story.clock.tick(0.1)
    story.load()
    assert story.fetch.asked() == [(APP, "token-1")]


def test_without_sources_nothing_is_fetched() -> None:
    assert Story().load().entries == {}


def test_the_services_own_interval_is_honoured() -> None:
    story = app_story(poll_seconds=60.0)
    assert story.entry().refresh_at == story.clock() + 60.0
    story = app_story(poll_seconds=15.0)
    assert story.entry().refresh_at == story.clock() + 45.0


def test_a_forced_resource_is_requested_even_if_it_is_fresh() -> None:
    story = app_story()
    story.load(even_fresh=[APP])
    assert story.fetch.asked() == [(APP, "token-1")]


def test_a_resource_is_required_until_it_has_a_good_document() -> None:
    story = Story(APPCONFIG_ENV_SOURCES=f"{APP} ssm:/p/a?optional")
    for document, is_required in ((DENIED, True), (Document(b"1"), True), (DENIED, False)):
        story.respond(APP, {"a": 1})
        story.fetch.documents["ssm:/p/a"] = document
        story.load()
        required = {one.resource.reference: one.is_required for one in story.fetch.requests}
        assert required["ssm:/p/a"] is is_required
        story.fetch.asked()
        story.later()
    story.load()
    assert [one.is_required for one in story.fetch.requests] == [False, False]


def test_a_skipped_resource_is_not_requested() -> None:
    story = Story(APPCONFIG_ENV_SOURCES=f"{APP} ssm:/x")
    story.respond("ssm:/x", b"1")
    story.load(skip=[APP])
    assert (story.fetch.asked(), story.values()) == ([("ssm:/x", "")], {"X": "1"})
    assert APP not in story.load(skip=[APP]).entries


def test_a_new_document_replaces_values_version_and_token_together() -> None:
    story = app_story()
    story.later()
    story.respond(APP, {"b": 2}, version="2", token="token-2")
    story.load()
    assert story.values() == {"B": "2"}
    assert (story.entry().version, story.entry().token) == ("2", "token-2")


def test_an_unchanged_document_resets_the_clock_and_takes_the_next_token() -> None:
    story = app_story()
    story.later()
    story.respond_unchanged(APP, "token-2", poll_seconds=90.0)
    story.load()
    entry = story.entry()
    assert (story.values(), entry.version, entry.token) == ({"A": "1"}, "1", "token-2")
    assert (entry.fetched_at, entry.refresh_at) == (story.clock(), story.clock() + 90.0)


def test_an_early_response_changes_only_the_next_attempt() -> None:
    story = app_story()
    refresh_at = story.entry().refresh_at
    story.clock.tick(5)
    story.respond_unchanged(APP, "token-1", is_early=True)
    story.load(even_fresh=[APP])
    entry = story.entry()
    assert (story.values(), entry.token, entry.failure) == ({"A": "1"}, "token-1", None)
    assert (entry.refresh_at, entry.fetched_at) == (refresh_at, story.clock() - 5)


def test_an_early_response_to_a_stale_entry_is_repeated_after_the_minimum() -> None:
    story = app_story()
    story.later()
    story.respond_unchanged(APP, "token-1", is_early=True)
    story.load()
    assert story.entry().refresh_at == story.clock() + 15.0


def test_after_the_clock_moved_backwards_an_early_response_is_repeated_soon() -> None:
    story = app_story()
    story.clock.tick(-1_000_000)
    story.respond_unchanged(APP, "token-1", is_early=True)
    story.load()
    assert story.entry().refresh_at == story.clock() + 15.0


@pytest.mark.parametrize("is_early", [True, False])
def test_unchanged_without_a_document_is_a_failure(is_early: bool) -> None:
    story = Story(APPCONFIG_ENV_SOURCES=APP)
    story.respond_unchanged(APP, "token", is_early=is_early)
    story.load()
    assert "has not delivered a document" in (story.error() or "")
    assert story.entry().token == ""
    assert [error.source for error in story.missing()] == [APP]


BAD = {
    "broken": b'{"a": ',
    "empty": b"",
    "binary": b"\xff\xfe",
    "clash": b'{"a-b": 1, "a.b": 2}',
    "nul": b'{"a": "\\u0000"}',
    "surrogate": b'{"a": "\\ud800"}',
    "huge": json.dumps({"a": "x" * 131_072}).encode(),
    "twice": b'{"a": 1, "a": 2}',
}


@pytest.mark.parametrize("source", [APP, APP + "?optional", APP + "?default=d", APP + "?ttl=20"])
@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_bad_document_keeps_the_last_good_values(body: bytes, source: str) -> None:
    story = app_story(source)
    story.later()
    story.respond(APP, body, version="2", token="token-2")
    story.load()
    entry = story.entry()
    assert (story.values(), entry.version, story.data()) == ({"A": "1"}, "1", {"a": 1})
    assert entry.token == ""  # the next poll starts a session, which delivers the document again
    assert (entry.failures, story.missing()) == (1, [])
    assert "(version 2)" in str(entry.failure)


def test_a_bad_document_is_reported_until_a_good_one_arrives() -> None:
    story = app_story()
    for failures in (1, 2, 3):
        story.later()
        story.respond(APP, b"{", token="token-x")
        story.load()
        assert story.entry().failures == failures
        assert story.error()
    story.later()
    story.respond(APP, {"a": 4}, token="token-4")
    story.load()
    assert story.fetch.asked()[-1] == (APP, "")
    assert (story.values(), story.error(), story.entry().failures) == ({"A": "4"}, None, 0)


def test_json_that_breaks_is_not_taken_for_text() -> None:
    story = Story(APPCONFIG_ENV_SOURCES="secretsmanager:db")
    story.respond("secretsmanager:db", {"user": "x"}, secret=True)
    story.load()
    story.later()
    story.respond("secretsmanager:db", b'{"user": "x"', secret=True)
    story.load()
    assert story.values() == {"USER": "x"}
    assert "JSON" in (story.error("secretsmanager:db") or "")


def test_json_can_become_text_that_does_not_begin_like_json() -> None:
    story = Story(A="ssm:/a")
    story.respond("ssm:/a", b'{"a": 1}')
    story.load()
    story.later()
    story.respond("ssm:/a", b"plain")
    story.load()
    assert story.values() == {"A": "plain"}


REST = {"name": "rest", "enabled": False}
UNEVALUATED = {
    "stored": {"version": "1", "flags": {"a": {}}, "values": {"a": {"enabled": True}}},
    "variants": {"a": {"_variants": [{"name": "x", "enabled": True}]}, "b": {"enabled": False}},
    "Ion": b"""'a'::'''{"enabled": true}'''""",
}


@pytest.mark.parametrize("form", UNEVALUATED)
def test_flags_that_are_no_longer_evaluated_keep_their_last_values(form: str) -> None:
    story = Story(APPCONFIG_ENV_SOURCES=APP)
    before = {"a": {"enabled": True}, "b": {"enabled": True}}
    story.respond(APP, before, token="token-1")
    story.load()
    story.later()
    kind = {"content_type": "text/plain"} if form == "Ion" else {}
    story.respond(APP, UNEVALUATED[form], token="token-2", **kind)
    story.load()
    assert story.data() == before
    assert story.values() == {"A_ENABLED": "true", "B_ENABLED": "true"}
    assert "got rules; deploy flags without variants" in (story.error() or "")
    story.later()
    story.respond(APP, {"a": {"enabled": False}}, token="token-3")
    story.load()
    assert (story.values(), story.error()) == ({"A_ENABLED": "false"}, None)


RULES = {"a": {"_variants": [{"name": "x", "enabled": True, "rule": "true"}, REST]}}


@pytest.mark.parametrize("source", [APP, "file:/flags"])
def test_rules_that_can_no_longer_be_read_keep_the_last_ones(source: str) -> None:
    story = Story(APPCONFIG_ENV_SOURCES=f"{source}?env=no")
    stored = {"version": "1", "values": RULES}
    broken = json.loads(json.dumps(stored).replace('"true"', '"(x)"'))
    story.respond(source, stored)
    story.load()
    story.later()
    story.respond(source, broken)
    story.load()
    assert story.data(source) == stored
    assert "flag 'a', variant 'x': the rule, at line 1 column 2: unknown" in str(
        story.error(source)
    )
    story.later()
    story.respond(source, {"version": "1", "values": {"a": {"enabled": False}}})
    story.load()
    assert story.error(source) is None


def test_rules_that_never_could_be_read_are_loaded_for_flags_next_to_them() -> None:
    story = Story(APPCONFIG_ENV_SOURCES=APP)
    stored = {"version": "1", "values": {**RULES, "b": {"_variants": []}}}
    for _ in range(2):
        story.respond(APP, stored)
        story.load()
        assert (story.data(), story.error()) == (stored, None)
        stored = {**stored, "flags": {"a": {}}}
        story.later()


def test_what_was_never_a_flag_may_look_like_rules() -> None:
    story = Story(APPCONFIG_ENV_SOURCES=APP)
    documents: list[dict[str, Any]] = [
        {"b": "::"},
        {"b": {"_variants": []}},
        {"flags": {}, "values": {"b": 1}},
    ]
    for document in documents:
        story.respond(APP, document, token="token")
        story.load()
        story.later()
        assert (story.data(), story.error()) == (document, None)


def test_one_source_that_cannot_use_a_document_keeps_all_of_its_sources() -> None:
    story = Story(APPCONFIG_ENV_SOURCES=APP, KEY=f"{APP}#a")
    story.respond(APP, {"a": 1}, token="token-1")
    story.load()
    story.later()
    story.respond(APP, {"b": 2}, token="token-2")
    story.load()
    assert story.values() == {"A": "1", "KEY": "1"}
    assert story.entry().token == ""
    assert "no key 'a'" in (story.error() or "")


def test_an_optional_key_can_disappear_and_return() -> None:
    story = Story(APPCONFIG_ENV_SOURCES=APP, KEY=f"{APP}?optional#a", OTHER=f"{APP}#a?default=d")
    story.respond(APP, {"a": 1}, token="token-1")
    story.load()
    assert story.values() == {"A": "1", "KEY": "1", "OTHER": "1"}
    story.later()
    story.respond(APP, {"b": 2}, token="token-2")
    story.load()
    assert story.values() == {"B": "2", "OTHER": "d"}
    assert (story.error(), story.entry().token) == (None, "token-2")


def test_a_failed_fetch_keeps_values_and_token() -> None:
    story = app_story()
    story.later()
    story.fail(APP)
    story.load()
    entry = story.entry()
    assert (story.values(), entry.version, entry.token) == ({"A": "1"}, "1", "token-1")
    assert (entry.failure, entry.failures, story.missing()) == (NO_RESPONSE, 1, [])
    assert entry.fetched_at == story.clock() - 45.0


def test_waits_grow_up_to_a_limit_and_start_over_after_a_success() -> None:
    story = app_story()
    waits = []
    for _ in range(8):
        story.later()
        story.fail(APP)
        story.load()
        waits.append(story.entry().refresh_at - story.clock())
    assert waits == [45.0, 90.0, 180.0, 360.0, 720.0, 900.0, 900.0, LONGEST_WAIT_SECONDS]
    story.later()
    story.respond(APP, {"a": 2})
    story.load()
    story.later()
    story.fail(APP)
    story.load()
    assert story.entry().refresh_at - story.clock() == 45.0


def test_even_a_source_without_interval_waits_after_failures() -> None:
    story = Story(APPCONFIG_ENV_SOURCES="ssm:/a?ttl=0&default=x")
    for wait in (1.0, 2.0, 4.0):
        story.load()
        assert story.entry("ssm:/a").refresh_at - story.clock() == wait
        story.later()


@pytest.mark.parametrize(("error", "waits"), [(NO_RESPONSE, [1, 2, 4]), (DENIED, [300, 600, 900])])
def test_only_an_unavailable_source_without_a_value_is_retried_soon(
    error: Failure, waits: list[float]
) -> None:
    story = Story(APPCONFIG_ENV_SOURCES="ssm:/a")
    story.fail("ssm:/a", error)
    for wait in waits:
        story.load()
        assert story.entry("ssm:/a").refresh_at - story.clock() == wait
        story.later()


def test_an_interval_beyond_the_limit_is_not_shortened() -> None:
    story = Story(APPCONFIG_ENV_SOURCES="ssm:/a?ttl=2h&default=x")
    for _ in range(3):
        story.load()
        assert story.entry("ssm:/a").refresh_at - story.clock() == 7200.0
        story.later()


def test_a_token_that_is_about_to_expire_is_not_used() -> None:
    story = app_story()
    story.clock.tick(OLDEST_TOKEN_SECONDS - 1)
    story.fail(APP)
    story.load()
    assert story.fetch.asked() == [(APP, "token-1")]
    story.clock.tick(1000)
    story.load()
    assert story.fetch.asked() == [(APP, "")]


def test_if_the_clock_moved_backwards_the_same_token_is_used_at_once() -> None:
    story = app_story()
    story.clock.tick(-3600)
    story.load()
    assert story.fetch.asked() == [(APP, "token-1")]


def test_a_required_source_without_any_value_is_missing() -> None:
    story = Story(APPCONFIG_ENV_SOURCES=f"{APP} ssm:/x", KEY=f"{APP}#a")
    story.fail(APP, DENIED)
    story.respond("ssm:/x", b"1")
    story.load()
    assert [str(error) for error in story.missing()] == [f"{APP}: denied", f"KEY={APP}#a: denied"]
    assert story.values() == {"X": "1"}


def test_a_default_is_used_if_its_source_fails() -> None:
    story = Story(A="ssm:/a?default=fallback", B="ssm:/b?optional", C="ssm:/c")
    story.respond("ssm:/c", b"3")
    story.load()
    assert (story.values(), story.missing()) == ({"A": "fallback", "C": "3"}, [])
    assert story.error("ssm:/a") == "no response; add it to the documents of this backend"


def test_a_default_whose_variable_name_is_invalid_is_missing() -> None:
    story = Story(APPCONFIG_ENV_SOURCES="ssm:/1st?default=x")
    story.load()
    (error,) = story.missing()
    assert "its default cannot be used" in error.reason


def test_the_last_good_value_takes_precedence_over_a_default() -> None:
    story = Story(A="ssm:/a?default=d", B="ssm:/b?optional")
    story.respond("ssm:/a", b"1")
    story.respond("ssm:/b", b"2")
    story.load()
    story.later()
    story.fail("ssm:/a")
    story.fail("ssm:/b", DENIED)
    story.load()
    assert story.values() == {"A": "1", "B": "2"}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_bad_first_document_is_an_error_unless_the_source_is_optional(body: bytes) -> None:
    for source, is_missing in ((APP, True), (APP + "?optional", False)):
        story = Story(APPCONFIG_ENV_SOURCES=source)
        story.respond(APP, body, token="token")
        story.load()
        assert bool(story.missing()) is is_missing
        assert (story.values(), story.entry().token, story.data()) == ({}, "", None)
        assert story.error()


@pytest.mark.parametrize("body", [b'{"a":', b"", b'{"c": 1}', b'{"a": null}'])
def test_a_document_that_fewer_sources_can_use_does_not_replace_a_partly_usable_one(
    body: bytes,
) -> None:
    story = Story(A=f"{APP}#a", B=f"{APP}#b")
    story.respond(APP, {"a": 1})
    story.load()
    story.later()
    story.respond(APP, body)
    story.load()
    assert story.values() == {"A": "1"}
    story.later()
    story.respond(APP, {"a": 3})
    story.load()
    assert story.values() == {"A": "3"}


def test_a_fallback_does_not_replace_a_newer_value_that_only_some_sources_can_use() -> None:
    story = Story(A=f"{APP}#a", B=f"{APP}#b")
    story.respond(APP, {"a": "live"})
    story.load()
    story.later()
    story.fail(APP)
    baked = Entry(document=Document(b'{"a": "baked", "b": "baked"}'), fetched_at=1.0)
    story.load(fallback=lambda: Snapshot(1.0, "f", {APP: baked}))
    assert story.values() == {"A": "live"}


def test_usable_values_of_a_bad_first_document_stay_until_a_good_one_arrives() -> None:
    story = Story(A=f"{APP}#a", B=f"{APP}#b")
    story.respond(APP, {"a": 1})
    story.load()
    assert (story.values(), len(story.missing())) == ({"A": "1"}, 1)
    story.later()
    story.fail(APP)
    story.load()
    assert (story.values(), len(story.missing())) == ({"A": "1"}, 1)
    story.later()
    story.respond(APP, {"a": 1, "b": 2})
    story.load()
    assert story.missing() == []
    assert story.values() == {"A": "1", "B": "2"}


def shipped(**sources: Any) -> Snapshot:
    """A fallback, read from its bytes."""
    story = Story(APPCONFIG_ENV_SOURCES=f"{APP} ssm:/p/ ssm:/text secretsmanager:s")
    story.respond(APP, sources.get("app", {"a": {"b": [1, "ä"]}}), version="7")
    story.respond_parameters("ssm:/p/", {"c/d": "2"})
    story.respond("ssm:/text", b"{not json}")
    story.respond("secretsmanager:s", b"secret", secret=True)
    return loads(dumps(story.load(), story.settings.resources()), story.settings.resources())


def test_a_fallback_is_used_if_the_service_cannot_be_reached() -> None:
    story = Story(APPCONFIG_ENV_SOURCES=f"{APP} ssm:/p/?prefix=X_", T="ssm:/text", W=APP)
    story.load(fallback=shipped)
    assert story.missing() == []
    assert story.values() == {
        "A_B": '[1,"ä"]',
        "X_C_D": "2",
        "T": "{not json}",
        "W": json.dumps({"a": {"b": [1, "ä"]}}),  # the original bytes
    }
    entry = story.entry()
    assert (entry.version, entry.failure, entry.failures, entry.token) == ("7", NO_RESPONSE, 1, "")
    assert entry.refresh_at == story.clock() + 45.0


def test_a_fallback_is_replaced_as_soon_as_the_service_responds() -> None:
    story = Story(APPCONFIG_ENV_SOURCES=APP)
    story.load(fallback=shipped)
    story.later()
    story.respond(APP, {"a": "new"}, token="token")
    story.load(fallback=shipped)
    assert story.fetch.asked()[-1] == (APP, "")
    assert (story.values(), story.error()) == ({"A": "new"}, None)


def test_a_fallback_does_not_hide_denial_or_absence() -> None:
    story = Story(APPCONFIG_ENV_SOURCES=APP)
    story.fail(APP, DENIED)
    assert len(story.load(fallback=shipped).missing(story.settings)) == 1


def test_last_good_values_take_precedence_over_a_fallback() -> None:
    story = app_story()
    story.later()
    story.fail(APP)
    story.load(fallback=shipped)
    assert story.values() == {"A": "1"}


@pytest.mark.parametrize("reference", ["secretsmanager:s", "ssm:/other", f"{APP}#none"])
def test_a_source_that_the_fallback_does_not_have_is_missing(reference: str) -> None:
    story = Story(X=reference)
    assert len(story.load(fallback=shipped).missing(story.settings)) == 1
    story = Story(X=reference)
    assert len(story.load(fallback=lambda: None).missing(story.settings)) == 1


def test_a_fallback_that_cannot_be_parsed_is_not_used() -> None:
    entry = Entry(checked_at=1.0, refresh_at=2.0, document=Document(b'["a list"]'))
    story = Story(APPCONFIG_ENV_SOURCES="ssm:/p/")
    story.load(fallback=lambda: Snapshot(1.0, "f", {"ssm:/p/": entry}))
    assert len(story.missing()) == 1


def test_a_source_that_is_no_longer_configured_is_forgotten() -> None:
    story = app_story()
    story.settings = from_environ({"X": "ssm:/x?default=1"})
    assert list(story.load().entries) == ["ssm:/x"]


def test_an_entry_is_secret_if_its_document_is() -> None:
    story = Story(X="ssm:/x")
    story.respond("ssm:/x", b"1", secret=True)
    story.load()
    assert story.entry("ssm:/x").is_secret
    story.later()
    story.respond("ssm:/x", b"1")
    story.load()
    assert not story.entry("ssm:/x").is_secret


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_no_error_contains_a_value(body: bytes) -> None:
    planted = body.replace(b"x" * 131_072, CANARY.encode() * 30_000).replace(b"1", b'"c4n4ry"')
    story = Story(APPCONFIG_ENV_SOURCES=APP, K=f"{APP}#none?default={CANARY}")
    story.respond(APP, planted + CANARY.encode() if planted[:1] != b"{" else planted)
    found = story.load()
    texts = [str(error) for error in story.missing()] + [story.error() or "", repr(found)]
    assert CANARY not in "\n".join(texts)


@pytest.mark.parametrize(
    ("slowest", "poll_timeout", "deadline", "expected"),
    [
        (0.0, "3000", "8", 3.0),
        (2.9, "3000", "8", 3.0),
        (3.0, "3000", "8", 4.5),
        (7.0, "3000", "8", 8.0),
        (1e9, "3000", "8", 8.0),  # from a file
        (4.0, "10s", "8", 10.0),
        (12.0, "10s", "8", 10.0),
    ],
)
def test_a_refresh_may_take_what_the_slowest_source_took_but_no_longer_than_a_start(
    slowest: float, poll_timeout: str, deadline: str, expected: float
) -> None:
    settings = from_environ(
        {
            "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": poll_timeout,
            "APPCONFIG_ENV_DEADLINE_SECONDS": deadline,
        }
    )
    entries = {"a": Entry(read_seconds=0.1), "b": Entry(read_seconds=slowest)}
    assert refresh_seconds(settings, Snapshot(0.0, "", entries)) == expected
