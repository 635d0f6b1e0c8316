"""The program that the wrapper executes: reports what it sees, and refreshes on request.

Run by path: `once`, or `serve` with the package's folder. Prints one line of JSON at a time.
"""

from __future__ import annotations

import _socket
import json
import os
import sys
import time
from typing import Any

PREFIX = "FROM_"
# For threads that end at the deadline of their own attempt, which is the refresh's deadline.
SETTLING_SECONDS = 60.0


def open_files_and_threads() -> dict[str, Any]:
    """This process's open files, and the number of all its threads."""
    files = []
    for number in os.listdir("/proc/self/fd"):
        try:
            files.append(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:  # the listing's own descriptor
            continue
    return {"files": sorted(files), "threads": len(os.listdir("/proc/self/task"))}


def seconds_without_core() -> float:
    """How long this thread has waited for a core since it began."""
    try:
        with open("/proc/thread-self/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except FileNotFoundError:  # a kernel without this statistic
        return 0.0


def report(**facts: Any) -> None:
    """Print one line of JSON for the test."""
    print(json.dumps(facts), flush=True)  # noqa: T201 - the test reads it


def variables() -> dict[str, str]:
    """The variables that the sources set."""
    return {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}


def no_address(*_: object, **__: object) -> None:
    """Replace getaddrinfo: no resolver answers."""
    raise _socket.gaierror(-3, "Temporary failure in name resolution")


def serve(package: str) -> None:
    """Import the helper, and refresh it for each line of input."""
    sys.path.insert(0, package)
    import appconfig_env

    def state() -> dict[str, Any]:
        values = {name: appconfig_env.get(name) for name in variables()}
        return {"values": values, "status": appconfig_env.status()}

    resolve = _socket.getaddrinfo
    report(**state(), **open_files_and_threads())
    for line in sys.stdin:
        _socket.getaddrinfo = no_address if line.strip() == "unresolvable" else resolve  # type: ignore[assignment]
        before, raised, began = open_files_and_threads(), "", time.monotonic()
        waited = seconds_without_core()
        try:
            appconfig_env.refresh()
        except BaseException as error:  # noqa: BLE001 - the test reports any exception
            raised = repr(error)
        seconds = time.monotonic() - began
        waited = seconds_without_core() - waited
        until = time.monotonic() + SETTLING_SECONDS
        while (after := open_files_and_threads()) != before and time.monotonic() < until:
            time.sleep(0.01)
        times = {"seconds": seconds, "without_core": waited}
        report(**state(), **after, **times, raised=raised, before=before)


if __name__ == "__main__":
    if sys.argv[1] == "once":
        report(environ=variables(), **open_files_and_threads())
    else:
        serve(sys.argv[2])
