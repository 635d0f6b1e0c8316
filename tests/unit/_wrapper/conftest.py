"""Fixtures: environments for the wrapper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ...support.canary import SECRET

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to read instead of AWS."""
    local = tmp_path / "local"
    local.mkdir()
    (local / "shop:prod:app.json").write_text('{"db": {"host": "db.example", "port": 5432}}')
    (local / "ssm.json").write_text(
        '{"/shop/prod/mail/from": "a=b $HOME \'\\"é", "/shop/one": "1"}'
    )
    secrets = {"prod/db": {"password": SECRET}, "plain": "p1a1n"}
    (local / "secrets.json").write_text(json.dumps(secrets))
    return local


@pytest.fixture
def life(tmp_path: Path) -> dict[str, str]:
    """A function's environment in Lambda, which keeps /tmp when it runs init again."""
    return {
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_REGION": "us-east-1",
        "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
        "P": "appconfig:a/b/profile",
        "S": "secretsmanager:secret",
    }
