"""Imports point one way, from the roots down to the pure files."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "appconfig_env"

# A module may import those of the rows above its own, never one of its own row or below.
LAYERS = [
    # Pure: arguments in, value out.
    {"errors", "_percent", "_names", "_protected", "_flag", "_view", "_json_codec"},
    {"_json", "_handover", "_options", "_locator", "_overrides", "_convert", "aws.url"},
    {"_yaml", "_reader", "_source", "aws.settings"},
    {"_document", "_reference"},
    {"_settings", "_beside"},
    {"_pace", "_render", "_state"},
    {"_made", "_snapshot"},
    {"_load", "_merge"},
    # At the edges: files, the network, the process.
    {
        "_machine",
        "_snapshot_file",
        "_lock",
        "_overlap",
        "_pickup",
        "local",
        "_execute",
        "_bundle",
    },
    {"_shared"},
    {"aws"},  # a folder as a whole, but for the two above
    {"_start_log", "_fetch"},
    {"_store", "_documents", "_status", "_site_on_demand", "_bake", "_layer", "_trace"},
    {"_prefetch"},
    # The roots.
    {"_wrapper", "_api"},
    {"cli", "__init__"},
    {"__main__", "_trace.child", "testing", "openfeature"},
]
PURE = set().union(*LAYERS[:8])
# What of the standard library a pure file may use: nothing that knows a clock, an environment, a
# file, a socket, a process, a thread or a log.
PURE_LIBRARY = {
    "__future__", "_json", "collections.abc", "difflib", "hashlib", "io",
    "json", "types", "typing",
}  # fmt: skip
ONLY_IN = {
    "boto3": {"aws"},
    "botocore": {"aws", "_layer"},  # whose trust store a layer takes AWS's roots from
    "tenacity": {"aws"},
    "dotenv": {"_document"},
    "yaml": {"_yaml"},
    "openfeature": {"openfeature"},
}
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
}


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(module: str) -> tuple[set[str], set[str]]:
    """What a module imports, wherever it does but for its types: of the package, and of others."""
    own: set[str] = set()
    others: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(MODULES[module].read_text())]
    while waiting:
        node = waiting.pop()
        if is_type_checking(node):
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            others |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found = resolved(module, node)
            if found is None:
                others.add(node.module or "")
            else:
                own |= found
    return own, others


def resolved(module: str, node: ast.ImportFrom) -> set[str] | None:
    """The package's modules that `node` imports; None where it imports another package."""
    if node.level:
        above = module.split(".")[: -node.level]
        start = [*above, *(node.module or "").split(".")]
    elif (node.module or "").partition(".")[0] == PACKAGE.name:
        start = (node.module or "").split(".")[1:]
    else:
        return None
    base = ".".join(filter(None, start))
    if base in MODULES:
        return {base}
    return {
        name if name in MODULES else f"{base}.__init__" if base else "__init__"
        for name in (f"{base}.{alias.name}" if base else alias.name for alias in node.names)
    }


def row(module: str) -> int:
    for number, names in enumerate(LAYERS):
        if module in names:
            return number
    folder, dot, _ = module.partition(".")
    if dot:
        return row(folder)
    pytest.fail(f"{module} has no place in LAYERS yet")


def is_in(module: str, folder: str) -> bool:
    return bool(folder) and module.startswith(f"{folder}.")


@pytest.mark.parametrize("module", sorted(MODULES))
def test_each_module_imports_only_what_lies_below_it(module: str) -> None:
    own, _ = imports(module)
    folder = module.rpartition(".")[0]  # what is inside of one is its own affair
    too_high = {name for name in own if row(name) >= row(module) and not is_in(name, folder)}
    assert not too_high


@pytest.mark.parametrize("module", sorted(PURE))
def test_pure_files_import_pure_files_only(module: str) -> None:
    own, others = imports(module)
    assert own <= PURE
    assert {name for name in others if name not in ONLY_IN} <= PURE_LIBRARY


@pytest.mark.parametrize("module", sorted(MODULES))
def test_each_foreign_package_has_its_one_home(module: str) -> None:
    _, others = imports(module)
    for name in others:
        homes = ONLY_IN.get(name.partition(".")[0])
        assert homes is None or module.partition(".")[0] in homes


def below(module: str) -> set[str]:
    """Everything that a module may load, directly or not."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        own, _ = imports(waiting.pop())
        waiting += own - found
        found |= own
    return found


def test_the_two_roots_share_load_and_never_each_other() -> None:
    wrapper, helper = below("_wrapper"), below("_api")
    assert "_load" in wrapper & helper
    assert not wrapper & {"_api", "_store", "__init__"}
    assert not helper & {"_wrapper", "cli"}


def test_every_place_belongs_to_a_module_or_folder() -> None:
    folders = {name.partition(".")[0] for name in MODULES if "." in name}
    assert set().union(*LAYERS) <= set(MODULES) | folders
