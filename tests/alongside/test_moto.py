"""moto's mock_aws: a program under test that loads its configuration by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# What a user's test does, each in a process of its own: the module's functions keep their values.
PROGRAM = f"""
import json, os, sys
sys.path.insert(0, {str(ROOT)!r})
import boto3
from moto import mock_aws

{{before}}
with mock_aws():
    ssm, secrets = boto3.client("ssm"), boto3.client("secretsmanager")
    ssm.put_parameter(Name="/shop/prod/host", Value="db.one", Type="String")
    ssm.put_parameter(Name="/shop/prod/token", Value="secure", Type="SecureString")
    secrets.create_secret(Name="prod/db", SecretString=json.dumps({{{{"password": "p"}}}}))
    import appconfig_env
    loaded = sorted(appconfig_env.load())
    names = ("HOST", "TOKEN", "DB_PASSWORD")
    environ = [os.environ[name] for name in names]
    ssm.put_parameter(Name="/shop/prod/host", Value="db.two", Type="String", Overwrite=True)
    changed = sorted(appconfig_env.refresh())
    values = [appconfig_env.get(name) for name in names]
print(json.dumps([loaded, environ, changed, values]))
"""


@pytest.mark.parametrize("before", ["", "import appconfig_env"])
def test_load_and_get_read_what_the_test_has_put_there(tmp_path: Path, before: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(before=before)],
        env={
            "AWS_DEFAULT_REGION": "us-east-1",
            "APPCONFIG_ENV_CLIENT": "boto3",
            "APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/",
            "APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json"),
            "DB_PASSWORD": "secretsmanager:prod/db#password",
        },
        check=False,
        capture_output=True,
        text=True,
    )

    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout) == [
        ["DB_PASSWORD", "HOST", "TOKEN"],
        ["db.one", "secure", "p"],
        ["HOST"],
        ["db.two", "secure", "p"],
    ]
