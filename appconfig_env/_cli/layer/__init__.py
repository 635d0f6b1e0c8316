"""Builds the layer's zip and its bill of materials, reproducibly.

Knows neither AWS nor settings. Not in the layer.
"""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..arguments import Parser
from .bytecode import CompileError, compile_all
from .files import LayerError, plain_files
from .parts import PARTS, choose, parts
from .sbom import SPECIFICATION, bill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .files import LayerFile

OUTPUT = Path("dist/appconfig-env-layer.zip")
LIMIT_BYTES = 1536 * 1024  # all byte code for five Pythons takes a third of it


class Layer(NamedTuple):
    """A finished layer.

    Attributes:
        path: the zip or folder.
        size_bytes: of the zip, or of all files in the folder.
        byte_code: by Python (`cpython-313`), the PARTS that it has byte code for.
        bill: the bill of materials; None for a folder, which would include it in the layer.
    """

    path: Path
    size_bytes: int
    byte_code: dict[str, tuple[str, ...]]
    bill: Path | None = None

    def __str__(self) -> str:
        """Summarize the layer in one line."""
        compiled = {tag: names for tag, names in self.byte_code.items() if names}
        missing = [tag for tag in self.byte_code if tag not in compiled]
        pythons = ", ".join(tag + _parts_note(names) for tag, names in compiled.items())
        none = f", none for {', '.join(missing)}" if compiled and missing else ""
        size = f"{self.size_bytes / 1024:.1f} KiB"
        return f"{self.path}: {size}, byte code for {pythons or 'no Python'}{none}"


def _parts_note(names: tuple[str, ...]) -> str:
    if names == PARTS:
        return ""
    return f" ({names[0]} only)" if len(names) == 1 else f" ({' and '.join(names)} only)"


def build(
    output: Path = OUTPUT,
    *,
    pythons: Sequence[str] | None = None,
    limit_bytes: int = LIMIT_BYTES,
) -> Layer:
    """Write the layer's zip, and its bill of materials next to it.

    Args:
        output: the zip to write, or an existing folder to fill with only the layer's files, as
            `sam build` requires.
        pythons: the interpreters to compile with, the most important first. By default this one,
            and each of CPython 3.11 to 3.15 found on PATH.
        limit_bytes: the zip stays below this size by omitting byte code.

    Raises:
        LayerError: a file of the layer is missing, or was changed after installation.
        CompileError: one of `pythons` cannot compile.
        OSError: the output cannot be written.
    """
    plain = plain_files()
    sources = {file.name: file.data.decode() for file in plain if file.name.endswith(".py")}
    compiled = compile_all(sources, pythons)
    chosen = choose(parts(compiled), plain, limit_bytes)
    files = sorted(plain + [file for part in chosen for file in part.files])
    bill_path = None
    if output.is_dir():
        _write_folder(output, files)
        size_bytes = sum(len(file.data) for file in files)
    else:
        bill_path = output.with_suffix(".cdx.json")
        _write_zip(output, files, bill_path)
        size_bytes = output.stat().st_size
    byte_code = {
        one.tag: tuple(part.name for part in chosen if part.tag == one.tag)
        for one in sorted(compiled, key=lambda one: one.version)
    }
    return Layer(output, size_bytes, byte_code, bill_path)


def _write_zip(output: Path, files: Sequence[LayerFile], bill_path: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(output.name + ".part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in files:
            info = zipfile.ZipInfo(file.name, date_time=(1980, 1, 1, 0, 0, 0))  # the earliest date
            info.create_system = 3  # Unix on every platform, so that the modes are applied
            info.external_attr = (0o100000 | file.mode) << 16
            archive.writestr(info, file.data, zipfile.ZIP_DEFLATED, 9)
    document = bill(files, hashlib.sha256(partial.read_bytes()).hexdigest())
    bill_path.unlink(missing_ok=True)  # never leave the bill of another zip
    partial.replace(output)
    bill_path.write_bytes(document)


def _write_folder(folder: Path, files: Sequence[LayerFile]) -> None:
    for file in files:
        path = folder / file.name
        for parent in reversed(path.relative_to(folder).parents[:-1]):
            (folder / parent).mkdir(exist_ok=True)
            (folder / parent).chmod(0o755)  # regardless of this user's umask
        path.write_bytes(file.data)
        path.chmod(file.mode)


def main(argv: Sequence[str] | None = None) -> int:
    """Build the layer as the command line specifies; return the exit code."""
    parser = Parser(
        prog="appconfig-env layer",
        description="Build the Lambda layer: wrapper, package, tenacity and python-dotenv, "
        "and its bill of materials next to it (.cdx.json).",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        default=OUTPUT,
        help="the zip to write, or an existing folder to fill (default: %(default)s)",
    )
    parser.add_argument(
        "--python",
        action="append",
        metavar="PATH",
        help="an interpreter to compile with: a path, or a name or version on PATH, of pyenv or of "
        "uv (python3.13, 3.13); can be repeated, the most important first "
        "(default: this one and each of CPython 3.11 to 3.15 on PATH)",
    )
    parser.add_argument(
        "--limit",
        type=int,
        default=LIMIT_BYTES // 1024,
        metavar="KIB",
        help="keep the zip below this size by omitting byte code (default: %(default)s)",
    )
    arguments = parser.parse_args(argv)
    limit_bytes = arguments.limit * 1024
    try:
        layer = build(arguments.output, pythons=arguments.python, limit_bytes=limit_bytes)
    except (LayerError, CompileError, OSError) as error:
        print(f"appconfig-env layer: {error}", file=sys.stderr)
        return 1
    print(layer)
    if layer.bill:
        print(f"{layer.bill}: bill of materials, CycloneDX {SPECIFICATION}")
    return 0
