"""The fake in its own process, for measurements that must not share an interpreter with it."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import urllib.request
from typing import Any, Self

from ..paths import ROOT


class FakeAwsProcess:
    """An account in its own process, with /shop/prod/p0, shop/prod/app0, prod/secret0 and so on."""

    def __init__(
        self,
        *,
        tls: bool = False,
        profiles: int = 0,
        parameters: int = 0,
        secrets: int = 0,
        delay_ms: float = 0,
    ) -> None:
        options = {
            "profiles": profiles,
            "parameters": parameters,
            "secrets": secrets,
            "delay-ms": delay_ms,
        }
        self._command = [sys.executable, "-m", "tests.support.fake_aws"]
        self._command += [f"--{name}={value}" for name, value in options.items()]
        self._command += ["--tls"] if tls else []
        self.url = ""
        self.ca_file: str | None = None
        self._environ: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        details = json.loads(self._process.stdout.readline())
        self.url, self.ca_file = details["url"], details["ca_file"]
        self._environ = details["environ"]
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._process.communicate(timeout=5)  # closes its stdin, which stops it
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def environ(self) -> dict[str, str]:
        """Return the variables a client needs."""
        return dict(self._environ)

    def summary(self) -> dict[str, Any]:
        """Return calls by operation, received configurations by profile, problems, connections."""
        context = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(f"{self.url}/_fake/summary", timeout=5) as response:
            summary: dict[str, Any] = json.load(response)
            return summary
