"""This machine's Pythons that Lambda has a runtime for: on PATH, or installed next to this one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

MINORS = (11, 12, 13, 14)


def found() -> dict[str, str]:
    """Return the interpreters by version (`3.12`), including the running one."""
    pythons = {}
    for minor in MINORS:
        name = f"python3.{minor}"
        # Version managers install each version in a folder of its own, next to the others.
        siblings = sorted(Path(sys.base_prefix).parent.glob(f"*3.{minor}*/bin/{name}"))
        for candidate in (shutil.which(name), *map(str, siblings)):
            if candidate and _runs(candidate):
                pythons[f"3.{minor}"] = candidate
                break
    return pythons | {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}


def _runs(python: str) -> bool:
    return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0


PYTHONS = found()
