"""The fields of settings: other values for them, and whether a docstring has them."""

from __future__ import annotations

import re


def changed(value: object) -> object:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    assert isinstance(value, str), "name another value in CHANGED"
    return value + "x"


def undocumented(kind: type) -> set[str]:
    """Return the public fields that the docstring does not list under `Attributes`."""
    attributes = (kind.__doc__ or "").partition("Attributes:")[2]
    fields: tuple[str, ...] = vars(kind)["__slots__"]
    public = {name for name in fields if not name.startswith("_")}
    return public - set(re.findall(r"\w+", attributes))
