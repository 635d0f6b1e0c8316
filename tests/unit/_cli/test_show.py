"""`show` lists names, sources, versions and who wins, and never a value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli import show, verbs
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

from .process import ran

if TYPE_CHECKING:
    from appconfig_env._backends.base import Outcome

CANARY = "c4n4ry"
DOCUMENTS: dict[str, bytes | Outcome] = {
    "appconfig:shop/prod/app": Document(
        f'{{"db": {{"host": "{CANARY}"}}, "empty": "", "1st": "x"}}'.encode(), version="v7"
    ),
    "ssm:/shop/": Document(
        parameters={"db/host": CANARY, "PATH": CANARY, "late": CANARY},
        secret_parameters=frozenset({"late"}),
    ),
    "secretsmanager:shop/db": Document(CANARY.encode(), secret=True, version="abc"),
    "ssm:/denied": Failure("denied", "no access", "allow it"),
}
ENVIRON = {
    "APPCONFIG_ENV_SOURCES": "ssm:/shop/ appconfig:shop/prod/app",
    "PASSWORD": "secretsmanager:shop/db",
    "LATE": "own",
}


def test_each_name_has_its_source_its_version_and_its_state() -> None:
    done = ran("show", documents=DOCUMENTS, environ=ENVIRON)

    assert (done.exit_code, done.err) == (verbs.OK, "")
    assert (
        done.out
        == """\
name      value    source                           version  state
DB_HOST   ****     ssm:/shop/                                overridden by appconfig:shop/prod/app
DB_HOST   ****     appconfig:shop/prod/app          v7       set
EMPTY     (empty)  appconfig:shop/prod/app          v7       set
LATE      ****     ssm:/shop/                                configured
PASSWORD  ****     PASSWORD=secretsmanager:shop/db  abc      set
PATH               ssm:/shop/                                protected
3 variables of 3 sources
appconfig:shop/prod/app: '1st' becomes '1ST', which is not a variable name \
([A-Za-z_][A-Za-z0-9_]*) and was left out; rename it, or set env=no and read it with get()
"""
    )


@pytest.mark.parametrize("words", [[], ["--json"]])
@pytest.mark.parametrize("terminal", [False, True])
def test_no_value_is_shown(words: list[str], terminal: bool) -> None:
    done = ran("show", *words, documents=DOCUMENTS, environ=ENVIRON, terminal=terminal)

    assert done.exit_code == verbs.OK
    assert CANARY not in done.out + done.err
    assert "DB_HOST" in done.out


def test_json_has_the_same_as_data() -> None:
    done = ran("show", "--json", documents=DOCUMENTS, environ=ENVIRON)

    found = json.loads(done.out)
    assert found["failures"] == []
    assert [one["name"] for one in found["variables"]] == [
        "DB_HOST", "DB_HOST", "EMPTY", "LATE", "PASSWORD", "PATH",
    ]  # fmt: skip
    assert found["variables"][0] == {
        "name": "DB_HOST",
        "source": "ssm:/shop/",
        "version": "",
        "state": "overridden",
        "winner": "appconfig:shop/prod/app",
        "secret": False,
        "empty": False,
    }
    assert [one["name"] for one in found["variables"] if one["secret"]] == ["LATE", "PASSWORD"]


@pytest.mark.parametrize(
    ("reference", "exit_code", "line"),
    [
        ("ssm:/denied", verbs.PROBLEMS, "no access; DENIED is not set; allow it\n"),
        ("ssm:/denied?optional", verbs.OK, "no access; DENIED is not set; allow it\n"),
        ("ssm:/denied?default=d", verbs.OK, "no access; DENIED is set to its default; allow it"),
    ],
)
def test_a_source_that_failed_is_shown_with_its_reason(
    reference: str, exit_code: int, line: str
) -> None:
    environ = {"APPCONFIG_ENV_SOURCES": f"{reference} ssm:/shop/"}

    done = ran("show", documents=DOCUMENTS, environ=environ)

    assert done.exit_code == exit_code
    assert f"\nssm:/denied: {line}" in done.out
    assert "DB_HOST" in done.out


def test_a_reference_in_place_that_has_no_value_is_not_set() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/shop/", "X": "ssm:/denied?optional"}

    done = ran("show", documents=DOCUMENTS, environ=environ)

    assert done.exit_code == verbs.OK
    assert "\nssm:/denied: no access; X is not set; allow it\n" in done.out


def test_a_failure_in_json_has_its_kind() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/denied"}

    done = ran("show", "--json", documents=DOCUMENTS, environ=environ)

    assert done.exit_code == verbs.PROBLEMS
    assert json.loads(done.out)["failures"] == [
        {"source": "ssm:/denied", "kind": "denied", "reason": "no access; allow it"}
    ]


def test_without_sources_there_is_nothing_to_show() -> None:
    done = ran("show")

    assert done == (verbs.PROBLEMS, "", f"appconfig-env: error: {show.NOTHING}\n")
