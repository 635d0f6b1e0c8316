"""The unit tests mirror the package: a test file is named for the module whose rules it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = ROOT / "appconfig_env"
TESTS = ROOT / "tests"

# Modules without a file here, and the test that shows their rules instead.
ELSEWHERE = {
    # Both clients are run against the same fake, so that their results can be compared.
    "_backends.aws.boto3_client": "contract/test_clients.py",
    "_backends.aws.boto3_errors": "contract/test_clients.py",
    "_backends.aws.lean_client": "contract/test_clients.py",
    # The layer is built once, which takes seconds, for all tests of its contents.
    "_cli.layer.anchors": "release/test_layer.py",
    "_cli.layer.bytecode": "release/test_layer.py",
    "_cli.layer.files": "release/test_layer.py",
    "_cli.layer.minify": "release/test_layer.py",
    "_cli.layer.parts": "release/test_layer.py",
    "_cli.layer.prebuilt": "release/test_layer.py",
    "_cli.layer.pythons": "release/test_layer.py",
    "_cli.layer.sbom": "release/test_sbom.py",
    # An interface has no rules of its own.
    "_backends.aws.client": "contract/test_clients.py",
    # Its rules are those of YAML documents, with their errors.
    "_content.yaml_loader": "unit/_content/test_strict_yaml.py",
    # What these have is shown by whole rules, patterns and texts.
    "_content.rules.arguments": "unit/_content/rules/test_rule.py",
    "_content.rules.operators": "unit/_content/rules/test_rule.py",
    "_content.rules.run": "unit/_content/rules/test_rule.py",
    "_content.rules.nodes": "unit/_content/rules/test_ion.py",
    "_content.rules.texts": "unit/_content/rules/test_ion.py",
    "_content.rules.pattern_syntax": "unit/_content/rules/test_patterns.py",
    # They change how an interpreter imports, so each test needs one of its own.
    "_bytecode_bundle": "integration/test_bytecode_bundle.py",
    "_late_site": "integration/test_late_site.py",
    # Each of its tests starts a pytest of its own, which takes a second.
    "pytest_plugin": "integration/test_pytest_plugin.py",
    # Two records, and what joins two modules that have tests.
    "_models.problem": "unit/_models/test_build.py",
    "_models.plain_model": "unit/_models/test_binding.py",
    # They have no rules: texts, and two records.
    "_http.errors": "unit/_http/test_connection.py",
    "_http.messages": "unit/_http/test_connection.py",
}
# Test files here that are not about one module, and what they are about.
ABOUT_ALL = {
    "imports": "which module may import which",
    "language": "the words of all files",
    "mirror": "this folder",
    "public_api": "the names of the package itself",
    "remedies": "every error and warning of the package",
    "schemes": "what every scheme has, in all subpackages",
    "sleeps": "every test",
}


def dotted(path: Path, base: Path) -> str:
    return ".".join(path.relative_to(base).with_suffix("").parts)


# Packages inside a subpackage, such as _cli.trace, may have one file for all of their modules.
PACKAGES = {dotted(path.parent, PACKAGE) for path in PACKAGE.glob("_*/*/__init__.py")}
MODULES = {
    dotted(path, PACKAGE) for path in PACKAGE.rglob("*.py") if not path.name.startswith("__")
}
FILES = {
    dotted(path.with_name(path.name.removeprefix("test_")), TESTS / "unit")
    for path in (TESTS / "unit").rglob("test_*.py")
}


def named(module: str) -> set[str]:
    """The names that a file with tests of `module` may have."""
    return {module} | {package for package in PACKAGES if module.startswith(f"{package}.")}


def test_a_test_file_is_named_for_a_module_or_package() -> None:
    assert FILES - ABOUT_ALL.keys() - MODULES - PACKAGES == set()


def test_a_module_has_a_test_file_of_its_name() -> None:
    without = {module for module in MODULES - ELSEWHERE.keys() if not named(module) & FILES}
    assert without == set()


def test_every_file_about_more_than_one_module_exists() -> None:
    assert ABOUT_ALL.keys() <= FILES
    assert not ABOUT_ALL.keys() & MODULES


@pytest.mark.parametrize("module", sorted(ELSEWHERE))
def test_an_exception_is_needed_and_its_tests_exist(module: str) -> None:
    assert module in MODULES
    assert not named(module) & FILES
    assert (TESTS / ELSEWHERE[module]).is_file()
