"""Fixtures for the OpenFeature provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openfeature import api

from .shop import CHECKOUT, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ...support.fake_aws import FakeAws


@pytest.fixture(autouse=True)
def no_provider_left() -> Iterator[None]:
    yield
    api.shutdown()


@pytest.fixture
def shop(fake_aws: FakeAws, tmp_path: Path) -> Shop:
    shop = Shop(fake_aws, tmp_path)
    shop.put(checkout=CHECKOUT, search={"enabled": False})
    return shop
