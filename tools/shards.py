"""Prints one part of all test files, such as 2/4: each file is in exactly one part.

Files that are next to each other by name test related things and take about as long, so that every
Nth file makes parts that take about as long.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def shard(files: list[str], part: str) -> list[str]:
    """Return the files of one part.

    Args:
        files: all of them, in any order.
        part: NUMBER/COUNT, from 1/COUNT to COUNT/COUNT.

    Raises:
        ValueError: `part` is not of that form.
    """
    found = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", part)
    if not found or int(found[1]) > int(found[2]):
        raise ValueError(
            f"expected a part such as 2/4, got {part!r}; run make test-shard SHARD=1/4"
        )
    return sorted(files)[int(found[1]) - 1 :: int(found[2])]


def main() -> int:
    """Print the files of the part that the command line names."""
    files = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/**/test_*.py")]
    try:
        print(*shard(files, " ".join(sys.argv[1:])), sep="\n")
    except ValueError as error:
        print(f"shards.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
