"""The tools that deploy the examples, in an environment of their own: `make test-deploying`."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = ROOT / ".venv-deploying"
PYTHON = TOOLS / "bin" / "python"
OSLS = TOOLS / "osls" / "node_modules" / ".bin" / "osls"

needs_tools = pytest.mark.deploying  # see conftest.py


def code_sha256(path: Path) -> str:
    """The hash of a zip as Lambda has it."""
    return base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()


def run(*command: str | Path, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a tool offline: no credentials, no telemetry, no look for a newer version."""
    return subprocess.run(
        command,
        cwd=folder,
        env={
            "PATH": f"{TOOLS / 'bin'}:{os.defpath}",
            "HOME": str(folder),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": "us-east-1",
            "CHECKPOINT_DISABLE": "1",
            # Where make has let aws-cdk-lib unpack itself, which takes longer than all tests.
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(TOOLS / "jsii"),
            "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
            "SLS_NOTIFICATIONS_MODE": "off",
            "SLS_TELEMETRY_DISABLED": "1",
            **environ,
        },
        capture_output=True,
        text=True,
        check=False,
    )
