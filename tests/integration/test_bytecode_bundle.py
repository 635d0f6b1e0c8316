"""The bundle of byte code: modules are imported from it, and from sources if it is invalid."""

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
REST = ("testing.py",)
BUNDLED = (*START, *REST)
FILES = (*BUNDLED, "bare.py")  # the last one has no byte code
ORIGINS = """
import importlib
for name in ("first", "sub", "sub.deep", "testing", "bare"):
    print(importlib.import_module(f"appconfig_env.{name}").ORIGIN)
"""
FROM_BUNDLE = ["bundle"] * 4 + ["source"]
FROM_SOURCES = ["source"] * 5


def bundle_of(*files: str, python: str = sys.executable) -> bytes:
    """A bundle of modules whose ORIGIN is `bundle`."""
    source = 'ORIGIN = "bundle"\ndef fail():\n    raise ValueError(ORIGIN)\n'
    return bundle_of_sources(dict.fromkeys(files, source), python)


def bundle_of_sources(sources: dict[str, str], python: str = sys.executable) -> bytes:
    (compiled,) = compile_all(sources, [python])
    return bundle(compiled.code, sources)


VALID = bundle_of(*BUNDLED)
INDEX_ENDS = 11 + int.from_bytes(VALID[8:11], "little")


def path(folder: Path, tag: str = sys.implementation.cache_tag) -> Path:
    return folder / "appconfig_env" / "__pycache__" / f"modules.{tag}.bundle"


def write(folder: Path) -> None:
    """Write a small package of the real one's name, as in a layer, but without a bundle."""
    for file in FILES:
        to = folder / "appconfig_env" / file
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text('ORIGIN = "source"\ndef fail():\n    raise ValueError(ORIGIN)  # quoted\n')
    (folder / "appconfig_env" / "__init__.py").write_text("from . import _bytecode_bundle\n")
    shutil.copy(READER, folder / "appconfig_env")
    path(folder).parent.mkdir()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The folder of a package with a bundle."""
    write(tmp_path)
    path(tmp_path).write_bytes(VALID)
    return tmp_path


def run(folder: Path, script: str, python: str = sys.executable) -> list[str]:
    """Run a script in a new interpreter with the package on its path; return its output lines."""
    program = f"import sys; sys.path.insert(0, {str(folder)!r})\n{script}"
    done = subprocess.run(
        [python, "-I", "-S", "-B", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_module_is_imported_from_the_bundle_or_else_from_its_source(package: Path) -> None:
    assert run(package, ORIGINS) == FROM_BUNDLE


@pytest.mark.parametrize("version", PYTHONS)
def test_each_python_reads_its_own_bundle(package: Path, version: str) -> None:
    tag = f"cpython-{version.replace('.', '')}"
    path(package, tag).write_bytes(bundle_of(*BUNDLED, python=PYTHONS[version]))

    assert run(package, ORIGINS, PYTHONS[version]) == FROM_BUNDLE


@pytest.mark.parametrize(
    ("imported", "read"),
    [("bare", []), ("first", [0]), ("testing", [2]), ("testing, first, sub", [2, 0])],
)
def test_a_section_is_read_only_for_a_module_in_it(
    package: Path, imported: str, read: list[int]
) -> None:
    script = f"""
from appconfig_env import _bytecode_bundle
from appconfig_env import {imported}
print(list(_bytecode_bundle.BUNDLE.sections))
"""
    assert run(package, script) == [str(read)]


def test_a_bundle_is_opened_once_for_each_section(package: Path) -> None:
    script = """
opened = []
sys.addaudithook(lambda event, words: opened.append(words[0]) if event == "open" else None)
import appconfig_env.first, appconfig_env.sub.deep, appconfig_env.testing, appconfig_env.bare
print(sum(str(one).endswith(".bundle") for one in opened))
"""
    assert run(package, script) == ["2"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no bundle",
        VALID[:8],
        VALID[:-1],
        VALID + b"\0",
        VALID[:INDEX_ENDS],
        bytes(8) + VALID[8:],
        VALID[:8] + b"\xff\xff\xff" + VALID[11:],
        VALID[:11] + marshal.dumps(None),
    ],
)
def test_an_invalid_bundle_is_ignored(package: Path, data: bytes) -> None:
    path(package).write_bytes(data)

    assert run(package, ORIGINS) == FROM_SOURCES


def test_an_invalid_section_is_ignored_and_others_are_used(package: Path) -> None:
    path(package).write_bytes(VALID[:-1] + bytes([VALID[-1] ^ 1]))

    assert run(package, ORIGINS) == FROM_BUNDLE[:3] + ["source"] * 2


def test_a_bundle_that_disappears_is_ignored(package: Path) -> None:
    script = f"""
import os
from appconfig_env import first
os.remove({str(path(package))!r})
from appconfig_env import testing, sub
print(first.ORIGIN, testing.ORIGIN, sub.ORIGIN)
"""
    assert run(package, script) == ["bundle source source"]


@pytest.mark.parametrize("version", sorted(set(PYTHONS) - {f"3.{sys.version_info[1]}"}))
def test_byte_code_of_another_python_is_ignored(package: Path, version: str) -> None:
    path(package).write_bytes(bundle_of(*BUNDLED, python=PYTHONS[version]))

    assert run(package, ORIGINS) == FROM_SOURCES


def test_without_a_bundle_modules_are_imported_from_sources(package: Path) -> None:
    path(package).unlink()

    assert run(package, ORIGINS) == FROM_SOURCES


def test_a_folder_in_place_of_a_bundle_is_ignored(package: Path) -> None:
    path(package).unlink()
    path(package).mkdir()

    assert run(package, ORIGINS) == FROM_SOURCES


@pytest.fixture(scope="module")
def damaged() -> Iterator[Path]:
    """A package whose bundle the next tests write."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        yield Path(folder)


@given(data=st.binary())
@settings(max_examples=30, deadline=None)
def test_any_bytes_as_a_bundle_are_ignored(damaged: Path, data: bytes) -> None:
    path(damaged).write_bytes(data)

    assert run(damaged, ORIGINS) == FROM_SOURCES


@given(at=st.integers(0, len(VALID) - 1), change=st.integers(1, 255))
@settings(max_examples=30, deadline=None)
def test_a_single_changed_byte_is_detected(damaged: Path, at: int, change: int) -> None:
    data = VALID[:at] + bytes([VALID[at] ^ change]) + VALID[at + 1 :]
    path(damaged).write_bytes(data)

    # The module of another section may be intact; what was changed is never used.
    assert run(damaged, ORIGINS) in (
        FROM_SOURCES,
        FROM_BUNDLE[:3] + ["source"] * 2,
        ["source"] * 3 + FROM_BUNDLE[3:],
    )


def test_a_module_from_a_bundle_has_the_attributes_of_one_from_source(package: Path) -> None:
    script = """
import appconfig_env.sub.deep, appconfig_env.testing, importlib, inspect, pkgutil
for module in (appconfig_env.sub, appconfig_env.sub.deep, appconfig_env.testing):
    spec = module.__spec__
    assert spec.has_location and spec.origin == module.__file__ == inspect.getsourcefile(module)
    assert module.__loader__ is spec.loader and module.__package__ == spec.parent
    assert "# quoted" in spec.loader.get_source(spec.name) == inspect.getsource(module)
    assert spec.loader.is_package(spec.name) == hasattr(module, "__path__")
    assert module.fail.__code__.co_filename == module.__file__
    print(spec.name, module.__file__, *getattr(module, "__path__", ()))
    assert importlib.reload(module).ORIGIN == "bundle"
print(*sorted(info.name for info in pkgutil.iter_modules(appconfig_env.__path__)))
"""
    here = package / "appconfig_env"

    assert run(package, script) == [
        f"appconfig_env.sub {here}/sub/__init__.py {here}/sub",
        f"appconfig_env.sub.deep {here}/sub/deep.py",
        f"appconfig_env.testing {here}/testing.py",
        "_bytecode_bundle bare first sub testing",
    ]


def test_tracebacks_quote_the_source_line(package: Path) -> None:
    script = """
import traceback
from appconfig_env.sub import deep
try:
    deep.fail()
except ValueError:
    print(traceback.format_exc())
"""
    traceback = "\n".join(run(package, script))

    assert f'File "{package}/appconfig_env/sub/deep.py", line 3, in fail\n' in traceback
    assert "    raise ValueError(ORIGIN)  # quoted\n" in traceback
    assert "ValueError: bundle" in traceback


def test_a_missing_module_is_the_usual_import_error(package: Path) -> None:
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
    from_package, from_subpackage = run(package, script)

    assert from_package.startswith("cannot import name 'nowhere' from 'appconfig_env'")
    name = "appconfig_env.sub.nowhere"
    assert from_subpackage == f"No module named {name!r} {name}"


def test_after_invalidate_caches_new_sources_are_found_and_the_bundle_still_used(
    package: Path,
) -> None:
    script = f"""
import importlib, pathlib
from appconfig_env import bare
pathlib.Path({str(package)!r}, "appconfig_env", "new.py").write_text("ORIGIN = 'new'")
importlib.invalidate_caches()
from appconfig_env import first, new
print(first.ORIGIN, new.ORIGIN)
"""
    assert run(package, script) == ["bundle new"]


# `top` imports all others: from its own package, from another one and from inside that.
CHAIN = {
    "top.py": "from . import middle\nfrom .sub.deep import NAME\nDONE.append(__name__)\n",
    "middle.py": "from .bottom import DONE\nDONE.append(__name__)\n",
    "bottom.py": "DONE = [__name__]\n",
    "sub/__init__.py": "from ..bottom import DONE\nfrom . import near\nDONE.append(__name__)\n",
    "sub/near.py": "from ..bottom import DONE\nDONE.append(__name__)\n",
    "sub/deep.py": "NAME = __name__\nfrom ..bottom import DONE\nDONE.append(NAME)\n",
}
CHAIN["top.py"] = "from .bottom import DONE\n" + CHAIN["top.py"]
SHOW_CHAIN = """
from appconfig_env import _bytecode_bundle
loaded = []
original = _bytecode_bundle.BundleFinder.find_spec
def find_spec(self, name, target=None):
    loaded.append(name)
    return original(self, name, target)
_bytecode_bundle.BundleFinder.find_spec = find_spec
import appconfig_env.top
print(*(name.removeprefix("appconfig_env.") for name in appconfig_env.bottom.DONE))
print(*(name.removeprefix("appconfig_env.") for name in loaded))
for name in ("middle", "bottom", "sub", "sub.near", "sub.deep"):
    module = sys.modules["appconfig_env." + name]
    spec = module.__spec__
    assert (spec.name, spec.origin) == (module.__name__, module.__file__)
    assert (spec.parent, spec.loader) == (module.__package__, module.__loader__)
    assert spec.submodule_search_locations == getattr(module, "__path__", None)
    assert getattr(module, "__cached__", spec.cached) == spec.cached  # none since CPython 3.15
    parent, _, child = module.__name__.rpartition(".")
    assert getattr(sys.modules[parent], child) is module
"""


@pytest.fixture
def chain(package: Path) -> Path:
    for file, source in CHAIN.items():
        (package / "appconfig_env" / file).write_text(source)
    path(package).write_bytes(bundle_of_sources(CHAIN))
    return package


def test_what_a_module_imports_is_loaded_before_it_as_if_it_were_imported(chain: Path) -> None:
    order = "bottom middle sub.near sub sub.deep top"

    done, by_the_import_system = run(chain, SHOW_CHAIN)

    assert done == order
    assert by_the_import_system == "top sub.near"


def test_while_another_thread_runs_only_the_import_system_loads_modules(chain: Path) -> None:
    thread = """
import _thread
lock = _thread.allocate_lock()
lock.acquire()
_thread.start_new_thread(lock.acquire, ())
while not _thread._count():
    pass
"""
    done, by_the_import_system = run(chain, thread + SHOW_CHAIN + "lock.release()")

    assert sorted(done.split()) == sorted(by_the_import_system.split())


CACHED = 'getattr(module, "__cached__", spec.cached) == spec.cached'


def test_without_its_bundle_the_order_is_the_same(chain: Path) -> None:
    with_bundle = run(chain, SHOW_CHAIN)[0]
    path(chain).unlink()

    assert run(chain, SHOW_CHAIN.replace(CACHED, "True"))[0] == (with_bundle)


def test_a_module_that_fails_is_not_left_half_loaded(chain: Path) -> None:
    sources = {**CHAIN, "middle.py": "from .bottom import DONE\nraise ValueError(__name__)\n"}
    path(chain).write_bytes(bundle_of_sources(sources))
    script = """
for _ in range(2):
    try:
        import appconfig_env.top
    except ValueError as error:
        print(error, *sorted(n[14:] for n in sys.modules if n.startswith("appconfig_env.")))
"""
    left = "appconfig_env.middle _bytecode_bundle bottom"

    assert run(chain, script) == [left, left]


def test_other_packages_imports_never_reach_the_finder(package: Path) -> None:
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


def test_the_reader_imports_only_modules_that_are_loaded_at_startup(package: Path) -> None:
    # A layer's byte code does not import __future__.
    script = "before = set(sys.modules); import appconfig_env; print(*set(sys.modules) - before)"

    (loaded,) = run(package, script)

    assert set(loaded.split()) == {"__future__", "appconfig_env", "appconfig_env._bytecode_bundle"}


def test_a_checkout_does_not_import_the_reader() -> None:
    script = """
import appconfig_env._cli.main
print('appconfig_env._bytecode_bundle' in sys.modules)
"""

    assert run(READER.parent.parent, script) == ["False"]


def test_a_package_in_a_zip_is_imported_by_pythons_own_importer(tmp_path: Path) -> None:
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
