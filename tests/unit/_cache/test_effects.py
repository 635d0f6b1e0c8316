"""What a failed read means for variables: the log lines about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cache.effects import failure_lines, in_use, missing_lines
from appconfig_env._cache.load import load
from appconfig_env._config.settings import Settings, from_environ
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure, SourceError

from ...support.canary import SECRET

if TYPE_CHECKING:
    from appconfig_env._backends.base import Outcome
    from appconfig_env._cache.snapshot import Snapshot

DOWN = Failure("unavailable", "no response", "check the route", code="Unreachable")
PATH = "ssm:/shop/prod/"


def parsed(sources: str, **in_place: str) -> Settings:
    return from_environ({"APPCONFIG_ENV_SOURCES": sources, **in_place})


def read(
    settings: Settings, now: float, previous: Snapshot | None, **documents: Document
) -> Snapshot:
    """Read `documents`, by the last part of their names; all others fail."""
    by_reference: dict[str, bytes | Outcome] = {
        reference: documents.get(sources[0].resource.name.strip("/").rpartition("/")[2], DOWN)
        for reference, sources in settings.resources().items()
    }
    return load(settings, FakeBackend(by_reference), now, previous, timeout=1.0)


def lines(
    settings: Settings, snapshot: Snapshot, *, is_continuing: bool = False, **present: str
) -> list[str]:
    """The notes of all failures, without sources, cause and remedy."""
    values = {**present, **snapshot.values(settings)}
    found = failure_lines(
        settings, snapshot, list(settings.resources()), values, is_continuing=is_continuing
    )
    return [
        line.partition("no response; ")[2].removesuffix("; check the route") for line, *_ in found
    ]


@pytest.mark.parametrize(
    ("sources", "note"),
    [
        ("ssm:/a?optional", "A is not set"),
        ("ssm:/a?optional&as=X", "X is not set"),
        ("ssm:/a?optional&prefix=P_", "P_A is not set"),
        ("ssm:/a?optional&names=keep", "a is not set"),
        ("secretsmanager:prod/db?optional#password", "PASSWORD is not set"),
        ("secretsmanager:prod/db?optional&as=DB&env=no", "DB is not set"),
        (f"{PATH}?optional&only=A,B", "A and B are not set"),
        (f"{PATH}?optional", "its variables are not set"),
        ("appconfig:a/b/c?optional", "its variables are not set"),
        (f"{PATH}?optional appconfig:a/b/c?optional", "their variables are not set"),
        ("ssm:/a?default=1", "A is set to its default"),
        ("ssm:/a?default=1&as=X&env=no", "X is set to its default"),
        ("appconfig:a/b/c?default=1", "C is set to its default"),
        ("ssm:/a?default=1 ssm:/b?default=1", "A and B are set to their defaults"),
        ("ssm:/a?optional ssm:/b?optional ssm:/c?optional", "A, B and C are not set"),
    ],
)
def test_the_note_names_the_variables_and_what_happened(sources: str, note: str) -> None:
    settings = parsed(sources)
    assert lines(settings, read(settings, 0.0, None)) == [note]


def test_a_reference_in_place_is_named_after_its_variable() -> None:
    settings = parsed("", A="ssm:/x?optional", B="ssm:/x?default=1", C="ssm:/y?optional#k")
    assert lines(settings, read(settings, 0.0, None)) == [
        "A and C are not set",
        "B is set to its default",
    ]


@pytest.mark.parametrize(
    ("sources", "note"),
    [
        ("ssm:/a", "using the last value of A"),
        ("ssm:/a ssm:/b?default=2", "using the last values of A and B"),
        ("ssm:/a?as=X&default=2", "using the last value of X"),
        (PATH, "using the last values"),
        (f"{PATH}?only=A,B", "using the last values of A and B"),
        (f"{PATH} ssm:/a", "using the last values"),
    ],
)
def test_what_was_read_before_stays_in_use(sources: str, note: str) -> None:
    settings = parsed(sources)
    one = Document(b"1")
    good = read(settings, 0.0, None, a=one, b=one, prod=Document(parameters={"A": "1", "B": "2"}))
    assert lines(settings, read(settings, 1000.0, good)) == [note]


@pytest.mark.parametrize(
    "source", ["ssm:/a?optional", "ssm:/a?default=1", f"{PATH}?only=A&optional"]
)
def test_what_another_source_or_the_function_sets_is_not_called_unset(source: str) -> None:
    settings = parsed(source)
    snapshot = read(settings, 0.0, None)
    ((line, *_),) = failure_lines(settings, snapshot, [*settings.resources()], {"A": "mine"})
    assert "; A is set by another source or on the function; " in line


def test_a_later_source_may_replace_a_default() -> None:
    settings = parsed("ssm:/a?default=1 ssm:/b?as=A")
    snapshot = read(settings, 0.0, None, b=Document(b"of b"))
    assert lines(settings, snapshot) == ["A is set by another source or on the function"]


@pytest.mark.parametrize(
    ("sources", "note"),
    [
        ("ssm:/a", "continuing without it (APPCONFIG_ENV_ON_ERROR=continue); A is not set"),
        (
            "ssm:/a ssm:/b",
            "continuing without them (APPCONFIG_ENV_ON_ERROR=continue); A and B are not set",
        ),
        (
            PATH,
            "continuing without it (APPCONFIG_ENV_ON_ERROR=continue); its variables are not set",
        ),
    ],
)
def test_without_a_required_source_startup_goes_on_only_by_a_setting(
    sources: str, note: str
) -> None:
    settings = parsed(f"{sources} ssm:/c?optional")
    snapshot = read(settings, 0.0, None)
    assert lines(settings, snapshot, is_continuing=True) == [note, "C is not set"]
    levels = failure_lines(settings, snapshot, list(settings.resources()), {})
    assert [is_error for *_, is_error in levels] == [True, False]


def test_the_fields_name_the_sources_of_the_line_and_its_cause() -> None:
    settings = parsed("ssm:/y?optional", A="ssm:/x?optional#k", B="ssm:/x?default=1")
    snapshot = read(settings, 0.0, None)
    cause = {"kind": "unavailable", "code": "Unreachable"}
    found = failure_lines(settings, snapshot, list(settings.resources()), {"B": "1"})
    assert [fields for _, fields, _ in found] == [
        {"source": "ssm:/y, ssm:/x#k", "variable": "A", **cause},
        {"source": "ssm:/x", "variable": "B", **cause},
    ]


def test_missing_sources_with_one_cause_share_a_line_and_its_fields() -> None:
    settings = parsed("", A="secretsmanager:a#k", B="secretsmanager:b", APP_PARAMS_PATH="x")
    failures = [
        Failure("denied", "no", "grant it", operation="GetSecretValue", request_id=one)
        for one in ("r-1", "r-2")
    ]
    missing = [
        SourceError("A=secretsmanager:a#k", failures[0]),
        SourceError("B=secretsmanager:b", failures[1]),
        SourceError("APP_PARAMS_PATH=ssm:/x/?recursive=no", DOWN),
    ]
    assert list(missing_lines(settings, missing)) == [
        (
            (
                "A=secretsmanager:a#k, B=secretsmanager:b: GetSecretValue failed: no "
                "(requests r-1, r-2); grant it"
            ),
            {
                "source": "secretsmanager:a#k, secretsmanager:b",
                "variable": "A, B",
                "kind": "denied",
                "operation": "GetSecretValue",
                "request_id": "r-1, r-2",
            },
        ),
        (
            "APP_PARAMS_PATH=ssm:/x/?recursive=no: no response; check the route",
            {"source": "ssm:/x/?recursive=no", "kind": "unavailable", "code": "Unreachable"},
        ),
    ]


@pytest.mark.parametrize(
    ("source", "was_read", "used"),
    [
        ("ssm:/a", True, "using the last values"),
        ("ssm:/a?default=1", True, "using the last values"),
        ("ssm:/a?default=1", False, "using its default"),
        ("ssm:/a?optional", False, ""),
    ],
)
def test_what_is_used_of_a_source_after_a_failed_read(
    source: str, was_read: bool, used: str
) -> None:
    settings = parsed(source)
    good = read(settings, 0.0, None, a=Document(b"1")) if was_read else None
    snapshot = read(settings, 1000.0, good)
    assert in_use(settings.sources[0], snapshot.entries["ssm:/a"], settings) == used


def test_a_source_that_can_use_the_document_is_not_concerned_by_the_failure_of_another() -> None:
    settings = parsed("ssm:/a?as=WHOLE ssm:/a?optional#x")
    snapshot = read(settings, 0.0, None, a=Document(b'{"x": "\\u0000"}'))
    entry = snapshot.entries["ssm:/a"]
    assert entry.failure is not None
    assert [in_use(source, entry, settings) for source in settings.sources] == ["", ""]


def test_a_document_that_some_sources_can_use_is_reported_for_the_others_only() -> None:
    settings = parsed("ssm:/a?as=WHOLE ssm:/a?optional#x")
    snapshot = read(settings, 0.0, None, a=Document(b'{"x": "\\u0000"}'))
    found = list(failure_lines(settings, snapshot, ["ssm:/a"], snapshot.values(settings)))
    assert ["; X is not set; " in line for line, *_ in found] == [True]


def test_a_long_list_of_variables_is_cut() -> None:
    settings = parsed(" ".join(f"ssm:/v{number:02}?optional" for number in range(13)))
    (note,) = lines(settings, read(settings, 0.0, None))
    assert note == "V00, V01, V02, V03, V04, V05, V06, V07, V08, V09 and 3 more are not set"


@given(
    st.lists(st.sampled_from(["&optional", f"&default={SECRET}", ""]), min_size=1, max_size=5),
    st.booleans(),
)
def test_every_variable_is_in_one_note_and_no_value_is(options: list[str], is_read: bool) -> None:
    settings = parsed(" ".join(f"ssm:/n{at}?ttl=60{one}" for at, one in enumerate(options)))
    names = [f"N{at}" for at in range(len(options))]
    document = Document(SECRET.encode(), secret=True)
    good = read(
        settings, 0.0, None, **{name.lower(): document for name in names} if is_read else {}
    )

    found = lines(settings, read(settings, 10_000.0, good))

    text = " ".join(found).replace(",", "").split()
    assert [text.count(name) for name in names] == [1] * len(names)
    assert SECRET not in " ".join(found)
