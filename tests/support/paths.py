"""The path of the checkout under test."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def checkout_files() -> set[str]:
    """The names of all files that .gitignore does not match.

    Ignored folders are not entered: environments hold tens of thousands of files.
    """
    from pathspec import GitIgnoreSpec  # which the lowest versions are tested without

    ignored = GitIgnoreSpec.from_lines([".git", *(ROOT / ".gitignore").read_text().splitlines()])
    found: set[str] = set()
    for parent, folders, files in os.walk(ROOT):
        here = Path(parent).relative_to(ROOT)
        folders[:] = [name for name in folders if not ignored.match_file(f"{here / name}/")]
        names = [(here / name).as_posix() for name in files]
        found.update(name for name in names if not ignored.match_file(name))
    return found
