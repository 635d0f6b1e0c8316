"""Fixtures: an execution environment, and a function's code in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..support.life import Life

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """An environment with three sources, where each refresh may poll AppConfig."""
    with Life(tmp_path) as life:
        life.aws.appconfig.enforces_interval = False
        life.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        yield life
