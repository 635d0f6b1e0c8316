"""A layer's zip, unpacked as Lambda does."""

from __future__ import annotations

import zipfile
from pathlib import Path


def unpacked(layer: Path, folder: Path) -> Path:
    """Return `folder` with the layer's files, with their modes."""
    with zipfile.ZipFile(layer) as archive:
        for info in archive.infolist():
            path = Path(archive.extract(info, folder))
            path.chmod(info.external_attr >> 16 & 0o777)
    return folder
