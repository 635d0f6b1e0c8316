"""Builds the layer's zip and its bill of materials, reproducibly.

Knows neither AWS nor settings. Not in the layer.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..arguments import Parser, add_json_option, write_json
from ..waiting import waiting
from .bytecode import CompileError, compile_all
from .files import LayerError, own_version, plain_files
from .parts import byte_code_files
from .sbom import SPECIFICATION, bill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .files import LayerFile

OUTPUT = Path("dist/appconfig-env-layer.zip")
LIMIT_BYTES = 2048 * 1024  # with the byte code for five Pythons, a zip has 93 % of it


class Layer(NamedTuple):
    """A finished layer.

    Attributes:
        path: the zip or folder.
        size_bytes: of the zip, or of all files in the folder.
        byte_code: the Pythons that it has byte code for (`cpython-313`), the oldest first.
        sha256: of the zip; None for a folder.
        bill: the bill of materials; None for a folder, which would include it in the layer.
    """

    path: Path
    size_bytes: int
    byte_code: tuple[str, ...]
    sha256: bytes | None = None
    bill: Path | None = None

    @property
    def code_sha256(self) -> str:
        """The zip's hash as Lambda has it for a version of a layer; empty for a folder."""
        return base64.b64encode(self.sha256).decode() if self.sha256 else ""

    def data(self) -> dict[str, object]:
        """Return what JSON has of it."""
        return {
            "path": str(self.path),
            "size_bytes": self.size_bytes,
            "byte_code": list(self.byte_code),
            "version": own_version(),
            "code_sha256": self.code_sha256 or None,
            "bill": str(self.bill) if self.bill else None,
        }

    def __str__(self) -> str:
        """Summarize the layer in one line."""
        pythons = ", ".join(self.byte_code) or "no Python"
        return f"{self.path}: {self.size_bytes / 1024:.1f} KiB, byte code for {pythons}"


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
        pythons: the Pythons whose functions start fast. By default all that are supported, whatever
            this machine has.
        limit_bytes: the zip must be smaller than this.

    Raises:
        LayerError: a file of the layer is missing, or was changed after installation; or the zip
            would reach its limit.
        CompileError: there is no byte code for one of `pythons`.
        OSError: the output cannot be written.
    """
    plain = plain_files()
    sources = {file.name: file.data.decode() for file in plain if file.name.endswith(".py")}
    compiled = compile_all(sources, pythons)
    files = sorted(plain + [file for one in compiled for file in byte_code_files(one, sources)])
    archive = _zipped(files)
    _require_below(limit_bytes, len(archive))
    bill_path = sha256 = None
    if output.is_dir():
        _write_folder(output, files)
        size_bytes = sum(len(file.data) for file in files)
    else:
        bill_path = output.with_suffix(".cdx.json")
        sha256 = hashlib.sha256(archive).digest()
        _write(output, archive, bill_path, bill(files, sha256.hex()))
        size_bytes = len(archive)
    return Layer(output, size_bytes, tuple(one.tag for one in compiled), sha256, bill_path)


def _require_below(limit_bytes: int, size_bytes: int) -> None:
    """Refuse a zip that is too large; without some byte code, some functions would start slowly."""
    if size_bytes >= limit_bytes:
        raise LayerError(
            f"the zip would have {size_bytes / 1024:,.1f} KiB, expected less than "
            f"{limit_bytes / 1024:,.1f}; name fewer Pythons with --python, or set a higher --limit"
        )


def _zipped(files: Sequence[LayerFile]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in files:
            info = zipfile.ZipInfo(file.name, date_time=(1980, 1, 1, 0, 0, 0))  # the earliest date
            info.create_system = 3  # Unix on every platform, so that the modes are applied
            info.external_attr = (0o100000 | file.mode) << 16
            archive.writestr(info, file.data, zipfile.ZIP_DEFLATED, 9)
    return data.getvalue()


def _write(output: Path, archive: bytes, bill_path: Path, document: bytes) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(output.name + ".part")
    partial.write_bytes(archive)
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


def make_parser() -> Parser:
    """Return the parser of the options."""
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
        metavar="PYTHON",
        help="a Python whose functions are to start fast: a name or version (python3.13, 3.13), "
        "or the path of an interpreter to compile with; can be repeated "
        "(default: each of CPython 3.11 to 3.15)",
    )
    parser.add_argument(
        "--limit",
        type=int,
        default=LIMIT_BYTES // 1024,
        metavar="KIB",
        help="fail if the zip would not be smaller (default: %(default)s)",
    )
    add_json_option(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Build the layer as the command line specifies; return the exit code."""
    arguments = make_parser().parse_args(argv)
    limit_bytes = arguments.limit * 1024
    try:
        with waiting("building the layer"):
            layer = build(arguments.output, pythons=arguments.python, limit_bytes=limit_bytes)
    except (LayerError, CompileError) as error:
        return _fail(str(error))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return _fail(f"cannot write {arguments.output} ({reason}); pass another --output")
    if arguments.as_json:
        write_json(layer.data())
        return 0
    print(layer)
    if layer.sha256:
        print(f"{layer.path}: version {own_version()}, CodeSha256 {layer.code_sha256}")
    if layer.bill:
        print(f"{layer.bill}: bill of materials, CycloneDX {SPECIFICATION}")
    return 0


def _fail(message: str) -> int:
    print(f"appconfig-env: error: {message}", file=sys.stderr)
    return 1
