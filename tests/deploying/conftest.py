"""Which tests run, a zip in place of the layer, and a copy of an example to work in."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from ..support.paths import ROOT
from .tools import OSLS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests that need the tools to `make test-deploying`, which installs them."""
    if not OSLS.exists():
        needing = [item for item in items if item.get_closest_marker("deploying")]
        config.hook.pytest_deselected(items=needing)
        items[:] = [item for item in items if item not in needing]


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
