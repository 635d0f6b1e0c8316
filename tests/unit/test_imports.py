"""The one import rule: a package imports packages before it."""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING

import pytest

from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = ROOT / "appconfig_env"

# A package imports packages before it. The three roots never import each other. Inside a package:
# no cycles.
ORDER: list[str | set[str]] = [
    "errors",
    "_http",
    "_config",
    "_content",
    "_backends",
    "_cache",
    {"_helper", "_wrapper"},
    {"_cli", "testing", "openfeature"},
    {"__init__", "__main__"},
]
# They run before everything else, and import nothing of the package.
FIRST = {"_bytecode_bundle", "_late_site"}

# No clock, environment, file, socket, process, thread or log.
PURE = {
    "_backends.aws.services",
    "_backends.aws.client",
    "_backends.aws.errors",
    "_backends.aws.iam",
    "_backends.aws.protocol",
    "_backends.aws.sigv4",
    "_backends.base",
    "_config",
    "_content",
    "_cache.entry",
    "_cache.load",
    "_cache.snapshot_json",
    "_cache.turn",
    "_cache.schedule",
    "_cache.snapshot",
    "_cli.trace.report",
    "_cli.trace.rows",
    "_cli.trace.span",
    "_cli.trace.svg",
    "_cli.trace.text",
    "_http.errors",
    "_http.messages",
    "_http.percent",
    "_http.url",
}
# The standard library's modules that a pure file may import.
PURE_LIBRARY = {
    "__future__", "_blake2", "_hashlib", "_json", "binascii", "collections.abc", "difflib",
    "hashlib", "hmac", "html",
    "io", "json", "types", "typing",
}  # fmt: skip
# Third-party packages, and the only places that may import them.
ONLY_IN = {
    "boto3": ("_backends.aws",),
    "botocore": ("_backends.aws", "_cli.layer"),  # for the layer's root certificates
    "dotenv": ("_content.parse",),
    "openfeature": ("openfeature",),
    "tenacity": ("_backends.aws.retry",),
    "yaml": ("_content.strict_yaml",),
}

MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


@functools.cache
def imports(module: str, *, at_run_time: bool = False) -> frozenset[str]:
    """A module's imports: our modules as `.` and their name in MODULES, others by name."""
    return frozenset(_imports(module, at_run_time=at_run_time))


@functools.cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


@functools.cache
def import_statements(module: str) -> list[tuple[ast.Import | ast.ImportFrom, bool]]:
    """A module's import statements, and whether each is for type checkers only."""
    found: list[tuple[ast.Import | ast.ImportFrom, bool]] = []
    waiting: list[tuple[ast.AST, bool]] = [(tree(module), False)]
    while waiting:
        node, is_for_types = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.append((node, is_for_types))
        elif isinstance(node, (ast.stmt, ast.ExceptHandler, ast.Module, ast.match_case)):
            is_for_types |= isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            waiting += ((child, is_for_types) for child in ast.iter_child_nodes(node))
    return found


def _imports(module: str, *, at_run_time: bool) -> Iterator[str]:
    for node, is_for_types in import_statements(module):
        if at_run_time and is_for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            base = absolute(module, node)
            for alias in node.names:
                name = f"{base}.{alias.name}".removeprefix("appconfig_env.")
                is_ours = base.partition(".")[0] == "appconfig_env"
                below = base.removeprefix("appconfig_env").removeprefix(".") or "__init__"
                yield f".{name if name in MODULES else below}" if is_ours else base


def absolute(module: str, node: ast.ImportFrom) -> str:
    """The full name of the module that `node` imports from."""
    if not node.level:
        return node.module or ""
    is_package = MODULES[module].name == "__init__.py" and module != "__init__"
    parts = ["appconfig_env", *module.split("."), *(["-"] if is_package else [])]
    return ".".join([*parts[: -node.level], *filter(None, [node.module])])


def ours(module: str, *, at_run_time: bool = False) -> set[str]:
    return {name[1:] for name in imports(module, at_run_time=at_run_time) if name[0] == "."}


def place(module: str) -> int:
    package = module.partition(".")[0]
    for number, row in enumerate(ORDER):
        if package == row or (package in row and isinstance(row, set)):
            return number
    pytest.fail(f"{module} has no place in ORDER yet")


def is_within(module: str, places: tuple[str, ...] | set[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


@pytest.mark.parametrize("module", sorted(MODULES.keys() - FIRST))
def test_a_package_imports_packages_before_it(module: str) -> None:
    package = module.partition(".")[0]
    others = {name for name in ours(module) - FIRST if name.partition(".")[0] != package}
    assert {name for name in others if place(name) >= place(module)} == set()


@pytest.mark.parametrize("module", sorted(FIRST))
def test_the_files_that_run_first_import_nothing_of_the_package(module: str) -> None:
    assert ours(module) == set()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_inside_a_package_there_is_no_cycle(module: str) -> None:
    package = module.partition(".")[0]
    reached: set[str] = set()
    waiting = {module}
    while waiting:
        imported = ours(waiting.pop(), at_run_time=True)
        waiting |= {name for name in imported if name.partition(".")[0] == package} - reached
        reached |= imported
    assert module not in reached


@pytest.mark.parametrize("module", sorted(name for name in MODULES if is_within(name, PURE)))
def test_a_pure_file_uses_no_clock_file_socket_process_thread_or_log(module: str) -> None:
    outside = {name for name in imports(module, at_run_time=True) if name[0] != "."}
    foreign = {name for name in outside if name.partition(".")[0] in ONLY_IN}
    assert outside - foreign <= PURE_LIBRARY
    inside = ours(module, at_run_time=True) - {"errors"}
    assert {name for name in inside if not is_within(name, PURE)} == set()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_file_says_that_it_is_pure_where_that_is_tested(module: str) -> None:
    text = ast.get_docstring(tree(module)) or ""
    assert text.partition("\n\n")[0].endswith("; pure.") == is_within(module, PURE)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_each_third_party_package_is_imported_in_one_place(module: str) -> None:
    for name in imports(module, at_run_time=True):
        places = ONLY_IN.get(name.partition(".")[0])
        assert places is None or is_within(module, places), name


def test_every_name_in_these_tables_exists() -> None:
    packages = {name.partition(".")[0] for name in MODULES}
    named = {name for row in ORDER for name in ([row] if isinstance(row, str) else row)}
    assert named | FIRST == packages
    assert {name for name in PURE if not any(is_within(one, {name}) for one in MODULES)} == set()
