"""The classic wrapper, to compare with: boto3 reads profiles and parameters, then exec.

Written as one would write it by hand with care: one session, one client for each service, the
paginator, no work that is not needed, the same names as appconfig-env gives. Started as
`python -I -c LAUNCH`, which imports it, so that its byte code is compiled once.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import boto3

BATCH = 10  # the most names that GetParameters takes


def flat(data: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """A document's values by variable name."""
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


def main() -> None:
    """Read everything and become the command."""
    session = boto3.Session()
    environ = dict(os.environ)
    appconfig = session.client("appconfigdata")
    for profile in environ["PREFETCH_PROFILES"].split():
        application, environment, name = profile.split("/")
        started = appconfig.start_configuration_session(
            ApplicationIdentifier=application,
            EnvironmentIdentifier=environment,
            ConfigurationProfileIdentifier=name,
        )
        latest = appconfig.get_latest_configuration(
            ConfigurationToken=started["InitialConfigurationToken"]
        )
        environ |= flat(json.load(latest["Configuration"]))
    ssm = session.client("ssm")
    for path in environ.get("PREFETCH_PATH", "").split():
        pages = ssm.get_paginator("get_parameters_by_path")
        for page in pages.paginate(Path=path, Recursive=True, WithDecryption=True):
            environ |= flat({
                one["Name"].removeprefix(path): one["Value"] for one in page["Parameters"]
            })  # fmt: skip
    names = environ.get("PREFETCH_NAMES", "").split()
    for start in range(0, len(names), BATCH):
        answer = ssm.get_parameters(Names=names[start : start + BATCH], WithDecryption=True)
        environ |= flat({
            one["Name"].rpartition("/")[2]: one["Value"] for one in answer["Parameters"]
        })  # fmt: skip
    os.execve(sys.argv[1], sys.argv[1:], environ)
