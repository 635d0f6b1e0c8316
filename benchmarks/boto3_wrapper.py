"""The classic wrapper, to compare with: boto3 reads profiles and parameters, then exec.

As one would write it by hand with care: one session, one client for each service, the paginator,
no work that is not needed, the names that appconfig-env uses.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import boto3

BATCH = 10  # the most names that GetParameters takes


def flat(data: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return a document's values by variable name."""
    found: dict[str, str] = {}
    for key, value in data.items():
        name = f"{prefix}{key}".replace("-", "_").replace(".", "_").upper()
        if isinstance(value, dict) and value:
            found |= flat(value, f"{name}_")
        elif isinstance(value, str):
            found[name] = value
        elif value is not None:
            found[name] = json.dumps(value, separators=(",", ":"))
    return found


class Reader:
    """Reads what the environment names; what is read again is polled in the same sessions."""

    def __init__(self, environ: dict[str, str]) -> None:
        session = boto3.Session()
        self._environ = environ
        self._appconfig = session.client("appconfigdata")
        self._ssm = session.client("ssm")
        self._tokens: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        """Return all values by variable name."""
        found: dict[str, str] = {}
        for profile in self._environ["PREFETCH_PROFILES"].split():
            if profile not in self._tokens:
                application, environment, name = profile.split("/")
                started = self._appconfig.start_configuration_session(
                    ApplicationIdentifier=application,
                    EnvironmentIdentifier=environment,
                    ConfigurationProfileIdentifier=name,
                )
                self._tokens[profile] = started["InitialConfigurationToken"]
            latest = self._appconfig.get_latest_configuration(
                ConfigurationToken=self._tokens[profile]
            )
            self._tokens[profile] = latest["NextPollConfigurationToken"]
            found |= flat(json.load(latest["Configuration"]))
        for path in self._environ.get("PREFETCH_PATH", "").split():
            pages = self._ssm.get_paginator("get_parameters_by_path")
            for page in pages.paginate(Path=path, Recursive=True, WithDecryption=True):
                values = {
                    one["Name"].removeprefix(path): one["Value"] for one in page["Parameters"]
                }
                found |= flat(values)
        names = self._environ.get("PREFETCH_NAMES", "").split()
        for start in range(0, len(names), BATCH):
            response = self._ssm.get_parameters(
                Names=names[start : start + BATCH], WithDecryption=True
            )
            found |= flat(
                {one["Name"].rpartition("/")[2]: one["Value"] for one in response["Parameters"]}
            )
        return found


def main() -> None:
    """Read everything and become the command."""
    environ = dict(os.environ)
    os.execve(sys.argv[1], sys.argv[1:], {**environ, **Reader(environ).read()})
