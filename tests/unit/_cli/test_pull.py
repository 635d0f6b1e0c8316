"""`pull` writes a folder that can take AWS's place, without a secret in it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.base import Request
from appconfig_env._backends.local import LocalBackend
from appconfig_env._config.references import parse
from appconfig_env._content.document import Document
from appconfig_env._content.variables import data_of
from appconfig_env.errors import Failure

from .process import Done, ran

if TYPE_CHECKING:
    from appconfig_env._backends.base import Outcome

CANARY = "c4n4ry-of-pull"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/mail-AbCdEf"
DOCUMENTS: dict[str, bytes | Outcome] = {
    "appconfig:shop/prod/app": Document(b'{"a": 1.50}', content_type="application/json"),
    "appconfig:shop/prod/a%2Fb": Document(b"A=1\n", content_type="text/plain"),
    "ssm:/shop/": Document(
        parameters={"host": "h1", "b/c": "it's", "key": CANARY},
        secret_parameters=frozenset({"key"}),
    ),
    "ssm:plain:3": b"three",
    "secretsmanager:prod/db": Document(
        b'{"user": "u", "password": "%b"}' % CANARY.encode(), secret=True
    ),
    f"secretsmanager:{ARN}": Document(CANARY.encode(), secret=True, name="prod/mail"),
}
ENVIRON = {
    "APPCONFIG_ENV_SOURCES": (
        f"appconfig:shop/prod/app appconfig:shop/prod/a%2Fb ssm:/shop/ secretsmanager:{ARN}"
    ),
    "PLAIN": "ssm:plain:3",
    "DB_PASSWORD": "secretsmanager:prod/db#password",
}


def pull(*words: str, **environ: str) -> Done:
    return ran("pull", *words, documents=DOCUMENTS, environ=ENVIRON | environ)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_folder_takes_the_place_of_aws(tmp_path: Path) -> None:
    done = pull(str(tmp_path))

    assert done.exit_code == 0
    backend = LocalBackend(str(tmp_path))
    for reference, remote in DOCUMENTS.items():
        resource = parse(reference).resource
        local = backend([Request(resource)], 0.0)[resource.reference]
        assert isinstance(local, Document)
        if isinstance(remote, bytes):
            assert local.body == remote
        elif isinstance(remote, Document) and not remote.is_secret:
            assert data_of(local, resource) == data_of(remote, resource)
        elif isinstance(remote, Document) and remote.parameters is not None:
            assert local.parameters is not None
            assert local.parameters.keys() == remote.parameters.keys()
            assert local.parameters["b/c"] == "it's"


def test_no_secret_is_in_the_folder_or_in_the_output(tmp_path: Path) -> None:
    done = pull(str(tmp_path))

    assert CANARY not in str((files(tmp_path), done))
    assert "ssm.json has placeholders (REPLACE-ME) for secrets: '/shop/key'; replace" in done.out
    assert "secrets.json has placeholders (REPLACE-ME) for secrets: 'prod/db', 'prod" in done.out


def test_files_with_placeholders_are_for_their_owner_alone(tmp_path: Path) -> None:
    pull(str(tmp_path))

    modes = {
        name: stat.S_IMODE(os.stat(tmp_path / name).st_mode)
        for name in ("ssm.json", "secrets.json", "shop/prod/app.json")
    }
    assert modes == {"ssm.json": 0o600, "secrets.json": 0o600, "shop/prod/app.json": 0o644}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    pull(str(tmp_path))
    before = files(tmp_path)

    done = pull(str(tmp_path))

    assert done == (0, "the folder has all of it already\n", "")
    assert files(tmp_path) == before


def test_a_file_keeps_its_permissions_and_a_link_its_target(tmp_path: Path) -> None:
    target = tmp_path / "target.json"
    target.write_text('{"/own": "1"}')
    target.chmod(0o640)
    folder = tmp_path / "local"
    folder.mkdir()
    (folder / "ssm.json").symlink_to(target)

    pull(str(folder))

    assert (folder / "ssm.json").is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert json.loads(target.read_text())["/shop/host"] == "h1"


@pytest.mark.parametrize(
    ("words", "value", "line"),
    [
        ((), "own", "kept {}, which differs from AWS of '/shop/host'; pass --overwrite"),
        (("--overwrite",), "h1", "wrote {} (3 names added: "),
        (("--dry-run",), "own", "would write {} (3 names added: "),
    ],
)
def test_a_value_that_differs_is_replaced_only_if_that_is_asked_for(
    tmp_path: Path, words: tuple[str, ...], value: str, line: str
) -> None:
    path = tmp_path / "ssm.json"
    path.write_text('{"/shop/host": "own"}')

    done = pull(str(tmp_path), *words)

    assert line.format(path) in done.out
    assert json.loads(path.read_text())["/shop/host"] == value


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = pull(str(tmp_path / "none"), "--dry-run")

    assert done.exit_code == 0
    assert "would write" in done.out
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_that_of_the_settings_or_else_local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    pull()
    pull(APPCONFIG_ENV_LOCAL_DIR="other")

    assert {path.parts[0] for path in map(Path, files(tmp_path))} == {"local", "other"}


def test_what_cannot_be_read_is_an_error_and_all_else_is_written(tmp_path: Path) -> None:
    denied = Failure("denied", "no access", "grant it")
    documents = DOCUMENTS | {"ssm:/shop/": denied, "ssm:plain:3": denied}

    done = ran("pull", str(tmp_path), documents=documents, environ=ENVIRON)

    assert done.exit_code == 1
    assert done.err == "appconfig-env: error: ssm:/shop/, ssm:plain:3: no access; grant it\n"
    assert set(files(tmp_path)) == {"secrets.json", "shop/prod/app.json", "shop/prod/a%2Fb.txt"}


def test_what_cannot_be_read_but_is_optional_is_a_warning(tmp_path: Path) -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/denied?optional"}
    documents: dict[str, bytes | Outcome] = {"ssm:/denied": Failure("denied", "no", "grant it")}

    done = ran("pull", str(tmp_path), documents=documents, environ=environ)

    assert (done.exit_code, done.err) == (0, "appconfig-env: warn: ssm:/denied: no; grant it\n")


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = pull(str(tmp_path / "file"))

    assert done.exit_code == 1
    assert "Not a directory; pass another folder" in done.err


def test_json_has_what_was_written_and_what_was_kept(tmp_path: Path) -> None:
    path = tmp_path / "ssm.json"
    path.write_text('{"/shop/host": "own", "/shop/b/c": "it\'s"}')

    found = json.loads(pull(str(tmp_path), "--json").out)

    assert found["written"][0] == {
        "path": str(path),
        "added": ["plain", "/shop/key"],
        "replaced": [],
    }
    assert found["kept"] == [{"path": str(path), "names": ["/shop/host"]}]
    assert found["failed"] == []


def test_the_sources_may_be_in_a_dotenv_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"PLAIN=ssm:plain:3\nAPPCONFIG_ENV_LOCAL_DIR={tmp_path}\n")

    done = ran("pull", "--env-file", str(file), documents=DOCUMENTS)

    assert done.exit_code == 0
    assert json.loads((tmp_path / "ssm.json").read_text()) == {"plain": "three"}
