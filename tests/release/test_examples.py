"""Runs the example like `make demo`."""

from __future__ import annotations

import json
import subprocess
import sys

from ..support.paths import ROOT


def demo() -> str:
    return subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_demo_shows_the_variables_and_then_the_changed_values() -> None:
    output = demo()

    before, after = output.split("Now shop:prod:app.json")
    assert '"greeting": "Hello"' in before
    assert '"checkout": false' in before
    assert '"greeting": "Welcome back"' in after
    assert '"checkout": true' in after


def test_the_demo_masks_the_secret_and_does_not_change_its_documents() -> None:
    local = ROOT / "examples" / "local"
    before = {path.name: path.read_bytes() for path in local.iterdir()}
    secret = json.loads(before["secrets.json"])["shop/prod/db"]["password"]

    output = demo()

    assert secret not in output
    assert f"({len(secret)} characters)" in output
    assert {path.name: path.read_bytes() for path in local.iterdir()} == before
