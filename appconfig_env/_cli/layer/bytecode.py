"""Minifies a layer's Python code: sources without comments, and byte code for each interpreter.

Which files a layer has is decided in files.py and parts.py. Not in the layer.
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
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..._config.wording import printable
from ...errors import AppConfigEnvError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Those of Lambda; 3.15 as a preview.
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14", "python3.15")

# The byte code has no docstrings and asserts (like `python -OO`), no function annotations (they are
# never read, but built at each cold start), no code for type checkers, and no column positions
# (tracebacks keep file and line, but lose the ^^^^ below): 40 % less. The compiler gets the flags
# of `from __future__ import annotations` as an argument: the statement would import a file at each
# cold start.
#
# CPython's line table has an entry for each instruction, this one an entry for each run of
# instructions on one line: another 6 %. The format is that of 3.11 and newer, see
# InternalDocs/code_objects.md in CPython's sources.
#
# Each interpreter compiles in a fresh process, because earlier imports change marshal's output. The
# header's hash is never checked: times in a zip are fixed, and a layer is read-only.
COMPILE = """
import __future__, ast, base64, importlib.util, json, marshal, sys, types

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

def with_short_table(code):
    table, last = bytearray(), code.co_firstlineno
    for start, end, line in code.co_lines():
        kind = 15 if line is None else 13  # no location; a line without columns
        while start < end:
            units = min((end - start) // 2, 8)
            table.append(0x80 | kind << 3 | units - 1)
            start += units * 2
            if line is not None:
                step, last = line - last, line
                number = -step << 1 | 1 if step < 0 else step << 1
                while number > 63:
                    table.append(number & 63 | 64)
                    number >>= 6
                table.append(number)
    consts = (
        with_short_table(const) if isinstance(const, types.CodeType) else const
        for const in code.co_consts
    )
    return code.replace(co_linetable=bytes(table), co_consts=tuple(consts))

unchecked = importlib.util.MAGIC_NUMBER + bytes((1, 0, 0, 0))
code = {}
for name, source in json.load(sys.stdin).items():
    tree, flags = bare(ast.parse(source))
    compiled = compile(tree, "/opt/" + name, "exec", flags, dont_inherit=True, optimize=2)
    header = unchecked + importlib.util.source_hash(source.encode())
    code[name] = base64.b64encode(header + marshal.dumps(with_short_table(compiled))).decode()
python = sys.implementation
json.dump([python.name, python.cache_tag, python.version[:2], code], sys.stdout)
"""


class CompileError(AppConfigEnvError):
    """An interpreter that cannot compile, or is not supported."""


class Compiled(NamedTuple):
    """The byte code of all sources by one interpreter, by name."""

    tag: str
    version: tuple[int, int]
    code: dict[str, bytes]


# Added as the last line of copied sources: Apache 2.0, 4 (b), and other licences require it.
CHANGED = "# Changed for this layer of appconfig-env: comments, docstrings, annotations removed.\n"


def minified_copy(source: str) -> str:
    """Minify another author's source: keep the notices at its top, and append CHANGED."""
    lines = source.splitlines(keepends=True)
    top = next((n for n, line in enumerate(lines) if line[0] not in "#\n"), len(lines))
    rest = without_comments(source).splitlines(keepends=True)[top:]
    return "".join([*lines[:top], *rest, CHANGED])


@cache  # takes most of a build's time, and the next build in this process has the same sources
def without_comments(source: str) -> str:
    """Minify a source line for line: no comments, docstrings and function annotations.

    Code for type checkers is removed too, as in byte code.
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
            _blank(lines, node.body[:1], '""')  # a string, because it may be the only statement
    for node in every:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            _blank(lines, node.body, "pass")
    text = "\n".join(lines) + "\n"
    return _without_annotations(text)


def _without_annotations(source: str) -> str:
    """Remove function annotations that do not span several lines."""
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


def _blank(lines: list[str], body: list[ast.stmt], replacement: str) -> None:
    """Replace statements with `replacement` and blank lines, so that no line moves."""
    decorators = [decorator.lineno for decorator in getattr(body[0], "decorator_list", ())]
    first = min([body[0].lineno, *decorators]) - 1
    last = body[-1].end_lineno or body[-1].lineno
    before = lines[first].encode()[: body[0].col_offset].decode()
    lines[first:last] = [before + replacement] + [""] * (last - first - 1)


def compile_all(sources: Mapping[str, str], pythons: Sequence[str] | None) -> list[Compiled]:
    """Compile with each of `pythons`; by default with this one, then the others, newest first."""
    if pythons is not None:
        every = [_compile_named(sources, python) for python in pythons]
    else:
        every = [_compile(sources, sys.executable)]
        own = "python{}.{}".format(*every[0].version)
        for name in reversed(PYTHONS):
            if name != own and (compiled := _compile_on_path(sources, name)):
                every.append(compiled)
    by_tag = {one.tag: one for one in reversed(every)}
    return [one for one in every if by_tag[one.tag] is one]


def _compile_named(sources: Mapping[str, str], name: str) -> Compiled:
    """Compile with the interpreter that the user names: a path, `python3.13` or `3.13`.

    Raises:
        CompileError: none is found, or the first one cannot compile, nor any of the others.
    """
    if "/" in name:
        return _compile(sources, name)
    program = f"python{name}" if name[:1].isdigit() else name
    first: CompileError | None = None
    for python in _found(program):
        try:
            return _compile(sources, python)
        except CompileError as error:
            first = first or error
    raise first or CompileError(f"{program}: not found on PATH; pass the path of a Python")


def _found(program: str) -> Iterator[str]:
    """Yield the paths of all programs of a name: on PATH, then those of pyenv and uv."""
    for folder in os.get_exec_path():
        if path := shutil.which(program, path=folder):
            yield path
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    for root, versions in (
        (os.environ.get("PYENV_ROOT") or home / ".pyenv", "versions"),
        (os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python", "."),
    ):
        yield from map(str, sorted((Path(root) / versions).glob(f"*/bin/{program}")))


def _compile_on_path(sources: Mapping[str, str], name: str) -> Compiled | None:
    """Compile with the first working interpreter of this name.

    Version managers put names on PATH that fail until a version is selected.
    """
    for folder in os.get_exec_path():
        if python := shutil.which(name, path=folder):
            try:
                return _compile(sources, python)
            except CompileError:
                continue
    return None


def _reason(stderr: str) -> str:
    """Return why an interpreter, or a version manager in its place, failed, as one line."""
    lines = [" ".join(line.split()) for line in stderr.splitlines() if line.strip()]
    if any(line.lstrip().startswith(("Traceback ", 'File "')) for line in lines):
        return lines[-1]  # Python's error; the lines before it only lead to it
    return printable(" ".join(lines))


def _compile(sources: Mapping[str, str], python: str) -> Compiled:
    # -S and -P: only the standard library; a fixed seed, because sets of constants are written in
    # the order of their hashes. PATH and version managers' variables are kept.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        output = subprocess.run(  # noqa: S603 # nosec B603 # an interpreter that the user names
            [python, "-S", "-P", "-B", "-X", "no_debug_ranges", "-c", COMPILE],
            input=json.dumps(sources),
            capture_output=True,
            text=True,
            check=True,
            env={**environ, "PYTHONHASHSEED": "0"},
        ).stdout
        implementation, tag, (major, minor), code = json.loads(output)
    except FileNotFoundError as error:
        raise CompileError(f"{python}: not found on PATH; pass the path of a Python") from error
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        reason = str(error)
        if isinstance(error, subprocess.CalledProcessError):  # its text is the whole program
            reason = _reason(error.stderr) or f"exit code {error.returncode}"
        raise CompileError(f"{python} cannot compile ({reason}); pass another --python") from error
    if implementation != "cpython" or f"python{major}.{minor}" not in PYTHONS:
        supported = ", ".join(name.removeprefix("python") for name in PYTHONS)
        raise CompileError(
            f"{python}: expected CPython {supported}, got {tag}; pass another --python"
        )
    return Compiled(
        tag, (major, minor), {name: base64.b64decode(text) for name, text in code.items()}
    )
