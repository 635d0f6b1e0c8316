"""Builds the layer's zip and its bill of materials, the same byte for byte each time.

It knows nothing of AWS or settings. No layer carries it.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .bytecode import CompileError, compile_all
from .files import LayerError, plain_files
from .parts import PARTS, choose, parts
from .sbom import SPECIFICATION, bill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .files import LayerFile

OUTPUT = Path("dist/appconfig-env-layer.zip")
LIMIT_BYTES = 1536 * 1024  # all byte code of five Pythons takes a third of it


class Layer(NamedTuple):
    """A layer that was built.

    Attributes:
        path: where it is.
        size_bytes: of the zip, or of all files of a folder.
        byte_code: by Python (`cpython-313`) which of PARTS it has byte code of.
        bill: its bill of materials; None for a folder, which becomes a layer whole.
    """

    path: Path
    size_bytes: int
    byte_code: dict[str, tuple[str, ...]]
    bill: Path | None = None

    def __str__(self) -> str:
        """One line for a person."""
        has = {tag: names for tag, names in self.byte_code.items() if names}
        lacking = [tag for tag in self.byte_code if tag not in has]
        said = ", ".join(tag + _but_for_some(names) for tag, names in has.items()) or "nothing"
        none = f", none for {', '.join(lacking)}" if has and lacking else ""
        return f"{self.path}: {self.size_bytes / 1024:.1f} KiB, byte code for {said}{none}"


def _but_for_some(names: tuple[str, ...]) -> str:
    if names == PARTS:
        return ""
    return f" ({names[0]} only)" if len(names) == 1 else f" ({' and '.join(names)} only)"


def build(
    output: Path = OUTPUT,
    *,
    pythons: Sequence[str] | None = None,
    limit_bytes: int = LIMIT_BYTES,
) -> Layer:
    """Write the layer's zip, and its bill of materials beside it.

    Args:
        output: the file to write, or an existing folder to fill, as `sam build` wants it: with the
            layer's files alone.
        pythons: the interpreters to compile with, the most important first. Without it: this one,
            and each of CPython 3.11 to 3.14 found on PATH.
        limit_bytes: what the zip stays below, by leaving out byte code.

    Raises:
        LayerError: what the layer carries is not here, or not as it was installed.
        CompileError: one of `pythons` does not compile.
        OSError: the output cannot be written.
    """
    plain = plain_files()
    sources = {entry.name: entry.data.decode() for entry in plain if entry.name.endswith(".py")}
    compiled = compile_all(sources, pythons)
    chosen = choose(parts(compiled), plain, limit_bytes)
    entries = sorted(plain + [entry for part in chosen for entry in part.entries])
    beside = None
    if output.is_dir():
        _write_folder(output, entries)
        size_bytes = sum(len(entry.data) for entry in entries)
    else:
        beside = output.with_suffix(".cdx.json")
        _write_zip(output, entries, beside)
        size_bytes = output.stat().st_size
    byte_code = {
        one.tag: tuple(part.name for part in chosen if part.tag == one.tag)
        for one in sorted(compiled, key=lambda one: one.version)
    }
    return Layer(output, size_bytes, byte_code, beside)


def _write_zip(output: Path, entries: Sequence[LayerFile], beside: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(output.name + ".part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.name, date_time=(1980, 1, 1, 0, 0, 0))  # a zip's oldest
            info.create_system = 3  # Unix, wherever it is built: else the modes mean nothing
            info.external_attr = (0o100000 | entry.mode) << 16
            archive.writestr(info, entry.data, zipfile.ZIP_DEFLATED, 9)
    said = bill(entries, hashlib.sha256(partial.read_bytes()).hexdigest())
    beside.unlink(missing_ok=True)  # a bill beside another zip would be wrong
    partial.replace(output)
    beside.write_bytes(said)


def _write_folder(folder: Path, entries: Sequence[LayerFile]) -> None:
    for entry in entries:
        path = folder / entry.name
        for parent in reversed(path.relative_to(folder).parents[:-1]):
            (folder / parent).mkdir(exist_ok=True)
            (folder / parent).chmod(0o755)  # whatever this user's umask is
        path.write_bytes(entry.data)
        path.chmod(entry.mode)


def main(argv: Sequence[str] | None = None) -> int:
    """Build the layer as the command line says; the exit code."""
    parser = argparse.ArgumentParser(
        prog="appconfig-env layer",
        description="Build the Lambda layer: wrapper, package, tenacity and python-dotenv, "
        "and its bill of materials beside it (.cdx.json).",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=OUTPUT,
        help="the zip to write, or an existing folder to fill (default: %(default)s)",
    )
    parser.add_argument(
        "--python",
        action="append",
        metavar="PATH",
        help="an interpreter to compile with; may be given several times "
        "(default: this one and each of CPython 3.11 to 3.14 on PATH)",
    )
    parser.add_argument(
        "--limit",
        type=int,
        default=LIMIT_BYTES // 1024,
        metavar="KIB",
        help="leave out byte code where the zip would grow larger (default: %(default)s)",
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
        print(f"{layer.bill}: its bill of materials, CycloneDX {SPECIFICATION}")
    return 0
