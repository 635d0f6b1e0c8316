"""The program that the wrapper becomes: says what it sees, and refreshes when it is told to.

Run by path: `once`, or `serve` with the folder of the package. Says one line of JSON at a time.
"""

from __future__ import annotations

import _socket
import json
import os
import sys
import time
from typing import Any

PREFIX = "FROM_"
# For threads that end at the deadline of their own attempt, which is the refresh's.
PATIENCE_SECONDS = 60.0


def look() -> dict[str, Any]:
    """This process's open files, and how many threads it has, whoever started them."""
    files = []
    for number in os.listdir("/proc/self/fd"):
        try:
            files.append(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:  # the listing's own
            continue
    return {"files": sorted(files), "threads": len(os.listdir("/proc/self/task"))}


def seconds_without_core() -> float:
    """How long this thread waited for a core, since it began."""
    try:
        with open("/proc/thread-self/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except FileNotFoundError:  # a kernel without this statistic
        return 0.0


def say(**facts: Any) -> None:
    """Tell the test."""
    print(json.dumps(facts), flush=True)  # noqa: T201 - it is read


def ours() -> dict[str, str]:
    """What the sources set in the environment."""
    return {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}


def no_address(*_: object, **__: object) -> None:
    """Stand in for getaddrinfo where the resolver is gone."""
    raise _socket.gaierror(-3, "Temporary failure in name resolution")


def serve(package: str) -> None:
    """Have a helper, and refresh it for each line that comes."""
    sys.path.insert(0, package)
    import appconfig_env

    def known() -> dict[str, Any]:
        values = {name: appconfig_env.get(name) for name in ours()}
        return {"values": values, "status": appconfig_env.status()}

    resolve = _socket.getaddrinfo
    say(**known(), **look())
    for line in sys.stdin:
        _socket.getaddrinfo = no_address if line.strip() == "nameless" else resolve  # type: ignore[assignment]
        before, raised, began = look(), "", time.monotonic()
        waited = seconds_without_core()
        try:
            appconfig_env.refresh()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test must hear of it
            raised = repr(error)
        seconds = time.monotonic() - began
        waited = seconds_without_core() - waited
        until = time.monotonic() + PATIENCE_SECONDS
        while (after := look()) != before and time.monotonic() < until:
            time.sleep(0.01)
        times = {"seconds": seconds, "without_core": waited}
        say(**known(), **after, **times, raised=raised, before=before)


if __name__ == "__main__":
    if sys.argv[1] == "once":
        say(environ=ours(), **look())
    else:
        serve(sys.argv[2])
