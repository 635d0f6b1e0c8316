"""Fixtures: a shop's values in a fake AWS, and a helper that reads them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from appconfig_env._helper.helper import Helper

from ...support.canary import SECRET, SECURE
from ...support.fakes import AwsClock as Clock
from ...support.fakes import steadily, wrapped
from ...support.life import HoldingAws
from .shop import APP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ...support.fake_aws import FakeAws


@pytest.fixture
def fake_aws() -> Iterator[HoldingAws]:
    """An empty AWS account that can hold its responses."""
    with HoldingAws() as aws:
        yield aws
        aws.release()


@pytest.fixture
def shop(fake_aws: HoldingAws) -> HoldingAws:
    fake_aws.put_profile("shop", "prod", "app", {"limit": 10, "debug": "off"}, label="v1")
    fake_aws.put_parameter("/shop/prod/host", "db.one")
    fake_aws.put_parameter("/shop/prod/token", SECURE, type="SecureString")
    fake_aws.put_secret("prod/db", json.dumps({"password": SECRET}))
    return fake_aws


@pytest.fixture
def clock(shop: FakeAws) -> Clock:
    return Clock(shop)


@pytest.fixture
def environ(shop: FakeAws, tmp_path: Path) -> dict[str, str]:
    return {
        **shop.environ(),
        "APPCONFIG_ENV_SOURCES": f"{APP} ssm:/shop/prod/",
        "DB_PASSWORD": "secretsmanager:prod/db#password",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        # Longer than any test takes, on any machine.
        "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": "60s",
        "APPCONFIG_ENV_DEADLINE_SECONDS": "60",
    }


@pytest.fixture
def helper(environ: dict[str, str], clock: Clock) -> Helper:
    """A helper started by the wrapper, without the wrapper's calls."""
    after = wrapped(environ, clock)
    clock.aws.clear_calls()
    return Helper(after, now=clock, jitter=steadily)
