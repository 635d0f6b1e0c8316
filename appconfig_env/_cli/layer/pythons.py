"""The Pythons that a layer has byte code for, and where a machine may have them.

Not in the layer.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Those of Lambda; 3.15 as a preview.
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14", "python3.15")


def version(program: str) -> tuple[int, int]:
    """Return the version of one of PYTHONS."""
    major, minor = program.removeprefix("python").split(".")
    return int(major), int(minor)


def tag(program: str) -> str:
    """Return the tag that one of PYTHONS has for its byte code (`cpython-313`)."""
    return "cpython-{}{}".format(*version(program))


def found(program: str) -> Iterator[str]:
    """Yield the paths of all programs of a name: on PATH, then those of pyenv and uv.

    Version managers put names on PATH that fail until a version is selected.
    """
    for folder in os.get_exec_path():
        if path := shutil.which(program, path=folder):
            yield path
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    for root, versions in (
        (os.environ.get("PYENV_ROOT") or home / ".pyenv", "versions"),
        (os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python", "."),
    ):
        yield from map(str, sorted((Path(root) / versions).glob(f"*/bin/{program}")))
