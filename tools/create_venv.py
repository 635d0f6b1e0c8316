"""Creates a virtual environment with pip in it, also for a system's Python without ensurepip.

Written so that a Python too old for this project can read it far enough to say so.
"""

import subprocess
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the very purpose
    sys.exit(
        f"make: want Python 3.11 or newer, got {sys.version.split()[0]} ({sys.executable}).\n"
        "make: name another one: make PYTHON=python3.13"
    )


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
        if subprocess.run([*pip, "install", "--quiet", "pip"], check=False).returncode:
            return _tell("neither ensurepip nor pip is there")
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
