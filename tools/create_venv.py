"""Creates a virtual environment with pip in it, also for a system's Python without ensurepip.

Written so that a Python too old for this project can read it far enough to say so.
"""

import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - the very purpose
    sys.exit(
        f"make: want Python 3.11 or newer, got {sys.version.split()[0]} ({sys.executable}).\n"
        "make: name another one: make PYTHON=python3.13"
    )

PIP_BY_HASH = str(Path(__file__).resolve().parent.parent / "requirements" / "pip.txt")


def main(folder: str) -> int:
    """Create the environment anew; the exit code."""
    try:
        import venv
    except ImportError:
        return _tell("the module venv is missing")
    try:
        import ensurepip  # noqa: F401 - Debian ships it apart
    except ImportError:
        venv.create(folder, clear=True, symlinks=True)
        # The system's pip can install into another environment, itself as well.
        pip = [sys.executable, "-m", "pip", "--python", f"{folder}/bin/python"]
        words = ["install", "--quiet", "--require-hashes", "-r", PIP_BY_HASH]
        # Words of ours, for the pip of the Python that was named.
        if subprocess.run([*pip, *words], check=False).returncode:  # noqa: S603 # nosec B603
            return _tell("neither ensurepip nor pip is there, or pip cannot fetch itself")
    else:
        venv.create(folder, clear=True, symlinks=True, with_pip=True)
    return 0


def _tell(problem: str) -> int:
    print(
        f"make: {sys.executable} cannot create a virtual environment: {problem}.\n"
        "make: on Debian and Ubuntu, apt install python3-venv; or name another Python: "
        "make PYTHON=/path/to/python3",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
