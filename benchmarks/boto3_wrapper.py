"""The classic wrapper, to compare with: boto3 reads two profiles and a path, then exec.

Written as one would write it by hand with care: one session, one client for each service, the
paginator, no work that is not needed, the same names as appconfig-env gives.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import boto3

PROFILES = ("shop/prod/app", "shop/prod/flags")
PATH = "/shop/prod/"


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
    for profile in PROFILES:
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
    pages = session.client("ssm").get_paginator("get_parameters_by_path")
    for page in pages.paginate(Path=PATH, Recursive=True, WithDecryption=True):
        for parameter in page["Parameters"]:
            environ |= flat({parameter["Name"].removeprefix(PATH): parameter["Value"]})
    os.execve(sys.argv[1], sys.argv[1:], environ)


if __name__ == "__main__":
    main()
