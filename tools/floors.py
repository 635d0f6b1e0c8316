"""Prints the lowest versions that pyproject.toml promises, as requirements for pip."""

import sys
import tomllib
from pathlib import Path


def floors(pyproject: str) -> list[str]:
    """Turn every `name>=version` of the dependencies and extras into `name==version`."""
    project = tomllib.loads(pyproject)["project"]
    wanted = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += extra
    for requirement in wanted:
        if requirement.count(">=") != 1 or "," in requirement:
            sys.exit(f"pyproject.toml: want a requirement as name>=version, got {requirement!r}")
    return [requirement.replace(">=", "==") for requirement in wanted]


if __name__ == "__main__":
    print("\n".join(floors(Path(sys.argv[1]).read_text(encoding="utf-8"))))
