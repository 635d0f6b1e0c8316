"""SECURITY.md against the code: its code block, its file names, and claims tested nowhere else."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli import layer as _layer
from appconfig_env._config import settings as _settings
from appconfig_env._wrapper.log import StartLog

from ..support.layers import unpacked
from ..support.life import IN_LAMBDA
from ..support.paths import ROOT, WRAPPER
from ..support.snapshots import read_snapshot, seal, snapshot_text

if TYPE_CHECKING:
    from ..support.fake_aws import FakeAws

PAGE = (ROOT / "SECURITY.md").read_text()
DUMP = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A local folder in place of AWS."""
    path = tmp_path / "local"
    path.mkdir()
    (path / "secrets.json").write_text('{"other": "never read"}')
    return path


def local_environ(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "APPCONFIG_ENV_LOCAL_DIR": str(folder),
        "APPCONFIG_ENV_SNAPSHOT": str(folder.parent / "snapshot.json"),
        **more,
    }


def start(
    environ: dict[str, str], script: str = DUMP, wrapper: Path = WRAPPER
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [wrapper, sys.executable, "-c", script],
        env=environ | IN_LAMBDA,  # elsewhere no run uses the snapshot of another
        capture_output=True,
        text=True,
        check=False,
    )


# Values that a shell, a template, dotenv or this package itself could interpret.
INTERPRETABLE = (
    "secretsmanager:other",
    "ssm:/shop/prod/a",
    "$(id)",
    "`id`",
    "${HOME}",
    "$HOME",
    "%(id)s",
)


@pytest.mark.parametrize("value", INTERPRETABLE)
def test_a_value_is_never_interpreted_at_the_cold_start_or_at_a_refresh(
    folder: Path, value: str
) -> None:
    (folder / "ssm.json").write_text(json.dumps({"/shop/prod/a": value}))
    environ = local_environ(
        folder, APPCONFIG_ENV_SOURCES="ssm:/shop/prod/", B="ssm:/shop/prod/a", HOME="/home/shop"
    )
    helper = (
        "import json, os, appconfig_env as one; one.refresh();"
        "print(json.dumps([os.environ['A'], os.environ['B'], one.get('A'), one.get('B')]))"
    )

    done = start({**environ, "PYTHONPATH": str(ROOT)}, helper)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == 4 * [value]


def test_values_in_dotenv_text_are_not_interpreted(folder: Path) -> None:
    # A backtick at the beginning is refused, because other dialects take it for a quote.
    quoted = [f"'{value}'" if value[:1] == "`" else value for value in INTERPRETABLE]
    lines = [f"V{number}={value}" for number, value in enumerate(quoted)]
    (folder / "shop:prod:app.env").write_text("\n".join(lines))

    done = start(
        local_environ(folder, APPCONFIG_ENV_SOURCES="appconfig:shop/prod/app", HOME="/home/shop")
    )

    variables = json.loads(done.stdout)
    assert [variables[f"V{number}"] for number in range(len(INTERPRETABLE))] == list(INTERPRETABLE)


# What another process of this user could write into a document of a snapshot: names that would run
# code or redirect calls, and what no environment can hold.
PROTECTED = {"LD_PRELOAD": "/tmp/x.so", "PATH": "/tmp", "_HANDLER": "x.handler"}
IMPOSSIBLE_NAMES = ("A=B", "", "\x1b[2J")
IMPOSSIBLE = {
    "NUL": "a\0b",
    "LONG": 131_072 * "x",
    "LONE": "\ud800",
}
SOURCES = ("ssm:/shop/prod/", "ssm:/shop/prod/?only=A", "appconfig:shop/prod/app")


@pytest.fixture
def function_environ(fake_aws: FakeAws, tmp_path: Path) -> dict[str, str]:
    fake_aws.put_parameter("/shop/prod/a", "true")
    fake_aws.put_profile("shop", "prod", "app", {"a": "true"})
    return {
        "PATH": os.environ["PATH"],
        **fake_aws.environ(),
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    }


def forge(snapshot: Path, forged: dict[str, str]) -> None:
    """Have every document hold `forged`, or its `a` where the document is one value alone."""
    whole = read_snapshot(snapshot)
    for name, fields in whole["documents"].items():
        if "parameters" in fields:
            fields["parameters"] = forged
        else:
            is_json = name.startswith("appconfig:")
            fields["body"] = json.dumps(forged) if is_json else forged["a"]
    seal(whole)
    snapshot.write_text(snapshot_text(whole))


@pytest.mark.parametrize("source", SOURCES)
def test_a_snapshot_sets_only_names_and_values_that_its_source_could(
    function_environ: dict[str, str], source: str
) -> None:
    snapshot = Path(function_environ["APPCONFIG_ENV_SNAPSHOT"])
    environ = {**function_environ, "APPCONFIG_ENV_SOURCES": source, "IN_PLACE": "ssm:/shop/prod/a"}
    assert start(environ).returncode == 0
    forge(snapshot, {"a": "forged", **PROTECTED, "HTTPS_PROXY": "http://x", "APPCONFIG_ENV_X": "1"})

    done = start(environ)

    assert done.returncode == 0, done.stderr
    variables = json.loads(done.stdout)
    assert (variables["A"], variables["IN_PLACE"]) == ("forged", "forged"), done.stderr
    for name in (*PROTECTED, "HTTPS_PROXY", "APPCONFIG_ENV_X"):
        assert variables.get(name) == environ.get(name)
    if "only" not in source:
        assert f"{source}: LD_PRELOAD is protected and was left out" in done.stderr


@pytest.mark.parametrize("name", IMPOSSIBLE_NAMES)
@pytest.mark.parametrize("source", ["ssm:/shop/prod/", "appconfig:shop/prod/app"])
def test_a_name_in_a_snapshot_that_no_variable_can_have_is_left_out(
    function_environ: dict[str, str], source: str, name: str
) -> None:
    snapshot = Path(function_environ["APPCONFIG_ENV_SNAPSHOT"])
    environ = {**function_environ, "APPCONFIG_ENV_SOURCES": source}
    assert start(environ).returncode == 0
    forge(snapshot, {"a": "forged", name: "1"})

    done = start(environ)

    assert done.returncode == 0, done.stderr
    variables = json.loads(done.stdout)
    assert (variables["A"], name in variables) == ("forged", False), done.stderr
    assert "is not a variable name" in done.stderr
    assert done.stderr.isascii()
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("name", IMPOSSIBLE)
@pytest.mark.parametrize("source", ["ssm:/shop/prod/", "appconfig:shop/prod/app"])
def test_a_document_in_a_snapshot_that_its_source_cannot_use_is_read_again(
    function_environ: dict[str, str], source: str, name: str
) -> None:
    snapshot = Path(function_environ["APPCONFIG_ENV_SNAPSHOT"])
    environ = {**function_environ, "APPCONFIG_ENV_SOURCES": source}
    assert start(environ).returncode == 0
    forge(snapshot, {"a": "forged", name: IMPOSSIBLE[name]})

    done = start(environ)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["A"] == "true", done.stderr
    assert done.stderr.isascii()
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ("entries", {"secret": True}),
        ("documents", {"secret": True}),
        ("documents", {"secret_parameters": ["a"]}),
    ],
)
def test_a_snapshot_that_holds_a_secret_is_not_used(
    function_environ: dict[str, str], part: str, field: dict[str, object]
) -> None:
    snapshot = Path(function_environ["APPCONFIG_ENV_SNAPSHOT"])
    environ = {**function_environ, "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/"}
    assert start(environ).returncode == 0
    whole = read_snapshot(snapshot)
    whole[part]["ssm:/shop/prod/"].update(field)
    snapshot.write_text(snapshot_text(whole))
    forge(snapshot, {"a": "forged"})

    done = start(environ)

    assert "was not used: it is not a complete snapshot" in done.stderr
    assert json.loads(done.stdout)["A"] == "true"


def test_a_fallback_sets_no_protected_name(
    function_environ: dict[str, str], tmp_path: Path
) -> None:
    snapshot, fallback = (
        Path(function_environ["APPCONFIG_ENV_SNAPSHOT"]),
        tmp_path / "fallback.json",
    )
    environ = {**function_environ, "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/"}
    assert start(environ).returncode == 0
    snapshot.rename(fallback)
    forge(fallback, {"a": "true", **PROTECTED})

    down = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "APPCONFIG_ENV_DEADLINE_SECONDS": "0.5"}
    done = start({**environ, **down, "APPCONFIG_ENV_FALLBACK": str(fallback)})

    variables = json.loads(done.stdout)
    assert (variables["A"], variables.get("LD_PRELOAD")) == ("true", None)
    assert "LD_PRELOAD is protected and was left out" in done.stderr


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\nb", "a\r\x07b", "a\u202eb", "a\x9bb"])
def test_a_log_line_is_one_line_without_control_characters(text: str) -> None:
    lines: list[str] = []

    StartLog({}, lines.append).write("error", text)

    assert all(line.isprintable() for line in lines)
    assert len(lines) == 1


def test_the_package_writes_only_the_snapshot_with_its_state_and_its_lock(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "ssm.json").write_text('{"/shop/prod/a": "1"}')
    _layer.build(tmp_path / "layer.zip", pythons=[])
    opt = unpacked(tmp_path / "layer.zip", tmp_path / "opt")
    environ = local_environ(
        folder,
        APPCONFIG_ENV_SOURCES="ssm:/shop/prod/",
        HOME=str(tmp_path),
        TMPDIR=str(tmp_path),
        PYTHONPATH=str(opt / "python"),
        PYTHONDONTWRITEBYTECODE="1",  # as with the function's own Python, whose /opt is read-only
    )
    before = set(tmp_path.rglob("*"))

    script = "import appconfig_env as one; one.refresh(); print(one.get('A'))"
    done = start(environ, script, opt / "appconfig-env")

    assert done.stdout == "1\n", done.stderr
    written = set(tmp_path.rglob("*")) - before
    written = {path for path in written if path.name != "__pycache__" and path.suffix != ".pyc"}
    names = {"snapshot.json", "snapshot.json.lock", "snapshot.json.state"}
    assert {path.name for path in written} == names
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}


# AWS's credentials endpoint in ECS; all other hosts are derived from the settings.
HOSTS = {"169.254.170.2"}


def test_the_layer_s_code_contains_no_other_host() -> None:
    hosts = set()
    for path in (ROOT / "appconfig_env").rglob("*.py"):
        if path.parent.name in ("layer", "trace"):
            continue
        tree = ast.parse(path.read_text())
        hosts |= {
            host
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            for host in re.findall(r"https?://([\w.-]+)", node.value)
            if not is_docstring(node, tree)
        }
    examples = {"host", "127.0.0.1"}  # in errors that show what is expected

    assert hosts - examples == HOSTS


def is_docstring(node: ast.Constant, tree: ast.Module) -> bool:
    return any(isinstance(one, ast.Expr) and one.value is node for one in ast.walk(tree))


def test_every_file_that_the_page_names_exists() -> None:
    names = re.findall(r"`((?:tests|appconfig_env|template)[\w./]*\.(?:py|yaml))`", PAGE)

    assert len(set(names)) > 20
    assert [name for name in names if not (ROOT / name).is_file()] == []


def test_every_setting_that_the_page_names_exists() -> None:
    names = set(re.findall(r"`APPCONFIG_ENV_(\w+)`", PAGE))

    assert names
    assert names <= set(_settings.KNOWN)


def test_the_page_contains_no_invented_address() -> None:
    assert re.findall(r"https?://\w+|[\w.]+@[\w.]+", PAGE) == []


def test_the_page_s_code_block_detects_an_altered_layer(tmp_path: Path) -> None:
    _layer.build(tmp_path / "appconfig-env-layer.zip", pythons=[])
    unpacked(tmp_path / "appconfig-env-layer.zip", tmp_path / "layer")
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

    def verify() -> str:
        command = [sys.executable, "-c", block]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stderr

    assert verify() == ""
    one = tmp_path / "layer" / "python" / "tenacity" / "retry.py"
    text = one.read_text()
    one.write_text(text + "\n")
    assert verify() == "python/tenacity/retry.py does not match the bill of materials\n"
    one.unlink()
    assert verify() == "python/tenacity/retry.py does not match the bill of materials\n"
    one.write_text(text)
    one.with_name("stray.py").touch()
    assert verify() == "python/tenacity/stray.py does not match the bill of materials\n"
