"""What a check reports of names: clashes, protected and odd ones, paths without only=."""

from __future__ import annotations

import pytest

from appconfig_env._cli.check.findings import (
    ERROR,
    NOTHING,
    OTHER_NAMES,
    WARN,
    findings,
    known_names,
    of_settings,
)
from appconfig_env._config.references import parse
from appconfig_env._content.document import Document
from appconfig_env.errors import SettingsError

from .checked import Checked, checked


def found(given: Checked) -> list[tuple[str, str]]:
    return [
        (one.level, one.message) for one in findings(given.settings, given.environ, given.snapshot)
    ]


ONLY = (
    "who can write a parameter below this path chooses the names of variables; "
    "set only= to the names that the program needs"
)


@pytest.mark.parametrize(
    ("source", "is_reported"),
    [
        ("ssm:/shop/", True),
        ("ssm:/shop/?prefix=X_", True),
        ("ssm:/shop/?recursive=no&optional", True),
        ("ssm:/shop/?only=HOST", False),
        ("ssm:/shop/?env=no", False),
        ("ssm:/shop/?as=SHOP", False),
        ("ssm:/shop/host", False),
        ("appconfig:shop/prod/app", False),
        ("secretsmanager:shop/db", False),
    ],
)
def test_a_path_without_only_is_reported(source: str, is_reported: bool) -> None:
    messages = [message for _, message in found(checked(source))]

    reference = source.partition("?")[0]
    if "recursive" in source:
        reference += "?recursive=no"
    assert messages == ([f"{reference}: {ONLY}"] if is_reported else [])


def test_a_path_of_another_setting_has_a_remedy_for_it() -> None:
    ((level, message),) = found(checked(APP_PARAMS_PATH="shop"))

    assert level == WARN
    assert message.endswith(
        "; read it with only= in APPCONFIG_ENV_SOURCES, and unset APP_PARAMS_PATH"
    )


@pytest.mark.parametrize(
    ("given", "level", "message"),
    [
        (checked("ssm:/x?as=LD_PRELOAD"), ERROR, "ssm:/x: LD_PRELOAD is a protected name; choose"),
        (checked("ssm:/x/path"), WARN, "ssm:/x/path: PATH is a protected name; choose"),
        (checked("ssm:/x/?only=PATH"), WARN, "ssm:/x/: PATH is a protected name; choose"),
        (checked(NODE_OPTIONS="ssm:/x"), ERROR, "NODE_OPTIONS=ssm:/x: NODE_OPTIONS is a protected"),
    ],
)
def test_a_protected_name_is_reported_before_anything_is_read(
    given: Checked, level: str, message: str
) -> None:
    ((found_level, found_message),) = found(given)

    assert found_level == level
    assert found_message.startswith(message)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["path"], "PATH"),
        (["path", "ld/preload"], "PATH and LD_PRELOAD"),
    ],
)
def test_protected_names_of_a_document_are_reported(names: list[str], message: str) -> None:
    parameters = dict.fromkeys([*names, "ok"], "1")

    messages = found(checked("ssm:/x/?env=yes", {"ssm:/x/": Document(parameters=parameters)}))

    assert (WARN, f"ssm:/x/: left out as protected: {message}; {OTHER_NAMES}") in messages


def test_names_that_no_variable_can_have_are_reported() -> None:
    document = Document(b'{"1st": 1, "ok": 2}')

    messages = found(checked("appconfig:a/b/c", {"appconfig:a/b/c": document}))

    assert messages == [
        (
            WARN,
            (
                "appconfig:a/b/c: '1st' becomes '1ST', which is not a variable name "
                "([A-Za-z_][A-Za-z0-9_]*) and was left out; rename it, or set env=no and read it "
                "with get()"
            ),
        )
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            checked("ssm:/a?as=X ssm:/b?as=X"),
            "ssm:/b wins over ssm:/a for X",
        ),
        (
            checked("ssm:/a?as=X", X="secretsmanager:b"),
            "X=secretsmanager:b wins over ssm:/a for X",
        ),
        (
            checked(
                "appconfig:a/b/c appconfig:a/b/d",
                {"appconfig:a/b/c": b'{"y": 1, "x": 1}', "appconfig:a/b/d": b'{"x": 2, "y": 2}'},
            ),
            "appconfig:a/b/d wins over appconfig:a/b/c for X and Y",
        ),
        (  # one read, the other not
            checked("appconfig:a/b/c ssm:/p/x", {"appconfig:a/b/c": b'{"x": 1}'}),
            "ssm:/p/x wins over appconfig:a/b/c for X",
        ),
    ],
)
def test_a_name_that_two_sources_set_is_reported(given: Checked, message: str) -> None:
    remedy = "rename what differs, or remove it from one of the two"

    assert found(given) == [(WARN, f"{message}; {remedy}")]


def test_a_deferred_source_does_not_clash_with_one_that_is_not() -> None:
    assert found(checked("ssm:/a?as=X ssm:/b?as=X&env=no")) == []


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (checked("ssm:/p/x", X="1"), "X"),
        (
            checked("appconfig:a/b/c", {"appconfig:a/b/c": b'{"x": 1, "y": 1}'}, X="", Y=""),
            "X and Y",
        ),
    ],
)
def test_a_name_that_the_environment_has_itself_is_reported(given: Checked, names: str) -> None:
    ((level, message),) = found(given)

    reference = given.settings.sources[0].public_reference
    assert level == WARN
    assert message == (
        f"the environment itself wins over {reference} for {names}; unset these variables, or set "
        "APPCONFIG_ENV_OVERWRITE=yes"
    )


def test_what_sources_may_overwrite_is_not_reported() -> None:
    assert found(checked("ssm:/p/x", X="1", APPCONFIG_ENV_OVERWRITE="yes")) == []
    assert found(checked("ssm:/p/tz", TZ=":UTC")) == []


def test_warnings_of_the_settings_and_no_sources_are_reported() -> None:
    messages = found(checked(AWS_APPCONFIG_EXTENSION_POLL_INTERVAL="45"))

    assert messages[0][1].startswith("AWS_APPCONFIG_EXTENSION_POLL_INTERVAL: unknown setting;")
    assert messages[1] == (WARN, NOTHING)


def test_each_problem_of_the_settings_is_a_finding() -> None:
    assert of_settings(SettingsError(["a; fix it", "b; fix it"])) == [
        (ERROR, "a; fix it", ""),
        (ERROR, "b; fix it", ""),
    ]


@pytest.mark.parametrize(
    ("reference", "names"),
    [
        ("ssm:/a/b", ("B",)),
        ("ssm:/a/b?prefix=X_", ("X_B",)),
        ("ssm:/a/b:3?names=keep", ("b",)),
        ("secretsmanager:a#key", ("KEY",)),
        ("secretsmanager:a", ()),
        ("secretsmanager:a?as=A", ("A",)),
        ("ssm:/a/?only=A,B", ("A", "B")),
        ("ssm:/a/", ()),
        ("appconfig:a/b/c", ()),
    ],
)
def test_names_that_are_known_without_the_document(reference: str, names: tuple[str, ...]) -> None:
    assert known_names(parse(reference)) == names
