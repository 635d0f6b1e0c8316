"""Byte code that this package brings along, so that every machine builds a layer for every Python.

`make bytecode` writes one file for each supported Python, from the sources and packages of a
commit. A file is used as a whole, and only for the sources that it was compiled from: Python's own
hash of each source is in the header of its byte code. Not in the layer.
"""

from __future__ import annotations

import json
import zlib
from _imp import source_hash
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).with_name("prebuilt")


class Prebuilt(NamedTuple):
    """The content of one file.

    Attributes:
        python: the full version of the compiler (`3.13.0`).
        packages: by name, the version of each copied package.
        code: the byte code of each source, by its name; in the format of .pyc files.
    """

    python: str
    packages: dict[str, str]
    code: dict[str, bytes]

    def stale(self, sources: Mapping[str, str]) -> list[str]:
        """Return the names of the sources that this is not the byte code of."""
        return [
            name
            for name, source in sources.items()
            if name not in self.code or not is_of(self.code[name], source)
        ]


def is_of(code: bytes, source: str) -> bool:
    """Whether a .pyc file's header has the hash of a source."""
    magic, hashed = code[:4], code[8:16]
    return source_hash(int.from_bytes(magic, "little"), source.encode()) == hashed


def path(tag: str, folder: Path = FOLDER) -> Path:
    """Return where the file for a Python (`cpython-313`) is."""
    return folder / f"{tag}.bytecode"


def read(tag: str, folder: Path = FOLDER) -> Prebuilt | None:
    """Read the file for a Python; None if there is none."""
    try:
        data = path(tag, folder).read_bytes()
    except FileNotFoundError:
        return None
    head, _, codes = zlib.decompress(data).partition(b"\n")
    python, packages, lengths = json.loads(head)
    code, start = {}, 0
    for name, length in lengths:
        code[name] = codes[start : start + length]
        start += length
    return Prebuilt(python, packages, code)


def write(tag: str, content: Prebuilt, folder: Path = FOLDER) -> None:
    """Write the file for a Python, unless it has this content: versions of zlib differ."""
    if read(tag, folder) == content:
        return
    names = sorted(content.code)
    lengths = [(name, len(content.code[name])) for name in names]
    head = json.dumps([content.python, content.packages, lengths]).encode()
    data = head + b"\n" + b"".join(content.code[name] for name in names)
    folder.mkdir(exist_ok=True)
    path(tag, folder).write_bytes(zlib.compress(data, 9))
