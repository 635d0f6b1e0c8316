"""Creates a virtual environment with pip in it, also where a system's Python comes without ensurepip."""

import subprocess
import sys

WANTED = (3, 11)

# Before anything that an old Python would not understand.
if sys.version_info < WANTED:
    sys.exit(
        "make: want Python %d.%d or newer, got %s (%s).\n"
        "make: name another one: make PYTHON=python3.13" % (WANTED + (sys.version.split()[0], sys.executable))
    )


def main(folder):
    # type: (str) -> int
    """Create the environment, or renew the one that is there."""
    try:
        import venv
    except ImportError:
        return _tell("the module venv is missing")
    try:
        import ensurepip  # noqa: F401 - Debian ships it apart
    except ImportError:
        venv.create(folder, clear=True, symlinks=True)
        # The pip of the system can install into another environment.
        command = [sys.executable, "-m", "pip", "--python", folder + "/bin/python", "install", "-q", "pip"]
        if subprocess.run(command, check=False).returncode:
            return _tell("neither ensurepip nor pip is there")
    else:
        venv.create(folder, clear=True, symlinks=True, with_pip=True)
    return 0


def _tell(problem):
    # type: (str) -> int
    sys.stderr.write(
        "make: {} cannot create a virtual environment: {}.\n"
        "make: on Debian and Ubuntu, apt install python3-venv; or name another Python: "
        "make PYTHON=/path/to/python3\n".format(sys.executable, problem)
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
