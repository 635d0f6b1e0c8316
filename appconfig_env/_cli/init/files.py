"""Finds, reads and writes the files that `init` starts with."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from ..._cache import snapshot_file
from ..._config.wording import enumerated
from ...errors import AppConfigEnvError
from ..commands import Misuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .starter import Edit

KINDS = ("sam", "cdk", "terraform", "dockerfile", "local")
TEMPLATES = ("template.yaml", "template.yml", "sam.yaml", "sam.yml")
DOCKERFILE, CDK_JSON = "Dockerfile", "cdk.json"
PRIVATE, USUAL = 0o600, 0o644


def kinds(names: Sequence[str]) -> list[str]:
    """Return what a folder with files of these names is, of KINDS."""
    found = {
        "sam": any(name in TEMPLATES for name in names),
        "cdk": CDK_JSON in names,
        "terraform": any(name.endswith(".tf") for name in names),
        "dockerfile": DOCKERFILE in names,
    }
    return [kind for kind, is_there in found.items() if is_there]


def kind_of(names: Sequence[str]) -> str:
    """Return what to start with in a folder that has files of these names.

    Raises:
        Misuse: there is nothing, or more than one.
    """
    found = kinds(names)
    if not found:
        raise Misuse(
            "this folder has neither template.yaml nor cdk.json, *.tf or Dockerfile; name local "
            "for a local folder, or change to a folder that has one of them"
        )
    if len(found) > 1:
        raise Misuse(f"this folder has files for {enumerated(found)}; name one of them")
    return found[0]


def path_of(kind: str, names: Sequence[str]) -> str:
    """Return the file or folder that is used if none is given."""
    if kind == "sam":
        return next((name for name in TEMPLATES if name in names), TEMPLATES[0])
    return {"dockerfile": DOCKERFILE, "local": "local"}.get(kind, ".")


def names_in(folder: str) -> list[str]:
    """Return the names of all files in a folder.

    Raises:
        AppConfigEnvError: it cannot be read.
    """
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise AppConfigEnvError(f"{folder}: {error.strerror}; correct the path") from None


def read(path: str) -> str:
    """Return a file's text, with its own line ends.

    Raises:
        AppConfigEnvError: it cannot be read.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except UnicodeDecodeError:
        raise AppConfigEnvError(f"{path}: expected UTF-8 text; convert it") from None
    except OSError as error:
        raise AppConfigEnvError(f"{path}: {error.strerror}; correct the path") from None


def write(edit: Edit) -> None:
    """Write a file, and the folders that it is in.

    Raises:
        AppConfigEnvError: it cannot be written.
    """
    try:
        os.makedirs(os.path.dirname(edit.path) or ".", exist_ok=True)
        path = os.path.realpath(edit.path)  # a link stays one
        mode = PRIVATE if edit.is_private else USUAL
        if edit.before is not None:
            mode = stat.S_IMODE(os.stat(path).st_mode)
        snapshot_file.write(path, edit.after.encode(), mode=mode)
    except OSError as error:
        raise AppConfigEnvError(f"{edit.path}: {error.strerror}; correct the path") from None
