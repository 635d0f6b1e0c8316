"""The README against the code: its tables list every setting and option, its blocks run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import appconfig_env
from appconfig_env._cache import snapshot as _snapshot
from appconfig_env._config import aws as aws_settings
from appconfig_env._config import options as _options
from appconfig_env._config import settings as _settings
from appconfig_env._config.references import parse
from appconfig_env._content.variables import Variables
from appconfig_env.errors import SourceError
from appconfig_env.testing import override

if TYPE_CHECKING:
    import pytest

PACKAGE = Path(appconfig_env.__file__).parent
README = (PACKAGE.parent / "README.md").read_text()
SETTING = re.compile(
    r"\b(?:APPCONFIG_ENV_[A-Z_]+|AWS_APPCONFIG_EXTENSION_[A-Z_]+|AWS_ENDPOINT_URL[A-Z_]*"
    r"|SSM_PARAMETER_STORE_TTL|SECRETS_MANAGER_TTL|APP_PARAMS_PATH|APP_ENV|AWS_REGION|AWS_CA_BUNDLE"
    r"|AWS_USE_[A-Z_]+|AWS_LAMBDA_LOG_FORMAT)\b"
)


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def first_column(table: str) -> str:
    return "\n".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))


def known_settings() -> set[str]:
    """Return the name of every setting that the code reads from the environment."""
    names = {_settings.PREFIX + name for name in _settings.KNOWN}
    names |= set(aws_settings.ENDPOINT_VARIABLES.values())
    for path in (PACKAGE / "_config" / "settings.py", PACKAGE / "_config" / "aws.py"):
        text = path.read_text()
        names |= {aws_settings.PREFIX + name for name in re.findall(r'PREFIX \+ "([A-Z_]+)"', text)}
        names |= set(SETTING.findall(re.sub(r"\bPREFIX\b.*", "", text)))
    # Settings with our own prefix are in KNOWN; above, they were found with AWS's prefix.
    own = {aws_settings.PREFIX + name for name in _settings.KNOWN}
    return {name for name in names if name not in own and not name.endswith("_")}


def test_the_table_lists_exactly_the_settings_in_the_code() -> None:
    table = first_column(section("Settings"))
    in_table = set(SETTING.findall(table))
    in_code = known_settings() - {"AWS_DEFAULT_REGION", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}
    assert in_table == in_code


def test_the_defaults_in_the_table_are_those_in_the_code() -> None:
    rows = {
        cells[1].strip(" `"): cells[2].strip(" `")
        for line in section("Settings").splitlines()
        if len(cells := line.split("|")) > 3
    }
    settings = _settings.from_environ({})
    assert rows["APPCONFIG_ENV_SNAPSHOT"] == settings.snapshot_path
    assert float(rows["APPCONFIG_ENV_DEADLINE_SECONDS"]) == settings.deadline_seconds
    assert float(rows["AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS"]) == settings.poll_seconds
    timeout = float(rows["AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS"])
    assert timeout == 1000 * settings.poll_timeout_seconds
    assert int(rows["AWS_APPCONFIG_EXTENSION_MAX_CONNECTIONS"]) == settings.aws.max_connections
    assert rows["AWS_APPCONFIG_EXTENSION_LOG_LEVEL"] == settings.log_level
    assert rows["AWS_APPCONFIG_EXTENSION_ROLE_SESSION_NAME"] == settings.aws.role_session_name
    assert float(rows["SSM_PARAMETER_STORE_TTL"]) == settings.ssm_ttl_seconds
    assert float(rows["SECRETS_MANAGER_TTL"]) == settings.secrets_ttl_seconds
    assert (rows["APPCONFIG_ENV_OVERWRITE"], settings.overwrite) == ("no", False)
    assert (rows["APPCONFIG_ENV_ON_ERROR"], settings.go_on) == ("fail", False)


def test_every_reference_and_option_in_the_tables_can_be_parsed() -> None:
    tables = section("References").split("| option |")
    for cell in re.findall(r"`([a-z]+:[^`]+)`", first_column(tables[0])):
        text = cell.replace("ARN", "arn:aws:ssm:us-east-1:123456789012:parameter/x")
        assert parse(text).reference
    options = re.findall(r"`([a-z]+)(?:=([^`]+))?`", first_column(tables[1]))
    assert {name for name, _ in options} == set(_options._OPTIONS)
    for name, shown in options:
        value = {"SECONDS": "60"}.get(shown, shown)
        scheme = {"recursive": "ssm:/p/", "stage": "secretsmanager:x"}.get(name, "ssm:/p/x")
        assert parse(f"{scheme}?{name}={value}" if value else f"{scheme}?{name}").reference


def test_the_python_blocks_run(monkeypatch: pytest.MonkeyPatch) -> None:
    handler, helper, testing = blocks("python")
    monkeypatch.setenv("DB_PASSWORD", "as of the cold start")
    documents = {"appconfig:shop/prod/app": {"limit": 7}}
    with override({"LIMIT": "7"}, documents=documents, flags={"checkout": False}):
        scope: dict[str, Any] = {}
        exec(handler + "    return password, limit\n", scope)
        assert scope["handler"]({}, None) == ("as of the cold start", 7)
        exec(helper, {})
        exec(testing, {"appconfig_env": appconfig_env})


def test_the_template_block_agrees_with_template_yaml() -> None:
    (block,) = blocks("yaml")
    template = (PACKAGE.parent / "template.yaml").read_text()
    for line in (
        "AWS_LAMBDA_EXEC_WRAPPER: /opt/appconfig-env",
        "APPCONFIG_ENV_SOURCES:",
        "DB_PASSWORD:",
    ):
        assert line in block
        assert line in template


def test_the_documented_snapshot_schema_is_the_one_that_is_written() -> None:
    (block,) = blocks("json")
    documented = json.loads(block)
    assert documented["schema"] == _snapshot.SCHEMA
    healthy, failing = documented["sources"]
    entries = {
        healthy: _snapshot.Entry(
            checked_at=1.0, refresh_at=2.0, data={"limit": 10}, has_data=True, token="token"
        ),
        failing: _snapshot.Entry(
            checked_at=1.0,
            refresh_at=2.0,
            error="failed",
            rendered={"r": Variables(protected=["PATH"])},
            missing=(SourceError("r", "failed"),),
            is_secret=True,
        ),
    }
    written = json.loads(_snapshot.dumps(_snapshot.Snapshot(0.0, "f", entries)))
    assert set(written) == set(documented)
    for name in (healthy, failing):
        assert set(written["sources"][name]) == set(documented["sources"][name])
    assert _snapshot.loads(block).entries[healthy].version == "the source's own version or label"


def test_every_link_and_make_target_exists() -> None:
    root = PACKAGE.parent
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (root / target).exists(), target
    makefile = (root / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)`", README):
        assert f"\n{target}:" in makefile, target


def test_the_costs_are_those_of_the_performance_page() -> None:
    table = section("What it costs").split("\n\n")[1]
    page = (PACKAGE.parent / "docs" / "performance.md").read_text()
    numbers = set(re.findall(r"\d+\.\d+", table))
    assert len(numbers) > 10
    assert {one for one in numbers if not re.search(rf"(?<![\d.]){one}(?![\d.])", page)} == set()
