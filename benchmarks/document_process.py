"""The handler that `documents` measures: a first read, polls without news, and a new document.

It prints a line after each step but the last, waits for one before the next, and in the end prints
the seconds of CPU of each, the process's peak of resident memory in MiB, and the versions it saw.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

INTERVAL_SECONDS = 61.0


def main() -> None:
    """Take the steps."""
    import awslambdaric.bootstrap  # noqa: F401 - as the runtime has it loaded when a handler is imported

    from appconfig_env._helper.helper import Helper

    late = [0.0]
    helper = Helper(now=lambda: time.time() + late[0], jitter=lambda: 0.0)
    seconds, versions = {}, []
    for step in ("first", "connect", "unchanged", "changed"):
        if step != "first":
            print(step, flush=True)
            sys.stdin.readline()
            late[0] += INTERVAL_SECONDS
        began = time.process_time()
        version = helper.get("VERSION")
        seconds[step] = time.process_time() - began
        versions.append(version)
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    seen = [versions[0], versions[-1]]
    print(json.dumps({**seconds, "peak": peak / 1024, "versions": seen}))


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # as /opt/python with the layer
    main()
