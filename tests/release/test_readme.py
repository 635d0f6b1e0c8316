"""The README and the pages of the reference against the code: tables, defaults, options, blocks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import appconfig_env
from appconfig_env._backends.aws import iam, services
from appconfig_env._backends.calls import Call, Outcomes
from appconfig_env._backends.local import CONTENT_TYPES
from appconfig_env._cache import snapshot_json
from appconfig_env._cache.entry import Entry
from appconfig_env._cache.load import load
from appconfig_env._cache.log_lines import Ownership, call_lines, source_lines
from appconfig_env._cache.snapshot import SCHEMA, Snapshot
from appconfig_env._config import aws as _aws
from appconfig_env._config import options as _options
from appconfig_env._config import settings as _settings
from appconfig_env._config.references import parse
from appconfig_env._config.sources import SECRETS_MANAGER, scheme_of
from appconfig_env._content.document import Document
from appconfig_env._content.variables import render_default, single_name
from appconfig_env._helper.helper import Helper
from appconfig_env.errors import KINDS, Failure, SourceError
from appconfig_env.testing import override

from ..support.snapshots import seal, snapshot_text

if TYPE_CHECKING:
    import pytest

PACKAGE = Path(appconfig_env.__file__).parent
MAIN = PACKAGE / "__main__.py"
DOCS = PACKAGE.parent / "docs"
README = (PACKAGE.parent / "README.md").read_text()
COLD_START = (DOCS / "explanation" / "cold-start.md").read_text()
ERRORS = (DOCS / "reference" / "errors.md").read_text()
FALLBACK = (DOCS / "guides" / "fallback.md").read_text()
HELPER = (DOCS / "reference" / "helper.md").read_text()
LOCAL = (DOCS / "guides" / "local-and-tests.md").read_text()
LOGS = (DOCS / "reference" / "logs.md").read_text()
PERFORMANCE = (DOCS / "performance.md").read_text()
REFERENCES = (DOCS / "reference" / "references.md").read_text()
SETTINGS = (DOCS / "reference" / "settings.md").read_text()
SNAPSHOT_PAGE = (DOCS / "reference" / "snapshot.md").read_text()


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def blocks(language: str, page: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def first_column(table: str) -> str:
    return "\n".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))


def test_the_defaults_in_the_table_are_those_in_the_code() -> None:
    documented = {
        name: cells[2].strip(" `")
        for line in SETTINGS.splitlines()
        if len(cells := line.split("|")) > 3 and cells[2].startswith(" `")
        for name in re.findall(r"`(\w+)`", cells[1])
    }
    settings = _settings.from_environ({"DB_HOST": "ssm:/host"})
    aws = settings.aws
    in_code = {
        "APPCONFIG_ENV_REFERENCES": "yes" if settings.sources else "no",
        "APPCONFIG_ENV_OVERWRITE": "yes" if settings.overwrite else "no",
        "APPCONFIG_ENV_SNAPSHOT": settings.snapshot_path,
        "APPCONFIG_ENV_DEADLINE_SECONDS": f"{settings.deadline_seconds:g}",
        "APPCONFIG_ENV_CLIENT": settings.aws.client,
        "APPCONFIG_ENV_METRICS": "emf" if settings.emf_metrics else "off",
        "APPCONFIG_ENV_ON_ERROR": "continue" if settings.continue_on_error else "fail",
        "AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS": f"{settings.poll_seconds:g}",
        "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": f"{1000 * settings.poll_timeout_seconds:g}",
        "AWS_APPCONFIG_EXTENSION_MAX_CONNECTIONS": str(aws.max_connections),
        "AWS_APPCONFIG_EXTENSION_LOG_LEVEL": settings.log_level,
        "AWS_APPCONFIG_EXTENSION_ROLE_SESSION_NAME": aws.appconfig.session_name,
        "APPCONFIG_ENV_ROLE_SESSION_NAME": aws.others.session_name,
        "SSM_PARAMETER_STORE_TTL": f"{settings.ssm_ttl_seconds:g}",
        "SECRETS_MANAGER_TTL": f"{settings.secrets_ttl_seconds:g}",
        "AWS_USE_FIPS_ENDPOINT": str(aws.use_fips).lower(),
        "AWS_USE_DUALSTACK_ENDPOINT": str(aws.use_dualstack).lower(),
    }

    assert documented == in_code


def test_every_reference_and_option_in_the_tables_can_be_parsed() -> None:
    tables = REFERENCES.split("| option |")
    for cell in re.findall(r"`([a-z]+:[^`]+)`", first_column(tables[0])):
        scheme = scheme_of(cell)
        kind = "secret:" if scheme == SECRETS_MANAGER else "parameter/"
        text = cell.replace("ARN", f"arn:aws:{scheme}:us-east-1:123456789012:{kind}x")
        assert parse(text).reference
    options = re.findall(r"`([a-z]+)(?:=([^`]+))?`", first_column(tables[1]))
    assert {name for name, _ in options} == set(_options._OPTIONS)
    for name, shown in options:
        value = {"SECONDS": "60"}.get(shown, shown)
        secret = "secretsmanager:x"
        schemes = {"recursive": "ssm:/p/", "stage": secret, "version": secret}
        scheme = schemes.get(name, "ssm:/p/x")
        assert parse(f"{scheme}?{name}={value}" if value else f"{scheme}?{name}").reference


def test_the_python_blocks_run(monkeypatch: pytest.MonkeyPatch) -> None:
    handler, in_short = blocks("python", README)
    (helper,) = blocks("python", HELPER)
    testing, _ = blocks("python", LOCAL)
    monkeypatch.setenv("DB_PASSWORD", "as of the cold start")
    documents = {"appconfig:shop/prod/app": {"limit": 7}}
    monkeypatch.setenv("DB_HOST", "localhost")
    with override({"LIMIT": "7"}, documents=documents, flags={"checkout": False}):
        scope: dict[str, Any] = {}
        exec(handler + "    return password, limit\n", scope)
        assert scope["handler"]({}, None) == ("as of the cold start", 7)
        for block in (helper, testing, in_short):
            exec(block, {})


def test_the_block_with_moto_is_a_test_that_passes(tmp_path: Path) -> None:
    _, with_moto = blocks("python", LOCAL)
    (tmp_path / "test_it.py").write_text(with_moto)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env=no_settings(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def no_settings() -> dict[str, str]:
    """This process's environment with this checkout, and without what a test may have set."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**environ, "PYTHONPATH": str(PACKAGE.parent)}


def command_in(folder: Path) -> Path:
    """Put the command `appconfig-env` into a folder, and return the folder."""
    (folder / "appconfig-env").write_text(f'#!/bin/sh\nexec {sys.executable} {MAIN} "$@"\n')
    (folder / "appconfig-env").chmod(0o755)
    return folder


def run_locally(block: str, parameters: str, secrets: str, folder: Path) -> tuple[set[str], str]:
    """Run a block of commands next to a folder `local`; return the lines of stdout, and stderr."""
    (folder / "local").mkdir()
    (folder / "local" / "ssm.env").write_text(parameters)
    (folder / "local" / "secrets.json").write_text(secrets)
    environ = {
        "PATH": f"{command_in(folder)}:{os.defpath}",
        "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json"),
    }
    done = subprocess.run(
        ["/bin/sh", "-ec", block],
        cwd=folder,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.splitlines()), done.stderr


def test_the_blocks_about_local_work_run(tmp_path: Path) -> None:
    (parameters,), (secrets,) = blocks("dotenv", LOCAL), blocks("json", LOCAL)
    (block,) = blocks("sh", LOCAL)

    lines, log = run_locally(block, parameters, secrets, tmp_path)

    assert lines >= {"HOST=localhost", "LIMIT=10", "GREETING=Hello, laptop"}
    assert "DB_PASSWORD=only-on-this-laptop" in lines
    assert "4 values from 2 sources" in log


def test_the_readmes_blocks_about_local_work_run(tmp_path: Path) -> None:
    (parameters,) = blocks("dotenv", README)
    _, block = blocks("sh", README)

    lines, log = run_locally(block, parameters, "{}", tmp_path)

    assert lines >= {"HOST=localhost", "LIMIT=10"}
    assert "2 values from 1 source" in log


def test_the_shell_block_runs(tmp_path: Path) -> None:
    (block,) = blocks("sh", FALLBACK)
    (tmp_path / "ssm.env").write_text("/shop/prod/HOST=db.one\n")
    environ = {
        "PATH": f"{command_in(tmp_path)}:{os.defpath}",
        "APPCONFIG_ENV_LOCAL_DIR": str(tmp_path),
        "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/",
    }

    subprocess.run(["/bin/sh", "-ec", block], cwd=tmp_path, env=environ, check=True)

    baked = snapshot_json.loads((tmp_path / "fallback.json").read_bytes())
    assert list(baked.entries) == ["ssm:/shop/prod/"]


def test_the_template_block_agrees_with_template_yaml() -> None:
    (block,) = blocks("yaml", README)
    template = (PACKAGE.parent / "template.yaml").read_text()
    for line in (
        "AWS_LAMBDA_EXEC_WRAPPER: /opt/appconfig-env",
        "APPCONFIG_ENV_SOURCES:",
        "DB_PASSWORD:",
    ):
        assert line in block
        assert line in template


FAILURE = Failure(
    "denied", "failed", "allow it", operation="GetSecretValue", code="AccessDeniedException",
    request_id="1", action="secretsmanager:GetSecretValue", resource_arn="arn:x",
    region="eu-west-1", role_arn="arn:y",
)  # fmt: skip
SNAPSHOT_ENVIRON = {
    "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/shop/prod/ file:/var/task/app.bin",
    "DB_PASSWORD": "secretsmanager:prod/db",
}


def test_the_documented_snapshot_schema_is_the_one_that_is_written() -> None:
    (block,) = blocks("json", SNAPSHOT_PAGE)
    documented = json.loads(block)
    settings = _settings.from_environ(SNAPSHOT_ENVIRON)
    times: dict[str, Any] = {"fetched_at": 1.0, "checked_at": 1.0, "refresh_at": 2.0}
    times |= {"revision": 1, "confirmed": 1}
    failed_at: dict[str, Any] = {"checked_at": 1.5, "revision": 2, "failures": 1}
    secret = Document(b"never written", secret=True)
    entries = {
        "appconfig:shop/prod/app": Entry(
            document=Document(b'{"limit": 10}', content_type="application/json"),
            token="token",
            read_seconds=0.025,
            **times,
        ),
        "ssm:/shop/prod/": Entry(document=Document(parameters={"host": "db.example"}), **times),
        "file:/var/task/app.bin": Entry(document=Document(b"\xff\xfe", name="app"), **times),
        "secretsmanager:prod/db": Entry(
            document=secret, failure=FAILURE, is_secret=True, **{**times, **failed_at}
        ),
    }
    data = snapshot_json.dumps(Snapshot(0.0, "f", entries), settings.resources())
    written = json.loads(data)
    assert set(written) == set(documented)
    assert documented["schema"] == written["schema"] == SCHEMA
    for name, fields in documented["entries"].items():
        assert list(written["entries"][name]) == list(fields)
    failed = written["entries"]["secretsmanager:prod/db"]
    documented_failure = documented["entries"]["secretsmanager:prod/db"]["failure"]
    assert set(failed["failure"]) == set(documented_failure)
    assert list(failed["redacted"].values()) == [["DB_PASSWORD"]]
    assert written["documents"] == documented["documents"]
    (kinds,) = re.findall(r"`kind` is ([^.]*)\.", SNAPSHOT_PAGE)
    assert re.findall(r"`(\w+)`", kinds) == list(KINDS)


def test_the_documented_errors_are_those_of_the_code() -> None:
    status, exceptions = ERRORS.split("`appconfig_env.AppConfigEnvError`")
    table = first_column(exceptions.partition("| attribute of `failure` |")[2])
    assert set(re.findall(r"`(\w+)`", table)) - {"failure"} == set(Failure.__slots__)
    kinds = next(line for line in exceptions.splitlines() if line.startswith("| `kind`"))
    assert re.findall(r"`(\w+)`", kinds)[1:] == list(KINDS)
    classes = {name for name in appconfig_env.__all__ if name.endswith("Error")}
    assert set(re.findall(r"`(\w+Error)`", exceptions)) - {"KeyError", "ValueError"} == classes
    source = SourceError("ssm:/a", FAILURE)
    for name in ("source", "reason", "unreachable", "failure"):
        assert f"`{name}`" in exceptions
        assert hasattr(source, name)
    helper = Helper({"APPCONFIG_ENV_SOURCES": "ssm:/a"})
    assert list(helper.status()["ssm:/a"]) == re.findall(r"`(\w+)`", status)


def test_a_file_like_the_documented_one_is_read() -> None:
    (block,) = blocks("json", SNAPSHOT_PAGE)
    documented = json.loads(block)
    profile = documented["entries"]["appconfig:shop/prod/app"]
    # The block has no entries for two of the documents that it shows: they look like the profile's.
    entries = dict.fromkeys(documented["documents"], profile) | documented["entries"]
    whole = documented | {"entries": {name: dict(fields) for name, fields in entries.items()}}
    seal(whole)
    found = snapshot_json.loads(snapshot_text(whole).encode())
    entry = found.entries["appconfig:shop/prod/app"]
    assert entry.version == "the source's own version or label"
    assert entry.document is not None
    assert entry.document.body == b'{"limit": 10}'
    failed = found.entries["secretsmanager:prod/db"]
    assert failed.failure is not None
    assert (failed.failure.kind, failed.document) == ("denied", None)
    assert failed.redacted == {"the reference": ["DB_PASSWORD"]}


def test_the_readme_is_a_first_page() -> None:
    assert len(README.splitlines()) <= 170, "move details to a page of docs"


def test_every_link_and_make_target_exists() -> None:
    root = PACKAGE.parent
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", README):
        assert (root / target).exists(), target
    makefile = (root / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)`", README):
        assert f"\n{target}:" in makefile, target


def test_the_costs_are_those_of_the_performance_page() -> None:
    table = COLD_START.split("\n\n")[2]
    shown = README.partition("\n## ")[0]
    numbers = set(re.findall(r"\d+\.\d+", table))
    numbers_shown = set(re.findall(r"\d+\.\d+", shown))
    assert len(numbers) > 10
    assert len(numbers_shown) > 3
    missing = {
        one
        for one in numbers | numbers_shown
        if not re.search(rf"(?<![\d.]){one}(?![\d.])", PERFORMANCE)
    }
    assert missing == set()


def test_the_permissions_are_those_of_all_operations() -> None:
    actions = set(re.findall(r"`([a-z]+:[A-Z][a-z]\w+)`", section("Permissions")))
    needed = {f"{services.prefix(name)}:{one}" for one, name in services.SERVICES.items()}
    assert actions == needed | {"kms:Decrypt"}


def test_the_resources_of_the_permissions_are_those_that_a_denial_asks_for() -> None:
    text = section("Permissions")
    for reference, action in (
        ("ssm:NAME", "ssm:GetParameters"),
        ("ssm:/path/", "ssm:GetParametersByPath"),
        ("secretsmanager:NAME", "secretsmanager:GetSecretValue"),
    ):
        arn = iam.resource_arn(action, "", parse(reference).resource, region="eu-west-1")
        resource = arn.split(":", 5)[5]
        assert f"| `{reference}` | `{action}` | `{resource}`" in text


def test_the_names_and_defaults_of_single_values_are_those_in_the_text() -> None:
    text = REFERENCES
    for reference, name in (
        ("secretsmanager:prod/db#password", "PASSWORD"),
        ("secretsmanager:prod/db#database.host", "HOST"),
        ("secretsmanager:prod/db?default=x", "DB"),
    ):
        assert single_name(parse(reference)) == name
        assert f"`{name}" in text
    assert render_default(parse("secretsmanager:prod/db?default=x")).values == {"DB": "x"}


def test_the_extensions_of_local_files_are_those_of_the_code() -> None:
    for ending in filter(None, CONTENT_TYPES):
        assert f"`{ending}`" in LOCAL


def test_the_permissions_name_both_settings_of_a_role_and_what_each_is_for() -> None:
    text = section("Permissions")
    for name in (_aws.OF_APPCONFIG[0], _aws.OF_OTHERS[0]):
        assert re.search(rf"^\| with .*`{name}`.* \| `sts:AssumeRole`", text, re.MULTILINE), name
    assert f"`{_aws.OF_APPCONFIG[0]}` for AppConfig alone" in text
    assert f"`{_aws.OF_OTHERS[0]}` for Parameter Store and Secrets Manager" in text


def test_the_lines_about_sources_are_those_of_the_log() -> None:
    path, secret = "ssm:/shop/prod/", "secretsmanager:prod/db"
    settings = _settings.from_environ({"APPCONFIG_ENV_SOURCES": path, "DB_PASSWORD": secret})
    denied = Failure("denied", "no", code="AccessDeniedException")

    def call(name: str, reference: str, seconds: float, **more: Any) -> Call:
        return Call(name, [reference], region="eu-west-1", seconds=seconds, **more)

    calls = [
        call("GetParametersByPath", path, 0.012),
        call("GetParametersByPath", path, 0.014, request_id="1b49-..."),
        call("BatchGetSecretValue", secret, 0.011, failure=denied),
        call("GetSecretValue", secret, 0.02, request_id="9f0c-..."),
    ]
    parameters = {"DB_HOST": "db.example", "DB_PASSWORD": "old"}
    documents = {
        path: Document(parameters=parameters),
        secret: Document(b"s3cret", version="772b-...", secret=True),
    }
    outcomes = Outcomes(documents, calls)
    snapshot = load(settings, lambda *_: outcomes, 0.0, timeout=1.0)
    lines = source_lines(settings, snapshot, outcomes, Ownership(settings, snapshot))
    text = "".join(f"appconfig-env: {message}\n" for _, message, _ in lines)
    assert text in blocks("text", LOGS)


def test_the_documented_fields_are_those_of_the_log() -> None:
    failure = Failure("denied", "no", operation="O", code="C", request_id="r", region="x")
    call = Call("O", ["ssm:/x"], request_id="r", region="x", failure=failure)
    settings = _settings.from_environ({"X": "ssm:/x"})
    outcomes = Outcomes({"ssm:/x": Document(b"1", version="7")}, [call])
    snapshot = load(settings, lambda *_: outcomes, 0.0, timeout=1.0)
    lines = [
        *call_lines(outcomes),
        *source_lines(settings, snapshot, outcomes, Ownership(settings, snapshot)),
    ]
    rows = re.findall(r"^\| (`.*?) \|", LOGS, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert documented == {name for _, _, fields in lines for name in fields}
