"""docs/local.md: its commands, one after the other, against AWS."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from appconfig_env._cli.contents import PLACEHOLDER

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from ..support.fake_aws import FakeAws

PAGE = (ROOT / "docs" / "local.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def run(block: str, folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = folder / "appconfig-env"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m appconfig_env "$@"\n')
    command.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    return subprocess.run(
        ["/bin/sh", "-uc", block],
        cwd=folder,
        env={**environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_folder_is_written_used_and_compared(fake_aws: FakeAws, tmp_path: Path) -> None:
    fake_aws.put_profile("shop", "prod", "app", b'{"a": 1}')
    fake_aws.put_parameter("/shop/prod/host", "h1")
    fake_aws.put_secret("prod/db", '{"user": "shop", "password": "p"}')
    write, compare = blocks("sh")
    snapshot = {"APPCONFIG_ENV_SNAPSHOT": str(tmp_path / "snapshot.json")}
    environ = {**fake_aws.environ(), **snapshot}
    exports = "".join(f"{line}\n" for line in write.splitlines() if line.startswith("export "))

    written = run(write, tmp_path, environ)
    ssm = tmp_path / "local" / "ssm.json"
    parameters = json.loads(ssm.read_text())
    ssm.write_text(json.dumps({"/shop/prod/host": "localhost"}))
    fake_aws.put_parameter("/shop/prod/limit", "10")
    compared = run(exports + compare, tmp_path, environ)

    assert written.returncode == 0, written.stderr
    assert f"\nDB_PASSWORD={PLACEHOLDER}\n" in written.stdout
    assert "\nHOST=h1\n" in written.stdout
    assert parameters == {"/shop/prod/host": "h1"}
    assert [compared.stdout] == blocks("text")
    assert compared.returncode == 1
