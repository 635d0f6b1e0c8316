"""Bundles of byte code: what is in one comes from it, and whatever is wrong with one, all works."""

from __future__ import annotations

import marshal
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appconfig_env._cli.layer.bytecode import compile_all
from appconfig_env._cli.layer.parts import bundle

from ..support.paths import ROOT
from ..support.pythons import PYTHONS

if TYPE_CHECKING:
    from collections.abc import Iterator

READER = ROOT / "appconfig_env" / "_bytecode_bundle.py"
START = ("first.py", "sub/__init__.py", "sub/deep.py")
REST = ("late.py",)
FILES = (*START, *REST, "bare.py")  # of the last there is no byte code
ORIGINS = """
import importlib
for name in ("first", "sub", "sub.deep", "late", "bare"):
    print(importlib.import_module(f"appconfig_env.{name}").ORIGIN)
"""
FROM_BUNDLES = ["bundle"] * 4 + ["source"]
FROM_SOURCES = ["source"] * 5


def made(*files: str, python: str = sys.executable) -> bytes:
    """A bundle of modules that say where they come from."""
    source = 'ORIGIN = "bundle"\ndef fail():\n    raise ValueError(ORIGIN)\n'
    (compiled,) = compile_all(dict.fromkeys(files, source), [python])
    return bundle(compiled.code)


SOUND = made(*START)


def path(folder: Path, part: str, tag: str = sys.implementation.cache_tag) -> Path:
    return folder / "appconfig_env" / "__pycache__" / f"{part}.{tag}.bundle"


def write(folder: Path) -> None:
    """Make a small package of the real one's name, as a layer has it, but for bundles."""
    for file in FILES:
        to = folder / "appconfig_env" / file
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text('ORIGIN = "source"\ndef fail():\n    raise ValueError(ORIGIN)  # quoted\n')
    (folder / "appconfig_env" / "__init__.py").write_text("from . import _bytecode_bundle\n")
    shutil.copy(READER, folder / "appconfig_env")
    path(folder, "start").parent.mkdir()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The folder of such a package, with both bundles."""
    write(tmp_path)
    path(tmp_path, "start").write_bytes(SOUND)
    path(tmp_path, "rest").write_bytes(made(*REST))
    return tmp_path


def run(folder: Path, script: str, python: str = sys.executable) -> list[str]:
    """The lines that a script prints, in a new interpreter that finds the package."""
    program = f"import sys; sys.path.insert(0, {str(folder)!r})\n{script}"
    done = subprocess.run(
        [python, "-I", "-S", "-B", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_module_comes_from_the_bundle_that_has_it_else_from_its_source(package: Path) -> None:
    assert run(package, ORIGINS) == FROM_BUNDLES


@pytest.mark.parametrize("version", PYTHONS)
def test_each_python_reads_its_own(package: Path, version: str) -> None:
    tag = f"cpython-{version.replace('.', '')}"
    for part, files in (("start", START), ("rest", REST)):
        path(package, part, tag).write_bytes(made(*files, python=PYTHONS[version]))

    assert run(package, ORIGINS, PYTHONS[version]) == FROM_BUNDLES


def test_the_second_bundle_is_read_once_the_first_does_not_do(package: Path) -> None:
    script = """
from appconfig_env import _bytecode_bundle, first
print(len(_bytecode_bundle._read))
from appconfig_env import late
print(len(_bytecode_bundle._read))
"""
    assert run(package, script) == ["1", "2"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no bundle",
        SOUND[:8],
        SOUND[:-1],
        SOUND + b"\0",
        bytes(8) + SOUND[8:],
        SOUND[:8] + marshal.dumps(None),
    ],
)
def test_a_bundle_that_is_not_sound_is_none(package: Path, data: bytes) -> None:
    path(package, "start").write_bytes(data)

    assert run(package, ORIGINS) == ["source"] * 3 + FROM_BUNDLES[3:]


@pytest.mark.parametrize("version", sorted(set(PYTHONS) - {f"3.{sys.version_info[1]}"}))
def test_byte_code_of_another_python_is_none(package: Path, version: str) -> None:
    path(package, "start").write_bytes(made(*START, python=PYTHONS[version]))

    assert run(package, ORIGINS) == ["source"] * 3 + FROM_BUNDLES[3:]


def test_without_bundles_all_is_as_ever(package: Path) -> None:
    path(package, "start").unlink()
    path(package, "rest").unlink()

    assert run(package, ORIGINS) == FROM_SOURCES


def test_a_folder_in_the_place_of_a_bundle_is_none(package: Path) -> None:
    path(package, "start").unlink()
    path(package, "start").mkdir()

    assert run(package, ORIGINS) == ["source"] * 3 + FROM_BUNDLES[3:]


@pytest.fixture(scope="module")
def damaged() -> Iterator[Path]:
    """A package whose bundles the tests below write."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        yield Path(folder)


@given(start=st.binary(), rest=st.binary())
@settings(max_examples=30, deadline=None)
def test_with_any_bytes_as_bundles_all_works(damaged: Path, start: bytes, rest: bytes) -> None:
    path(damaged, "start").write_bytes(start)
    path(damaged, "rest").write_bytes(rest)

    assert run(damaged, ORIGINS) == FROM_SOURCES


@given(at=st.integers(0, len(SOUND) - 1), change=st.integers(1, 255))
@settings(max_examples=30, deadline=None)
def test_one_byte_that_changed_is_seen(damaged: Path, at: int, change: int) -> None:
    data = SOUND[:at] + bytes([SOUND[at] ^ change]) + SOUND[at + 1 :]
    path(damaged, "start").write_bytes(data)
    path(damaged, "rest").unlink(missing_ok=True)

    assert run(damaged, ORIGINS) == FROM_SOURCES


def test_a_bundle_s_module_is_like_its_source_s(package: Path) -> None:
    script = """
import appconfig_env.sub.deep, appconfig_env.late, importlib, inspect, pkgutil
for module in (appconfig_env.sub, appconfig_env.sub.deep, appconfig_env.late):
    spec = module.__spec__
    assert spec.has_location and spec.origin == module.__file__ == inspect.getsourcefile(module)
    assert module.__loader__ is spec.loader and module.__package__ == spec.parent
    assert "# quoted" in spec.loader.get_source(spec.name) == inspect.getsource(module)
    assert spec.loader.is_package(spec.name) == hasattr(module, "__path__")
    assert module.fail.__code__.co_filename == module.__file__
    print(spec.name, module.__file__, *getattr(module, "__path__", ()))
    assert importlib.reload(module).ORIGIN == "bundle"
print(*sorted(found.name for found in pkgutil.iter_modules(appconfig_env.__path__)))
"""
    here = package / "appconfig_env"

    assert run(package, script) == [
        f"appconfig_env.sub {here}/sub/__init__.py {here}/sub",
        f"appconfig_env.sub.deep {here}/sub/deep.py",
        f"appconfig_env.late {here}/late.py",
        "_bytecode_bundle bare first late sub",
    ]


def test_tracebacks_quote_the_line(package: Path) -> None:
    script = """
import traceback
from appconfig_env.sub import deep
try:
    deep.fail()
except ValueError:
    print(traceback.format_exc())
"""
    said = "\n".join(run(package, script))

    assert f'File "{package}/appconfig_env/sub/deep.py", line 3, in fail\n' in said
    assert "    raise ValueError(ORIGIN)  # quoted\n" in said
    assert "ValueError: bundle" in said


def test_a_module_that_is_nowhere_is_an_import_error_as_ever(package: Path) -> None:
    script = """
try:
    from appconfig_env import nowhere
except ImportError as error:
    print(error)
try:
    import appconfig_env.sub.nowhere
except ModuleNotFoundError as error:
    print(error, error.name)
"""
    one, other = run(package, script)

    assert one.startswith("cannot import name 'nowhere' from 'appconfig_env'")
    name = "appconfig_env.sub.nowhere"
    assert other == f"No module named {name!r} {name}"


def test_invalid_caches_find_new_sources_and_keep_bundles(package: Path) -> None:
    script = f"""
import importlib, pathlib
from appconfig_env import bare
pathlib.Path({str(package)!r}, "appconfig_env", "new.py").write_text("ORIGIN = 'new'")
importlib.invalidate_caches()
from appconfig_env import first, new
print(first.ORIGIN, new.ORIGIN)
"""
    assert run(package, script) == ["bundle new"]


def test_imports_of_others_never_come_here(package: Path) -> None:
    script = """
before = list(sys.meta_path), list(sys.path_hooks)
import appconfig_env.sub.deep
assert before == (sys.meta_path, sys.path_hooks)
cache = sys.path_importer_cache
print(*sorted(path for path in cache if type(cache[path]).__name__ == "BundleFinder"))
from appconfig_env import _bytecode_bundle
_bytecode_bundle.BundleFinder.find_spec = None
import json, colorsys
"""
    here = package / "appconfig_env"

    assert run(package, script) == [f"{here} {here}/sub"]


def test_reading_needs_no_module_that_an_interpreter_lacks_at_its_start(package: Path) -> None:
    # Its own `from __future__` a layer's byte code does without.
    script = "before = set(sys.modules); import appconfig_env; print(*set(sys.modules) - before)"

    (loaded,) = run(package, script)

    assert set(loaded.split()) == {"__future__", "appconfig_env", "appconfig_env._bytecode_bundle"}


def test_a_checkout_has_no_use_for_it() -> None:
    script = """
import appconfig_env._cli.main
print('appconfig_env._bytecode_bundle' in sys.modules)
"""

    assert run(READER.parent.parent, script) == ["False"]


def test_a_zip_on_the_path_is_left_to_pythons_own_import(tmp_path: Path) -> None:
    write(tmp_path / "plain")
    shutil.make_archive(str(tmp_path / "whole"), "zip", tmp_path / "plain")
    script = f"import sys; sys.path.insert(0, sys.argv[1]){ORIGINS}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, str(tmp_path / "whole.zip")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == FROM_SOURCES
