"""Fixtures: an execution environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..support.life import Life

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """An environment with three sources."""
    with Life(tmp_path) as life:
        yield life
