"""A layer's files except byte code: wrapper, own sources, copied packages, licences.

Knows no limits. Not in the layer.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...errors import AppConfigEnvError
from . import anchors
from .minify import minified_copy, without_comments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PACKAGE = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = ("python-dotenv", "tenacity")  # not boto3, which the runtime has

# Lambda unpacks the layer at each cold start, so its files are kept few and small:
#
# - Sources lose comments, docstrings and annotations, but no line moves, so that tracebacks quote
#   the right one; copied packages keep the notices at their top. A Python without byte code runs
#   the sources.
# - Tools for developers are excluded: all verbs of our command but `run`, and the copied packages'
#   command lines and notebook support. tenacity's tornado support is included: tenacity imports it
#   if a function has tornado.
# - Type markers are excluded, because only type checkers need them. METADATA keeps its fields for
#   importlib.metadata. Of the other metadata, licences are included, each text once.
#
# A path excludes all paths that begin with it.
EXCLUDED = (
    "appconfig_env/_backends/fake.py",
    "appconfig_env/pytest_plugin.py",
    "dotenv/__main__.py",
    "dotenv/cli.py",
    "dotenv/ipython.py",
)
COMMAND = "appconfig_env/_cli/"
OF_COMMAND = (  # all for `run`
    "__init__.py", "arguments.py", "main.py", "run.py", "run_options.py", "verbs.py",
)  # fmt: skip
ANCHORS = "python/appconfig_env/anchors/"
LICENCE_NAMES = ("LICEN", "COPYING", "NOTICE")
# The first line of the layer's package, in place of its docstring, so that no line moves: all later
# imports use the bundles, which only a layer has.
FIRST_LINE = "from . import _bytecode_bundle\n"
# __main__.py runs without __init__, so it needs to know that it is in a layer.
IN_LAYER = ("\nIN_LAYER = False ", "\nIN_LAYER = True ")


class LayerError(AppConfigEnvError):
    """The layer cannot be built; the message names what is missing."""


class LayerFile(NamedTuple):
    """One file of the layer."""

    name: str
    data: bytes
    mode: int = 0o644


def plain_files() -> list[LayerFile]:
    """Return the files that are the same for every Python, sorted by name."""
    dependencies = list(_dependencies())
    ours = [_script(), _licence(dependencies), own_metadata(), *_package(), *_anchors()]
    return sorted([*ours, *dependencies])


def is_excluded(name: str) -> bool:
    """Whether a layer leaves out a source, named from the folder that its package is in."""
    below = name.removeprefix(COMMAND)
    return name.startswith(EXCLUDED) or (below != name and below not in OF_COMMAND)


def _script() -> LayerFile:
    """The script that Lambda starts: next to a checkout's package, inside an installed one."""
    for path in (PACKAGE / "_wrapper_script", PACKAGE.parent / "wrapper" / "appconfig-env"):
        if path.is_file():
            return LayerFile("appconfig-env", path.read_bytes(), 0o755)
    raise LayerError(
        "wrapper/appconfig-env is missing; build from a checkout or an installed wheel"
    )


def _licence(dependencies: Sequence[LayerFile]) -> LayerFile:
    """Our licence, or a reference to a dependency's file with the same text."""
    text = _own_licence()
    for file in dependencies:
        if file.data == text:
            text = f"appconfig-env: Apache-2.0, the text is in /opt/{file.name}\n".encode()
    return LayerFile("python/appconfig_env/LICENSE", text)


def _own_licence() -> bytes:
    """Read our licence from the checkout, or from the installed wheel."""
    path = PACKAGE.parent / "LICENSE"
    if (PACKAGE.parent / "pyproject.toml").is_file() and path.is_file():
        return path.read_bytes()
    for file in distribution("appconfig-env").files or ():
        if file.name == "LICENSE":
            return file.read_binary()
    raise LayerError("the LICENSE of appconfig-env is not installed; reinstall it with pip")


def own_version() -> str:
    """The version of this package, which is the layer's."""
    return distribution("appconfig-env").version


def own_metadata() -> LayerFile:
    """Our name and version, which `appconfig_env.__version__` reads in a layer too."""
    version = own_version()
    fields = f"Metadata-Version: 2.1\nName: appconfig-env\nVersion: {version}\n\n"
    return LayerFile(f"python/appconfig_env-{version}.dist-info/METADATA", fields.encode())


def _package() -> Iterator[LayerFile]:
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE.parent).as_posix()
        if not is_excluded(name):
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
    for package in DISTRIBUTIONS:
        files = distribution(package).files
        if not files:
            raise LayerError(
                f"{package} was installed without a list of its files; reinstall it with pip"
            )
        for file in files:
            if file.parts[0] == "..":
                continue  # a command in the bin folder
            name = file.as_posix()
            in_metadata = file.parts[0].endswith(".dist-info")
            if not in_metadata and file.suffix == ".py" and not is_excluded(name):
                source = _as_installed(file, package).replace(b"\r\n", b"\n")
                yield LayerFile(f"python/{name}", minified_copy(source.decode()).encode())
            if in_metadata and file.name.upper().startswith(LICENCE_NAMES):
                yield LayerFile(f"python/{name}", _as_installed(file, package))
            if in_metadata and file.name == "METADATA":
                data = _as_installed(file, package)
                fields, _, _ = data.replace(b"\r\n", b"\n").partition(b"\n\n")
                yield LayerFile(f"python/{name}", fields + b"\n\n")


def _as_installed(file: metadata.PackagePath, distribution: str) -> bytes:
    """Read an installed file; it must be unchanged since its installation from a wheel."""
    data = file.read_binary()
    digest = urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    if file.hash is None or (file.hash.mode, file.hash.value) != ("sha256", digest):
        raise LayerError(
            f"{file.locate()} was changed after its installation (its SHA-256 differs from the "
            f"one in RECORD); run pip install --force-reinstall --no-deps {distribution}"
        )
    return data


def distribution(name: str) -> metadata.Distribution:
    """Return the metadata of an installed package.

    Raises:
        LayerError: the package is not installed.
    """
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise LayerError(
            f"the layer needs {name}, which is not installed; run pip install {name}"
        ) from error
