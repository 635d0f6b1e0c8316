"""Create a virtual environment with pip, even if the system's Python has no ensurepip.

A Python that is too old for this project must be able to parse this file, to report that.
"""

import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - the purpose of this check
    sys.exit(
        f"make: expected Python 3.11 or newer, got {sys.version.split()[0]} ({sys.executable}).\n"
        "make: name another Python: make PYTHON=python3.13"
    )

PIP_BY_HASH = str(Path(__file__).resolve().parent.parent / "requirements" / "pip.txt")


def main(folder: str) -> int:
    """Create the environment, replacing an old one; return the exit code."""
    try:
        import venv
    except ImportError:
        return _fail("the module venv is missing")
    try:
        import ensurepip  # noqa: F401 - Debian packages it separately
    except ImportError:
        venv.create(folder, clear=True, symlinks=True)
        # The system's pip can install into another environment, even itself.
        pip = [sys.executable, "-m", "pip", "--python", f"{folder}/bin/python"]
        arguments = ["install", "--quiet", "--require-hashes", "-r", PIP_BY_HASH]
        # Our own arguments, for the pip of the Python named on the command line.
        if subprocess.run([*pip, *arguments], check=False).returncode:  # noqa: S603 # nosec B603
            return _fail("ensurepip and pip are missing, or pip cannot download itself")
    else:
        venv.create(folder, clear=True, symlinks=True, with_pip=True)
    return 0


def _fail(problem: str) -> int:
    print(
        f"make: {sys.executable} cannot create a virtual environment: {problem}.\n"
        "make: on Debian and Ubuntu, apt install python3-venv; or name another Python: "
        "make PYTHON=/path/to/python3",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
