"""The wheel and the layer as users have them: built, installed from scratch, and used."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..support.layers import unpacked
from ..support.life import VALUES, Life
from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPENDENCIES = ("boto3", "botocore", "jmespath", "python-dateutil", "python-dotenv", "s3transfer",
                "six", "tenacity", "urllib3")  # fmt: skip
# A function's code, and what the runtime does with it.
HANDLER = """
import json, os, sys
sys.path[:0] = sys.argv[1:]
import appconfig_env

NAMES = ("LIMIT", "HOST", "DB_PASSWORD")

def handler(event, context):
    if event == "refresh":
        appconfig_env.refresh()
    return {
        "file": appconfig_env.__file__,
        "version": appconfig_env.__version__,
        "environ": [os.environ[name] for name in NAMES],
        "values": [appconfig_env.get(name) for name in NAMES],
    }

for line in sys.stdin:
    print(json.dumps(handler(json.loads(line), None)), flush=True)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment into which `pip install` has put the wheel and its dependencies.

    The dependencies are copies of those that this environment has: tests do not download.
    """
    folder = tmp_path_factory.mktemp("scratch")
    wheels = folder / "wheels"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = ["wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", str(wheels)]
    subprocess.run([*pip, *build, str(ROOT)], check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    venv.create(folder / "venv", symlinks=True)
    (site,) = (folder / "venv").glob("lib/python3*/site-packages")
    for name in DEPENDENCIES:
        copy_distribution(name, site)
    # Without --no-deps: pip finds every dependency in the environment, or fails.
    install = ["--python", str(folder / "venv/bin/python"), "install", "--no-index", str(wheel)]
    subprocess.run([*pip, *install], check=True, capture_output=True)
    return folder / "venv"


def copy_distribution(name: str, site: Path) -> None:
    distribution = metadata.distribution(name)
    for file in distribution.files or ():
        source = Path(str(distribution.locate_file(file)))
        if ".." not in file.parts and file.suffix != ".pyc":
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source)


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """An environment with three sources."""
    with Life(tmp_path) as life:
        life.aws.appconfig.enforces_interval = False
        (tmp_path / "handler.py").write_text(HANDLER)
        yield life


def check(life: Life, command: list[str], package: Path) -> None:
    """Check that a function has its values, and refreshed ones, from the package at that place."""
    runtime = life.start_command(command)
    found = runtime.ask('"get"')
    assert Path(found["file"]).is_relative_to(package)
    assert found["version"] == metadata.version("appconfig-env")
    assert (found["environ"], found["values"]) == (VALUES, VALUES)
    life.deploy(11)
    assert runtime.ask('"refresh"')["values"] == ["11", *VALUES[1:]]
    assert life.aws.count("StartConfigurationSession") == 1, "the wrapper's"
    assert life.aws.problems == []
    assert runtime.end() == 0


def test_an_installed_wheel_wraps_a_function(life: Life, environment: Path) -> None:
    python, command = environment / "bin" / "python", environment / "bin" / "appconfig-env"
    words = [str(command), str(python), "-I", str(life.folder / "handler.py")]

    check(life, words, environment)


def test_the_layer_that_an_installed_wheel_builds_wraps_a_function(
    life: Life, environment: Path, tmp_path: Path
) -> None:
    built = subprocess.run(
        [environment / "bin" / "appconfig-env", "layer"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        check=True,
        capture_output=True,
        text=True,
    )
    layer = tmp_path / "dist" / "appconfig-env-layer.zip"
    (printed,) = re.findall(r"CodeSha256 (\S+)", built.stdout)
    assert base64.b64decode(printed) == hashlib.sha256(layer.read_bytes()).digest()
    opt = unpacked(layer, tmp_path / "opt")
    # As the runtime: a Python without other packages, and the layer's folder.
    runtime = [sys.executable, "-I", "-S", str(life.folder / "handler.py"), str(opt / "python")]

    check(life, [str(opt / "appconfig-env"), *runtime], opt)
