"""The report to Lambda's Runtime API that startup failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .starts import environ, start

if TYPE_CHECKING:
    from pathlib import Path


def test_an_unreachable_runtime_api_changes_nothing(folder: Path) -> None:
    for address in ("127.0.0.1:9", "not an address", "127.0.0.1:99999"):
        done = start(environ(folder, X="ssm:/none", AWS_LAMBDA_RUNTIME_API=address), "/bin/true")
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
