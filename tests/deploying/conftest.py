"""Fixtures: a zip in place of the layer, and a copy of an example to work in."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A zip in place of the layer: no tool looks into it."""
    path = tmp_path / "layer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("appconfig-env"), "#!/bin/sh\n")
    return path


@pytest.fixture
def example(tmp_path: Path) -> Callable[[str], Path]:
    """A function that copies an example, in which a tool may write."""

    def copy(name: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(ROOT / "examples" / name, folder)
        return folder

    return copy
