"""The layer as a function finds it in /opt: bytes, modes, and byte code for everything."""

from __future__ import annotations

import ast
import hashlib
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
from appconfig_env._cli.layer import anchors
from appconfig_env._cli.layer.bytecode import CompileError, compile_all, without_comments
from appconfig_env._cli.layer.files import EXCLUDED, FIRST_LINE, IN_LAYER
from appconfig_env._cli.layer.parts import FINDERS, OURS, PARTS, REST, UNCOMPILED

from ..support.layers import unpacked
from ..support.paths import ROOT
from ..support.pythons import PYTHONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..support.fake_aws import FakeAws

TAG = sys.implementation.cache_tag
DATE = (1980, 1, 1, 0, 0, 0)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layer with the byte code of the running Python."""
    path = tmp_path_factory.mktemp("layer") / "layer.zip"
    _layer.build(path, pythons=[sys.executable])
    return path


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


def bundled(layer: Path, part: str) -> set[str]:
    """The source files whose byte code is in a bundle."""
    with zipfile.ZipFile(layer) as archive:
        data = archive.read(f"{OURS}__pycache__/{part}.{TAG}.bundle")
    return {OURS + file for file, _ in marshal.loads(data[8:]).values()}


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

    words = ["--python", sys.executable, "--output", str(again)]
    subprocess.run(
        [sys.executable, "-m", "appconfig_env._cli.layer", *words],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        check=True,
        capture_output=True,
    )

    # Hashes, because pytest would take minutes to show how two zips differ.
    one, other = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (layer, again))
    assert one == other
    bills = [path.with_suffix(".cdx.json").read_text() for path in (layer, again)]
    assert bills[0] == bills[1]


def test_with_every_python_of_this_machine_it_is_smaller_than_its_limit(tmp_path: Path) -> None:
    built = _layer.build(tmp_path / "layer.zip")

    assert TAG in built.byte_code
    assert built.size_bytes == built.path.stat().st_size < _layer.LIMIT_BYTES


def test_it_contains_amazon_s_roots_by_their_hash(layer: Path) -> None:
    found = {name for name in names(layer) if "/anchors/" in name}
    assert found == {f"python/appconfig_env/anchors/{name}" for name in anchors.roots()}
    assert len(found) == 5


def test_it_contains_the_wrapper_the_package_tenacity_and_dotenv(layer: Path) -> None:
    found = names(layer)
    package = {
        f"python/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "appconfig_env").rglob("*.py")
        if not path.relative_to(ROOT).as_posix().startswith(EXCLUDED)
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
    start, rest = bundled(layer, "start"), bundled(layer, "rest")

    assert files | start | rest == sources
    assert len(files) + len(start) + len(rest) == len(sources), "once each"
    assert {name for name in files if name.startswith(OURS)} == set(FINDERS)
    assert all(name.startswith(OURS) for name in start | rest)


def test_an_ordinary_cold_start_and_its_helper_read_only_the_first_bundle(
    opt: Path, tmp_path: Path, fake_aws: FakeAws
) -> None:
    fake_aws.put_profile("shop", "prod", "flags", {"checkout": {"enabled": True, "limit": 3}})
    fake_aws.put_parameter("/shop/prod/host", "localhost")
    fake_aws.put_secret("db", "secret")
    show = (
        "print(*(n for n, m in sys.modules.items() if '/rest.' in str(vars(m).get('__cached__'))))"
    )
    script = f"""
import os, sys
sys.path.insert(0, {str(opt / "python")!r})
import appconfig_env
import appconfig_env._cli.main, appconfig_env._late_site
from appconfig_env._wrapper.main import main

def execve(path, words, environ):
    {show}

main(["/bin/true"], dict(os.environ), execve=execve)
print(appconfig_env.get("CHECKOUT_LIMIT", type=int), appconfig_env.flag("checkout").enabled)
appconfig_env.document("appconfig:shop/prod/flags")
appconfig_env.refresh()
appconfig_env.status()
{show}
"""
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        env={
            **fake_aws.environ(),
            "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/flags ssm:/shop/prod/",
            "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
            "PASSWORD": "secretsmanager:db",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout.splitlines() == ["", "3 True", ""], result.stderr


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
    assert built.byte_code == {tag: PARTS}
    assert built.size_bytes < _layer.LIMIT_BYTES
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


def sizes_of_parts(layer: Path) -> dict[str, int]:
    """Return the size of each part of the byte code, for the Python whose part is largest."""
    sizes = dict.fromkeys(PARTS, 0)
    with zipfile.ZipFile(layer) as archive:
        for info in archive.infolist():
            part = info.filename.rpartition("/")[2].partition(".")[0]
            if part in sizes and info.filename.endswith(".bundle"):
                sizes[part] = max(sizes[part], info.compress_size)
    return sizes


def test_under_a_size_limit_the_byte_code_for_a_cold_start_comes_first(tmp_path: Path) -> None:
    plain = _layer.build(tmp_path / "plain.zip", pythons=[])
    whole = _layer.build(tmp_path / "whole.zip", pythons=[sys.executable])
    sizes = sizes_of_parts(whole.path)
    room = 10_000  # for the archive's headers of each file
    texts = {}
    for number, limit in enumerate(
        [
            plain.size_bytes + room,
            plain.size_bytes + sizes["start"] + room,
            plain.size_bytes + sizes["start"] + sizes["rest"] + room,
            whole.size_bytes + 1,
        ]
    ):
        path = tmp_path / f"{number}.zip"
        built = _layer.build(path, pythons=[sys.executable], limit_bytes=limit)
        assert built.size_bytes < limit
        texts[built.byte_code[TAG]] = str(built).partition("byte code for ")[2]

    assert texts == {
        (): "no Python",
        ("start",): f"{TAG} (start only)",
        ("start", "rest"): f"{TAG} (start and rest only)",
        PARTS: TAG,
    }


@pytest.mark.skipif(len(PYTHONS) < 3, reason="needs three Pythons")
def test_under_a_size_limit_the_cold_starts_of_several_pythons_come_first(tmp_path: Path) -> None:
    pythons = list(PYTHONS.values())[:3]
    every = _layer.build(tmp_path / "every.zip", pythons=pythons, limit_bytes=10**7)
    tags = list(every.byte_code)
    sizes = sizes_of_parts(every.path)
    plain = _layer.build(tmp_path / "plain.zip", pythons=[])
    limit = plain.size_bytes + 2 * sizes["start"] + sizes["rest"] + 10_000

    built = _layer.build(tmp_path / "layer.zip", pythons=pythons, limit_bytes=limit)

    assert list(built.byte_code.values()) == [("start", "rest"), ("start",), ()]
    one, two, three = tags
    assert str(built).endswith(
        f" for {one} (start and rest only), {two} (start only), none for {three}"
    )


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
    for start in (*REST, *FINDERS):
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

    (compiled,) = compile_all({}, [name])

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


def test_an_output_that_cannot_be_written_is_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    result = run_layer(tmp_path / "file" / "x.zip")

    assert result.returncode == 1
    assert result.stderr.startswith("appconfig-env layer: ")
    assert result.stderr.count("\n") == 1
