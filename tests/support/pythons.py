"""The CPythons of this machine that Lambda has a runtime for, 3.15 as a preview.

They are searched on PATH, next to this one (as version managers install them), and where
tools/get_pythons.sh unpacks them. `python -m tests.support.pythons python3.14` prints a path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .paths import ROOT

MINORS = (11, 12, 13, 14, 15)
UNPACKED = ROOT / ".tools" / "pythons" / "bin"


def found() -> dict[str, str]:
    """Return the interpreters by version (`3.12`), including the running one."""
    pythons = {f"3.{minor}": path for minor in MINORS if (path := _find(f"python3.{minor}"))}
    return pythons | {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}


def _find(name: str) -> str:
    """Return the path of the interpreter, or an empty string."""
    # Version managers install each version into a folder of its own, and put names on PATH that do
    # not run until a version is chosen.
    version = name.removeprefix("python")
    siblings = sorted(Path(sys.base_prefix).parent.glob(f"*{version}*/bin/{name}"))
    candidates = [shutil.which(name) or "", *map(str, siblings), str(UNPACKED / name)]
    # Programs first: whether a script of a version manager runs is known only by starting it.
    existing = [path for path in candidates if os.access(path, os.X_OK)]
    for candidate in sorted(existing, key=_is_script):
        if _runs(candidate):
            return candidate
    return ""


def _is_script(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(4) != b"\x7fELF"


def _runs(python: str) -> bool:
    if not _is_script(python):
        return True  # without starting it: each worker that collects tests looks for all of them
    try:
        return not subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode
    except OSError:
        return False


def main(names: list[str]) -> int:
    """Print the path of each, or say which are missing and how to get them."""
    paths = {name: _find(name) for name in names}
    if missing := [name for name, path in paths.items() if not path]:
        print(
            f"make: {', '.join(missing)} not found on PATH or in {UNPACKED}.\n"
            "make: on Debian, sh tools/get_pythons.sh unpacks python3.14 and python3.15 there;\n"
            "make: or name the ones to test: "
            f"make test-pythons PYTHONS={' '.join(n for n in names if paths[n]) or 'python3'!r}",
            file=sys.stderr,
        )
        return 1
    print(*paths.values(), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
PYTHONS = found()
