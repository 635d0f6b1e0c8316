"""Writes the byte code that the package brings along: python tools/prebuild_byte_code.py PYTHON...

`make bytecode` runs it with each supported Python. The same interpreters write the same files. With
`--check`, it fails unless each of them has a file of the sources as they are.
"""

from __future__ import annotations

import subprocess
import sys

from appconfig_env._cli.layer import prebuilt
from appconfig_env._cli.layer.bytecode import compile_all
from appconfig_env._cli.layer.files import DISTRIBUTIONS, distribution, plain_files
from appconfig_env._cli.layer.prebuilt import Prebuilt
from appconfig_env._cli.layer.pythons import PYTHONS, tag

VERSION = "import platform; print(platform.python_version())"


def sources() -> dict[str, str]:
    """Return the sources of a layer, by name."""
    return {file.name: file.data.decode() for file in plain_files() if file.name.endswith(".py")}


def built(python: str) -> tuple[str, Prebuilt]:
    """Compile a layer's sources with an interpreter; return its tag, and what to write."""
    (compiled,) = compile_all(sources(), [python])
    shown = subprocess.run(  # noqa: S603 # nosec B603 # an interpreter that the user names
        [python, "-I", "-S", "-c", VERSION], capture_output=True, text=True, check=True
    )
    packages = {name: distribution(name).version for name in DISTRIBUTIONS}
    return compiled.tag, Prebuilt(shown.stdout.strip(), packages, compiled.code)


def stale() -> list[str]:
    """Return the Pythons whose file is missing or of other sources."""
    every = {python: prebuilt.read(tag(python)) for python in PYTHONS}
    now = sources()
    return [python for python, file in every.items() if file is None or file.stale(now)]


def main(words: list[str]) -> int:
    """Write the file for each interpreter, which is named by its path; or check them."""
    if words == ["--check"]:
        if pythons := stale():
            print(
                f"make: the byte code for {', '.join(pythons)} is of other sources;",
                file=sys.stderr,
            )
            print("make: run make bytecode, and commit what it writes", file=sys.stderr)
        return bool(pythons)
    for python in words:
        name, content = built(python)
        prebuilt.write(name, content)
        path = prebuilt.path(name)
        print(f"{path}: {path.stat().st_size / 1024:.1f} KiB by CPython {content.python}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
