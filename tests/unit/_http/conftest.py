"""Fixtures of the HTTP client's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme

from appconfig_env._http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def transport() -> Iterator[Transport]:
    transport = Transport()
    yield transport
    transport.close()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()
