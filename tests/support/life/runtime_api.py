"""The runtime API for one function under SnapStart: restore, events, responses."""

from __future__ import annotations

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

from ..local_server import LocalServer, Quiet

PREFIX = "/2018-06-01/runtime/"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:shop"
PATIENCE_SECONDS = 120.0


class RuntimeApi:
    """A server on 127.0.0.1; its `address` is for AWS_LAMBDA_RUNTIME_API.

    Attributes:
        waits_for_restore: is set once the runtime has finished its init.
    """

    def __init__(self) -> None:
        self.waits_for_restore = threading.Event()
        self.events: queue.Queue[object] = queue.Queue()
        self.responses: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._restore = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.restore()
        self._server.stop()

    def restore(self) -> None:
        """Let the runtime continue, as if cloned from a snapshot."""
        self._restore.set()

    def invoke(self, event: object) -> Any:
        """Send the handler an event, and return its response."""
        self.events.put(event)
        kind, response = self.responses.get(timeout=PATIENCE_SECONDS)
        assert kind == "response", response
        return response

    def hold_until_restored(self) -> None:
        self.waits_for_restore.set()
        self._restore.wait(PATIENCE_SECONDS)


class _Server(LocalServer):
    api: RuntimeApi


class _Handler(Quiet, BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        api = self.server.api
        if self.path == PREFIX + "restore/next":
            api.hold_until_restored()
            self.respond(200)
            return
        event = api.events.get()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "Lambda-Runtime-Deadline-Ms": "4102444800000",
            "Lambda-Runtime-Invoked-Function-Arn": ARN,
        }
        self.respond(200, json.dumps(event).encode(), headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        kind = self.path.rpartition("/")[2]
        self.server.api.responses.put((kind, json.loads(body) if body else None))
        self.respond(202)

    def respond(
        self, status: int, body: bytes = b"{}", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
