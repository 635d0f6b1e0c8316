"""Snapshot files as a test edits them: read as JSON, written in the layout that is read."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from appconfig_env._content.document import Document

if TYPE_CHECKING:
    from pathlib import Path


def read_snapshot(path: Path) -> dict[str, Any]:
    """Return what the file holds: it is one JSON object."""
    whole: dict[str, Any] = json.loads(path.read_text())
    return whole


def seal(whole: dict[str, Any]) -> None:
    """Set every entry's digest to that of its document, as anybody can who writes the file."""
    for name, fields in whole["documents"].items():
        entry = whole["entries"][name]
        document = Document(
            base64.b64decode(fields.get("base64", "")) or fields.get("body", "").encode(),
            parameters=fields.get("parameters"),
            content_type=fields.get("content_type", ""),
            version=entry["version"],
            name=fields.get("name", ""),
        )
        entry["digest"] = document.digest


def snapshot_text(whole: dict[str, Any]) -> str:
    """Return the file that holds `whole`: each document has a line of its own."""
    rest = {name: value for name, value in whole.items() if name != "documents"}
    lines = [
        f"{json.dumps(name)}: {json.dumps(fields)}" for name, fields in whole["documents"].items()
    ]
    head = json.dumps({**rest, "documents": {}}).removesuffix("}}")
    return "\n".join([head, *([",\n".join(lines)] if lines else []), "}}", ""])
