"""Lines about a fetch: for each call, each source, refused batches and failures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._backends.base import Request, Unchanged
from appconfig_env._backends.calls import Call, Outcomes
from appconfig_env._cache.load import load
from appconfig_env._cache.log_lines import (
    MOST_NAMES,
    Ownership,
    batch_line,
    call_lines,
    slow_line,
    source_lines,
)
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appconfig_env._backends.base import Outcome
    from appconfig_env._config.settings import Settings

BATCH = "BatchGetSecretValue"
DENIED = Failure(
    "denied",
    "AccessDeniedException: no",
    "grant it",
    operation=BATCH,
    code="AccessDeniedException",
    request_id="r-0",
    region="eu-west-1",
)
UNKNOWN = Failure("invalid", "UnknownOperationException", operation=BATCH, code="Unknown")
THROTTLED = Failure("throttled", "ThrottlingException", operation="GetParameters", code="Slow")
SECRETS = ["secretsmanager:a", "secretsmanager:b"]


def call(operation: str, *references: str, failure: Failure | None = None, **more: Any) -> Call:
    more = {"region": "eu-west-1", "seconds": 0.012, "request_id": "r-1", **more}
    return Call(operation, references, failure=failure, **more)


def lines(
    sources: str,
    outcomes: Mapping[str, Outcome],
    calls: Sequence[Call] = (),
    *,
    kept: Sequence[str] = (),
    origins: Mapping[str, str] | None = None,
    only_env: bool = True,
    **environ: str,
) -> list[tuple[str, Mapping[str, object]]]:
    """Return the messages and fields of the sources after a fetch with these outcomes."""
    settings = from_environ({"APPCONFIG_ENV_SOURCES": sources, **environ})

    def backend(requests: list[Request], timeout: float) -> Mapping[str, Outcome]:
        assert timeout
        assert requests
        return outcomes

    known = settings.resources().keys() - outcomes.keys()
    snapshot = load(settings, backend, 1000.0, timeout=1.0, skip=known)
    ownership = Ownership(settings, snapshot, kept, only_env=only_env)
    found = source_lines(settings, snapshot, Outcomes(outcomes, calls), ownership, origins)
    checked = list(found)
    assert {level for level, _, _ in checked} <= {"debug"}
    return [(message, fields) for _, message, fields in checked]


def messages(*arguments: Any, **more: Any) -> list[str]:
    return [message for message, _ in lines(*arguments, **more)]


def document(text: str, **more: Any) -> Document:
    return Document(text.encode(), content_type="application/json", **more)


def test_a_source_is_reported_with_its_calls_its_version_and_its_names() -> None:
    outcomes = {"appconfig:a/b/c": document('{"host": "v4lue", "port": 1}', version="v7")}
    calls = [
        call("StartConfigurationSession", "appconfig:a/b/c"),
        call("GetLatestConfiguration", "appconfig:a/b/c", request_id="r-2", seconds=0.02),
        call("AssumeRole", request_id="r-3"),
    ]
    ((message, fields),) = lines("appconfig:a/b/c", outcomes, calls)
    assert message == (
        "appconfig:a/b/c: read in 32 ms with 2 calls (Region eu-west-1; request r-2); version v7; "
        "sets HOST, PORT"
    )
    assert fields == {
        "source": "appconfig:a/b/c",
        "operation": "StartConfigurationSession, GetLatestConfiguration",
        "request_id": "r-2",
        "region": "eu-west-1",
        "duration_ms": 32,
        "version": "v7",
        "names": ["HOST", "PORT"],
    }


@pytest.mark.parametrize(
    ("outcome", "reported"),
    [
        (document("{}", version="2"), "ssm:/a: read; version 2; sets nothing"),
        (
            Failure("denied", "no", code="AccessDenied"),
            "ssm:/a: failed (denied, AccessDenied); sets nothing",
        ),
        (Failure("invalid", "no"), "ssm:/a: failed (invalid); sets nothing"),
    ],
)
def test_a_source_without_recorded_calls_is_reported_without_them(
    outcome: Outcome, reported: str
) -> None:
    assert messages("ssm:/a?optional", {"ssm:/a": outcome}) == [reported]


@pytest.mark.parametrize(
    ("outcome", "reported"),
    [
        (Unchanged("t"), "unchanged in 12 ms with 1 call (Region eu-west-1; request r-1)"),
        (
            Unchanged("t", is_early=True),
            "polled too early in 12 ms with 1 call (Region eu-west-1; request r-1)",
        ),
    ],
)
def test_a_poll_without_news_is_reported_as_such(outcome: Unchanged, reported: str) -> None:
    profile = "appconfig:a/b/c"
    settings = from_environ({"APPCONFIG_ENV_SOURCES": profile})
    first = load(settings, lambda *_: {profile: document('{"a": 1}', token="t")}, 0.0, timeout=1)
    second = load(settings, lambda *_: {profile: outcome}, 100.0, first, timeout=1)
    outcomes = Outcomes({profile: outcome}, [call("GetLatestConfiguration", profile)])
    ((_, message, _),) = source_lines(settings, second, outcomes, Ownership(settings, second))
    assert message == f"{profile}: {reported}; sets A"


def test_what_failed_before_a_source_was_read_is_reported() -> None:
    calls = [
        call(BATCH, *SECRETS, failure=DENIED),
        call("GetSecretValue", "secretsmanager:a"),
        call("GetSecretValue", "secretsmanager:b"),
    ]
    found = messages(" ".join(SECRETS), dict.fromkeys(SECRETS, document('"s3cret"')), calls)
    assert found == [
        f"{name}: read in 24 ms with 2 calls (Region eu-west-1; request r-1), after {BATCH}: "
        f"denied, AccessDeniedException; sets {name[-1].upper()}"
        for name in SECRETS
    ]


def test_of_two_sources_of_one_name_the_line_of_the_loser_names_the_winner() -> None:
    found = messages(
        "file:a.json file:b.json",
        {
            "file:a.json": document('{"one": 1, "two": 2, "three": 3}'),
            "file:b.json": document('{"two": 2, "three": 3}'),
            "ssm:/x": document("4"),
        },
        THREE="ssm:/x",
    )
    assert found == [
        (
            "file:a.json: read; sets ONE; file:b.json takes precedence for TWO; THREE=ssm:/x takes "
            "precedence for THREE"
        ),
        "file:b.json: read; sets TWO; THREE=ssm:/x takes precedence for THREE",
        "THREE=ssm:/x: read; sets THREE",
    ]


def test_a_name_that_the_function_has_configured_is_not_reported_as_set() -> None:
    outcomes = {"file:a.json": document('{"one": 1, "two": 2}')}
    assert messages("file:a.json", outcomes, kept=["ONE"]) == ["file:a.json: read; sets TWO"]


def test_at_startup_a_source_that_is_only_for_get_competes_with_no_other() -> None:
    sources = "file:a.json?env=no file:b.json"
    outcomes = {name: document('{"one": 1}') for name in ("file:a.json", "file:b.json")}
    assert messages(sources, outcomes, kept=["ONE"]) == [
        "file:a.json: read; has for get() ONE",
        "file:b.json: read; sets nothing",
    ]
    assert messages(sources, outcomes, only_env=False) == [
        "file:a.json: read; sets nothing; file:b.json takes precedence for ONE",
        "file:b.json: read; sets ONE",
    ]


def test_a_source_that_was_not_read_is_reported_with_its_origin_if_it_is_known() -> None:
    assert messages("file:a.json file:b.json", {"file:a.json": document("{}")}) == [
        "file:a.json: read; sets nothing"
    ]
    origins = {"ssm:/b": "not awaited (env=no)"}
    assert messages("ssm:/b", {}, origins=origins) == ["ssm:/b: not awaited (env=no)"]


def test_a_line_names_a_bounded_number_of_names() -> None:
    many = ", ".join(f'"k{number:04}": 1' for number in range(MOST_NAMES + 5))
    ((message, fields),) = lines("file:a.json", {"file:a.json": document(f"{{{many}}}")})
    assert message.endswith("K0099 and 5 more")
    assert isinstance(fields["names"], list)
    assert len(fields["names"]) == MOST_NAMES


def test_an_in_place_reference_has_its_variable_as_a_field() -> None:
    outcomes = {"secretsmanager:a": document('{"password": "s3cret"}')}
    ((message, fields),) = lines("", outcomes, DB="secretsmanager:a#password")
    assert message == "DB=secretsmanager:a#password: read; sets DB"
    assert fields == {
        "source": "secretsmanager:a#password",
        "variable": "DB",
        "names": ["DB"],
    }


def test_each_call_has_a_line() -> None:
    calls = [
        call("GetParameters", "ssm:/a", "ssm:/b", failure=THROTTLED, request_id=""),
        call("GetParameters", "ssm:/a", "ssm:/b", region=""),
        call("AssumeRole"),
    ]
    found = list(call_lines(Outcomes({}, calls)))
    assert {level for level, _, _ in found} == {"trace"}
    assert [message for _, message, _ in found] == [
        "GetParameters for ssm:/a, ssm:/b failed (throttled, Slow) in 12 ms (Region eu-west-1)",
        "GetParameters for ssm:/a, ssm:/b succeeded in 12 ms (request r-1)",
        "AssumeRole succeeded in 12 ms (Region eu-west-1; request r-1)",
    ]
    assert found[0][2] == {
        "source": "ssm:/a, ssm:/b",
        "kind": "throttled",
        "operation": "GetParameters",
        "code": "Slow",
        "region": "eu-west-1",
        "duration_ms": 12,
    }
    assert found[2][2].keys() == {"operation", "region", "request_id", "duration_ms"}


def settings_of(*sources: str) -> Settings:
    return from_environ({"APPCONFIG_ENV_SOURCES": " ".join(sources)})


def test_a_denied_batch_is_reported_with_the_action_to_allow() -> None:
    outcomes = Outcomes(
        dict.fromkeys(SECRETS, document('"s3cret"')), [call(BATCH, *SECRETS, failure=DENIED)]
    )
    assert batch_line(settings_of(*SECRETS), outcomes) == (
        "info",
        (
            f"2 secrets had to be read one by one: {BATCH} failed: AccessDeniedException: no "
            "(Region eu-west-1; request r-0); grant it"
        ),
        {
            "source": "secretsmanager:a, secretsmanager:b",
            "kind": "denied",
            "operation": BATCH,
            "code": "AccessDeniedException",
            "request_id": "r-0",
            "region": "eu-west-1",
        },
    )


def test_several_denied_batches_are_one_line_and_formats_of_a_secret_count_once() -> None:
    formats = ["secretsmanager:a", "secretsmanager:a?format=text"]
    outcomes = Outcomes(
        dict.fromkeys([*formats, "secretsmanager:b"], document('"s3cret"')),
        [call(BATCH, *formats, failure=DENIED), call(BATCH, "secretsmanager:b", failure=DENIED)],
    )
    line = batch_line(settings_of(*formats, "secretsmanager:b"), outcomes)
    assert line is not None
    assert line[1].startswith("2 secrets had to be read one by one")


@pytest.mark.parametrize(
    "outcomes",
    [
        Outcomes(dict.fromkeys(SECRETS, document('"s"')), [call(BATCH, *SECRETS)]),
        Outcomes(
            dict.fromkeys(SECRETS, document('"s"')), [call(BATCH, *SECRETS, failure=THROTTLED)]
        ),
        Outcomes(dict.fromkeys(SECRETS, document('"s"')), [call(BATCH, *SECRETS, failure=UNKNOWN)]),
        Outcomes(dict.fromkeys(SECRETS, DENIED), [call(BATCH, *SECRETS, failure=DENIED)]),
        Outcomes({"ssm:/a": document("1")}, [call("GetParameters", "ssm:/a", failure=DENIED)]),
        {},
    ],
    ids=[
        "succeeded",
        "retried",
        "unknown to an emulator",
        "secrets denied too",
        "of parameters",
        "no calls",
    ],
)
def test_nothing_is_reported_of_other_batches(outcomes: Mapping[str, Outcome]) -> None:
    assert batch_line(settings_of(*SECRETS), outcomes) is None


def test_slow_reads_are_reported_with_what_they_mean_for_a_refresh() -> None:
    settings = settings_of("ssm:/a", "file:b.json")
    slow = {"ssm:/a": document("1", read_seconds=4.0), "file:b.json": document("{}")}
    snapshot = load(settings, lambda *_: slow, 1000.0, timeout=1.0)
    assert slow_line(settings, snapshot, ["ssm:/a"]) == (
        "warn",
        (
            "ssm:/a: reading took 4.0 s, so a refresh, and the get() that begins it, may take "
            "6.0 s in place of 3; read less with one source"
        ),
        {"source": "ssm:/a"},
    )


values = st.text("abc ", min_size=1).map(lambda text: f"v4lue {text}")
documents = st.dictionaries(
    st.from_regex("[a-z]{1,8}", fullmatch=True), st.one_of(values, st.lists(values))
)


@given(
    documents,
    documents,
    st.lists(st.sampled_from([None, DENIED, THROTTLED]), max_size=3),
    st.booleans(),
)
def test_no_line_has_a_value(
    first: dict[str, object],
    second: dict[str, object],
    failures: list[Failure | None],
    only_env: bool,
) -> None:
    outcomes = {
        "secretsmanager:a": document(json.dumps(first), secret=True),
        "file:b.json": document(json.dumps(second)),
    }
    calls = [call(BATCH, "secretsmanager:a", failure=failure) for failure in failures]
    found = lines("secretsmanager:a file:b.json?env=no", outcomes, calls, only_env=only_env)
    assert len(found) == 2
    assert "v4lue" not in repr(found) + repr(list(call_lines(Outcomes(outcomes, calls))))
