"""Builds the layer's zip: which files, compiled how, the same byte for byte each time.

It knows nothing of AWS or settings. No layer carries it.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
import zlib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ._layer_code import CompileError, compile_all, of_others, without_comments
from .errors import AppConfigEnvError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._layer_code import Compiled

PACKAGE = Path(__file__).resolve().parent
OUTPUT = Path("dist/appconfig-env-layer.zip")
DISTRIBUTIONS = ("python-dotenv", "tenacity")  # not boto3: the runtime has it
LIMIT_BYTES = 300 * 1024

# The layer is unpacked at each cold start and compiled never: what it weighs is chosen here.
#
# - Sources go without comments and docstrings, line for line, so that tracebacks quote the right
#   ones; the copied packages' keep the notices at their top. A Python without byte code runs them.
# - Command lines and notebook support of the copied packages stay out. tenacity's tornado support
#   does not: tenacity imports it where a function has tornado.
# - Type markers serve checkers, which never see a layer. Of METADATA the fields stay, so that
#   importlib.metadata answers, and of the rest the licences: each text once.
LEFT_OUT = frozenset(
    {
        "appconfig_env/_layer.py",
        "appconfig_env/_layer_code.py",
        "dotenv/__main__.py",
        "dotenv/cli.py",
        "dotenv/ipython.py",
    }
)
LICENCE_NAMES = ("LICEN", "COPYING", "NOTICE")

# All byte code of one Python fits into the limit, that of four does not (each is some 150 KiB). So
# what every cold start imports comes first, for each Python, then what some need, then what runs
# after a failure, then what few functions import. A function compiles the rest itself, as it would
# all without any byte code; one layer for each Python (--python), or a higher --limit, avoids that.
# A path stands for all below it.
CLASSES = (
    ("appconfig_env/",),
    ("appconfig_env/_documents.py", "appconfig_env/_flag.py", "appconfig_env/local.py", "dotenv/"),
    ("appconfig_env/aws/retry.py", "tenacity/"),
    ("appconfig_env/_yaml.py", "appconfig_env/aws/boto3_"),
    (
        "appconfig_env/_overrides.py",
        "appconfig_env/openfeature.py",
        "appconfig_env/testing.py",
        "tenacity/tornadoweb.py",
    ),
)


class LayerError(AppConfigEnvError):
    """The layer cannot be built; says what is missing."""


class Entry(NamedTuple):
    """One file of the layer."""

    name: str
    data: bytes
    mode: int = 0o644

    @property
    def size_bytes(self) -> int:
        """What it adds to the zip: its compressed data, and its name and headers, twice."""
        compress = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        data = compress.compress(self.data) + compress.flush()
        return len(data) + 30 + 46 + 2 * len(self.name)


class Layer(NamedTuple):
    """A layer that was built.

    Attributes:
        path: where it is.
        size_bytes: of the zip, or of all files of a folder.
        sources: how many Python files it has.
        byte_code: how many of them have byte code, by Python (`cpython-313`).
    """

    path: Path
    size_bytes: int
    sources: int
    byte_code: dict[str, int]

    def __str__(self) -> str:
        """One line for a person."""
        pythons = ", ".join(
            tag if count == self.sources else f"{tag} ({count} of {self.sources} files)"
            for tag, count in self.byte_code.items()
        )
        return (
            f"{self.path}: {self.size_bytes / 1024:.1f} KiB, byte code for {pythons or 'nothing'}"
        )


def build(
    output: Path = OUTPUT,
    *,
    pythons: Sequence[str] | None = None,
    limit_bytes: int = LIMIT_BYTES,
) -> Layer:
    """Write the layer's zip.

    Args:
        output: the file to write, or an existing folder to fill, as `sam build` wants it.
        pythons: the interpreters to compile with, the most important first. Without it: this one,
            and each of CPython 3.11 to 3.14 found on PATH.
        limit_bytes: what the zip stays below, by leaving out byte code.
    """
    dependencies = list(_dependencies())
    plain = sorted([_script(), _licence(dependencies), *_package(), *dependencies])
    sources = [entry for entry in plain if entry.name.endswith(".py")]
    compiled = compile_all({entry.name: entry.data.decode() for entry in sources}, pythons)
    chosen = _choose(plain, sources, compiled, limit_bytes)
    entries = sorted(plain + chosen)
    if output.is_dir():
        _write_folder(output, entries)
        size_bytes = sum(len(entry.data) for entry in entries)
    else:
        _write_zip(output, entries)
        size_bytes = output.stat().st_size
    byte_code = {
        one.tag: sum(entry.name.endswith(f".{one.tag}.pyc") for entry in chosen)
        for one in sorted(compiled, key=lambda one: one.version)
    }
    return Layer(output, size_bytes, len(sources), byte_code)


def _script() -> Entry:
    """The script that Lambda starts: beside a checkout's package, inside an installed one."""
    for path in (PACKAGE / "_wrapper_script", PACKAGE.parent / "wrapper" / "appconfig-env"):
        if path.is_file():
            return Entry("appconfig-env", path.read_bytes(), 0o755)
    raise LayerError(
        "wrapper/appconfig-env is missing: build from a checkout or an installed wheel"
    )


def _licence(carried: Sequence[Entry]) -> Entry:
    """Our own licence, or where a dependency has the same text."""
    text = _own_licence()
    for entry in carried:
        if entry.data == text:
            text = f"appconfig-env: Apache-2.0, the text is in /opt/{entry.name}\n".encode()
    return Entry("python/appconfig_env/LICENSE", text)


def _own_licence() -> bytes:
    """From the checkout, or from what the wheel installed."""
    path = PACKAGE.parent / "LICENSE"
    if (PACKAGE.parent / "pyproject.toml").is_file() and path.is_file():
        return path.read_bytes()
    for file in _distribution("appconfig-env").files or ():
        if file.name == "LICENSE":
            return file.read_binary()
    raise LayerError("the LICENSE of appconfig-env is missing from its installation")


def _package() -> Iterator[Entry]:
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE.parent).as_posix()
        if name not in LEFT_OUT:
            source = without_comments(path.read_text(encoding="utf-8"))
            yield Entry(f"python/{name}", source.encode())


def _dependencies() -> Iterator[Entry]:
    """Yield the installed packages that the layer copies, with their licences."""
    for wanted in DISTRIBUTIONS:
        distribution = _distribution(wanted)
        if not distribution.files:
            raise LayerError(
                f"{wanted} was installed without a list of its files: install it with pip"
            )
        for file in distribution.files:
            name = file.as_posix()
            in_metadata = file.parts[0].endswith(".dist-info")
            if not in_metadata and file.suffix == ".py" and name not in LEFT_OUT:
                yield Entry(f"python/{name}", of_others(file.read_text()).encode())
            if in_metadata and file.name.upper().startswith(LICENCE_NAMES):
                yield Entry(f"python/{name}", file.read_binary())
            if in_metadata and file.name == "METADATA":
                fields, _, _ = file.read_binary().replace(b"\r\n", b"\n").partition(b"\n\n")
                yield Entry(f"python/{name}", fields + b"\n\n")


def _distribution(name: str) -> metadata.Distribution:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise LayerError(
            f"{name} is not installed, and the layer carries it: pip install {name}"
        ) from error


def _choose(
    plain: Sequence[Entry],
    sources: Sequence[Entry],
    compiled: Sequence[Compiled],
    limit_bytes: int,
) -> list[Entry]:
    """Take byte code class by class, Python by Python, file by file, until one does not fit."""
    end_of_zip_bytes = 22
    size_bytes = end_of_zip_bytes + sum(entry.size_bytes for entry in plain)
    chosen: list[Entry] = []
    for wanted in range(len(CLASSES)):
        names = [entry.name for entry in sources if _class_of(entry.name) == wanted]
        for one in compiled:
            for name in names:
                entry = Entry(_cached(name, one.tag), one.code[name])
                size_bytes += entry.size_bytes
                if size_bytes >= limit_bytes:
                    return chosen
                chosen.append(entry)
    return chosen


def _class_of(name: str) -> int:
    """The class of the longest path that fits: a file's own outranks its folder's."""
    path = name.removeprefix("python/")
    fitting = [
        (len(prefix), number)
        for number, prefixes in enumerate(CLASSES)
        for prefix in prefixes
        if path.startswith(prefix)
    ]
    return max(fitting)[1] if fitting else len(CLASSES) - 1


def _cached(name: str, tag: str) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder}/__pycache__/{file.removesuffix('.py')}.{tag}.pyc"


def _write_zip(output: Path, entries: Sequence[Entry]) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(output.name + ".part")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.name, date_time=(1980, 1, 1, 0, 0, 0))  # a zip's oldest
            info.create_system = 3  # Unix, wherever it is built: else the modes mean nothing
            info.external_attr = (0o100000 | entry.mode) << 16
            archive.writestr(info, entry.data, zipfile.ZIP_DEFLATED, 9)
    partial.replace(output)


def _write_folder(folder: Path, entries: Sequence[Entry]) -> None:
    for entry in entries:
        path = folder / entry.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(entry.data)
        path.chmod(entry.mode)


def main(argv: Sequence[str] | None = None) -> int:
    """Build the layer as the command line says; the exit code."""
    parser = argparse.ArgumentParser(
        prog="appconfig-env layer",
        description="Build the Lambda layer: wrapper, package, tenacity and python-dotenv.",
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
