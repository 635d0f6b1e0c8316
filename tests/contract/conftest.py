"""botocore's data files, parsed once: each session would parse megabytes of JSON again."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from botocore.loaders import create_loader

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package", autouse=True)
def _shared_loader() -> Iterator[None]:
    """Return all sessions of botocore one loader, which keeps what it has parsed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", cache(create_loader))
        yield
