"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import tomllib
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = "appconfig_env.pytest_plugin"


def run(folder: Path, source: str, *options: str) -> str:
    """The output of pytest with the tests in `source`."""
    (folder / "test_it.py").write_text(textwrap.dedent(source))
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN, "-p", "no:cacheprovider"]
    # The plugin by its name alone: it may be installed, and would be registered twice.
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "-W", "error", "--strict-markers", "-v", *options, "test_it.py"],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def outcomes(output: str) -> dict[str, str]:
    """The outcome of each test by its name."""
    return dict(re.findall(r"^test_it\.py::(\S+) ([A-Z]+)", output, re.MULTILINE))


def assert_passed(output: str, number: int) -> None:
    assert list(outcomes(output).values()) == ["PASSED"] * number, output


def test_the_fixture_overrides_for_one_test(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        """
        import os
        import appconfig_env

        def test_first(appconfig):
            appconfig.override({"LIMIT": 3}, flags={"checkout": True})
            appconfig.override({"HOST": "h"}, documents={"appconfig:a/b/c": {"x": 1}})
            assert appconfig_env.get("LIMIT", type=int) == 3
            assert os.environ["HOST"] == "h"
            assert appconfig_env.flag("checkout")
            assert appconfig_env.document("appconfig:a/b/c") == {"x": 1}

        def test_second(appconfig):
            assert appconfig_env.get("LIMIT") is None
            assert "HOST" not in os.environ

        def test_without_it():
            assert appconfig_env.get("LIMIT") is None
        """,
    )

    assert_passed(output, 3)


def test_markers_add_to_those_of_the_class_and_the_module(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        """
        import unittest
        import pytest
        import appconfig_env

        pytestmark = pytest.mark.appconfig({"A": "module", "B": "module", "C": "module"})
        VALUES = [appconfig_env.get(name) for name in "ABC"]

        def values():
            return [appconfig_env.get(name) for name in "ABC"]

        def test_at_import_there_was_nothing():
            assert VALUES == [None, None, None]

        @pytest.mark.appconfig({"B": "class", "C": "class"}, flags={"f": True})
        class TestClass:
            def test_of_the_class(self):
                assert values() == ["module", "class", "class"]
                assert appconfig_env.flag("f")

            @pytest.mark.appconfig({"C": None})
            def test_its_own(self, appconfig):
                assert values() == ["module", "class", None]
                appconfig.override({"A": "test"})
                assert values() == ["test", "class", None]

        @pytest.mark.appconfig({"C": "case"})
        class Case(unittest.TestCase):
            def test_of_unittest(self):
                self.assertEqual(values(), ["module", "module", "case"])

        @pytest.fixture
        def seen():
            return values()

        def test_other_fixtures_see_it(seen):
            assert seen == ["module", "module", "module"]
        """,
    )

    assert_passed(output, 5)


LEAKS = """
import os
import appconfig_env
import pytest

@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "ssm.env").write_text("/shop/LIMIT=10")
    monkeypatch.setenv("APPCONFIG_ENV_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("APPCONFIG_ENV_SOURCES", "ssm:/shop/")
    return tmp_path

calls = []

@pytest.mark.parametrize("number", [1, 2])
def test_a_refresh(appconfig, folder, number):
    appconfig_env.on_change(calls.append)
    assert appconfig_env.get("LIMIT") == "10"
    (folder / "ssm.env").write_text(f"/shop/LIMIT=1{number}")
    appconfig.tick(45)  # a local folder is read at the poll interval
    assert appconfig_env.get("LIMIT") == f"1{number}"
    assert len(calls) == 2 * number, "the callback of the other test is gone"

def test_load(appconfig, folder):
    assert appconfig_env.load() == {"LIMIT"}
    assert os.environ["LIMIT"] == "10"
    assert os.environ["APPCONFIG_ENV_SNAPSHOT"].startswith(str(folder))

def test_nothing_is_left():
    assert {name for name in os.environ if "APPCONFIG" in name} == set()
    assert "LIMIT" not in os.environ
    assert appconfig_env.get("LIMIT") is None
    assert appconfig_env.status() == {}
"""


def test_nothing_leaks_from_one_test_to_another(tmp_path: Path) -> None:
    assert_passed(run(tmp_path, LEAKS), 4)


def test_a_mistake_in_a_marker_is_an_error_of_its_test(tmp_path: Path) -> None:
    output = run(
        tmp_path,
        """
        import pytest

        @pytest.mark.appconfig({"LIMIT": object()})
        def test_it(): ...

        def test_other(appconfig): ...
        """,
    )

    assert outcomes(output) == {"test_it": "ERROR", "test_other": "PASSED"}
    assert "values: 'LIMIT': expected text or JSON data, got object; convert it" in output


def test_pytest_lists_the_marker_and_the_fixture(tmp_path: Path) -> None:
    markers = run(tmp_path, "", "--markers")
    fixtures = run(tmp_path, "def test_it(appconfig): ...", "--fixtures")

    assert "@pytest.mark.appconfig(values=None, *, documents=None, flags=None): override" in markers
    assert "appconfig -- " in fixtures
    assert "with a clock that it moves itself" in fixtures


LIGHT = """
import sys
import pytest
before = set(sys.modules)
import appconfig_env.pytest_plugin
print(*sorted(name for name in set(sys.modules) - before if name.startswith("appconfig_env")))
"""


def test_without_a_test_that_needs_it_almost_nothing_is_imported() -> None:
    command = [sys.executable, "-c", LIGHT]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == [
        "appconfig_env",
        "appconfig_env._helper",
        "appconfig_env._helper.fast_path",
        "appconfig_env._helper.helper",
        "appconfig_env._helper.process_hooks",
        "appconfig_env.pytest_plugin",
    ]


def test_the_plugin_is_the_packages_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    (name,) = project["entry-points"]["pytest11"].values()

    assert name == PLUGIN
    assert import_module(name).appconfig.name == "appconfig"


@pytest.mark.parametrize("options", [(), ("-p", "no:appconfig")])
def test_a_project_without_the_fixture_is_not_affected(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    assert_passed(run(tmp_path, "def test_it(): ...", *options), 1)
