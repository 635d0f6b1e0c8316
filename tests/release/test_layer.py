"""Holds the layer to what a function finds in /opt: bytes, modes, and byte code for everything."""

from __future__ import annotations

import ast
import hashlib
import marshal
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli import layer as _layer
from appconfig_env._cli.layer import anchors
from appconfig_env._cli.layer.bytecode import without_comments
from appconfig_env._cli.layer.files import FIRST_LINE, IN_LAYER, LEFT_OUT
from appconfig_env._cli.layer.parts import FINDERS, OURS, PARTS, REST, UNCOMPILED

from ..support.paths import ROOT
from ..support.pythons import PYTHONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..support.fake_aws import FakeAws

TAG = sys.implementation.cache_tag
DATE = (1980, 1, 1, 0, 0, 0)


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layer with the byte code of this very Python."""
    path = tmp_path_factory.mktemp("layer") / "layer.zip"
    _layer.build(path, pythons=[sys.executable])
    return path


@pytest.fixture
def opt(layer: Path, tmp_path: Path) -> Path:
    """What Lambda makes of the layer: its files, with their modes."""
    return unpacked(layer, tmp_path / "opt")


def unpacked(layer: Path, folder: Path) -> Path:
    with zipfile.ZipFile(layer) as archive:
        for info in archive.infolist():
            path = Path(archive.extract(info, folder))
            path.chmod(info.external_attr >> 16 & 0o777)
    return folder


def names(layer: Path) -> list[str]:
    with zipfile.ZipFile(layer) as archive:
        return archive.namelist()


def cached(name: str) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder}/__pycache__/{file.removesuffix('.py')}.{TAG}.pyc"


def bundled(layer: Path, part: str) -> set[str]:
    """The sources of which a bundle has the byte code."""
    with zipfile.ZipFile(layer) as archive:
        data = archive.read(f"{OURS}__pycache__/{part}.{TAG}.bundle")
    return {OURS + file for file, _ in marshal.loads(data[8:]).values()}


def started(
    opt: Path, local: Path, script: str, python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Start a script as Lambda starts its runtime: under the layer's wrapper.

    It sees /opt/python and the standard library, and nothing of this environment.
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


def test_two_builds_give_the_same_bytes(layer: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"

    words = ["--python", sys.executable, "--output", str(again)]
    subprocess.run(
        [sys.executable, "-m", "appconfig_env._cli.layer", *words],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        check=True,
        capture_output=True,
    )

    # Hashes, since pytest would take minutes to show how two zips differ.
    one, other = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (layer, again))
    assert one == other
    bills = [path.with_suffix(".cdx.json").read_text() for path in (layer, again)]
    assert bills[0] == bills[1]


def test_with_every_python_of_this_machine_it_stays_below_its_limit(tmp_path: Path) -> None:
    built = _layer.build(tmp_path / "layer.zip")

    assert TAG in built.byte_code
    assert built.size_bytes == built.path.stat().st_size < _layer.LIMIT_BYTES


def test_it_holds_the_roots_of_amazon_by_their_hash(layer: Path) -> None:
    found = {name for name in names(layer) if "/anchors/" in name}
    assert found == {f"python/appconfig_env/anchors/{name}" for name in anchors.roots()}
    assert len(found) == 5


def test_it_holds_the_wrapper_the_package_tenacity_and_dotenv(layer: Path) -> None:
    found = names(layer)
    package = {
        f"python/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "appconfig_env").rglob("*.py")
        if not path.relative_to(ROOT).as_posix().startswith(LEFT_OUT)
    }

    assert package <= set(found)
    assert {"python/tenacity/__init__.py", "python/dotenv/main.py"} <= set(found)
    assert {name.split("/")[0] for name in found} == {"appconfig-env", "python"}


def test_boto3_is_left_to_the_runtime(layer: Path) -> None:
    assert not [name for name in names(layer) if "boto" in name and "appconfig_env" not in name]


def test_only_the_wrapper_is_executable(layer: Path) -> None:
    with zipfile.ZipFile(layer) as archive:
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}

    assert modes.pop("appconfig-env") == 0o100755
    assert set(modes.values()) == {0o100644}


def test_entries_are_sorted_and_carry_no_time_of_the_build(layer: Path) -> None:
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


def test_a_usual_start_and_its_helper_read_the_first_bundle_alone(
    opt: Path, tmp_path: Path, fake_aws: FakeAws
) -> None:
    fake_aws.put_profile("shop", "prod", "flags", {"checkout": {"enabled": True, "limit": 3}})
    fake_aws.put_parameter("/shop/prod/host", "localhost")
    fake_aws.put_secret("db", "secret")
    tell = (
        "print(*(n for n, m in sys.modules.items() if '/rest.' in str(vars(m).get('__cached__'))))"
    )
    script = f"""
import os, sys
sys.path.insert(0, {str(opt / "python")!r})
import appconfig_env
import appconfig_env._cli.main, appconfig_env._late_site
from appconfig_env._wrapper.main import main

def execve(path, words, environ):
    {tell}

main(["/bin/true"], dict(os.environ), execve=execve)
print(appconfig_env.get("CHECKOUT_LIMIT", type=int), appconfig_env.flag("checkout").enabled)
appconfig_env.document("appconfig:shop/prod/flags")
appconfig_env.refresh()
appconfig_env.status()
{tell}
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


def test_the_licences_of_what_it_carries_come_along(layer: Path) -> None:
    licences = [name for name in names(layer) if name.endswith("LICENSE")]

    for wanted in ("python/appconfig_env/", "python/tenacity-", "python/python_dotenv-"):
        assert len([name for name in licences if name.startswith(wanted)]) == 1


def test_importlib_metadata_knows_the_versions_of_what_it_carries(opt: Path) -> None:
    for name in ("appconfig-env", "tenacity", "python-dotenv"):
        (found,) = metadata.Distribution.discover(name=name, path=[str(opt / "python")])
        assert found.version == metadata.version(name)


def test_a_layer_knows_its_version_and_the_class_of_its_flags(opt: Path) -> None:
    script = f"""
import sys
sys.path.insert(0, {str(opt / "python")!r})
import appconfig_env
print(appconfig_env.__version__, appconfig_env.Flag("checkout", enabled=True))
"""
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False
    )

    wanted = f"{metadata.version('appconfig-env')} <Flag checkout on ()>\n"
    assert (result.stdout, result.stderr) == (wanted, "")


def test_a_function_starts_from_byte_code_alone(opt: Path, tmp_path: Path) -> None:
    # Byte code is used if, and only if, it works without the sources. The one exception is the file
    # that is run by path: Python compiles that each time, so it is a few lines.
    for path in opt.rglob("*.py"):
        if path.name != "__main__.py":
            path.write_text("raise SystemExit('compiled from ' + __file__)\n")

    result = started(opt, tmp_path / "local", f"import tenacity, dotenv; {GET}")

    assert (result.returncode, result.stdout) == (0, "localhost localhost\n"), result.stderr


def test_what_only_the_compiler_reads_is_not_imported(opt: Path, tmp_path: Path) -> None:
    result = started(opt, tmp_path / "local", f"{GET}; print('__future__' in sys.modules)")

    assert result.stdout == "localhost localhost\nFalse\n", result.stderr


def test_a_function_starts_in_a_read_only_folder(opt: Path, tmp_path: Path) -> None:
    before = sorted(opt.rglob("*"))
    for path in (opt, *before):
        path.chmod(path.stat().st_mode & 0o555)

    result = started(opt, tmp_path / "local", GET)

    for path in (opt, *before):
        path.chmod(path.stat().st_mode | 0o200)  # for the folder to be removed
    assert (result.returncode, result.stdout) == (0, "localhost localhost\n"), result.stderr
    assert sorted(opt.rglob("*")) == before


def test_a_python_without_byte_code_here_runs_the_sources(tmp_path: Path) -> None:
    _layer.build(tmp_path / "layer.zip", pythons=[])
    opt = unpacked(tmp_path / "layer.zip", tmp_path / "opt")

    result = started(opt, tmp_path / "local", GET)

    assert (result.returncode, result.stdout) == (0, "localhost localhost\n"), result.stderr


def test_our_sources_are_the_same_programs_line_for_line_without_comments(opt: Path) -> None:
    for path in (opt / "python" / "appconfig_env").rglob("*.py"):
        ours = (ROOT / path.relative_to(opt / "python")).read_text()
        text = path.read_text()
        if path.name == "__main__.py":
            ours = ours.replace(*IN_LAYER)
        if path == opt / FINDERS[0]:
            # The one line of a layer's own: it stands where the docstring does, and moves nothing.
            first, text = text[: len(FIRST_LINE)], '""\n' + text[len(FIRST_LINE) :]
            assert first == FIRST_LINE
        assert program(text) == program(ours), path
        assert len(text.splitlines()) == len(ours.splitlines()), path


def test_copied_sources_are_the_same_programs_keep_their_notices_and_say_so(opt: Path) -> None:
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
    """What a source does and on which lines: its syntax without docstrings and types."""
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
            # Where a type stood before, it is another one; and a docstring's may be all there is.
            node.col_offset = 0
            node.end_lineno = node.end_col_offset = None
    return ast.dump(tree, include_attributes=True)


def test_a_number_sign_in_a_string_is_no_comment() -> None:
    source = 'x = "#a"  # b\n\n\ndef f():\n    """C.\n\n    # d\n    """\n'

    assert without_comments(source) == 'x = "#a"\n\n\ndef f():\n    ""\n\n\n\n'


def test_types_of_functions_go_where_they_stand_on_one_line_whatever_is_around_them() -> None:
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


def test_tracebacks_quote_the_line(opt: Path, tmp_path: Path) -> None:
    result = started(opt, tmp_path / "local", "import appconfig_env; appconfig_env.document(1)")

    assert f'File "{opt}/python/appconfig_env/_helper/helper.py", line ' in result.stderr
    assert "source = parse(reference)" in result.stderr


@pytest.mark.parametrize("version", PYTHONS)
def test_each_python_of_lambda_that_is_here_gets_and_uses_all_its_byte_code(
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
        result = started(opt, tmp_path / loader, script, PYTHONS[version])
        assert result.stdout == f"localhost localhost\n{loader}\n", result.stderr
        for path in opt.rglob("*.bundle"):
            path.unlink()


def sizes_of_parts(layer: Path) -> dict[str, int]:
    """How many bytes each part of the byte code takes, with the Python that needs most."""
    sizes = dict.fromkeys(PARTS, 0)
    with zipfile.ZipFile(layer) as archive:
        for info in archive.infolist():
            part = info.filename.rpartition("/")[2].partition(".")[0]
            if part in sizes and info.filename.endswith(".bundle"):
                sizes[part] = max(sizes[part], info.compress_size)
    return sizes


def test_where_not_all_fits_what_a_cold_start_needs_comes_first(tmp_path: Path) -> None:
    plain = _layer.build(tmp_path / "plain.zip", pythons=[])
    whole = _layer.build(tmp_path / "whole.zip", pythons=[sys.executable])
    sizes = sizes_of_parts(whole.path)
    room = 10_000  # for what the archive says of each file
    said = {}
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
        said[built.byte_code[TAG]] = str(built).partition("byte code for ")[2]

    assert said == {
        (): "nothing",
        ("start",): f"{TAG} (start only)",
        ("start", "rest"): f"{TAG} (start and rest only)",
        PARTS: TAG,
    }


@pytest.mark.skipif(len(PYTHONS) < 3, reason="tells of three Pythons")
def test_what_several_pythons_need_at_a_start_goes_before_all_else(tmp_path: Path) -> None:
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


def test_a_folder_gets_the_same_files_as_the_zip(opt: Path, tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    folder.mkdir()

    _layer.build(folder, pythons=[sys.executable])

    assert modes(folder) == modes(opt)


def test_nobody_but_its_owner_may_write_what_a_folder_got(tmp_path: Path) -> None:
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


def test_every_file_that_the_layer_treats_apart_exists(layer: Path) -> None:
    found = names(layer)
    dotenv = Path(str(metadata.distribution("python-dotenv").locate_file("dotenv")))
    every = [
        path.relative_to(root.parent).as_posix()
        for root in (ROOT / "appconfig_env", dotenv)
        for path in root.rglob("*.py")
    ]

    for start in LEFT_OUT:
        assert any(name.startswith(start) for name in every), start
        assert not [name for name in found if name.startswith(f"python/{start}")]
    for start in (*REST, *FINDERS):
        assert any(name.startswith(start) for name in found), start


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--python", "/no/such/python"], "/no/such/python does not compile: "),
        (["--python", "/bin/false"], "/bin/false does not compile: "),
    ],
)
def test_what_is_no_python_is_an_error(
    words: Sequence[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _layer.main([*words, "--output", str(tmp_path / "layer.zip")])

    assert code == 1
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_the_size(tmp_path: Path) -> None:
    output = tmp_path / "new folder" / "layer.zip"

    words = ["layer", "--python", sys.executable, "--output", str(output)]
    result = subprocess.run(
        [sys.executable, "-m", "appconfig_env", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    kib = f"{output.stat().st_size / 1024:.1f} KiB"
    assert result.stdout.startswith(f"{output}: {kib}, byte code for {TAG}")


def test_an_output_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    words = ["layer", "--python", sys.executable, "--output", str(tmp_path / "file" / "x.zip")]
    result = subprocess.run(
        [sys.executable, "-m", "appconfig_env", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr.startswith("appconfig-env layer: ")
    assert result.stderr.count("\n") == 1
