"""A layer's byte code in parts, and which of them fit.

How it is made is bytecode.py's affair, how it is read _bytecode_bundle.py's. No layer carries it.
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
# What finds a bundle must be there before, as a file of its own.
FINDERS = (OURS + "__init__.py", OURS + "_bytecode_bundle.py")
# What a function imports after a failure, in odd cases or by its own wish. All else of ours a usual
# cold start imports, or a call of the helper. A path stands for all that begin with it.
REST = (
    OURS + "__main__.py",  # run by its path, which compiles it each time
    OURS + "_wrapper/background.py",
    OURS + "_helper/overrides.py",
    OURS + "_cache/pickup.py",
    OURS + "_content/strict_yaml.py",
    OURS + "_backends/aws/boto3_",
    OURS + "_backends/aws/retry.py",
    OURS + "_backends/local.py",
    OURS + "openfeature.py",
    OURS + "testing.py",
)
# Of others' what is compiled when it is wanted: one is for users of tornado, two are a line each.
UNCOMPILED = (
    "python/dotenv/version.py",
    "python/tenacity/_version.py",
    "python/tenacity/tornadoweb.py",
)


# The most important first: two bundles of ours, and the copied packages' usual files.
PARTS = ("start", "rest", "libraries")


class Part(NamedTuple):
    """Byte code of one Python that is of use only as a whole.

    Attributes:
        tag: the Python (`cpython-313`).
        name: one of PARTS.
        entries: the files.
    """

    tag: str
    name: str
    entries: tuple[LayerFile, ...]


def parts(compiled: Iterable[Compiled]) -> list[Part]:
    """Everything there is, the most important first: part by part, Python by Python."""
    every = list(compiled)
    return [Part(one.tag, name, tuple(_entries(one, name))) for name in PARTS for one in every]


def choose(wanted: Iterable[Part], plain: Sequence[LayerFile], limit_bytes: int) -> list[Part]:
    """Take each part with which the zip stays below the limit, of a Python that has those before.

    All byte code of one Python fits, that of two does not. A function compiles at each cold start
    what its Python lacks; one layer for each Python (--python), or a higher --limit, avoids that.
    """
    end_of_zip_bytes = 22
    size_bytes = end_of_zip_bytes + sum(entry.size_bytes for entry in plain)
    chosen = []
    ended = set()
    for part in wanted:
        with_it = size_bytes + sum(entry.size_bytes for entry in part.entries)
        if part.tag in ended or with_it >= limit_bytes:
            ended.add(part.tag)
        else:
            size_bytes = with_it
            chosen.append(part)
    return chosen


def _entries(compiled: Compiled, part: str) -> list[LayerFile]:
    code = compiled.code
    if part == "libraries":
        theirs = (name for name in code if not name.startswith((OURS, *UNCOMPILED)))
        return [_cached(name, compiled) for name in theirs]
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
    """A file of byte code where Python looks for it."""
    folder, _, file = name.rpartition("/")
    stem = file.removesuffix(".py")
    return LayerFile(f"{folder}/__pycache__/{stem}.{compiled.tag}.pyc", compiled.code[name])


def bundle(files: Mapping[str, bytes]) -> bytes:
    """One file that _bytecode_bundle.py reads: the byte code of some sources of the package.

    In the zip they are a third smaller than as a file each.
    """
    header_bytes = 16
    index = {}
    codes = b""
    for name in sorted(files, reverse=True):
        codes = files[name][header_bytes:] + codes
        index[_module(name)] = (name, len(codes))
    # Version 2 of the format: what later ones write depends on what else refers to an object.
    data = marshal.dumps(index, 2) + codes
    magic = next(iter(files.values()))[:4]
    return source_hash(int.from_bytes(magic, "little"), data) + data


def _module(file: str) -> str:
    path = file.removesuffix(".py").removesuffix("/__init__")
    return "appconfig_env." + path.replace("/", ".")
