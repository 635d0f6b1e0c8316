"""Divides a layer's byte code into parts, and selects the parts that fit.

bytecode.py compiles it, _bytecode_bundle.py reads it. Not in the layer.
"""

from __future__ import annotations

import marshal
from _imp import source_hash
from typing import TYPE_CHECKING, NamedTuple

from .files import LayerFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .bytecode import Compiled

OURS = "python/appconfig_env/"
# The modules that find a bundle are imported before it, so they are files of their own.
FINDERS = (OURS + "__init__.py", OURS + "_bytecode_bundle.py")
# Our modules that functions import only after a failure, in rare cases or for optional features.
# Usual cold starts or calls of the helper import all others. A path matches all that begin with it.
REST = (
    OURS + "__main__.py",  # run by path, so Python compiles it each time
    OURS + "_wrapper/background.py",
    OURS + "_helper/loop_reader.py",
    OURS + "_helper/static_store.py",
    OURS + "_content/profiles.py",
    OURS + "_content/json_lines.py",
    OURS + "_content/strict_dotenv.py",
    OURS + "_content/strict_yaml.py",
    OURS + "_content/yaml_",
    OURS + "_backends/aws/boto3_",
    OURS + "_backends/aws/retry.py",
    OURS + "_backends/local.py",
    OURS + "openfeature/",
    OURS + "testing.py",
)
# Copied modules without byte code: one is for users of tornado, the others have one line.
UNCOMPILED = (
    "python/dotenv/version.py",
    "python/tenacity/_version.py",
    "python/tenacity/tornadoweb.py",
)


# The most important first: two bundles of our modules, and the copied packages' files.
PARTS = ("start", "rest", "libraries")


class Part(NamedTuple):
    """Byte code for one Python that is useful only as a whole.

    Attributes:
        tag: the Python (`cpython-313`).
        name: one of PARTS.
        files: the files.
    """

    tag: str
    name: str
    files: tuple[LayerFile, ...]


def parts(compiled: Iterable[Compiled]) -> list[Part]:
    """Return all parts, the most important first: part by part, Python by Python."""
    every = list(compiled)
    return [Part(one.tag, name, tuple(_files(one, name))) for name in PARTS for one in every]


def choose(candidates: Iterable[Part], plain: Sequence[LayerFile], limit_bytes: int) -> list[Part]:
    """Select the parts that keep the zip below the limit; a Python gets no part after a gap.

    All byte code for one Python fits, that for two does not. A function compiles the missing part
    at each cold start; one layer for each Python (--python), or a higher --limit, avoids that.
    """
    end_of_zip_bytes = 22
    size_bytes = end_of_zip_bytes + sum(file.size_bytes for file in plain)
    chosen = []
    ended = set()
    for part in candidates:
        new_size_bytes = size_bytes + sum(file.size_bytes for file in part.files)
        if part.tag in ended or new_size_bytes >= limit_bytes:
            ended.add(part.tag)
        else:
            size_bytes = new_size_bytes
            chosen.append(part)
    return chosen


def _files(compiled: Compiled, part: str) -> list[LayerFile]:
    code = compiled.code
    if part == "libraries":
        copied = (name for name in code if not name.startswith((OURS, *UNCOMPILED)))
        return [_cached(name, compiled) for name in copied]
    names = [
        name
        for name in code
        if name.startswith(OURS)
        and name not in FINDERS
        and name.startswith(REST) == (part == "rest")
    ]
    data = bundle({name.removeprefix(OURS): code[name] for name in names})
    finders = [_cached(name, compiled) for name in FINDERS if part == "start"]
    return [*finders, LayerFile(f"{OURS}__pycache__/{part}.{compiled.tag}.bundle", data)]


def _cached(name: str, compiled: Compiled) -> LayerFile:
    """A .pyc file where Python looks for it."""
    folder, _, file = name.rpartition("/")
    stem = file.removesuffix(".py")
    return LayerFile(f"{folder}/__pycache__/{stem}.{compiled.tag}.pyc", compiled.code[name])


def bundle(files: Mapping[str, bytes]) -> bytes:
    """Return a bundle of byte code for _bytecode_bundle.py.

    In the zip it takes a third less than one file per module.
    """
    header_bytes = 16
    index = {}
    codes = b""
    for name in sorted(files, reverse=True):
        codes = files[name][header_bytes:] + codes
        index[_module(name)] = (name, len(codes))
    # Version 2 of the format: the output of later ones depends on objects' reference counts.
    data = marshal.dumps(index, 2) + codes
    magic = next(iter(files.values()))[:4]
    return source_hash(int.from_bytes(magic, "little"), data) + data


def _module(file: str) -> str:
    path = file.removesuffix(".py").removesuffix("/__init__")
    return "appconfig_env." + path.replace("/", ".")
