"""The byte code of a layer's sources for each Python: brought along (prebuilt.py), or compiled.

Which files a layer has is decided in files.py and parts.py. Not in the layer.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from ..._config.wording import printable
from ...errors import AppConfigEnvError
from . import prebuilt, pythons
from .pythons import PYTHONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

OURS = "python/appconfig_env/"

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


def compile_all(
    sources: Mapping[str, str],
    named: Sequence[str] | None,
    folder: Path = prebuilt.FOLDER,
) -> list[Compiled]:
    """Return the byte code for each of the Pythons, the oldest first.

    Args:
        sources: the sources, by name.
        named: paths of interpreters that compile; or names and versions, for which `folder` may
            have the byte code. By default, every supported Python.
        folder: where prebuilt.py reads.

    Raises:
        CompileError: a named Python is not found or cannot compile, or there is neither byte code
            nor an interpreter for a supported one.
    """
    if named is None:
        every = _every_supported(sources, folder)
    else:
        every = [_of_named(sources, name, folder) for name in named]
    by_tag = {one.tag: one for one in reversed(every)}
    return sorted(by_tag.values(), key=lambda one: one.version)


def _every_supported(sources: Mapping[str, str], folder: Path) -> list[Compiled]:
    """A function of a Python that is missing would start slowly, and nothing would tell why."""
    every, missing = [], []
    for program in PYTHONS:
        try:
            every.append(_of_supported(sources, program, folder))
        except CompileError:
            missing.append(program)
    if missing:
        raise CompileError(_missing(sources, missing, folder))
    return every


def _of_supported(sources: Mapping[str, str], program: str, folder: Path) -> Compiled:
    if compiled := _brought(sources, program, folder):
        return compiled
    if pythons.version(program) == sys.version_info[:2]:
        return _compile(sources, sys.executable)
    return _compile_found(sources, program)


def _of_named(sources: Mapping[str, str], name: str, folder: Path) -> Compiled:
    """Return the byte code for a Python named by a path, `python3.13` or `3.13`."""
    if "/" in name:
        return _compile(sources, name)
    program = f"python{name}" if name[:1].isdigit() else name
    return _brought(sources, program, folder) or _compile_found(sources, program)


def _brought(sources: Mapping[str, str], program: str, folder: Path) -> Compiled | None:
    """Return the byte code for one of PYTHONS that is in the folder, if it is of these sources."""
    if program not in PYTHONS:
        return None
    tag = pythons.tag(program)
    content = prebuilt.read(tag, folder)
    if content is None or content.stale(sources):
        return None
    code = {name: content.code[name] for name in sources}
    return Compiled(tag, pythons.version(program), code)


def _compile_found(sources: Mapping[str, str], program: str) -> Compiled:
    """Compile with the first working interpreter of a name.

    Raises:
        CompileError: none is found, or the first one cannot compile, nor any of the others.
    """
    first: CompileError | None = None
    for python in pythons.found(program):
        try:
            return _compile(sources, python)
        except CompileError as error:
            first = first or error
    raise first or CompileError(f"{program}: not found on PATH; pass the path of a Python")


def _missing(sources: Mapping[str, str], missing: Sequence[str], folder: Path) -> str:
    """Return the error for Pythons without byte code: why, and the shortest ways to it."""
    names = ", ".join(python.removeprefix("python") for python in missing)
    brought = prebuilt.read(pythons.tag(missing[0]), folder)
    stale = brought.stale(sources) if brought else []
    first = ""
    if not brought:
        why = "this copy of appconfig-env was packed without it"
    elif all(not name.startswith(OURS) for name in stale):
        wanted = " ".join(f"{name}=={version}" for name, version in brought.packages.items())
        why = f"this package has it for {wanted.replace(' ', ' and ')} only"
        first = f"run pip install {wanted}, "
    else:
        changed = [name.removeprefix("python/") for name in stale if name.startswith(OURS)]
        more = f" and {len(changed) - 1} more" if changed[1:] else ""
        why = f"{changed[0]}{more} changed since `make bytecode`"
    return (
        f"no byte code for CPython {names}: {why}, and no such Python was found on PATH, of pyenv "
        f"or of uv; {first}install {'it' if len(missing) == 1 else 'them'}, or name others with "
        "--python"
    )


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
