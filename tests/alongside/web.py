"""A web application that reads its configuration, and a client for its servers."""

from __future__ import annotations

import http.client
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..support import ports
from ..support.life import PATIENCE_SECONDS, eventually, process_state
from ..support.paths import ROOT

if TYPE_CHECKING:
    from ..support.life import Runtime

# ASGI, without a framework. The response has the process, whether it was forked after the import,
# and the values: as of the cold start, and as of the last refresh.
APPLICATION = f"""
import asyncio, json, os, sys
sys.path.insert(0, {str(ROOT)!r})
import appconfig_env

NAMES = ("LIMIT", "HOST", "DB_PASSWORD")
appconfig_env.get("LIMIT")  # before workers are forked, if any are
AT_IMPORT = os.getpid()

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return  # the server goes on without it
    await asyncio.sleep(0.05)  # long enough for the next request to go to another worker
    if scope["path"] == "/refresh":
        await asyncio.to_thread(appconfig_env.refresh)
    body = json.dumps({{
        "process": os.getpid(),
        "is_forked": os.getpid() != AT_IMPORT,
        "environ": [os.environ.get(name) for name in NAMES],
        "values": [appconfig_env.get(name) for name in NAMES],
    }}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({{"type": "http.response.start", "status": 200, "headers": headers}})
    await send({{"type": "http.response.body", "body": body}})
"""


def ask(port: int, path: str = "/") -> dict[str, Any]:
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        text = response.read().decode()
        assert response.status == 200, text
        found: dict[str, Any] = json.loads(text)
        return found
    finally:
        connection.close()


def wait_until_it_listens(port: int, runtime: Runtime) -> None:
    def listens() -> bool:
        assert process_state(runtime.pid) not in "ZX", runtime.stderr()
        with suppress(OSError, http.client.HTTPException):
            return bool(ask(port))
        return False

    eventually(listens)
