"""The one import rule: a package imports packages before it."""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize
from typing import TYPE_CHECKING, TypeVar

import pytest

from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")

PACKAGE = ROOT / "appconfig_env"

# A package imports packages before it. Those in one set never import each other. Inside a package:
# no cycles.
ORDER: list[str | set[str]] = [
    "errors",
    "_http",
    "_config",
    "_content",
    "_backends",
    "_cache",
    {"_helper", "_wrapper"},
    {"_cli", "_models", "testing", "openfeature"},
    {"__init__", "__main__", "pytest_plugin"},
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
    "_backends.aws.recording",
    "_backends.aws.sigv4",
    "_backends.base",
    "_backends.calls",
    "_config",
    "_content",
    "_cache.effects",
    "_cache.entry",
    "_cache.load",
    "_cache.log_fields",
    "_cache.log_lines",
    "_cache.snapshot_json",
    "_cache.actions",
    "_cache.schedule",
    "_cache.snapshot",
    "_cli.check.findings",
    "_cli.check.limits",
    "_cli.check.sources",
    "_cli.ownership",
    "_cli.init.dockerfile",
    "_cli.init.starter",
    "_cli.policy.audit",
    "_cli.policy.needs",
    "_cli.policy.patterns",
    "_cli.policy.render",
    "_cli.policy.rules",
    "_cli.policy.templates",
    "_cli.trace.report",
    "_cli.trace.rows",
    "_cli.trace.span",
    "_cli.trace.svg",
    "_cli.trace.text",
    "_models.build",
    "_models.fields",
    "_models.problem",
    "_models.pydantic_model",
    "_http.errors",
    "_http.messages",
    "_http.percent",
    "_http.url",
}
# What a pure file may import from outside the package: None for the whole module, or else the only
# names that it may use, because others open files.
PURE_LIBRARY: dict[str, set[str] | None] = {
    "__future__": None, "_blake2": None, "_hashlib": None, "_json": None, "binascii": None,
    "collections": None, "collections.abc": None, "dataclasses": None,
    "datetime": {"date", "datetime", "time", "timedelta"},
    "difflib": None, "dotenv": {"parser"}, "enum": None, "functools": None, "hashlib": None,
    "hmac": None, "html": None, "io": {"StringIO"}, "json": None, "math": None, "pydantic": None,
    "pydantic_core": None, "re": None, "types": None, "typing": None, "yaml": None,
}  # fmt: skip
# Built-in names that need no import, and that a pure file may not use: they reach files, standard
# streams and the user, run code that no test of this file sees, or find one of the others.
IMPURE_NAMES = {
    "__builtins__", "__import__", "__loader__", "__spec__", "breakpoint", "compile", "eval", "exec",
    "exit", "globals", "help", "input", "locals", "open", "print", "quit", "vars",
}  # fmt: skip
# Third-party packages, and the only places that may import them.
ONLY_IN = {
    "boto3": ("_backends.aws", "_cli.policy.lookup"),
    # The layer's root certificates, and errors of boto3.
    "botocore": ("_backends.aws", "_cli.layer", "_cli.policy.lookup"),
    "click": ("_cli",),
    "dotenv": ("_content.strict_dotenv",),
    "openfeature": ("openfeature",),
    "rich": ("_cli.commands", "_cli.output"),
    "pytest": ("pytest_plugin",),
    "pydantic": ("_content.pydantic_types", "_models"),
    "pydantic_core": ("_content.pydantic_types", "_models"),
    "pydantic_settings": ("_models",),
    "tenacity": ("_backends.aws.retry",),
    "yaml": (
        "_content.strict_yaml",
        "_content.yaml_loader",
        "_cli.policy.template_yaml",
        "_cli.init.sam",
        "_cli.init.yaml_edit",
    ),
}
# Modules that import others by a call, which no other test of this file sees, and the names.
BY_CALL = {
    # The module of a verb, which has its name.
    "_cli.commands": {"import_module(f'{__package__}.{name}')"},
    "_cli.completion": {"import_module(f'{__package__}.{one.name}')"},
    "_cli.main": {"import_module(f'{__package__}.{verb.name}')"},
    "_cli.trace.child": {"hooks"},  # by path: its import of the package is to be measured
}

MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


@functools.cache
def imports(module: str, *, at_run_time: bool = False) -> frozenset[str]:
    """A module's imports: our modules as `.` and their name in MODULES, others by name."""
    statements = import_statements(module)
    return frozenset(
        imported_by(
            module, (node for node, for_types in statements if not (at_run_time and for_types))
        )
    )


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


def imported_by(module: str, nodes: Iterable[ast.Import | ast.ImportFrom]) -> Iterator[str]:
    """What the import statements of a module import, each as `imports` names it."""
    for node in nodes:
        for alias in node.names:
            base = alias.name if isinstance(node, ast.Import) else absolute(module, node)
            if base.partition(".")[0] != "appconfig_env":
                yield base
                continue
            below = base.removeprefix("appconfig_env").removeprefix(".") or "__init__"
            name = f"{base}.{alias.name}".removeprefix("appconfig_env.")
            yield f".{name if isinstance(node, ast.ImportFrom) and name in MODULES else below}"


def absolute(module: str, node: ast.ImportFrom) -> str:
    """The full name of the module that `node` imports from."""
    if not node.level:
        return node.module or ""
    is_package = MODULES[module].name == "__init__.py" and module != "__init__"
    parts = ["appconfig_env", *module.split("."), *(["-"] if is_package else [])]
    return ".".join([*parts[: -node.level], *filter(None, [node.module])])


def by_call(code: ast.AST) -> set[str]:
    """The modules that `code` imports by a call; a name that only the run knows as its source."""
    return {
        str(node.args[0].value)
        if node.args and isinstance(node.args[0], ast.Constant)
        else ast.unparse(node)
        for node in ast.walk(code)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in ("__import__", "import_module")
    }


def impure_names(code: ast.AST) -> set[str]:
    """The names in `code` that a pure file may not use: built-in ones, and those of modules."""
    nodes = list(ast.walk(code))
    found = {node.id for node in nodes if isinstance(node, ast.Name)} & IMPURE_NAMES
    limited: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and not node.level:
            allowed = PURE_LIBRARY.get(node.module or "")
            found |= set() if allowed is None else {alias.name for alias in node.names} - allowed
        elif isinstance(node, ast.Import):
            allows = {one.asname or one.name: PURE_LIBRARY.get(one.name) for one in node.names}
            limited |= {name: names for name, names in allows.items() if names is not None}
    # A module is used by its names only: what is done with it as a value is not seen here.
    attributes = {node.value: node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return found | {
        f"{node.id}.{attributes.get(node, '')}"
        for node in nodes
        if isinstance(node, ast.Name)
        and node.id in limited
        and attributes.get(node, "") not in limited[node.id]
    }


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


def found_in(modules: Iterable[str], rule: Callable[[str], T]) -> dict[str, T]:
    """What `rule` finds, by module: all at once, because a test for each one would take longer."""
    return {module: found for module in sorted(modules) if (found := rule(module))}


def at_or_after(module: str) -> set[str]:
    """The imported packages that are not before a module's own."""
    package = module.partition(".")[0]
    others = {name for name in ours(module) - FIRST if name.partition(".")[0] != package}
    return {name for name in others if place(name) >= place(module)}


def test_a_package_imports_packages_before_it() -> None:
    assert found_in(MODULES.keys() - FIRST, at_or_after) == {}


def test_the_files_that_run_first_import_nothing_of_the_package() -> None:
    assert found_in(FIRST, ours) == {}


def is_in_a_cycle(module: str) -> bool:
    """Whether a module is reached from itself within its package."""
    package = module.partition(".")[0]
    reached: set[str] = set()
    waiting = {module}
    while waiting:
        imported = ours(waiting.pop(), at_run_time=True)
        waiting |= {name for name in imported if name.partition(".")[0] == package} - reached
        reached |= imported
    return module in reached


def test_inside_a_package_there_is_no_cycle() -> None:
    assert found_in(MODULES, is_in_a_cycle) == {}


def impure(module: str) -> set[str]:
    """What a pure file may not import or use."""
    outside = {name for name in imports(module, at_run_time=True) if name[0] != "."}
    inside = ours(module, at_run_time=True) - {"errors"}
    impure_files = {name for name in inside if not is_within(name, PURE)}
    return outside - PURE_LIBRARY.keys() | impure_names(tree(module)) | impure_files


def test_a_pure_file_uses_no_clock_file_socket_process_thread_or_log() -> None:
    assert found_in((name for name in MODULES if is_within(name, PURE)), impure) == {}


@pytest.mark.parametrize(
    "source",
    [
        "open('/tmp/x')",
        "def f(x):\n    print(x)",
        "def f(write=print): ...",
        "[exec(x) for x in y]",
        "io = __import__('io')",
        "import io\nio.open('x')",
        "import io as text\ntext.FileIO('x')",
        "import io\ngetattr(io, 'op' + 'en')('x')",
        "from io import open as read",
        "from dotenv import load_dotenv",
    ],
)
def test_a_name_that_reaches_a_file_a_stream_or_other_code_is_not_pure(source: str) -> None:
    assert impure_names(ast.parse(source))


def test_names_that_reach_nothing_are_pure() -> None:
    source = "import io, re\nio.StringIO(text)\nre.compile(x)\nfile.open()\nfrom io import StringIO"

    assert impure_names(ast.parse(source)) == set()


def test_only_listed_modules_are_imported_by_a_call() -> None:
    assert found_in(MODULES, lambda module: by_call(tree(module))) == BY_CALL


def test_an_import_by_a_call_is_found() -> None:
    source = "import_module('a')\nimportlib.import_module(f'{x}.b')\n__import__('c')\nother('d')"

    assert by_call(ast.parse(source)) == {"a", "importlib.import_module(f'{x}.b')", "c"}


@pytest.mark.parametrize(
    ("statement", "imported"),
    [
        ("import appconfig_env", {".__init__"}),
        ("import appconfig_env._cache.store as store", {"._cache.store"}),
        ("import os, appconfig_env._cache", {"os", "._cache"}),
        ("from appconfig_env._cache import store", {"._cache.store"}),
        ("from .._cache import store, entry", {"._cache.store", "._cache.entry"}),
        ("from .._cache.store import Store", {"._cache.store"}),
        ("from .. import errors", {".errors"}),
        ("from ..errors import Failure", {".errors"}),
        ("from os.path import join", {"os.path"}),
    ],
)
def test_each_form_of_an_import_is_seen(statement: str, imported: set[str]) -> None:
    (node,) = ast.parse(statement).body
    assert isinstance(node, (ast.Import, ast.ImportFrom))

    assert set(imported_by("_http.sockets", [node])) == imported


def test_a_file_says_that_it_is_pure_where_that_is_tested() -> None:
    pure = {name for name in MODULES if is_within(name, PURE)}
    assert found_in(MODULES, says_that_it_is_pure).keys() == pure


def says_that_it_is_pure(module: str) -> bool:
    text = ast.get_docstring(tree(module)) or ""
    return text.partition("\n\n")[0].endswith("; pure.")


def misplaced(module: str) -> set[str]:
    """The third-party packages that another module imports."""
    names = imports(module, at_run_time=True)
    places = {name: ONLY_IN.get(name.partition(".")[0]) for name in names}
    return {name for name, where in places.items() if where and not is_within(module, where)}


def test_each_third_party_package_is_imported_in_one_place() -> None:
    assert found_in(MODULES, misplaced) == {}


def late_imports(code: ast.AST) -> set[int]:
    """The lines of the imports inside functions."""
    inside: set[int] = set()
    for node in ast.walk(code):
        if isinstance(node, ast.FunctionDef) and node.lineno not in inside:
            inside |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return inside & {
        node.lineno for node in ast.walk(code) if isinstance(node, (ast.Import, ast.ImportFrom))
    }


def without_comment(source: str) -> list[int]:
    """The lines of late imports without a comment on the line or up to four lines above it.

    A comment at the end of other code counts only if that code is an import too.
    """
    late = late_imports(ast.parse(source))
    if not late:  # as in most files, whose tokens would take time
        return []
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {
        token.start[0]
        for token in tokens
        if token.type == tokenize.COMMENT and re.match(r"\s*(#|from |import )", token.line)
    }
    near = range(5)
    return sorted(line for line in late if not comments & {line - above for above in near})


def test_a_late_import_has_a_comment_that_can_state_its_cost() -> None:
    found = found_in(MODULES, lambda module: without_comment(MODULES[module].read_text()))
    assert found == {}


def test_a_late_import_without_a_comment_is_found() -> None:
    source = """
def f():
    x = 1  # not about an import
    import a
def g():
    import b  # 2 ms
def h():
    # 3 ms
    import c

    from . import d
    import e
    import f
"""
    assert without_comment(source) == [4, 13]


def test_every_name_in_these_tables_exists() -> None:
    packages = {name.partition(".")[0] for name in MODULES}
    named = {name for row in ORDER for name in ([row] if isinstance(row, str) else row)}
    assert named | FIRST == packages
    assert {name for name in PURE if not any(is_within(one, {name}) for one in MODULES)} == set()
