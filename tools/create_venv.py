"""Creates a virtual environment with pip, even with a system Python that lacks ensurepip.

Old Pythons can parse this file, so that they report their version instead of a syntax error.
"""

import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - `make PYTHON=...` may name any version
    sys.exit(
        f"make: expected Python 3.11 or newer, got {sys.version.split()[0]} ({sys.executable});\n"
        "make: name another one, such as make PYTHON=python3.13"
    )

PIP_BY_HASH = str(Path(__file__).resolve().parent.parent / "requirements" / "pip.txt")


def main(folder: str) -> int:
    """Create the environment, replacing an existing one; return the exit code."""
    try:
        import venv
    except ImportError:
        return _fail("the module venv is missing")
    try:
        import ensurepip  # noqa: F401 - a separate package on Debian
    except ImportError:
        venv.create(folder, clear=True, symlinks=True)
        # The system's pip can install pip into another environment.
        pip = [sys.executable, "-m", "pip", "--python", f"{folder}/bin/python"]
        words = ["install", "--quiet", "--require-hashes", "-r", PIP_BY_HASH]
        # Fixed arguments, for the pip of the Python that the user named.
        if subprocess.run([*pip, *words], check=False).returncode:  # noqa: S603 # nosec B603
            return _fail("it has neither ensurepip nor pip, or pip cannot download itself")
    else:
        venv.create(folder, clear=True, symlinks=True, with_pip=True)
    return 0


def _fail(problem: str) -> int:
    print(
        f"make: {sys.executable} cannot create a virtual environment: {problem};\n"
        "make: on Debian and Ubuntu, apt install python3-venv; or name another Python, "
        "such as make PYTHON=/path/to/python3",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
