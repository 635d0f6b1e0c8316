"""Where chance comes from."""

from __future__ import annotations

import os


def chance() -> float:
    """A number from 0 to 1, of the system.

    Clones of a SnapStart snapshot share the state of Python's own generator: they would draw the
    same numbers, and come back at the same moments.
    """
    return int.from_bytes(os.urandom(4)) / 2**32
