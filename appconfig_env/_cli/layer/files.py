"""What a layer holds but byte code: the wrapper, our sources, copied packages, licences.

It knows nothing of sizes and limits. No layer carries it.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import urlsafe_b64encode
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...errors import AppConfigEnvError
from . import anchors
from .bytecode import of_others, without_comments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PACKAGE = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = ("python-dotenv", "tenacity")  # not boto3: the runtime has it

# The layer is unpacked at each cold start and compiled never: what it weighs is chosen here.
#
# - Sources go without comments, docstrings and annotations, line for line, so that tracebacks quote
#   the right ones; the copied packages' keep the notices at their top. A Python without byte code
#   runs them.
# - What only a developer runs stays out: our own `bake`, `layer` and `trace`, and the copied
#   packages' command lines and notebook support. tenacity's tornado support does not: tenacity
#   imports it where a function has tornado.
# - Type markers serve checkers, which never see a layer. Of METADATA the fields stay, so that
#   importlib.metadata answers, and of the rest the licences: each text once.
#
# A path stands for all that begin with it.
LEFT_OUT = (
    "appconfig_env/_cli/layer/",
    "appconfig_env/_cli/bake.py",
    "appconfig_env/_cli/trace/",
    "dotenv/__main__.py",
    "dotenv/cli.py",
    "dotenv/ipython.py",
)
ANCHORS = "python/appconfig_env/anchors/"
LICENCE_NAMES = ("LICEN", "COPYING", "NOTICE")
# A layer's package begins with this, in the place of its docstring so that no line moves: all that
# it imports afterwards comes out of bundles, which nothing else has.
FIRST_LINE = "from . import _bytecode_bundle\n"
IN_LAYER = ("\nIN_LAYER = False ", "\nIN_LAYER = True ")  # __main__.py has no __init__ before it


class LayerError(AppConfigEnvError):
    """The layer cannot be built; says what is missing."""


class LayerFile(NamedTuple):
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


def plain_files() -> list[LayerFile]:
    """Everything that is the same for each Python, by name."""
    dependencies = list(_dependencies())
    ours = [_script(), _licence(dependencies), own_metadata(), *_package(), *_anchors()]
    return sorted([*ours, *dependencies])


def _script() -> LayerFile:
    """The script that Lambda starts: beside a checkout's package, inside an installed one."""
    for path in (PACKAGE / "_wrapper_script", PACKAGE.parent / "wrapper" / "appconfig-env"):
        if path.is_file():
            return LayerFile("appconfig-env", path.read_bytes(), 0o755)
    raise LayerError(
        "wrapper/appconfig-env is missing: build from a checkout or an installed wheel"
    )


def _licence(carried: Sequence[LayerFile]) -> LayerFile:
    """Our own licence, or where a dependency has the same text."""
    text = _own_licence()
    for entry in carried:
        if entry.data == text:
            text = f"appconfig-env: Apache-2.0, the text is in /opt/{entry.name}\n".encode()
    return LayerFile("python/appconfig_env/LICENSE", text)


def _own_licence() -> bytes:
    """From the checkout, or from what the wheel installed."""
    path = PACKAGE.parent / "LICENSE"
    if (PACKAGE.parent / "pyproject.toml").is_file() and path.is_file():
        return path.read_bytes()
    for file in distribution("appconfig-env").files or ():
        if file.name == "LICENSE":
            return file.read_binary()
    raise LayerError("the LICENSE of appconfig-env is missing from its installation")


def own_metadata() -> LayerFile:
    """Our own name and version: `appconfig_env.__version__` reads them in a layer too."""
    version = distribution("appconfig-env").version
    fields = f"Metadata-Version: 2.1\nName: appconfig-env\nVersion: {version}\n\n"
    return LayerFile(f"python/appconfig_env-{version}.dist-info/METADATA", fields.encode())


def _package() -> Iterator[LayerFile]:
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE.parent).as_posix()
        if not name.startswith(LEFT_OUT):
            source = path.read_text(encoding="utf-8")
            if path == PACKAGE / "__main__.py":
                source = source.replace(*IN_LAYER)
            source = without_comments(source)
            if path == PACKAGE / "__init__.py":
                source = FIRST_LINE + source.removeprefix('""\n')
            yield LayerFile(f"python/{name}", source.encode())


def _anchors() -> Iterator[LayerFile]:
    for name, certificate in anchors.roots().items():
        yield LayerFile(ANCHORS + name, certificate)


def _dependencies() -> Iterator[LayerFile]:
    """Yield the installed packages that the layer copies, with their licences."""
    for wanted in DISTRIBUTIONS:
        files = distribution(wanted).files
        if not files:
            raise LayerError(
                f"{wanted} was installed without a list of its files: install it with pip"
            )
        for file in files:
            if file.parts[0] == "..":
                continue  # a command in the bin folder
            name = file.as_posix()
            in_metadata = file.parts[0].endswith(".dist-info")
            if not in_metadata and file.suffix == ".py" and not name.startswith(LEFT_OUT):
                source = _as_installed(file, wanted).replace(b"\r\n", b"\n")
                yield LayerFile(f"python/{name}", of_others(source.decode()).encode())
            if in_metadata and file.name.upper().startswith(LICENCE_NAMES):
                yield LayerFile(f"python/{name}", _as_installed(file, wanted))
            if in_metadata and file.name == "METADATA":
                data = _as_installed(file, wanted)
                fields, _, _ = data.replace(b"\r\n", b"\n").partition(b"\n\n")
                yield LayerFile(f"python/{name}", fields + b"\n\n")


def _as_installed(file: metadata.PackagePath, distribution: str) -> bytes:
    """What a file holds, if that is still what its wheel had: the installation's list says so."""
    data = file.read_binary()
    digest = urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    if file.hash is None or (file.hash.mode, file.hash.value) != ("sha256", digest):
        raise LayerError(
            f"{file.locate()} is not as it was installed (its SHA-256 differs from the one in "
            f"RECORD), and the layer would carry it: "
            f"pip install --force-reinstall --no-deps {distribution}"
        )
    return data


def distribution(name: str) -> metadata.Distribution:
    """What pip knows of an installed package.

    Raises:
        LayerError: it is not installed.
    """
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise LayerError(
            f"{name} is not installed, and the layer carries it: pip install {name}"
        ) from error
