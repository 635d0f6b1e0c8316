"""`check`: offline without a call, online with every source; the exit code is for CI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._backends.router import Router
from appconfig_env._cli import verbs
from appconfig_env._cli.bake import main as bake
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

from .process import ran

if TYPE_CHECKING:
    from pathlib import Path

    from appconfig_env._backends.base import Outcome

    from ...support.fake_aws import FakeAws

CANARY = "c4n4ry"
DOCUMENTS: dict[str, bytes | Outcome] = {
    "appconfig:shop/prod/app": Document(f'{{"host": "{CANARY}"}}'.encode(), version="7"),
    "secretsmanager:db": Document(CANARY.encode(), secret=True),
    "ssm:/denied": Failure(
        "denied", "no access", "allow it", action="ssm:GetParameters", resource_arn="arn:x"
    ),
}
GOOD = {
    "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app",
    "PASSWORD": "secretsmanager:db",
}


def test_offline_nothing_is_called() -> None:
    backend = FakeBackend(DOCUMENTS)

    done = ran("check", environ=GOOD, backend=backend)

    assert (done.exit_code, done.err, backend.asked()) == (verbs.OK, "", [])
    assert "\nnot read  appconfig:shop/prod/app\n" in done.out
    assert "2 sources, 0 errors, 0 warnings," in done.out


@pytest.mark.parametrize("words", [[], ["--json"]])
@pytest.mark.parametrize("terminal", [False, True])
def test_online_every_source_is_read_and_no_value_is_shown(
    words: list[str], terminal: bool
) -> None:
    done = ran("check", "--online", *words, documents=DOCUMENTS, environ=GOOD, terminal=terminal)

    assert done.exit_code == verbs.OK
    assert CANARY not in done.out + done.err
    assert "appconfig:shop/prod/app" in done.out
    assert "not read" not in done.out


@pytest.mark.parametrize(
    ("environ", "words", "exit_code"),
    [
        (GOOD, [], verbs.OK),
        ({**GOOD, "APPCONFIG_ENV_SORCES": "x"}, [], verbs.PROBLEMS),
        ({**GOOD, "AWS_APPCONFIG_EXTENSION_POLL_INTERVAL": "9"}, [], verbs.OK),  # a warning
        ({**GOOD, "AWS_APPCONFIG_EXTENSION_POLL_INTERVAL": "9"}, ["--strict"], verbs.PROBLEMS),
        ({**GOOD, "PATH": "ssm:/x"}, [], verbs.PROBLEMS),
        ({"X": "ssm:/denied"}, [], verbs.OK),
        ({"X": "ssm:/denied"}, ["--online"], verbs.PROBLEMS),
        ({"X": "ssm:/denied?optional"}, ["--online"], verbs.OK),
        ({"X": "ssm:/denied?optional"}, ["--online", "--strict"], verbs.PROBLEMS),
        ({"X": "ssm:/none"}, ["--online"], verbs.PROBLEMS),
        ({}, [], verbs.OK),
        ({"X": "ssm:/x", "Y": "ssm:/y" + "z" * 4100}, [], verbs.PROBLEMS),
        (GOOD, ["--concurrency", "5000", "--strict"], verbs.OK),
        (GOOD, ["--concurrency", "500000", "--strict"], verbs.PROBLEMS),
        (GOOD, ["--concurrency", "0"], verbs.MISUSED),
        (GOOD, ["--concurrency", "many"], verbs.MISUSED),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_the_exit_code_is_1_if_something_is_wrong(
    environ: dict[str, str], words: list[str], exit_code: int, as_json: bool
) -> None:
    json_words = ["--json"] if as_json else []

    done = ran("check", *words, *json_words, documents=DOCUMENTS, environ=environ)

    assert done.exit_code == exit_code
    if as_json and exit_code != verbs.MISUSED:
        found = json.loads(done.out)
        levels = {one["level"] for one in found["findings"]}
        assert found["ok"] == ("error" not in levels)


def test_the_variables_of_a_file_count_as_the_functions_configuration(tmp_path: Path) -> None:
    file = tmp_path / "function.env"
    file.write_text(f"A=ssm:/a\nB={'x' * 4090}\n")

    done = ran("check", "--env-file", str(file), environ={"HOME": "x" * 9000})

    assert done.exit_code == verbs.PROBLEMS
    assert "error: the configuration needs 4,098 bytes, but Lambda allows 4,096" in done.out


@pytest.mark.parametrize(("option", "exit_code"), [("", verbs.PROBLEMS), ("&optional", verbs.OK)])
def test_a_value_that_no_variable_can_hold_is_reported(option: str, exit_code: int) -> None:
    documents: dict[str, bytes | Outcome] = {
        "ssm:/p/": Document(parameters={"big": "x" * 131_072, "nul": "a\0b", "ok": "1"})
    }
    environ = {"APPCONFIG_ENV_SOURCES": f"ssm:/p/?only=BIG,NUL,OK{option}"}

    done = ran("check", "--online", documents=documents, environ=environ)

    assert done.exit_code == exit_code
    assert "'BIG' needs 131076 bytes, but NAME=value can have at most 131071" in done.out
    assert "the value of 'NUL' has a NUL character" in done.out


def test_all_problems_of_the_settings_are_reported() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "smm:/x ssm:x/y", "SECRETS_MANAGER_TTL": "soon"}

    done = ran("check", environ=environ)

    assert done.exit_code == verbs.PROBLEMS
    assert [line.partition(":")[0] for line in done.out.splitlines()] == [
        "error", "error", "error", "3 errors, 0 warnings",
    ]  # fmt: skip


def test_what_is_on_disk_is_read_offline_too(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1,}')
    (tmp_path / "ssm.env").write_text("/x=1\n")
    environ = {
        "APPCONFIG_ENV_SOURCES": f"file:{tmp_path}/a.json ssm:/x ssm:/y",
        "APPCONFIG_ENV_LOCAL_DIR": str(tmp_path),
    }

    done = ran("check", "--json", environ=environ, make_backend=Router)

    assert done.exit_code == verbs.PROBLEMS
    found = json.loads(done.out)
    assert [(one["result"], one["kind"]) for one in found["sources"]] == [
        ("failed", "invalid"), ("ok", ""), ("failed", "missing"),
    ]  # fmt: skip


def test_a_denied_source_has_its_missing_action() -> None:
    done = ran("check", "--online", "--json", documents=DOCUMENTS, environ={"X": "ssm:/denied"})

    (source,) = json.loads(done.out)["sources"]
    assert (source["source"], source["action"]) == ("X=ssm:/denied", "ssm:GetParameters")
    assert source["resource_arn"] == "arn:x"


@pytest.mark.parametrize("content", [None, "{"])
def test_a_fallback_that_cannot_be_used_is_an_error(tmp_path: Path, content: str | None) -> None:
    fallback = tmp_path / "fallback.json"
    if content is not None:
        fallback.write_text(content)

    done = ran("check", environ={**GOOD, "APPCONFIG_ENV_FALLBACK": str(fallback)})

    assert done.exit_code == verbs.PROBLEMS
    assert "error: APPCONFIG_ENV_FALLBACK: " in done.out


def test_a_fallback_without_a_source_is_reported(tmp_path: Path, fake_aws: FakeAws) -> None:
    fallback = tmp_path / "fallback.json"
    fake_aws.put_parameter("/a", "1")
    fake_aws.put_parameter("/b", "1")
    environ = {**fake_aws.environ(), "APPCONFIG_ENV_SOURCES": "ssm:/a"}
    assert bake(["--output", str(fallback)], environ) == 0
    environ["APPCONFIG_ENV_SOURCES"] += " ssm:/b ssm:/c?optional secretsmanager:d"
    environ["APPCONFIG_ENV_FALLBACK"] = str(fallback)

    done = ran("check", "--json", environ=environ)

    assert [one["message"] for one in json.loads(done.out)["findings"]] == [
        "ssm:/b: the fallback has no value of it; write it again with appconfig-env bake"
    ]


def test_against_aws_each_call_is_timed(fake_aws: FakeAws) -> None:
    fake_aws.put_profile("shop", "prod", "app", b'{"a": 1}')
    fake_aws.put_parameter("/shop/b", "1")
    fake_aws.put_secret("c", "1")
    environ = {
        **fake_aws.environ(),
        "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/shop/?only=B secretsmanager:c",
    }

    done = ran("check", "--online", "--json", environ=environ, make_backend=Router)

    assert done.exit_code == verbs.OK, done.out
    for source in json.loads(done.out)["sources"]:
        assert source["result"] == "ok"
        assert source["seconds"] > 0
        assert source["region"] == environ["AWS_REGION"]
        assert len(source["names"]) == 1
