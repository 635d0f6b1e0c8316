"""Imports this package's modules from a layer's bundle of byte code: one file instead of a hundred.

Only a layer has a bundle for each Python, and only its copy of `__init__` imports this file, before
anything else (see _cli/layer/files.py). Knows no module by name; a module that is not in the bundle
is imported from its source.

The finder is installed in Python's cache of finders by folder, so that it never sees other
packages' imports. This file imports only modules that every interpreter has loaded at startup, and
`importlib` is not one of them.

A bundle has an index and sections, of which a process reads only those with a module that it
imports. Each has a hash, keyed with the magic number of the Python that made the byte code: marshal
must never read another Python's, nor a truncated file.
"""

from __future__ import annotations

import marshal
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER, FileFinder, SourceFileLoader
from _imp import _fix_co_filename, source_hash  # type: ignore[attr-defined]
from _thread import _count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import FileIO
    from types import CodeType, ModuleType

FOLDER = __file__.rpartition("/")[0]
_KEY = int.from_bytes(MAGIC_NUMBER, "little")


class Bundle:
    """A bundle, of which no byte is read before it is needed; empty if it is missing or invalid.

    Code is not copied out of a section, because new memory is the main cost of reading.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        # By module: its file, relative to the package; its section, its place and length there;
        # the modules of the package that it imports in any case.
        self.modules: dict[str, tuple[str, int, int, int, tuple[str, ...]]] | None = None
        self._bounds: list[tuple[int, int, bytes]] = []  # of each section: place, length, hash
        self.sections: dict[int, memoryview] = {}  # those that were read

    def find(self, name: str) -> tuple[str, memoryview] | None:
        """Return a module's file and code; two threads at once both read the same."""
        if self.modules is None or (
            name in self.modules and self.modules[name][1] not in self.sections
        ):
            try:
                with open(self.path, "rb", buffering=0) as file:
                    self._read(file, name)
            except OSError:
                self.modules = {}
        if not self.modules or name not in self.modules:
            return None
        path, section, start, length, _ = self.modules[name]
        code = self.sections[section][start : start + length]
        return (path, code) if code else None

    def _read(self, file: FileIO, name: str) -> None:
        """Read the index, unless it was read, and the section of a module."""
        modules = self.modules
        if modules is None:
            # 16 MiB at most, whatever the bytes are.
            checksum, length = file.read(8), int.from_bytes(file.read(3), "little")
            index = file.read(length)
            modules, self._bounds = (
                marshal.loads(index)  # noqa: S302 # nosec B302 # as Python's own importer does
                if source_hash(_KEY, index) == checksum
                else ({}, [])
            )
        if name in modules:
            start, length, checksum = self._bounds[(section := modules[name][1])]
            file.seek(start, 2)
            data = file.read(length)
            self.sections[section] = memoryview(
                data if source_hash(_KEY, data) == checksum else b""
            )
        self.modules = modules


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
    """Finds a folder's modules in the bundle first, then like Python's own finder."""

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec of a module in the bundle, else as Python's own finder does."""
        found = BUNDLE.find(fullname)
        if found is None or BUNDLE.modules is None:
            return super().find_spec(fullname, target)
        if not _count():
            _import_ahead(fullname)
        return _spec(fullname, *found)


def _spec(name: str, file: str, code: memoryview) -> ModuleSpec:
    """Return the same spec as for the source file, except loader and `__cached__`."""
    folder, _, last = (path := f"{FOLDER}/{file}").rpartition("/")
    loader = BundleLoader(name, path, code)
    spec = ModuleSpec(name, loader, origin=path, is_package=last == "__init__.py")
    spec.has_location = True
    spec.cached = BUNDLE.path
    if spec.submodule_search_locations is not None:
        spec.submodule_search_locations.append(folder)
        install(folder)
    return spec


def _import_ahead(name: str) -> None:
    """Import what a module is about to import, without the import system: a third of the work.

    That system's locks keep other threads from half a module, so there must be no other thread.
    """
    if BUNDLE.modules is not None:
        for other in BUNDLE.modules[name][4]:
            _load(other)


def _load(name: str) -> None:
    """Import a module of the bundle, its package first; any other is left to the import system."""
    if name in sys.modules or (found := BUNDLE.find(name)) is None:
        return
    parent, _, child = name.rpartition(".")
    _load(parent)
    if parent not in sys.modules or name in sys.modules:
        return
    spec = _spec(name, *found)
    module = type(sys)(name)
    values = module.__dict__
    values["__spec__"], values["__loader__"] = spec, (loader := spec.loader)
    values["__file__"], values["__cached__"] = spec.origin, spec.cached
    if spec.submodule_search_locations is None:
        values["__package__"] = parent
    else:
        values["__package__"], values["__path__"] = name, spec.submodule_search_locations
    sys.modules[name] = module
    try:
        _import_ahead(name)
        loader.exec_module(module)  # type: ignore[union-attr] # a BundleLoader
    except BaseException:
        del sys.modules[name]
        raise
    setattr(sys.modules[parent], child, module)


def install(folder: str) -> None:
    """Route imports from `folder`, and from no other, to a BundleFinder."""
    sys.path_importer_cache[folder] = BundleFinder(folder, (SourceFileLoader, [".py"]))


BUNDLE = Bundle(f"{FOLDER}/__pycache__/modules.{sys.implementation.cache_tag}.bundle")
if isinstance(__spec__.loader, SourceFileLoader):  # not in a zip
    install(FOLDER)
