"""The layer as a function finds it in /opt: bytes, modes, and byte code for everything."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import marshal
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli import layer as _layer
from appconfig_env._cli.layer import anchors, prebuilt
from appconfig_env._cli.layer.bytecode import OURS, CompileError, compile_all
from appconfig_env._cli.layer.files import (
    COMMAND,
    EXCLUDED,
    FIRST_LINE,
    IN_LAYER,
    OF_COMMAND,
    LayerError,
    is_excluded,
    plain_files,
)
from appconfig_env._cli.layer.minify import without_comments
from appconfig_env._cli.layer.parts import (
    FINDERS,
    HELPER,
    REST,
    SECTIONS,
    UNCOMPILED,
    section_of,
)
from appconfig_env._cli.layer.prebuilt import FOLDER, Prebuilt
from appconfig_env._cli.layer.pythons import PYTHONS as SUPPORTED
from appconfig_env._cli.layer.pythons import tag

from ..support.layers import unpacked
from ..support.paths import ROOT
from ..support.pythons import PYTHONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..support.fake_aws import FakeAws

TAG = sys.implementation.cache_tag
DATE = (1980, 1, 1, 0, 0, 0)
EVERY_TAG = tuple(f"cpython-3{minor}" for minor in (11, 12, 13, 14, 15))


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layer with the byte code of the running Python."""
    path = tmp_path_factory.mktemp("layer") / "layer.zip"
    _layer.build(path, pythons=[sys.executable])
    return path


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> _layer.Layer:
    """The layer as it is published, for every supported Python."""
    return _layer.build(tmp_path_factory.mktemp("every") / "layer.zip")


@pytest.fixture
def opt(layer: Path, tmp_path: Path) -> Path:
    """The layer as Lambda unpacks it: its files, with their modes."""
    return unpacked(layer, tmp_path / "opt")


def names(layer: Path) -> list[str]:
    with zipfile.ZipFile(layer) as archive:
        return archive.namelist()


def cached(name: str) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder}/__pycache__/{file.removesuffix('.py')}.{TAG}.pyc"


def bundled(layer: Path) -> dict[str, str]:
    """The source files whose byte code is in the bundle, and the section of each."""
    with zipfile.ZipFile(layer) as archive:
        data = archive.read(f"{OURS}__pycache__/modules.{TAG}.bundle")
    modules, _ = marshal.loads(data[11:])
    return {OURS + file: SECTIONS[section] for file, section, *_ in modules.values()}


def run_under_wrapper(
    opt: Path, local: Path, script: str, python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Run a script as Lambda runs its runtime: with the layer's wrapper.

    It can import from /opt/python and the standard library, but not from this environment.
    """
    local.mkdir(exist_ok=True)
    (local / "ssm.env").write_text("/shop/prod/db-host=localhost\n")
    program = f"import sys; sys.path.insert(0, {str(opt / 'python')!r}); {script}"
    return subprocess.run(
        [opt / "appconfig-env", python, "-I", "-S", "-c", program],
        env={
            "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/",
            "APPCONFIG_ENV_LOCAL_DIR": str(local),
            "APPCONFIG_ENV_SNAPSHOT": str(local / "snapshot.json"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


GET = "import os, appconfig_env; print(os.environ['DB_HOST'], appconfig_env.get('DB_HOST'))"


def test_two_builds_have_the_same_bytes(layer: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"

    words = ["--python", sys.executable, "--output", str(again), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "appconfig_env._cli.layer", *words],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        check=True,
        capture_output=True,
    )

    # Hashes, because pytest would take minutes to show how two zips differ.
    one, other = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (layer, again))
    assert one == other
    found = json.loads(done.stdout)
    assert (found["path"], found["size_bytes"]) == (str(again), again.stat().st_size)
    assert found["byte_code"] == [f"cpython-{sys.version_info[0]}{sys.version_info[1]}"]
    bills = [path.with_suffix(".cdx.json").read_text() for path in (layer, again)]
    assert bills[0] == bills[1]


def test_it_has_the_byte_code_of_every_supported_python_and_is_smaller_than_its_limit(
    every: _layer.Layer,
) -> None:
    assert every.byte_code == EVERY_TAG
    assert every.size_bytes == every.path.stat().st_size < _layer.LIMIT_BYTES
    assert _layer.LIMIT_BYTES == 2 * 1024 * 1024, "the limit that docs/reliability.md states"
    assert str(every).endswith(f" KiB, byte code for {', '.join(EVERY_TAG)}")


def test_it_contains_amazon_s_roots_by_their_hash(layer: Path) -> None:
    found = {name for name in names(layer) if "/anchors/" in name}
    assert found == {f"python/appconfig_env/anchors/{name}" for name in anchors.roots()}
    assert len(found) == 5


def test_it_contains_the_wrapper_the_package_tenacity_and_dotenv(layer: Path) -> None:
    found = names(layer)
    package = {
        f"python/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "appconfig_env").rglob("*.py")
        if not is_excluded(path.relative_to(ROOT).as_posix())
    }

    assert package <= set(found)
    assert {"python/tenacity/__init__.py", "python/dotenv/main.py"} <= set(found)
    assert {name.split("/")[0] for name in found} == {"appconfig-env", "python"}


def test_it_does_not_contain_boto3(layer: Path) -> None:
    assert not [name for name in names(layer) if "boto" in name and "appconfig_env" not in name]


def test_only_the_wrapper_is_executable(layer: Path) -> None:
    with zipfile.ZipFile(layer) as archive:
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}

    assert modes.pop("appconfig-env") == 0o100755
    assert set(modes.values()) == {0o100644}


def test_entries_are_sorted_and_do_not_contain_the_build_time(layer: Path) -> None:
    with zipfile.ZipFile(layer) as archive:
        infos = archive.infolist()

    assert {info.date_time for info in infos} == {DATE}
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)


def test_the_wrapper_is_the_checkout_s(opt: Path) -> None:
    assert (opt / "appconfig-env").read_bytes() == (ROOT / "wrapper/appconfig-env").read_bytes()


def test_every_source_has_byte_code_of_this_python(layer: Path) -> None:
    found = names(layer)
    sources = {name for name in found if name.endswith(".py")} - set(UNCOMPILED)
    files = {name for name in sources if cached(name) in found}
    ours = bundled(layer).keys()

    assert files | ours == sources
    assert len(files) + len(ours) == len(sources), "once each"
    assert {name for name in files if name.startswith(OURS)} == set(FINDERS)
    assert all(name.startswith(OURS) for name in ours)


SHOW = """
from appconfig_env._bytecode_bundle import BUNDLE

def show():
    ours = [name for name in BUNDLE.modules if name in sys.modules]
    print(*BUNDLE.sections, "|", *(BUNDLE.modules[name][0] for name in ours))
"""


def test_a_process_reads_only_the_sections_that_it_needs(
    opt: Path, layer: Path, tmp_path: Path, fake_aws: FakeAws
) -> None:
    fake_aws.put_profile("shop", "prod", "flags", {"checkout": {"enabled": True, "limit": 3}})
    fake_aws.put_parameter("/shop/prod/host", "localhost")
    fake_aws.put_secret("db", "secret")
    wrapper = f"""
import os, sys
package = sys.modules["appconfig_env"] = type(sys)("appconfig_env")  # as __main__.py has it
package.__path__ = [{str(opt / "python" / "appconfig_env")!r}]
{SHOW}
import appconfig_env._late_site
from appconfig_env._wrapper.main import main
main(["/bin/true"], dict(os.environ), execve=lambda path, words, environ: show())
"""
    helper = f"""
import sys
sys.path.insert(0, {str(opt / "python")!r})
import appconfig_env
{SHOW}
show()
appconfig_env.refresh()
print(appconfig_env.get("CHECKOUT_LIMIT", type=int), appconfig_env.flag("checkout").enabled)
appconfig_env.document("appconfig:shop/prod/flags")
appconfig_env.status()
show()
"""
    environ = {
        **fake_aws.environ(),
        "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/flags ssm:/shop/prod/",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "PASSWORD": "secretsmanager:db",
    }

    (wrapped,) = output_of(wrapper, environ)
    fake_aws.forward(60)  # else it would refuse the next poll
    imported, values, used = output_of(helper, environ)

    read, _, files = wrapped.partition(" | ")
    assert read == "0", "the wrapper reads the first section"
    needless = {OURS + file for file in files.split()} ^ {
        file for file, section in bundled(layer).items() if section == "start"
    }
    assert needless == set(), "and all of it; list others as HELPER or REST in layer/parts.py"
    assert imported.startswith("1 | "), "the import of the helper reads the second one"
    assert values == "3 True"
    assert set(used.partition(" | ")[0].split()) == {"0", "1"}


def output_of(script: str, environ: dict[str, str]) -> list[str]:
    """The lines that a script prints, without site-packages."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_module_is_in_the_section_of_the_first_list_that_has_it() -> None:
    found = {name: section_of(OURS + name) for name in (
        "_helper/helper.py", "_helper/static_store.py", "_wrapper/main.py", "_cli/main.py",
    )}  # fmt: skip

    assert list(found.values()) == ["helper", "rest", "start", "rest"]


def test_it_contains_the_licence_of_each_package(layer: Path) -> None:
    licences = [name for name in names(layer) if name.endswith("LICENSE")]

    for prefix in ("python/appconfig_env/", "python/tenacity-", "python/python_dotenv-"):
        assert len([name for name in licences if name.startswith(prefix)]) == 1


def test_importlib_metadata_finds_the_versions_of_its_packages(opt: Path) -> None:
    for name in ("appconfig-env", "tenacity", "python-dotenv"):
        (found,) = metadata.Distribution.discover(name=name, path=[str(opt / "python")])
        assert found.version == metadata.version(name)


def test_it_has_a_version_and_the_class_of_its_flags(opt: Path) -> None:
    script = f"""
import sys
sys.path.insert(0, {str(opt / "python")!r})
import appconfig_env
print(appconfig_env.__version__, appconfig_env.Flag("checkout", enabled=True))
"""
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False
    )

    expected = f"{metadata.version('appconfig-env')} <Flag checkout on ()>\n"
    assert (result.stdout, result.stderr) == (expected, "")


def test_a_function_starts_from_byte_code_without_sources(opt: Path, tmp_path: Path) -> None:
    # Byte code is used if and only if it works without the sources. The only exception is the file
    # that is run by path: Python compiles it each time, so it has only a few lines.
    for path in opt.rglob("*.py"):
        if path.name != "__main__.py":
            path.write_text("raise SystemExit('compiled from ' + __file__)\n")

    result = run_under_wrapper(opt, tmp_path / "local", f"import tenacity, dotenv; {GET}")

    assert (result.returncode, result.stdout) == (0, "localhost localhost\n"), result.stderr


def test_a_module_that_only_the_compiler_needs_is_not_imported(opt: Path, tmp_path: Path) -> None:
    result = run_under_wrapper(
        opt, tmp_path / "local", f"{GET}; print('__future__' in sys.modules)"
    )

    assert result.stdout == "localhost localhost\nFalse\n", result.stderr


def test_a_function_starts_in_a_read_only_folder(opt: Path, tmp_path: Path) -> None:
    before = sorted(opt.rglob("*"))
    for path in (opt, *before):
        path.chmod(path.stat().st_mode & 0o555)

    result = run_under_wrapper(opt, tmp_path / "local", GET)

    for path in (opt, *before):
        path.chmod(path.stat().st_mode | 0o200)  # so that the folder can be removed
    assert (result.returncode, result.stdout) == (0, "localhost localhost\n"), result.stderr
    assert sorted(opt.rglob("*")) == before


def test_the_layer_sets_no_path_of_python_or_of_the_loader(opt: Path, tmp_path: Path) -> None:
    script = "import os; print(sorted(name for name in os.environ if 'PATH' in name))"

    result = run_under_wrapper(opt, tmp_path / "local", script)

    set_by_a_shell = {"PATH"}
    assert set(ast.literal_eval(result.stdout)) <= set_by_a_shell, result.stderr


def test_a_python_without_byte_code_in_the_layer_runs_the_sources(tmp_path: Path) -> None:
    _layer.build(tmp_path / "layer.zip", pythons=[])
    opt = unpacked(tmp_path / "layer.zip", tmp_path / "opt")

    result = run_under_wrapper(opt, tmp_path / "local", GET)

    assert (result.returncode, result.stdout) == (0, "localhost localhost\n"), result.stderr


def test_our_sources_are_the_same_programs_line_for_line_without_comments(opt: Path) -> None:
    for path in (opt / "python" / "appconfig_env").rglob("*.py"):
        ours = (ROOT / path.relative_to(opt / "python")).read_text()
        text = path.read_text()
        if path.name == "__main__.py":
            ours = ours.replace(*IN_LAYER)
        if path == opt / FINDERS[0]:
            # The layer's only added line: it replaces the docstring, and shifts no other line.
            first, text = text[: len(FIRST_LINE)], '""\n' + text[len(FIRST_LINE) :]
            assert first == FIRST_LINE
        assert program(text) == program(ours), path
        assert len(text.splitlines()) == len(ours.splitlines()), path


def test_copied_sources_are_the_same_programs_with_their_notices_and_a_note_of_the_change(
    opt: Path,
) -> None:
    for name in ("tenacity", "dotenv"):
        for path in (opt / "python" / name).rglob("*.py"):
            relative = path.relative_to(opt / "python").as_posix()
            theirs = metadata.distribution(DISTRIBUTIONS[name]).locate_file(relative)
            text, original = path.read_text(), Path(str(theirs)).read_text()
            assert program(text) == program(original), path
            assert text.splitlines()[-1].startswith("# Changed for this layer"), path
            notices = [line for line in original.splitlines()[:12] if "Copyright" in line]
            assert all(line in text for line in notices), path


DISTRIBUTIONS = {"tenacity": "tenacity", "dotenv": "python-dotenv"}


PLACED = (ast.stmt, ast.expr, ast.arg, ast.keyword, ast.alias, ast.excepthandler, ast.pattern)


def program(source: str) -> str:
    """A source's behaviour and line numbers: its syntax without docstrings and types."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
        body = getattr(node, "body", None)
        match body:
            case [ast.Expr(ast.Constant(str())), *_]:
                del body[0]
        if isinstance(node, PLACED):
            # Columns change where a type was removed; a docstring can be the whole body.
            node.col_offset = 0
            node.end_lineno = node.end_col_offset = None
    return ast.dump(tree, include_attributes=True)


def test_a_number_sign_in_a_string_is_not_a_comment() -> None:
    source = 'x = "#a"  # b\n\n\ndef f():\n    """C.\n\n    # d\n    """\n'

    assert without_comments(source) == 'x = "#a"\n\n\ndef f():\n    ""\n\n\n\n'


def test_types_of_functions_are_removed_if_they_are_on_one_line() -> None:
    source = (
        "def f(a: int, *b: 'é', c: dict[str, int] = {}, **d: 'ö') -> None: ...\n"
        "async def g(\n    a: int = 1,  # x\n    b: list[\n        int] = [],\n) -> list[int]:\n"
        "    x: int = 1; y = lambda z: z if False else x\n"
    )

    assert without_comments(source) == (
        "def f(a, *b, c = {}, **d): ...\n"
        "async def g(\n    a = 1,\n    b: list[\n        int] = [],\n):\n"
        "    x: int = 1; y = lambda z: z if False else x\n"
    )


def test_byte_code_keeps_the_line_of_every_instruction() -> None:
    far = "\n" * 3000
    source = f"""
def f(x):
    y = [x.a.b(
        z, {far} x[1].c,
    ) for z in x if z]
    try:
        with x: return (
            1 / {far} 0)
    except (A,
            B) as error: raise C( {far} ) from error
    finally:
        yield {{'a': {far} 1, **x, 'b': y}}
class D(f): e = lambda: ({far} f)
"""

    (compiled,) = compile_all({"a.py": source}, [sys.executable])

    made = marshal.loads(compiled.code["a.py"][16:])
    plain = compile(source, "a.py", "exec", dont_inherit=True, optimize=2)
    assert lines_of(made) == lines_of(plain)
    assert len(lines_of(made)) > 3


def lines_of(code: CodeType) -> list[list[tuple[int, int, int | None]]]:
    """The lines of a code object and of each one in it."""
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    return [list(code.co_lines()), *(lines for one in inner for lines in lines_of(one))]


def test_tracebacks_quote_the_line(opt: Path, tmp_path: Path) -> None:
    result = run_under_wrapper(
        opt, tmp_path / "local", "import appconfig_env; appconfig_env.document(1)"
    )

    assert f'File "{opt}/python/appconfig_env/_helper/helper.py", line ' in result.stderr
    assert "\n    raise error" in result.stderr


@pytest.mark.parametrize("version", PYTHONS)
def test_each_available_python_of_lambda_uses_all_its_byte_code(
    version: str, tmp_path: Path
) -> None:
    built = _layer.build(tmp_path / "layer.zip", pythons=[PYTHONS[version]])

    tag = f"cpython-{version.replace('.', '')}"
    assert built.byte_code == (tag,)
    assert str(built).endswith(f" KiB, byte code for {tag}")

    opt = unpacked(built.path, tmp_path / "opt")
    script = f"""{GET}
from appconfig_env._backends import local
from appconfig_env._config import settings
from appconfig_env._helper import helper
print(*{{type(module.__loader__).__name__ for module in (helper, local, settings)}})"""
    for loader in ("BundleLoader", "SourceFileLoader"):
        result = run_under_wrapper(opt, tmp_path / loader, script, PYTHONS[version])
        assert result.stdout == f"localhost localhost\n{loader}\n", result.stderr
        for path in opt.rglob("*.bundle"):
            path.unlink()


MODEL = """
from dataclasses import dataclass
import appconfig_env
@dataclass
class Settings:
    db_host: str
    tags: list[int] | None = None
settings = appconfig_env.bind(Settings)
print(settings.db_host, settings.tags, isinstance(settings, Settings))
"""


@pytest.mark.parametrize("version", PYTHONS)
def test_a_model_is_bound_where_the_sources_have_no_annotations(
    version: str, tmp_path: Path
) -> None:
    built = _layer.build(tmp_path / "layer.zip", pythons=[PYTHONS[version]])
    opt = unpacked(built.path, tmp_path / "opt")

    result = run_under_wrapper(opt, tmp_path / "local", MODEL, PYTHONS[version])

    assert result.stdout == "localhost None True\n", result.stderr


OPENED = """
import os, sys
def audit(event, arguments):
    if event == "open" and str(arguments[0]).startswith(sys.argv[1]):
        print(arguments[0][len(sys.argv[1]):], file=sys.__stderr__)
sys.addaudithook(audit)
sys.path.insert(0, sys.argv[1] + "/python")
import appconfig_env
print(appconfig_env.get("DB_HOST"))
"""


@pytest.mark.parametrize("version", PYTHONS)
def test_the_byte_code_of_other_pythons_costs_a_cold_start_nothing(
    version: str, every: _layer.Layer, tmp_path: Path
) -> None:
    tag = f"cpython-{version.replace('.', '')}"
    alone = _layer.build(tmp_path / "alone.zip", pythons=[version])
    (tmp_path / "ssm.env").write_text("/shop/prod/db-host=localhost\n")
    opened = []
    for layer in (every, alone):
        assert tag in layer.byte_code
        opt = unpacked(layer.path, tmp_path / layer.path.stem)
        done = subprocess.run(
            [PYTHONS[version], "-I", "-S", "-c", OPENED, str(opt)],
            env={
                "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/",
                "APPCONFIG_ENV_LOCAL_DIR": str(tmp_path),
                "APPCONFIG_ENV_SNAPSHOT": f"{opt}.json",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "localhost\n"), done.stderr
        opened.append([line for line in done.stderr.splitlines() if line.startswith("/python/")])
        assert all(f".{tag}." in name for name in opened[-1]), "byte code of this Python alone"

    assert opened[0] == opened[1]
    with zipfile.ZipFile(every.path) as whole, zipfile.ZipFile(alone.path) as part:
        assert {name: whole.read(name) for name in part.namelist()} == {
            name: part.read(name) for name in part.namelist()
        }


def test_a_zip_that_would_reach_the_limit_is_refused(tmp_path: Path) -> None:
    whole = _layer.build(tmp_path / "whole.zip", pythons=[sys.executable])
    (tmp_path / "other").mkdir()
    larger = _layer.build(
        tmp_path / "other" / "one.zip",
        pythons=[sys.executable],
        limit_bytes=whole.size_bytes + 1,
    )

    assert larger.size_bytes == whole.size_bytes
    for output in (tmp_path / "other" / "two.zip", tmp_path / "other"):
        with pytest.raises(LayerError) as caught:
            _layer.build(output, pythons=[sys.executable], limit_bytes=whole.size_bytes)
        size = f"{whole.size_bytes / 1024:,.1f}"
        assert str(caught.value) == (
            f"the zip would have {size} KiB, expected less than {size}; "
            "name fewer Pythons with --python, or set a higher --limit"
        )
    assert {path.name for path in (tmp_path / "other").iterdir()} == {"one.zip", "one.cdx.json"}


# What the package brings along: byte code.


def layer_sources() -> dict[str, str]:
    return {file.name: file.data.decode() for file in plain_files() if file.name.endswith(".py")}


def test_byte_code_is_brought_along_for_every_supported_python() -> None:
    names = {f"{tag(python)}.bytecode" for python in SUPPORTED}

    assert {path.name for path in FOLDER.iterdir()} == names
    for python in SUPPORTED:
        content = prebuilt.read(tag(python))
        assert content is not None
        assert content.python.startswith(python.removeprefix("python"))


def test_it_is_of_these_sources() -> None:
    stale = {
        python: content.stale(layer_sources()) if (content := prebuilt.read(tag(python))) else [""]
        for python in SUPPORTED
    }

    assert not any(stale.values()), "run `make bytecode`, and commit what it writes"


@pytest.mark.parametrize("version", PYTHONS)
def test_it_is_what_that_python_compiles(version: str) -> None:
    content = prebuilt.read(tag(f"python{version}"))
    assert content is not None
    shown = subprocess.run(
        [PYTHONS[version], "-c", "import platform; print(platform.python_version())"],
        capture_output=True,
        text=True,
        check=True,
    )
    if shown.stdout.strip() != content.python:
        pytest.skip(f"made by {content.python}; other patch versions may compile differently")
    sources = layer_sources()
    fresh = {name: sources[name] for name in sources if name not in content.stale(sources)}

    (compiled,) = compile_all(fresh, [PYTHONS[version]])

    assert [name for name, code in compiled.code.items() if code != content.code[name]] == []


SOURCES = {"python/appconfig_env/a.py": "A = 1\n", "python/tenacity/b.py": "B = 2\n"}


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    """A folder with byte code of SOURCES for every supported Python, made by this one."""
    (compiled,) = compile_all(SOURCES, [sys.executable])
    content = Prebuilt("3.13.0", {"tenacity": "9.1.2", "python-dotenv": "1.2.3"}, compiled.code)
    for python in SUPPORTED:
        prebuilt.write(tag(python), content, tmp_path / "prebuilt")
    return tmp_path / "prebuilt"


@pytest.fixture
def one_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose only Python is the running one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    for variable in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.usefixtures("one_python")
def test_a_machine_with_one_python_has_the_byte_code_of_all(brought: Path) -> None:
    compiled = compile_all(SOURCES, None, brought)

    assert tuple(one.tag for one in compiled) == EVERY_TAG
    assert all(one.code.keys() == SOURCES.keys() for one in compiled)


@pytest.mark.usefixtures("one_python")
@pytest.mark.parametrize("name", ["3.12", "python3.12"])
def test_a_named_python_s_byte_code_needs_no_interpreter(brought: Path, name: str) -> None:
    (compiled,) = compile_all(SOURCES, [name], brought)

    assert (compiled.tag, compiled.version) == ("cpython-312", (3, 12))


OTHERS = ", ".join(
    v
    for v in ("3.11", "3.12", "3.13", "3.14", "3.15")
    if v != f"{sys.version_info[0]}.{sys.version_info[1]}"
)
FOUND = "and no such Python was found on PATH, of pyenv or of uv"


@pytest.mark.usefixtures("one_python")
@pytest.mark.parametrize(
    ("changed", "reason", "remedy"),
    [
        (
            {"python/tenacity/b.py": "B = 3\n"},
            "this package has it for tenacity==9.1.2 and python-dotenv==1.2.3 only",
            "run pip install tenacity==9.1.2 python-dotenv==1.2.3, install them",
        ),
        (
            {"python/appconfig_env/a.py": "A = 3\n"},
            "appconfig_env/a.py changed since `make bytecode`",
            "install them",
        ),
        (
            {
                "python/appconfig_env/a.py": "",
                "python/appconfig_env/c.py": "",
                "python/tenacity/b.py": "",
            },
            "appconfig_env/a.py and 1 more changed since `make bytecode`",
            "install them",
        ),
    ],
)
def test_without_some_byte_code_no_layer_is_built(
    brought: Path, changed: dict[str, str], reason: str, remedy: str
) -> None:
    with pytest.raises(CompileError) as caught:
        compile_all({**SOURCES, **changed}, None, brought)

    assert str(caught.value) == (
        f"no byte code for CPython {OTHERS}: {reason}, {FOUND}; {remedy}, "
        "or name others with --python"
    )


@pytest.mark.usefixtures("one_python")
def test_a_copy_without_byte_code_says_so(tmp_path: Path) -> None:
    with pytest.raises(CompileError) as caught:
        compile_all(SOURCES, None, tmp_path / "none")

    assert str(caught.value).startswith(
        f"no byte code for CPython {OTHERS}: this copy of appconfig-env was packed without it, "
    )


def test_byte_code_of_other_sources_is_compiled_again(brought: Path) -> None:
    (compiled,) = compile_all({**SOURCES, "python/tenacity/b.py": "B = 3\n"}, [OWN], brought)

    (expected,) = compile_all({**SOURCES, "python/tenacity/b.py": "B = 3\n"}, [sys.executable])
    assert compiled == expected


def test_what_is_brought_along_survives_its_file(tmp_path: Path) -> None:
    content = Prebuilt("3.13.0", {"a": "1"}, {"b.py": bytes(range(256)), "a.py": b"\n"})

    prebuilt.write("cpython-313", content, tmp_path)
    before = prebuilt.path("cpython-313", tmp_path).read_bytes()
    prebuilt.write("cpython-313", content, tmp_path)

    assert prebuilt.read("cpython-313", tmp_path) == content
    assert prebuilt.path("cpython-313", tmp_path).read_bytes() == before
    assert prebuilt.read("cpython-312", tmp_path) is None


def test_building_into_a_folder_writes_the_same_files_as_in_the_zip(
    opt: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "artifacts"
    folder.mkdir()

    _layer.build(folder, pythons=[sys.executable])

    assert modes(folder) == modes(opt)


def test_only_the_owner_may_write_files_built_into_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    folder.mkdir()

    words = ["--python", sys.executable, "--output", str(folder)]
    subprocess.run(
        [sys.executable, "-m", "appconfig_env._cli.layer", *words],
        cwd=ROOT,
        umask=0,
        check=True,
        capture_output=True,
    )

    assert [path for path in folder.rglob("*") if path.stat().st_mode & 0o7022] == []


def modes(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mode, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_every_file_with_special_treatment_exists(layer: Path) -> None:
    found = names(layer)
    dotenv = Path(str(metadata.distribution("python-dotenv").locate_file("dotenv")))
    every = [
        path.relative_to(root.parent).as_posix()
        for root in (ROOT / "appconfig_env", dotenv)
        for path in root.rglob("*.py")
    ]

    for start in EXCLUDED:
        assert any(name.startswith(start) for name in every), start
        assert not [name for name in found if name.startswith(f"python/{start}")]
    of_command = {name for name in found if name.startswith(f"python/{COMMAND}")}
    assert of_command == {f"python/{COMMAND}{name}" for name in OF_COMMAND}
    for start in (*HELPER, *REST, *FINDERS):
        assert any(name.startswith(start) for name in found), start


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--python", "/no/such/python"], "/no/such/python: not found on PATH"),
        (["--python", "/bin/false"], "/bin/false cannot compile (exit code 1); pass another"),
    ],
)
def test_an_invalid_python_is_an_error(
    words: Sequence[str], error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _layer.main([*words, "--output", str(tmp_path / "layer.zip")])

    assert code == 1
    assert error in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


OWN = "{}.{}".format(*sys.version_info)
# What pyenv's shims print, and what Python itself prints.
SHIM = """\
pyenv: python3.9: command not found

The `python3.9' command exists in these Python versions:
  3.9.18

Note: See 'pyenv help global' for tips on allowing both
      Python versions to be found at the same time.
"""
SYNTAX = """\
  File "<string>", line 2
    import __future__, ast
SyntaxError: invalid syntax
"""


def script(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (
            SHIM,
            (
                "pyenv: python3.9: command not found The `python3.9' command exists in these "
                "Python versions: 3.9.18 Note: See 'pyenv help global' for tips on allowing both "
                "Python versions to be found at the same time."
            ),
        ),
        (SYNTAX, "SyntaxError: invalid syntax"),
    ],
)
def test_the_whole_reason_why_a_python_cannot_compile_is_shown(
    printed: str, reason: str, tmp_path: Path
) -> None:
    python = script(tmp_path / "python", f"cat >&2 <<'END'\n{printed}END\nexit 127")

    with pytest.raises(CompileError) as caught:
        compile_all({}, [python])

    assert str(caught.value) == f"{python} cannot compile ({reason}); pass another --python"


@pytest.mark.parametrize("name", [OWN, f"python{OWN}"])
@pytest.mark.parametrize("manager", ["pyenv", "uv", "PATH"])
def test_a_named_python_is_found_where_version_managers_install_it(
    manager: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {
        "pyenv": tmp_path / ".pyenv" / "versions" / f"{OWN}.1",
        "uv": tmp_path / ".local" / "share" / "uv" / "python" / f"cpython-{OWN}.1-linux",
        "PATH": tmp_path / "other",
    }
    script(tmp_path / "shims" / f"python{OWN}", "exit 127")
    script(folders[manager] / "bin" / f"python{OWN}", f'exec {sys.executable} "$@"')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}/shims:{folders['PATH']}/bin")
    for variable in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)

    (compiled,) = compile_all({}, [name], tmp_path / "none")

    assert compiled.version == sys.version_info[:2]


def run_layer(output: Path) -> subprocess.CompletedProcess[str]:
    """Run `appconfig-env layer`, and return what it printed."""
    words = ["layer", "--python", sys.executable, "--output", str(output)]
    return subprocess.run(
        [sys.executable, "-m", "appconfig_env", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_prints_the_size(tmp_path: Path) -> None:
    output = tmp_path / "new folder" / "layer.zip"

    result = run_layer(output)

    assert result.returncode == 0, result.stderr
    kib = f"{output.stat().st_size / 1024:.1f} KiB"
    assert result.stdout.startswith(f"{output}: {kib}, byte code for {TAG}")


def test_the_command_prints_the_version_and_the_hash_as_lambda_has_it(tmp_path: Path) -> None:
    output = tmp_path / "layer.zip"

    result = run_layer(output)

    # Lambda: "The SHA-256 hash of the layer archive", CodeSha256, which is base64.
    code_sha256 = base64.b64encode(hashlib.sha256(output.read_bytes()).digest()).decode()
    version = metadata.version("appconfig-env")
    assert f"{output}: version {version}, CodeSha256 {code_sha256}" in result.stdout.splitlines()


def test_a_folder_has_no_hash(tmp_path: Path) -> None:
    result = run_layer(tmp_path)

    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 1
    assert "CodeSha256" not in result.stdout


def test_an_output_that_cannot_be_written_is_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    result = run_layer(tmp_path / "file" / "x.zip")

    assert result.returncode == 1
    assert result.stderr == (
        f"appconfig-env: error: cannot write {tmp_path / 'file' / 'x.zip'} (File exists); pass "
        "another --output\n"
    )
    assert result.stderr.count("\n") == 1
