"""Snapshot files as a test edits them: read as JSON, written in the layout that is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def read_snapshot(path: Path) -> dict[str, Any]:
    """Return what the file holds: it is one JSON object."""
    whole: dict[str, Any] = json.loads(path.read_text())
    return whole


def snapshot_text(whole: dict[str, Any]) -> str:
    """Return the file that holds `whole`: each document has a line of its own."""
    rest = {name: value for name, value in whole.items() if name != "documents"}
    lines = [
        f"{json.dumps(name)}: {json.dumps(fields)}" for name, fields in whole["documents"].items()
    ]
    head = json.dumps({**rest, "documents": {}}).removesuffix("}}")
    return "\n".join([head, *([",\n".join(lines)] if lines else []), "}}", ""])
