"""Imports this package's modules from a layer's bundles of byte code: one file instead of fifty.

Only a layer has bundles, and only its copy of `__init__` imports this file, before anything else
(see _cli/layer/files.py). Knows no module by name; a module that is in no bundle is imported from
its source.

The finder is installed in Python's cache of finders by folder, so that it never sees other
packages' imports. This file imports only modules that every interpreter has loaded at startup, and
`importlib` is not one of them.
"""

from __future__ import annotations

import marshal
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER, FileFinder, SourceFileLoader
from _imp import _fix_co_filename, source_hash  # type: ignore[attr-defined]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType

    # By module: its file, relative to the package, and its code's distance from the end; the bytes.
    Bundle = tuple[dict[str, tuple[str, int]], memoryview]

FOLDER = __file__.rpartition("/")[0]
# The modules that most functions import first, then all others.
PATHS = tuple(
    f"{FOLDER}/__pycache__/{part}.{sys.implementation.cache_tag}.bundle"
    for part in ("start", "rest")
)
_read: dict[str, Bundle] = {}


def read(path: str) -> Bundle:
    """Read a bundle; return an empty one if the file is missing or invalid.

    A bundle begins with the hash of the rest, keyed with the magic number of the Python that made
    the byte code: marshal must never read another Python's, nor a truncated file. The index and the
    modules' code follow; the code is not copied, because new memory is the main cost of reading.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            data = memoryview(file.read())
    except OSError:
        data = memoryview(b"")
    checksum, content = data[:8], data[8:]
    if checksum != source_hash(int.from_bytes(MAGIC_NUMBER, "little"), content):
        return {}, data
    return marshal.loads(content), data  # noqa: S302 # nosec B302 # as Python's own importer does


class BundleLoader(SourceFileLoader):
    """Loads a module from byte code in memory."""

    def __init__(self, name: str, path: str, code: memoryview) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        """Unmarshal the code, and set its file name for tracebacks."""
        code: CodeType = marshal.loads(self._code)  # noqa: S302 # nosec B302 # as Python's own importer does
        _fix_co_filename(code, self.get_filename(fullname))
        return code


class BundleFinder(FileFinder):
    """Finds a folder's modules in bundles first, then like Python's own finder."""

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """Search the bundles in order. If two threads read the same one, both get equal data."""
        for bundle in PATHS:
            if bundle not in _read:
                _read[bundle] = read(bundle)
            if fullname in _read[bundle][0]:
                return _spec(fullname, bundle)
        return super().find_spec(fullname, target)


def _spec(name: str, bundle: str) -> ModuleSpec:
    """Return the same spec as for the source file, except loader and `__cached__`."""
    index, data = _read[bundle]
    file, from_end = index[name]
    folder, _, last = (path := f"{FOLDER}/{file}").rpartition("/")
    loader = BundleLoader(name, path, data[-from_end:])
    spec = ModuleSpec(name, loader, origin=path, is_package=last == "__init__.py")
    spec.has_location = True
    spec.cached = bundle
    if spec.submodule_search_locations is not None:
        spec.submodule_search_locations.append(folder)
        install(folder)
    return spec


def install(folder: str) -> None:
    """Route imports from `folder`, and from no other, to a BundleFinder."""
    sys.path_importer_cache[folder] = BundleFinder(folder, (SourceFileLoader, [".py"]))


if isinstance(__spec__.loader, SourceFileLoader):  # not in a zip
    install(FOLDER)
