"""A local folder gets a placeholder for each value that the sources read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.local import LocalBackend
from appconfig_env._cache.load import load
from appconfig_env._cli.contents import PLACEHOLDER
from appconfig_env._cli.init.files import write
from appconfig_env._cli.init.local_folder import contents, edit
from appconfig_env._config.settings import Settings, from_environ

if TYPE_CHECKING:
    from pathlib import Path

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/mail-AbCdEf"
SOURCES = (
    "appconfig:shop/prod/app#db.host appconfig:shop/prod/app#limit appconfig:shop/prod/env"
    "?format=dotenv ssm:/shop/prod/ ssm:/shop/host:3 ssm:/shop/json#a.b ssm:plain "
    f"secretsmanager:prod/db#user secretsmanager:prod/db#password secretsmanager:{ARN} "
    "secretsmanager:key?format=binary file:/etc/shop.env?optional"
)


def settings(sources: str) -> Settings:
    return from_environ({"APPCONFIG_ENV_SOURCES": sources})


def test_every_source_can_be_read_from_the_folder(tmp_path: Path) -> None:
    wanted = settings(SOURCES)

    for one in edit(str(tmp_path), wanted).edits:
        write(one)

    local = [name for name in wanted.resources() if name.startswith("file:")]
    found = load(wanted, LocalBackend(str(tmp_path)), 0.0, timeout=1.0, skip=local)
    assert [str(entry.failure) for entry in found.entries.values() if entry.failure] == []
    values = found.values(wanted)
    assert {values[name] for name in ("HOST", "LIMIT", "B", "USER", "PASSWORD", "MAIL")} == {
        PLACEHOLDER
    }


@pytest.mark.parametrize(
    ("sources", "parameters"),
    [
        ("ssm:/a/", {"/a/EXAMPLE": PLACEHOLDER}),
        ("ssm:/a/ ssm:/a/b", {"/a/b": PLACEHOLDER}),
        ("ssm:/a/b#x ssm:/a/b#y.z", {"/a/b": '{"x": "REPLACE-ME", "y": {"z": "REPLACE-ME"}}'}),
        ("ssm:/a?format=json", {"/a": "{}"}),
    ],
)
def test_parameters_have_the_names_and_keys_that_are_read(
    sources: str, parameters: dict[str, str]
) -> None:
    assert contents(settings(sources).resources()).parameters == parameters


@pytest.mark.parametrize(
    ("sources", "secrets"),
    [
        ("secretsmanager:db", {"db": PLACEHOLDER}),
        (
            "secretsmanager:db#a.b secretsmanager:db#c",
            {"db": {"a": {"b": PLACEHOLDER}, "c": PLACEHOLDER}},
        ),
        ("secretsmanager:db#a secretsmanager:db#a.b", {"db": {"a": {"b": PLACEHOLDER}}}),
        (f"secretsmanager:{ARN}#x", {"prod/mail": {"x": PLACEHOLDER}}),
    ],
)
def test_secrets_have_the_keys_that_are_read(sources: str, secrets: dict[str, object]) -> None:
    assert contents(settings(sources).resources()).secrets == secrets


def test_what_is_in_the_folder_is_kept(tmp_path: Path) -> None:
    (tmp_path / "ssm.json").write_text('{"/a": "own"}')
    (tmp_path / "a:b:c.json").write_text('{"own": 1}')

    (change,) = edit(str(tmp_path), settings("ssm:/a ssm:/b appconfig:a/b/c")).edits

    assert change.before == '{"/a": "own"}'
    assert json.loads(change.after) == {"/a": "own", "/b": PLACEHOLDER}


def test_a_folder_that_has_all_of_it_is_not_changed(tmp_path: Path) -> None:
    (tmp_path / "ssm.json").write_text('{"/a": "own"}')

    assert edit(str(tmp_path), settings("ssm:/a")).edits == []


def test_files_with_placeholders_are_for_their_owner_alone(tmp_path: Path) -> None:
    edits = edit(str(tmp_path), settings("ssm:/a secretsmanager:b appconfig:a/b/c")).edits

    assert [one.is_private for one in edits] == [True, True, False]
