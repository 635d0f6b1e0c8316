"""The public names of `appconfig_env`, and when they are imported."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

import appconfig_env
from appconfig_env import errors
from appconfig_env._content.flags import Flag
from appconfig_env._helper.helper import Helper
from appconfig_env._models.bind import bind_to
from appconfig_env.testing import override

from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass
class Model:
    limit: int = 3


# The functions, and how the tests call them.
CALLS: dict[str, Callable[[Helper], object]] = {
    "bind": lambda helper: bind_to(helper, Model),
    "document": lambda helper: helper.document("ssm:/shop"),
    "flag": lambda helper: helper.flag("checkout"),
    "get": lambda helper: helper.get("LIMIT"),
    "load": lambda helper: helper.load(),
    "on_change": lambda helper: helper.on_change(print),
    "refresh": lambda helper: helper.refresh(),
    "require": lambda helper: helper.require("LIMIT"),
    "status": lambda helper: helper.status(),
}
FAILURE = errors.Failure("denied", "not allowed", "allow it")
PROBLEM = errors.FieldProblem("Settings.limit", "LIMIT", "ssm:/shop/", "not valid; correct it")
# An instance of each class that users see.
INSTANCES: list[object] = [
    FAILURE,
    PROBLEM,
    Flag("checkout"),
    errors.AmbiguousFlagError("two"),
    errors.AppConfigEnvError("any"),
    errors.BindError([PROBLEM]),
    errors.ConversionError("not an int"),
    errors.LoadError([errors.SourceError("ssm:/shop", FAILURE)]),
    errors.MissingKeyError("none"),
    errors.SettingsError(["wrong"]),
    errors.SourceError("ssm:/shop", FAILURE),
    errors.UnevaluatedFlagError("which"),
]


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

    assert set(appconfig_env.__all__) == named | CALLS.keys()
    assert sorted(appconfig_env.__all__) == appconfig_env.__all__
    assert [name for name in appconfig_env.__all__ if not hasattr(appconfig_env, name)] == []


def section(owner: object, title: str) -> set[str]:
    """The names in a section of a docstring."""
    text = inspect.getdoc(owner) or ""
    lines = text.partition(f"\n{title}:\n")[2].partition("\n\n")[0]
    names = re.findall(r"^    ([\w, ]+): ", lines, re.MULTILINE)
    return {name for listed in names for name in listed.split(", ")}


@pytest.mark.parametrize("name", CALLS)
def test_a_function_documents_whether_it_raises_for_invalid_settings(name: str) -> None:
    helper = Helper({"APPCONFIG_ENV_ON_ERROR": "perhaps"})

    with pytest.raises(errors.SettingsError) if name != "on_change" else nullcontext():
        CALLS[name](helper)

    documented = section(getattr(appconfig_env, name), "Raises")
    assert ("SettingsError" in documented) == (name != "on_change")


@pytest.mark.parametrize("function", [*(getattr(appconfig_env, name) for name in CALLS), override])
def test_what_a_function_documents_to_raise_can_be_caught_by_name(function: object) -> None:
    raised = section(function, "Raises")

    assert all(name in appconfig_env.__all__ or hasattr(builtins, name) for name in raised)


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda one: type(one).__name__)
def test_a_class_documents_each_of_its_attributes(instance: object) -> None:
    names = {*getattr(instance, "__dict__", ()), *getattr(type(instance), "__slots__", ())}

    assert section(type(instance), "Attributes") == {one for one in names if one[0] != "_"}


def test_the_attributes_of_every_public_class_are_checked() -> None:
    checked = {type(one).__name__ for one in INSTANCES}

    assert checked - {"Failure", "FieldProblem"} == set(appconfig_env.__all__) - CALLS.keys()


def test_a_value_that_is_not_json_cannot_be_an_override() -> None:
    with pytest.raises(TypeError), override({"X": object()}):
        pass


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
