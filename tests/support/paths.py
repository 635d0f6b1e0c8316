"""The paths of the checkout under test: its root, its wrapper, its files."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRAPPER = ROOT / "wrapper" / "appconfig-env"


def checkout_files() -> set[str]:
    """Return the names of all files that .gitignore does not match.

    Ignored folders are skipped: environments contain tens of thousands of files.
    """
    from pathspec import GitIgnoreSpec  # not installed with the lowest versions

    ignored = GitIgnoreSpec.from_lines([".git", *(ROOT / ".gitignore").read_text().splitlines()])
    found: set[str] = set()
    for parent, folders, files in os.walk(ROOT):
        here = Path(parent).relative_to(ROOT)
        folders[:] = [name for name in folders if not ignored.match_file(f"{here / name}/")]
        names = [(here / name).as_posix() for name in files]
        found.update(name for name in names if not ignored.match_file(name))
    return found
