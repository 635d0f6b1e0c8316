"""A layer's Python code, made small: sources without comments, and byte code for each interpreter.

Nothing here decides what a layer holds; see __init__.py, beside which it stays out of every layer.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import os
import shutil
import subprocess
import sys
import tokenize
from typing import TYPE_CHECKING, NamedTuple

from ...errors import AppConfigEnvError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")  # what Lambda runs

# Byte code is made without docstrings and asserts (as `python -OO` makes it), without annotations
# of functions (nothing reads them there, and each start would build them), without what only type
# checkers run, and without column positions (tracebacks keep file and line, and lose the ^^^^
# below): 40 % less. `from __future__ import annotations` is for the compiler alone, which is told
# otherwise: as a statement it would import a file at each start.
#
# It runs in a fresh process of each interpreter: what was imported before changes what marshal
# writes. The hash in the header is never checked: times in a zip are fixed, a layer is read-only.
COMPILE = """
import __future__, ast, base64, importlib.util, json, marshal, sys

TYPES_ONLY = ("TYPE_CHECKING", "typing.TYPE_CHECKING")

def is_future(node):
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"

def bare(tree):
    flags = 0
    for node in filter(is_future, tree.body):
        for alias in node.names:
            flags |= getattr(__future__, alias.name).compiler_flag
    tree.body = [node for node in tree.body if not is_future(node)]
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.If) and ast.unparse(node.test) in TYPES_ONLY:
            node.test = ast.copy_location(ast.Constant(False), node.test)
    return tree, flags

unchecked = importlib.util.MAGIC_NUMBER + bytes((1, 0, 0, 0))
code = {}
for name, source in json.load(sys.stdin).items():
    tree, flags = bare(ast.parse(source))
    compiled = compile(tree, "/opt/" + name, "exec", flags, dont_inherit=True, optimize=2)
    header = unchecked + importlib.util.source_hash(source.encode())
    code[name] = base64.b64encode(header + marshal.dumps(compiled)).decode()
python = sys.implementation
json.dump([python.name, python.cache_tag, python.version[:2], code], sys.stdout)
"""


class CompileError(AppConfigEnvError):
    """An interpreter that does not compile, or is none."""


class Compiled(NamedTuple):
    """What one interpreter made of all sources: byte code by name."""

    tag: str
    version: tuple[int, int]
    code: dict[str, bytes]


# What follows a copied package's last line: Apache 2.0, 4 (b), asks for it, and others like it.
CHANGED = (
    "# Changed for this layer of appconfig-env: no comments, docstrings, types of functions.\n"
)


def of_others(source: str) -> str:
    """Give the same program of other authors: their notices at the top stay, and it says so."""
    lines = source.splitlines(keepends=True)
    top = next((n for n, line in enumerate(lines) if line[0] not in "#\n"), len(lines))
    rest = without_comments(source).splitlines(keepends=True)[top:]
    return "".join([*lines[:top], *rest, CHANGED])


def without_comments(source: str) -> str:
    """Give the same program, line for line, without comments, docstrings and types.

    What only type checkers run goes as well; of types those of functions, as in byte code.
    """
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    every = list(ast.walk(ast.parse(source)))
    for node in every:
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            _blank(lines, node.body[:1], '""')  # a string, since it may be all that a body has
    for node in every:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            _blank(lines, node.body, "pass")
    text = "\n".join(lines) + "\n"
    return _without_types(text)


def _without_types(source: str) -> str:
    """Give the same program without annotations of functions, where these stand on one line."""
    lines = [line.encode() for line in source.split("\n")]  # positions are in bytes
    spans = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg) and node.annotation is not None:
            start = node.col_offset + len(node.arg.encode())
            spans.append((node.lineno, start, node.annotation))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
            arrow = lines[node.returns.lineno - 1].rfind(b"->", 0, node.returns.col_offset)
            spans.append((node.returns.lineno, arrow, node.returns))
    for row, start, annotation in sorted(spans, key=lambda span: span[:2], reverse=True):
        line = lines[row - 1]
        if start >= 0 and row == annotation.lineno == annotation.end_lineno:
            lines[row - 1] = line[:start].rstrip() + line[annotation.end_col_offset :]
    return b"\n".join(lines).decode()


def _blank(lines: list[str], body: list[ast.stmt], instead: str) -> None:
    """Put `instead` in the place of some statements, and as many lines as they had."""
    decorators = [decorator.lineno for decorator in getattr(body[0], "decorator_list", ())]
    first = min([body[0].lineno, *decorators]) - 1
    last = body[-1].end_lineno or body[-1].lineno
    before = lines[first].encode()[: body[0].col_offset].decode()
    lines[first:last] = [before + instead] + [""] * (last - first - 1)


def compile_all(sources: Mapping[str, str], pythons: Sequence[str] | None) -> list[Compiled]:
    """Compile with each interpreter: those named, else this one and then the newest first."""
    if pythons is not None:
        every = [_compile(sources, python) for python in pythons]
    else:
        every = [_compile(sources, sys.executable)]
        own = "python{}.{}".format(*every[0].version)
        for name in reversed(PYTHONS):
            if name != own and (found := _compile_on_path(sources, name)):
                every.append(found)
    by_tag = {one.tag: one for one in reversed(every)}
    return [one for one in every if by_tag[one.tag] is one]


def _compile_on_path(sources: Mapping[str, str], name: str) -> Compiled | None:
    """Compile with the first interpreter of this name that works.

    Version managers put names on PATH that stand for nothing until a version is chosen.
    """
    for folder in os.get_exec_path():
        if python := shutil.which(name, path=folder):
            try:
                return _compile(sources, python)
            except CompileError:
                continue
    return None


def _compile(sources: Mapping[str, str], python: str) -> Compiled:
    # -S and -P: nothing but the standard library; a fixed seed, since sets of constants are written
    # in the order of their hashes. Variables for PATH and for version managers stay.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        answer = subprocess.run(  # noqa: S603 # nosec B603 # an interpreter that its builder names
            [python, "-S", "-P", "-B", "-X", "no_debug_ranges", "-c", COMPILE],
            input=json.dumps(sources),
            capture_output=True,
            text=True,
            check=True,
            env={**environ, "PYTHONHASHSEED": "0"},
        ).stdout
        implementation, tag, (major, minor), code = json.loads(answer)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip()
        raise CompileError(f"{python} does not compile: {said.splitlines()[-1]}") from error
    if implementation != "cpython" or f"python{major}.{minor}" not in PYTHONS:
        supported = ", ".join(name.removeprefix("python") for name in PYTHONS)
        raise CompileError(f"{python}: want CPython {supported}, got {tag}")
    return Compiled(
        tag, (major, minor), {name: base64.b64decode(text) for name, text in code.items()}
    )
