"""Ports for servers that cannot choose one themselves and say which it is."""

from __future__ import annotations

import contextlib
import random
import socket
from pathlib import Path

HOST = "127.0.0.1"


def free_port() -> int:
    """Return an unused port, and not one that the kernel may give to the next connection."""
    first, _ = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    ports = [*range(max(1024, first - 10_000), first)]
    # Not with the generator that hypothesis seeds: other workers would get the same ports.
    random.SystemRandom().shuffle(ports)
    for port in [*ports, 0]:
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind((HOST, port))
            return int(one.getsockname()[1])
    raise RuntimeError("no port is free")
