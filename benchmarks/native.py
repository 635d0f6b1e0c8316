"""Builds native_start.c, the program that shows what no cold start can be faster than."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("native_start.c")


def built(folder: Path, compiler: str = "cc") -> tuple[str, ...] | None:
    """Return the command of the program, built into the folder.

    None where it cannot be built: there is no compiler, or no OpenSSL to compile with.
    """
    program = folder / "native_start"
    path = shutil.which(compiler)
    if path is None:
        return None
    command = [path, "-O2", "-o", str(program), str(SOURCE), "-lssl", "-lcrypto", "-pthread"]
    done = subprocess.run(command, capture_output=True, check=False)
    return None if done.returncode else (str(program),)
