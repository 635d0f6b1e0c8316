"""`appconfig-env bake`: writes a usable fallback without secrets."""

from __future__ import annotations

import base64
import io
import json
import os
import stat
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from appconfig_env._backends.fake import NO_RESPONSE, FakeBackend
from appconfig_env._cli import bake as _bake
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env._wrapper.main import main as start
from appconfig_env.errors import AppConfigEnvError, Failure, LoadError

from ...support.fakes import steadily

if TYPE_CHECKING:
    from collections.abc import Mapping

    from appconfig_env._backends.base import Backend
    from appconfig_env._config.settings import Settings

    from ...support.fake_aws import FakeAws

CANARY = "c4n4ry"
SOURCES = "appconfig:shop/prod/app ssm:/shop/prod/ secretsmanager:shop/db?as=DB"


@pytest.fixture
def environ(fake_aws: FakeAws, tmp_path: Path) -> dict[str, str]:
    fake_aws.put_profile("shop", "prod", "app", b'{"limit": 10}')
    fake_aws.put_parameter("/shop/prod/host", "h1")
    fake_aws.put_secret("shop/db", CANARY)
    return {
        **fake_aws.environ(),
        "PATH": "/usr/bin:/bin",
        "APPCONFIG_ENV_SOURCES": SOURCES,
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    }


class Done(NamedTuple):
    """What the command returned and printed."""

    returncode: int
    stdout: str
    stderr: str


def bake(environ: Mapping[str, str], *arguments: str) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = _bake.main(arguments, environ)
        except SystemExit as ended:  # of argparse
            code = int(ended.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def unreachable(settings: Settings, environ: Mapping[str, str]) -> Backend:
    del settings, environ
    return FakeBackend({})


def test_without_aws_the_wrapper_uses_the_baked_fallback(
    environ: dict[str, str], tmp_path: Path
) -> None:
    output = tmp_path / "fallback.json"
    command = [sys.executable, "-m", "appconfig_env", "bake", "--output", str(output)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert "2 sources in" in done.stderr
    assert "set APPCONFIG_ENV_FALLBACK=/var/task/fallback.json" in done.stderr
    exported: dict[str, str] = {}
    lines: list[str] = []
    code = start(
        ["/bin/x"],
        {
            **environ,
            "APPCONFIG_ENV_SOURCES": SOURCES + "&optional",
            "APPCONFIG_ENV_FALLBACK": str(output),
        },
        execve=lambda _path, _words, result: exported.update(result),
        make_backend=unreachable,
        jitter=steadily,
        write_line=lines.append,
    )
    assert code == 0, lines
    assert (exported["LIMIT"], exported["HOST"], "DB" in exported) == ("10", "h1", False)


def test_bake_counts_the_sources_and_not_what_they_read(
    environ: dict[str, str], tmp_path: Path
) -> None:
    environ["APPCONFIG_ENV_SOURCES"] = "ssm:/shop/prod/"
    environ |= {"A": "appconfig:shop/prod/app#limit", "B": "appconfig:shop/prod/app#limit"}
    done = bake(environ, "--output", str(tmp_path / "fallback.json"))
    assert "3 sources in" in done.stderr


def test_json_has_what_was_baked_and_what_was_not(environ: dict[str, str], tmp_path: Path) -> None:
    output = tmp_path / "fallback.json"

    done = bake(environ, "--output", str(output), "--json")

    found = json.loads(done.stdout)
    assert found.pop("without").keys() == {"secretsmanager:shop/db"}
    assert found == {
        "output": str(output),
        "size_bytes": output.stat().st_size,
        "resources": ["appconfig:shop/prod/app", "ssm:/shop/prod/"],
    }
    assert done.stderr.startswith("appconfig-env: warn: secretsmanager:shop/db: no fallback: ")
    assert CANARY not in done.stdout + done.stderr


def test_bake_checks_the_local_dir_but_needs_no_fallback_or_next_wrapper(
    environ: dict[str, str], tmp_path: Path
) -> None:
    for name in ("FALLBACK", "NEXT_WRAPPER"):
        environ[f"APPCONFIG_ENV_{name}"] = "/no/such"
    assert bake(environ, "--output", str(tmp_path / "fallback.json")).returncode == 0
    environ["APPCONFIG_ENV_LOCAL_DIR"] = "/no/such"
    done = bake(environ, "--output", str(tmp_path / "fallback.json"))
    assert done.returncode == 1
    assert "APPCONFIG_ENV_LOCAL_DIR: expected a readable folder" in done.stderr


def test_a_binary_profile_is_in_the_fallback_and_a_binary_secret_is_not(
    environ: dict[str, str], fake_aws: FakeAws, tmp_path: Path
) -> None:
    body = CANARY.encode() + b"\0\xff"
    fake_aws.put_secret("shop/store", body)
    fake_aws.put_profile("shop", "prod", "model", b"\0\xff", content_type="application/x-model")
    profile, secret = "appconfig:shop/prod/model?format=binary", "secretsmanager:shop/store"
    environ["APPCONFIG_ENV_SOURCES"] = f"{profile} {secret}?format=binary&optional"
    output = tmp_path / "fallback.json"

    done = bake(environ, "--output", str(output))

    assert done.returncode == 0
    assert "secrets are never baked" in done.stderr
    assert json.loads(output.read_bytes())["documents"].keys() == {profile}
    for text in (body, base64.b64encode(body)):
        assert text not in output.read_bytes()
    environ["APPCONFIG_ENV_FALLBACK"] = str(output)
    exported: dict[str, str] = {}
    start(
        ["/bin/x"],
        environ,
        execve=lambda _path, _words, result: exported.update(result),
        make_backend=unreachable,
        jitter=steadily,
    )
    assert (exported["MODEL"], exported.get("STORE")) == ("AP8=", None)


def test_secrets_are_neither_read_nor_written(
    environ: dict[str, str], fake_aws: FakeAws, tmp_path: Path
) -> None:
    fake_aws.put_parameter("/shop/prod/key", CANARY, type="SecureString")
    output = tmp_path / "fallback.json"
    done = bake(environ, "--output", str(output))
    assert done.returncode == 0
    assert CANARY not in output.read_text() + done.stderr
    assert list(json.loads(output.read_text())["entries"]) == ["appconfig:shop/prod/app"]
    reason = "secrets are never baked; make it optional or give it a default"
    assert f"warn: secretsmanager:shop/db: no fallback: {reason} if startup must" in done.stderr
    assert "warn: ssm:/shop/prod/: no fallback: it has a SecureString" in done.stderr
    operations = [call.operation for call in fake_aws.calls]
    assert not [operation for operation in operations if "Secret" in operation]


def test_the_fallback_has_no_token_and_is_world_readable(
    environ: dict[str, str], tmp_path: Path
) -> None:
    output = tmp_path / "fallback.json"
    bake(environ, "--output", str(output))
    assert "token" not in output.read_text()
    assert stat.S_IMODE(output.stat().st_mode) == 0o644


def test_the_configured_snapshot_file_is_neither_used_nor_changed(
    environ: dict[str, str], tmp_path: Path
) -> None:
    snapshot = Path(environ["APPCONFIG_ENV_SNAPSHOT"])
    snapshot.write_text("{}")
    done = bake(environ, "--output", str(tmp_path / "fallback.json"))
    assert (done.returncode, snapshot.read_text()) == (0, "{}")
    assert done.stderr.count("\n") == 2, "the secret's warning, and the result"


def test_a_required_source_that_cannot_be_read_is_an_error_and_nothing_is_written(
    environ: dict[str, str], fake_aws: FakeAws, tmp_path: Path
) -> None:
    fake_aws.delete_parameter("/shop/prod/host")
    output = tmp_path / "fallback.json"
    output.write_text("previous")
    done = bake(environ, "--output", str(output))
    assert (done.returncode, output.read_text()) == (1, "previous")
    assert "error: ssm:/shop/prod/: GetParametersByPath failed: ParameterNotFound" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["optional", "default=1"])
def test_an_optional_source_may_be_missing(option: str) -> None:
    settings = from_environ({"A": "ssm:/a", "B": f"ssm:/b?{option}"})
    absent = Failure("missing", "ParameterNotFound")
    snapshot, without = _bake.bake(settings, FakeBackend({"ssm:/a": b"1", "ssm:/b": absent}), 1.0)
    assert list(snapshot.entries) == ["ssm:/a"]
    assert without == {"ssm:/b": "ParameterNotFound"}


def test_a_resource_is_required_if_one_of_its_sources_is() -> None:
    settings = from_environ({"A": "ssm:/a?optional", "B": "ssm:/a"})
    with pytest.raises(LoadError, match="no response"):
        _bake.bake(settings, FakeBackend({"ssm:/a": NO_RESPONSE}), 1.0)


def test_local_files_are_not_baked_because_they_ship_with_the_function(tmp_path: Path) -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": f"file:{tmp_path}/x.env ssm:/a"})
    fetch = FakeBackend({"ssm:/a": b"1"})
    snapshot, without = _bake.bake(settings, fetch, 1.0)
    assert (list(snapshot.entries), without) == (["ssm:/a"], {})


def test_variables_are_rendered_by_the_functions_own_settings() -> None:
    from appconfig_env._cache.load import load

    fetch = FakeBackend({"appconfig:a/b/c": b'{"x": 1}'})
    snapshot, _ = _bake.bake(from_environ({"APPCONFIG_ENV_SOURCES": "appconfig:a/b/c"}), fetch, 1.0)
    later = from_environ(
        {"APPCONFIG_ENV_SOURCES": "appconfig:a/b/c?prefix=P_", "Y": "appconfig:a/b/c#x"}
    )
    loaded = load(later, FakeBackend({}), 2.0, timeout=1.0, fallback=lambda: snapshot)
    assert (loaded.values(later), loaded.missing(later)) == ({"P_X": "1", "Y": "1"}, [])


def test_a_secret_read_through_parameter_store_is_never_baked() -> None:
    reference = "ssm:/aws/reference/secretsmanager/shop/db"
    settings = from_environ({"A": reference})
    document = Document(CANARY.encode(), secret=True)
    with pytest.raises(AppConfigEnvError, match=r"nothing can be baked .* secrets are never baked"):
        _bake.bake(settings, FakeBackend({reference: document}), 1.0)


def test_a_document_that_its_only_source_cannot_use_is_not_baked() -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": "appconfig:a/b/c?optional"})
    fetch = FakeBackend({"appconfig:a/b/c": b'{"a": {"b": "1"}, "a_b": "2"}'})
    with pytest.raises(AppConfigEnvError, match=r"nothing can be baked .* rename one"):
        _bake.bake(settings, fetch, 1.0)


def test_an_empty_fallback_is_not_written(environ: dict[str, str], tmp_path: Path) -> None:
    environ["APPCONFIG_ENV_SOURCES"] = "secretsmanager:shop/db?as=DB"
    done = bake(environ, "--output", str(tmp_path / "fallback.json"))
    assert done.returncode == 1
    assert "error: nothing can be baked (secretsmanager:shop/db: secrets are" in done.stderr
    assert not list(tmp_path.glob("fallback*"))


@pytest.mark.parametrize(
    ("sources", "error"),
    [
        ("", "error: nothing to bake: no sources configured; set APPCONFIG_ENV_SOURCES"),
        ("smm:/x", "error: APPCONFIG_ENV_SOURCES: 'smm:/x'"),
    ],
)
def test_invalid_settings_are_an_error(
    environ: dict[str, str], sources: str, error: str, tmp_path: Path
) -> None:
    environ["APPCONFIG_ENV_SOURCES"] = sources
    done = bake(environ, "--output", str(tmp_path / "fallback.json"))
    assert done.returncode == 1
    assert error in done.stderr
    assert not list(tmp_path.glob("fallback*"))


def test_an_output_that_cannot_be_written_is_an_error(
    environ: dict[str, str], tmp_path: Path
) -> None:
    done = bake(environ, "--output", str(tmp_path / "no" / "fallback.json"))
    assert done.returncode == 1
    assert "error: cannot write " in done.stderr
    assert "fallback.json (No such file or directory)" in done.stderr


def test_an_output_that_is_not_a_file_is_not_replaced(
    environ: dict[str, str], tmp_path: Path
) -> None:
    output = tmp_path / "fallback"
    os.mkfifo(output)
    done = bake(environ, "--output", str(output))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"cannot write {output} (it is not a file); pass another --output" in done.stderr
    assert output.is_fifo()


def test_the_help_names_the_setting_for_the_file(environ: dict[str, str]) -> None:
    done = bake(environ, "--help")
    assert done.returncode == 0
    assert "APPCONFIG_ENV_FALLBACK" in done.stdout
