"""The public names of `appconfig_env`, and when they are imported."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

import appconfig_env
from appconfig_env import errors
from appconfig_env.testing import override

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FUNCTIONS = {"document", "flag", "get", "on_change", "refresh", "status"}


def printed(script: str) -> str:
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_all_lists_every_public_name() -> None:
    tree = ast.parse((ROOT / "appconfig_env" / "__init__.py").read_text())
    named = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname and not alias.asname.startswith("_")
    }

    assert set(appconfig_env.__all__) == named | FUNCTIONS
    assert sorted(appconfig_env.__all__) == appconfig_env.__all__
    assert [name for name in appconfig_env.__all__ if not hasattr(appconfig_env, name)] == []


def test_the_version_is_the_installed_packages() -> None:
    assert appconfig_env.__version__ == metadata.version("appconfig-env")


@pytest.mark.parametrize("files", [None, {}, {"METADATA": "Name: appconfig-env\n"}])
def test_where_the_package_is_not_installed_it_has_no_version(
    tmp_path: Path, files: dict[str, str] | None
) -> None:
    (tmp_path / "appconfig_env").symlink_to(ROOT / "appconfig_env")
    if files is not None:
        folder = tmp_path / "appconfig_env-1.dist-info"
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
    script = (
        f"import sys; sys.path = [{str(tmp_path)!r}, *(p for p in sys.path if 'python3' in p)]\n"
        "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
        "import appconfig_env; print(hasattr(appconfig_env, '__version__'))"
    )
    command = [sys.executable, "-I", "-S", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_flag_is_the_class_of_the_flags_that_are_returned() -> None:
    with override(flags={"checkout": True}):
        assert type(appconfig_env.flag("checkout")) is appconfig_env.Flag


def test_classes_and_the_version_are_imported_on_first_use() -> None:
    script = (
        "import sys, appconfig_env as one\n"
        "late = 'appconfig_env.errors', 'appconfig_env._content.flags', 'importlib.metadata'\n"
        "loaded = lambda: [name in sys.modules for name in late]\n"
        "print(loaded())\n"
        "for name in 'LoadError', 'Flag', '__version__': getattr(one, name); print(loaded())"
    )

    assert printed(script).splitlines() == [
        "[False, False, False]",
        "[True, False, False]",
        "[True, True, False]",
        "[True, True, True]",
    ]


def test_what_is_imported_on_first_use_is_listed_by_dir() -> None:
    listed = printed("import appconfig_env as one; print(*dir(one))").split()

    assert {*appconfig_env.__all__, "__version__"} <= set(listed)


def test_every_exception_of_the_module_of_errors_is_public() -> None:
    exceptions = {
        name for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, Exception)
    }  # fmt: skip

    assert exceptions == {name for name in appconfig_env.__all__ if name.endswith("Error")}


@pytest.mark.parametrize("name", appconfig_env.__all__)
def test_every_public_name_is_checked_as_type_checkers_see_it(name: str) -> None:
    tree = ast.parse((ROOT / "tests" / "typing" / "api.py").read_text())
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}

    assert name in used


@pytest.mark.parametrize("name", [one for one in appconfig_env.__all__ if one.endswith("Error")])
def test_every_exception_is_that_of_the_module_of_errors(name: str) -> None:
    assert getattr(appconfig_env, name) is getattr(errors, name)


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "appconfig_env").glob("*/__init__.py")),
    ids=lambda path: path.parent.name,
)
def test_no_attribute_hides_a_subpackage(path: Path) -> None:
    name = path.parent.name

    imported = printed(f"import appconfig_env.{name}; print(appconfig_env.{name}.__name__)")

    assert imported == f"appconfig_env.{name}\n"


def test_an_unknown_name_is_the_usual_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'appconfig_env' has no attribute 'gett'$"):
        appconfig_env.gett  # type: ignore[attr-defined]  # noqa: B018
