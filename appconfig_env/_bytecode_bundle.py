"""Finds this package's modules in a layer's bundles of byte code, one file instead of fifty.

Only a layer has bundles, and only its copy of `__init__` imports this file, before anything else
(see _layer/files.py). It knows no module by name, and what no bundle holds comes from its source.

It stands where Python keeps its own finder of each folder, so that no import of others ever comes
here; and it imports only what each interpreter has from its start, as `importlib` is not.
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

    # By module its file below the package, and how far from the end its code begins; and all bytes.
    Bundle = tuple[dict[str, tuple[str, int]], memoryview]

FOLDER = __file__.rpartition("/")[0]
# In the order of need: what most functions import, and all else.
PATHS = tuple(
    f"{FOLDER}/__pycache__/{part}.{sys.implementation.cache_tag}.bundle"
    for part in ("start", "rest")
)
_read: dict[str, Bundle] = {}


def read(path: str) -> Bundle:
    """Give a bundle; an empty one without a sound file.

    It begins with the hash of all that follows, keyed with the magic number of the Python whose
    byte code it is: marshal must never see another's, nor half a file. Then comes an index, and
    then each module's code, of which nothing is copied: fresh memory is what reading costs.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            data = memoryview(file.read())
    except OSError:
        data = memoryview(b"")
    said, content = data[:8], data[8:]
    if said != source_hash(int.from_bytes(MAGIC_NUMBER, "little"), content):
        return {}, data
    return marshal.loads(content), data  # noqa: S302 # nosec B302 # as Python's own


class BundleLoader(SourceFileLoader):
    """Loads a source file whose byte code is at hand."""

    def __init__(self, name: str, path: str, code: memoryview) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        """Unmarshal it, and have tracebacks name the file where it is now."""
        code: CodeType = marshal.loads(self._code)  # noqa: S302 # nosec B302 # likewise
        _fix_co_filename(code, self.get_filename(fullname))
        return code


class BundleFinder(FileFinder):
    """Finds a folder's modules in bundles first, then as ever."""

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """Read as many bundles as it takes. Two threads may both read one; they read the same."""
        for bundle in PATHS:
            if bundle not in _read:
                _read[bundle] = read(bundle)
            if fullname in _read[bundle][0]:
                return _spec(fullname, bundle)
        return super().find_spec(fullname, target)


def _spec(name: str, bundle: str) -> ModuleSpec:
    """Like the source file's own, but for loader and `__cached__`."""
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
    """Have imports from this folder, and from no other, come here."""
    sys.path_importer_cache[folder] = BundleFinder(folder, (SourceFileLoader, [".py"]))


if isinstance(__spec__.loader, SourceFileLoader):  # and not from a zip
    install(FOLDER)
