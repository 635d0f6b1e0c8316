"""What runs in the fresh processes of `memory`: one tool's import, first values, first refresh.

`python memory_process.py TOOL` tells its memory at each moment, in MiB: private, PSS, RSS. It
imports nothing of the other tools, nor more for itself than it must before the first moment.
"""

from __future__ import annotations

import gc
import json
import sys
from contextlib import suppress
from pathlib import Path

PROFILES = ("app", "flags")
PATH = "/shop/prod/"
Moments = dict[str, list[float]]


def appconfig_env_(moments: Moments) -> None:
    """This tool: the wrapper has left its snapshot."""
    import appconfig_env

    moments["imported"] = usage()
    assert appconfig_env.get("P19") == "value 19"
    moments["first"] = usage()
    appconfig_env.refresh()
    assert all(one["last_error"] is None for one in appconfig_env.status().values())
    moments["refreshed"] = usage()


def boto3_(moments: Moments) -> None:
    """A poll as one writes it with boto3: a session for each profile, all pages of the path."""
    import boto3

    moments["imported"] = usage()
    appconfig, ssm = boto3.client("appconfigdata"), boto3.client("ssm")
    tokens = {
        name: appconfig.start_configuration_session(
            ApplicationIdentifier="shop",
            EnvironmentIdentifier="prod",
            ConfigurationProfileIdentifier=name,
        )["InitialConfigurationToken"]
        for name in PROFILES
    }
    documents: dict[str, object] = {}
    parameters: dict[str, str] = {}

    def poll() -> None:
        for name in PROFILES:
            latest = appconfig.get_latest_configuration(ConfigurationToken=tokens[name])
            tokens[name] = latest["NextPollConfigurationToken"]
            body = latest["Configuration"].read()
            if body:
                documents[name] = json.loads(body)
        pages = ssm.get_paginator("get_parameters_by_path")
        for page in pages.paginate(Path=PATH, Recursive=True, WithDecryption=True):
            parameters.update({one["Name"]: one["Value"] for one in page["Parameters"]})

    poll()
    assert parameters[f"{PATH}p19"] == "value 19"
    moments["first"] = usage()
    poll()
    moments["refreshed"] = usage()


def powertools_(moments: Moments) -> None:
    """Powertools' parameters, and the same once more past its cache."""
    from aws_lambda_powertools.utilities import parameters

    moments["imported"] = usage()

    def read(*, force: bool) -> None:
        for name in PROFILES:
            parameters.get_app_config(
                name, environment="prod", application="shop", transform="json", force_fetch=force
            )
        found = parameters.get_parameters(PATH, recursive=True, decrypt=True, force_fetch=force)
        assert found["p19"] == "value 19"

    read(force=False)
    moments["first"] = usage()
    read(force=True)
    moments["refreshed"] = usage()


def usage() -> list[float]:
    """Private, PSS and RSS now, in MiB, without what only waits for the collector."""
    gc.collect()
    sizes = _sizes("/proc/self/smaps_rollup")
    private = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return [private, sizes["Pss"], sizes["Rss"]]


def _sizes(path: str) -> dict[str, float]:
    lines = Path(path).read_text().splitlines()
    words = [line.split() for line in lines if line.endswith(" kB")]
    return {line[0].rstrip(":"): int(line[1]) / 1024 for line in words}


def main(tool: str) -> None:
    """Run `tool` and print the moments as JSON."""
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    import awslambdaric.bootstrap  # noqa: F401 - as the runtime has it loaded when a handler is imported

    usage()  # what reading takes is there from now on
    moments = {"base": usage()}
    # The peak begins to count here; where that is not allowed it is that since the start.
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    run = {"appconfig_env": appconfig_env_, "boto3": boto3_, "powertools": powertools_}[tool]
    run(moments)
    moments["peak"] = [_sizes("/proc/self/status")["VmHWM"]]
    print(json.dumps(moments))


if __name__ == "__main__":
    main(sys.argv[1])
