"""Types as programs write them: their names, and what is behind their aliases; pure."""

from __future__ import annotations

import re
import typing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def type_name(kind: Any) -> str:
    """Return a type as a program writes it: `int`, `list[int]`, `int | None`."""
    if isinstance(kind, type):
        return kind.__name__
    # A class of a program has its module before it, which is not what the program writes.
    return re.sub(r"(?:[A-Za-z_]\w*\.|<locals>\.)+(?=\w)", "", repr(kind))


def plain_type(kind: Any) -> Any:
    """Return the type itself: without `Annotated`, a name of its own, and `NewType`."""
    while True:
        if typing.get_origin(kind) is typing.Annotated:
            kind = typing.get_args(kind)[0]
        elif isinstance(kind, typing.NewType):
            kind = kind.__supertype__
        elif type(kind).__name__ == "TypeAliasType":  # `type Hosts = list[str]`, from 3.12 on
            kind = kind.__value__
        else:
            return kind
