"""SECURITY.md against the code: what no other test holds, its block, and the files it names."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli import layer as _layer
from appconfig_env._config import settings as _settings
from appconfig_env._wrapper.log import StartLog

from ..support.paths import ROOT

if TYPE_CHECKING:
    from ..support.fake_aws import FakeAws

PAGE = (ROOT / "SECURITY.md").read_text()
DUMP = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What stands in place of AWS."""
    path = tmp_path / "local"
    path.mkdir()
    (path / "secrets.json").write_text('{"other": "never read"}')
    return path


def environ(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "APPCONFIG_ENV_LOCAL_DIR": str(folder),
        "APPCONFIG_ENV_SNAPSHOT": str(folder.parent / "snapshot.json"),
        **more,
    }


def start(
    given: dict[str, str], script: str = DUMP, wrapper: Path = ROOT / "wrapper" / "appconfig-env"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [wrapper, sys.executable, "-c", script],
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )


# What a shell, a template, dotenv or this package itself would make something of.
ALIVE = ("secretsmanager:other", "ssm:/shop/prod/a", "$(id)", "`id`", "${HOME}", "$HOME", "%(id)s")


@pytest.mark.parametrize("value", ALIVE)
def test_a_value_is_text_whatever_it_looks_like_at_the_start_and_afterwards(
    folder: Path, value: str
) -> None:
    (folder / "ssm.json").write_text(json.dumps({"/shop/prod/a": value}))
    given = environ(folder, APPCONFIG_ENV_SOURCES="ssm:/shop/prod/", B="ssm:/shop/prod/a")
    helper = (
        "import json, os, appconfig_env as one; one.refresh();"
        "print(json.dumps([os.environ['A'], os.environ['B'], one.get('A'), one.get('B')]))"
    )

    done = start({**given, "PYTHONPATH": str(ROOT)}, helper)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == 4 * [value]


def test_dotenv_text_is_text_too(folder: Path) -> None:
    lines = [f"V{number}={value}" for number, value in enumerate(ALIVE)]
    (folder / "shop:prod:app.env").write_text("\n".join(lines))

    done = start(environ(folder, APPCONFIG_ENV_SOURCES="appconfig:shop/prod/app"))

    found = json.loads(done.stdout)
    assert [found[f"V{number}"] for number in range(len(ALIVE))] == list(ALIVE)


# What another process of this user could write into a snapshot.
FORGED = {
    "LD_PRELOAD": "/tmp/x.so",
    "PATH": "/tmp",
    "_HANDLER": "x.handler",
    "HTTPS_PROXY": "http://x",
    "A=B": "1",
    "": "1",
    "NUL": "a\0b",
    "LONG": 131_072 * "x",
    "LONE": "\ud800",
    "\x1b[2J": "1",
}
SOURCES = ("ssm:/shop/prod/", "ssm:/shop/prod/?only=A", "appconfig:shop/prod/app")


@pytest.fixture
def life(fake_aws: FakeAws, tmp_path: Path) -> dict[str, str]:
    fake_aws.put_parameter("/shop/prod/a", "true")
    fake_aws.put_profile("shop", "prod", "app", {"a": "true"})
    return {
        "PATH": os.environ["PATH"],
        **fake_aws.environ(),
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
    }


@pytest.mark.parametrize("source", SOURCES)
def test_a_snapshot_sets_no_name_and_no_value_that_its_source_could_not(
    life: dict[str, str], source: str
) -> None:
    snapshot = Path(life["APPCONFIG_ENV_SNAPSHOT"])
    given = {**life, "APPCONFIG_ENV_SOURCES": source, "IN_PLACE": "ssm:/shop/prod/a"}
    assert start(given).returncode == 0
    whole = json.loads(snapshot.read_text())
    entries = whole["sources"].values()
    values = [rendered for entry in entries for rendered in entry["values"].values()]
    assert len(values) > 1
    for rendered in values:
        rendered.update(dict.fromkeys(rendered, "forged"), **FORGED)
    snapshot.write_text(json.dumps(whole))

    done = start(given)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["A"], found["IN_PLACE"]) == ("forged", "forged"), done.stderr
    assert {name for name in FORGED if found.get(name) not in (None, given.get(name))} == set()
    assert "'LD_PRELOAD' could not come from there and was left out" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_fallback_sets_no_protected_name(life: dict[str, str], tmp_path: Path) -> None:
    snapshot, fallback = Path(life["APPCONFIG_ENV_SNAPSHOT"]), tmp_path / "fallback.json"
    given = {**life, "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/"}
    assert start(given).returncode == 0
    whole = json.loads(snapshot.read_text())
    (entry,) = whole["sources"].values()
    entry["values"]["ssm:/shop/prod/"]["LD_PRELOAD"] = entry["data"]["LD_PRELOAD"] = "/tmp/x.so"
    fallback.write_text(json.dumps(whole))
    snapshot.unlink()

    down = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "APPCONFIG_ENV_DEADLINE_SECONDS": "0.5"}
    done = start({**given, **down, "APPCONFIG_ENV_FALLBACK": str(fallback)})

    found = json.loads(done.stdout)
    assert (found["A"], found.get("LD_PRELOAD")) == ("true", None)
    assert "LD_PRELOAD is protected and was left out" in done.stderr


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\nb", "a\r\x07b", "a\u202eb", "a\x9bb"])
def test_a_log_line_is_one_line_without_control_characters(text: str) -> None:
    lines: list[str] = []

    StartLog({}, lines.append).write("error", text)

    assert all(line.isprintable() for line in lines)
    assert len(lines) == 1


def test_it_writes_the_snapshot_and_its_lock_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    (folder / "ssm.json").write_text('{"/shop/prod/a": "1"}')
    _layer.build(tmp_path / "layer.zip", pythons=[])
    opt = tmp_path / "opt"
    with zipfile.ZipFile(tmp_path / "layer.zip") as archive:
        archive.extractall(opt)
    (opt / "appconfig-env").chmod(0o755)
    given = environ(
        folder,
        APPCONFIG_ENV_SOURCES="ssm:/shop/prod/",
        HOME=str(tmp_path),
        TMPDIR=str(tmp_path),
        PYTHONPATH=str(opt / "python"),
        PYTHONDONTWRITEBYTECODE="1",  # for the function's own Python, whose /opt is read-only
    )
    before = set(tmp_path.rglob("*"))

    script = "import appconfig_env as one; one.refresh(); print(one.get('A'))"
    done = start(given, script, opt / "appconfig-env")

    assert done.stdout == "1\n", done.stderr
    written = set(tmp_path.rglob("*")) - before
    written = {path for path in written if path.name != "__pycache__" and path.suffix != ".pyc"}
    assert {path.name for path in written} == {"snapshot.json", "snapshot.json.lock"}
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}


# AWS's credentials endpoint in ECS; the rest is made of the settings.
HOSTS = {"169.254.170.2"}


def test_no_host_stands_in_the_code_that_a_layer_carries() -> None:
    found = set()
    for path in (ROOT / "appconfig_env").rglob("*.py"):
        if path.parent.name in ("layer", "trace"):
            continue
        tree = ast.parse(path.read_text())
        found |= {
            host
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            for host in re.findall(r"https?://([\w.-]+)", node.value)
            if not is_docstring(node, tree)
        }
    said = {"host", "127.0.0.1"}  # in errors that show what was wanted

    assert found - said == HOSTS


def is_docstring(node: ast.Constant, tree: ast.Module) -> bool:
    return any(isinstance(one, ast.Expr) and one.value is node for one in ast.walk(tree))


def test_every_file_that_the_page_names_exists() -> None:
    named = re.findall(r"`((?:tests|appconfig_env|template)[\w./]*\.(?:py|yaml))`", PAGE)

    assert len(set(named)) > 20
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_setting_that_the_page_names_exists() -> None:
    for name in re.findall(r"`APPCONFIG_ENV_(\w+)`", PAGE):
        assert name in _settings.KNOWN


def test_the_page_names_no_address_that_does_not_exist() -> None:
    assert re.findall(r"https?://\w+|[\w.]+@[\w.]+", PAGE) == []


def test_the_page_s_block_tells_a_layer_from_an_altered_one(tmp_path: Path) -> None:
    _layer.build(tmp_path / "appconfig-env-layer.zip", pythons=[])
    with zipfile.ZipFile(tmp_path / "appconfig-env-layer.zip") as archive:
        archive.extractall(tmp_path / "layer")
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

    def said() -> str:
        command = [sys.executable, "-c", block]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stderr

    assert said() == ""
    one = tmp_path / "layer" / "python" / "tenacity" / "retry.py"
    text = one.read_text()
    one.write_text(text + "\n")
    assert said() == "python/tenacity/retry.py does not match the bill of materials\n"
    one.unlink()
    assert said() == "python/tenacity/retry.py does not match the bill of materials\n"
    one.write_text(text)
    one.with_name("stray.py").touch()
    assert said() == "python/tenacity/stray.py does not match the bill of materials\n"
