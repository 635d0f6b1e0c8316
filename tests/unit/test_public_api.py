"""What `import appconfig_env` offers: names, and when they are loaded."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import metadata

import pytest

import appconfig_env
from appconfig_env.testing import override

from ..support.paths import ROOT

FUNCTIONS = {"document", "flag", "get", "on_change", "refresh", "status"}


def printed(script: str) -> str:
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_all_is_every_public_name_and_each_is_there() -> None:
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


def test_the_version_is_that_of_the_installed_package() -> None:
    assert appconfig_env.__version__ == metadata.version("appconfig-env")


def test_the_class_of_a_flag_is_the_one_that_flag_returns() -> None:
    with override(flags={"checkout": True}):
        assert type(appconfig_env.flag("checkout")) is appconfig_env.Flag


def test_neither_is_loaded_before_it_is_asked_for() -> None:
    script = (
        "import sys, appconfig_env as one\n"
        "both = 'importlib.metadata', 'appconfig_env._content.flags'\n"
        "loaded = lambda: [name in sys.modules for name in both]\n"
        "print(loaded()); one.Flag; print(loaded()); one.__version__; print(loaded())"
    )

    assert printed(script).splitlines() == ["[False, False]", "[False, True]", "[True, True]"]


def test_a_name_that_does_not_exist_is_an_attribute_error_as_of_any_module() -> None:
    with pytest.raises(AttributeError, match=r"^module 'appconfig_env' has no attribute 'gett'$"):
        appconfig_env.gett  # type: ignore[attr-defined]  # noqa: B018
