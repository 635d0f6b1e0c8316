"""The README's table of settings against every environment variable that the code names."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from appconfig_env._config import aws, settings

from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = ROOT / "appconfig_env"
TABLE = (ROOT / "README.md").read_text().split("\n## Settings\n")[1].split("\n## ")[0]
WORDS = re.compile(r"_?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")  # a name that consists of several words
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Tables of names without their prefixes. The last one has what only AWS's own agent reads.
TABLES = {
    "KNOWN": settings.PREFIX,
    "AWS_KNOWN": settings.AWS_PREFIX,
    "AGENTS_OWN": None,
}
# The names that no source may set: only compared with, never read.
NEVER_READ = {"_content/protected.py"}

# Variables that the code names, and why they are not settings of a user.
NOT_SETTINGS = {
    "AWS_LAMBDA_EXEC_WRAPPER": "Lambda's own setting: it starts the wrapper",
    "AWS_LAMBDA_FUNCTION_NAME": "Lambda sets it",
    "AWS_LAMBDA_FUNCTION_VERSION": "Lambda sets it",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "Lambda sets it",
    "AWS_LAMBDA_MAX_CONCURRENCY": "Lambda sets it",
    "AWS_LAMBDA_RUNTIME_API": "Lambda sets it",
    "AWS_XRAY_CONTEXT_MISSING": "Lambda sets it",
    "GITHUB_ACTIONS": "GitHub's own: in a workflow, the command `export` masks secrets in the log",
    "LAMBDA_TASK_ROOT": "Lambda sets it",
    "LC_CTYPE": "Python sets it in the wrapper's process, which removes it again",
    "NO_COLOR": "the convention of no-color.org, for the output of the command",
    "PATH": "not ours: where exec looks for a command without a path",
    "PYENV_ROOT": "pyenv's own: where the command `layer` looks for its Pythons",
    "TERM": "the terminal's own: a dumb one has no colours",
    "UV_PYTHON_INSTALL_DIR": "uv's own: where the command `layer` looks for its Pythons",
    "XDG_DATA_HOME": "the system's own: in it are uv's Pythons, if nothing else is set",
    "_APPCONFIG_ENV_DROPPED": "the wrapper script sets it for the wrapper",
    "_APPCONFIG_ENV_HANDOFF": "the wrapper sets it for the helper",
}
# Texts of that form that are not variables.
NOT_VARIABLES = {
    "ACCOUNT_ID": "a name of the CDK",
    "LOG_ERROR": "Lambda's value of AWS_XRAY_CONTEXT_MISSING",
    "TYPE_CHECKING": "a name in the code that the layer builder minifies",
    "UNEXPECTED_EOF_WHILE_READING": "a reason of OpenSSL",
    "WRONG_VERSION_NUMBER": "a reason of OpenSSL",
}


def variables(source: str, prefix: str) -> set[str]:
    """The environment variables that `source` names.

    These are all texts with the form of a name in several words, whatever is done with them, and
    all names in a call, comparison or subscript that an environment or the settings' reader has a
    part in.

    Args:
        source: a module's code.
        prefix: what PREFIX is in that module.
    """
    return set(_variables(ast.parse(source), {"PREFIX": prefix, "AWS_PREFIX": aws.PREFIX}))


def _variables(node: ast.AST, prefixes: dict[str, str], *, is_read: bool = False) -> Iterator[str]:
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in TABLES:
        prefix = TABLES[ast.unparse(node.targets[0])]
        yield from (prefix + one for one in ast.literal_eval(node.value) if prefix is not None)
        return
    whole = _joined(node, prefixes)
    if whole is not None:
        yield from re.findall(rf"^{NAME.pattern}", whole)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if (NAME if is_read else WORDS).fullmatch(node.value):
            yield node.value
        return
    for child in ast.iter_child_nodes(node):
        yield from _variables(child, prefixes, is_read=_is_read(node, child, is_read=is_read))


def _joined(node: ast.AST, prefixes: dict[str, str]) -> str | None:
    """The text that begins with a prefix by its name; None if `node` is something else."""
    parts: list[ast.expr] = []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [node.left, node.right]
    elif isinstance(node, ast.JoinedStr):
        parts = [one.value if isinstance(one, ast.FormattedValue) else one for one in node.values]
    if len(parts) < 2 or not isinstance(parts[1], ast.Constant):
        return None
    prefix = prefixes.get(ast.unparse(parts[0]).rpartition(".")[2])
    return None if prefix is None else prefix + str(parts[1].value)


def _is_read(node: ast.AST, child: ast.AST, *, is_read: bool) -> bool:
    """Whether a name in `child`, a part of `node`, is that of a variable."""
    if isinstance(node, ast.Call):
        subjects = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        if child is node.func:
            return False
        # Of a call such as `environ.get(name, default)`, the first argument only.
        if any(map(_is_environ, subjects)):
            return bool(node.args) and child is node.args[0]
        return any(map(_is_environ, node.args))
    if isinstance(node, ast.Compare):
        return any(map(_is_environ, node.comparators))
    if isinstance(node, ast.Subscript):
        return _is_environ(node.value)
    return is_read and not isinstance(node, ast.stmt)


def _is_environ(node: ast.expr) -> bool:
    return bool(re.fullmatch(r"(\w+\.)*\w*(environ|reader)", ast.unparse(node)))


def in_code() -> set[str]:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).as_posix()
        prefix = aws.PREFIX if name == "_config/aws.py" else settings.PREFIX
        if name not in NEVER_READ:
            found |= variables(path.read_text(), prefix)
    return found


def test_the_table_lists_exactly_the_variables_in_the_code() -> None:
    rows = "\n".join(line for line in TABLE.splitlines() if line.startswith("|"))

    documented = set(WORDS.findall(rows))

    assert documented == in_code() - NOT_SETTINGS.keys() - NOT_VARIABLES.keys()


def test_a_setting_in_the_tables_of_known_names_is_the_only_one_that_is_read() -> None:
    read = in_code()

    for known, prefix in ((settings.KNOWN, settings.PREFIX), (settings.AWS_KNOWN, aws.PREFIX)):
        assert {name for name in read if name.startswith(prefix)} == {prefix + one for one in known}


def test_every_exception_is_needed() -> None:
    assert set(NOT_SETTINGS | NOT_VARIABLES) - in_code() == set()


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ('x = environ.get("AWS_DEFAULTS_MODE")', "AWS_DEFAULTS_MODE"),
        ('x = self._environ["DEBUG"]', "DEBUG"),
        ('x = "debug" in os.environ', "debug"),
        ('x = os.environ.pop("NO_PROXY", None)', "NO_PROXY"),
        ('NAMES = ("A", "NO_PROXY")\nx = any(name in os.environ for name in NAMES)', "NO_PROXY"),
        ('x = reader.text("REGION")', "REGION"),
        ('x = _flag(environ, "VERBOSE", problems)', "VERBOSE"),
        ('x = reader.text(PREFIX + "SOURCES")', "APPCONFIG_ENV_SOURCES"),
        ('x = reader.text(_settings.AWS_PREFIX + "A")', "AWS_APPCONFIG_EXTENSION_A"),
        ('x = f"{PREFIX}SOURCES: wrong"', "APPCONFIG_ENV_SOURCES"),
        ('x = environ.get("A_B" if x else y)', "A_B"),
        ('KNOWN = ("SOURCES",)', "APPCONFIG_ENV_SOURCES"),
    ],
)
def test_a_variable_is_found_in_each_form(source: str, name: str) -> None:
    assert variables(source, settings.PREFIX) == {name}


def test_other_texts_are_not_variables() -> None:
    source = 'send(url, "GET", environ.get(NAME, "yes"))\nx = {"a_b": 1}["a_b"]\n"Set A_B."'

    assert variables(source, settings.PREFIX) == set()
