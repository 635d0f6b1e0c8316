"""The wheel, the sdist and the Makefile, compared with pyproject.toml and the README."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from ..support.paths import ROOT, WRAPPER, checkout_files
from ..support.pins import pins

if TYPE_CHECKING:
    from pathlib import Path

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # With the installed hatchling; pip would silently download another one.
    pip("wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT))
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.tar.gz")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--no-index", "--no-deps", "--target", str(folder), str(wheel))
    return folder


def pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    subprocess.run(command, check=True, capture_output=True)


def run(*command: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], **environ},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel, without its dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = str(folder / "bin" / "python")
    pip("--python", python, "install", "--no-index", "--no-deps", str(wheel))
    return folder


def test_the_wheel_contains_only_the_package(wheel: Path) -> None:
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "appconfig_env").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    command = f"appconfig_env-{PROJECT['version']}.data/scripts/appconfig-env"
    assert packed == expected | {"appconfig_env/_wrapper_script", command}


def test_the_wheel_is_typed_and_licensed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.namelist()
        (metadata,) = [name for name in packed if name.endswith(".dist-info/METADATA")]
        fields = archive.read(metadata).decode()

    assert "appconfig_env/py.typed" in packed
    assert f"appconfig_env-{PROJECT['version']}.dist-info/licenses/LICENSE" in packed
    assert "License-Expression: Apache-2.0" in fields


def test_the_sdist_contains_every_file_of_the_checkout(sdist: Path) -> None:
    """`make test` must work in it."""
    checkout = checkout_files()

    packed = {name.partition("/")[2]: mode for name, mode in modes(sdist).items()}

    assert set(packed) == checkout | {"PKG-INFO"}
    assert set(packed.values()) == {0o644, 0o755}
    executable = {name for name, mode in packed.items() if mode == 0o755}
    assert executable == {name for name in checkout if os.access(ROOT / name, os.X_OK)}


def modes(sdist: Path) -> dict[str, int]:
    with tarfile.open(sdist) as archive:
        return {member.name: member.mode for member in archive.getmembers() if member.isfile()}


def test_the_sdist_is_licensed(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        name = f"appconfig_env-{PROJECT['version']}/LICENSE"
        file = archive.extractfile(name)
        assert file is not None
        assert file.read() == (ROOT / "LICENSE").read_bytes()


def test_the_wrapper_of_an_installed_wheel_is_executable_and_the_same(installed: Path) -> None:
    script = installed / "appconfig_env" / "_wrapper_script"

    assert script.stat().st_mode & 0o111 == 0o111
    assert script.read_bytes() == WRAPPER.read_bytes()


@pytest.mark.parametrize("path", ["bin/appconfig-env", "appconfig_env/_wrapper_script"])
def test_in_a_container_image_the_installed_command_is_the_wrapper(
    installed: Path, tmp_path: Path, path: str
) -> None:
    (tmp_path / "ssm.json").write_text('{"/shop/prod/db-host": "localhost"}')

    result = run(
        installed / path,
        sys.executable,
        "-c",
        "import os; print(os.environ['DB_HOST'])",
        APPCONFIG_ENV_SOURCES="ssm:/shop/prod/",
        APPCONFIG_ENV_LOCAL_DIR=str(tmp_path),
        APPCONFIG_ENV_SNAPSHOT=str(tmp_path / "snapshot.json"),
    )

    assert (result.returncode, result.stdout) == (0, "localhost\n"), result.stderr


ISOLATING = {
    "hashlib.py in PYTHONPATH": {"PYTHONPATH": "{folder}"},
    "PYTHONHOME": {"PYTHONHOME": "{folder}"},
    "both": {"PYTHONPATH": "{folder}", "PYTHONHOME": "/nowhere"},
    "more of Python's variables": {
        "PYTHONSTARTUP": "{folder}/os.py",
        "PYTHONINSPECT": "1",
        "PYTHONVERBOSE": "1",
        "PYTHONUSERBASE": "{folder}",
        "PYTHONPLATLIBDIR": "nowhere",
    },
}


@pytest.fixture
def obeyed(tmp_path: Path) -> Path:
    """A folder of modules that end the interpreter that imports them."""
    for name in ("hashlib", "os", "posixpath", "encodings", "sitecustomize", "appconfig_env"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('obeyed')")
    return tmp_path


@pytest.mark.parametrize("case", ISOLATING)
@pytest.mark.parametrize("words", [["run", "--"], []], ids=["run", "wrapper"])
def test_the_installed_command_ignores_python_variables_and_passes_them_on(
    environment: Path, obeyed: Path, case: str, words: list[str]
) -> None:
    given = {name: text.format(folder=obeyed) for name, text in ISOLATING[case].items()}
    (obeyed / "ssm.json").write_text('{"/shop/prod/db-host": "localhost"}')
    settings = {
        "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/",
        "APPCONFIG_ENV_LOCAL_DIR": str(obeyed),
        "APPCONFIG_ENV_SNAPSHOT": str(obeyed / "snapshot.json"),
    }

    result = run(environment / "bin/appconfig-env", *words, "/usr/bin/env", **given, **settings)

    assert (result.returncode, "obeyed" in result.stderr) == (0, False), result.stderr
    shown = result.stdout.splitlines()
    assert {f"{name}={value}" for name, value in given.items()} <= set(shown)
    assert "DB_HOST=localhost" in shown


def test_the_installed_command_is_found_through_a_link(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "appconfig-env").symlink_to(environment / "bin" / "appconfig-env")  # as pipx does
    result = run(tmp_path / "appconfig-env", "run", "--", "/bin/echo", "started")
    assert (result.returncode, result.stdout) == (0, "started\n"), result.stderr


def test_the_installed_command_prints_its_version(environment: Path, obeyed: Path) -> None:
    result = run(environment / "bin/appconfig-env", "--version", PYTHONPATH=str(obeyed))
    assert result.stdout == f"appconfig-env {PROJECT['version']}\n", result.stderr


EDITABLE = "import hatchling.build, sys; hatchling.build.build_editable(sys.argv[1])"


def test_the_command_runs_in_development_mode(obeyed: Path, tmp_path: Path) -> None:
    """As `pip install -e` installs it: with the script inside an otherwise empty package."""
    command = [sys.executable, "-c", EDITABLE, str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    folder = tmp_path / "editable"
    venv.create(folder, symlinks=True)
    pip("--python", f"{folder}/bin/python", "install", "--no-index", "--no-deps", str(wheel))
    result = run(folder / "bin/appconfig-env", "run", "--", "/usr/bin/env", PYTHONPATH=str(obeyed))
    assert f"PYTHONPATH={obeyed}" in result.stdout.splitlines(), result.stderr


def test_an_installed_wheel_builds_the_same_layer_as_the_checkout(
    installed: Path, tmp_path: Path
) -> None:
    outputs = {}
    for name, path in (("installed", installed), ("checkout", ROOT)):
        output = tmp_path / f"{name}.zip"
        words = ["layer", "--output", str(output)]
        result = run(sys.executable, "-m", "appconfig_env", *words, PYTHONPATH=str(path))
        assert result.returncode == 0, result.stderr
        outputs[name] = output.read_bytes()

    assert outputs["installed"] == outputs["checkout"]


def test_the_command_prints_its_version(installed: Path) -> None:
    result = run(sys.executable, "-m", "appconfig_env", "--version", PYTHONPATH=str(installed))

    assert result.stdout.strip() == f"appconfig-env {PROJECT['version']}"


def test_the_changelog_begins_with_this_version_or_unreleased_changes() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] in ("Unreleased", PROJECT["version"])


def test_the_layer_s_packages_are_pinned() -> None:
    from appconfig_env._cli.layer.files import DISTRIBUTIONS

    assert set(DISTRIBUTIONS) <= {pin.name for pin in pins("runtime")}


def test_the_emulator_comes_from_the_pinned_sam() -> None:
    from tests.support.rie import RIE_WHEEL

    assert RIE_WHEEL in {f"{pin.name}=={pin.version}" for pin in pins("sam")}


def test_make_dist_refuses_byte_code_of_other_sources(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "appconfig_env", tmp_path / "appconfig_env")
    shutil.copytree(ROOT / "wrapper", tmp_path / "wrapper")
    with (tmp_path / "appconfig_env" / "errors.py").open("a") as file:
        file.write("CHANGED = True\n")

    script = ROOT / "tools" / "prebuild_byte_code.py"
    result = run(sys.executable, script, "--check", PYTHONPATH=str(tmp_path))

    assert result.returncode == 1
    assert result.stderr == (
        "make: the byte code for python3.11, python3.12, python3.13, python3.14, python3.15 is of "
        "other sources;\nmake: run make bytecode, and commit what it writes\n"
    )
    assert "prebuild_byte_code.py --check" in run("make", "-C", ROOT, "-n", "dist").stdout


def test_make_without_a_target_lists_the_targets() -> None:
    result = run("make", "-C", ROOT, "--no-print-directory")

    assert result.returncode == 0
    for target in ("demo", "test", "layer", "lint", "bench", "test-floors", "lock", "clean"):
        assert f"make {target} " in result.stdout


def test_ci_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & stat.S_IXUSR
    assert "make test" in script.read_text().splitlines()


def test_shell_scripts_are_executable() -> None:
    assert WRAPPER.stat().st_mode & 0o111 == 0o111
