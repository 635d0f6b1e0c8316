"""Minifies a layer's Python sources: no comments, docstrings and annotations, and no line moves.

Not in the layer.
"""

from __future__ import annotations

import ast
import io
import tokenize
from functools import cache

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
